//! A connection as a `Stream` and a `Sink` of owned messages.
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::stream::{FusedStream, Stream};
use futures_sink::Sink;
use tokio::io::{AsyncRead, AsyncWrite};

use super::WebSocket;
use crate::{Error, Message, SendError, Unsent};

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for WebSocket<S> {
    type Item = Result<Message, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let message = ready!(self.get_mut().poll_recv(cx));
        Poll::Ready(message.map(|message| message.map(Message::from)))
    }
}

/// Terminated when it has returned `None`, or [`WebSocket::recv`] has.
impl<S: AsyncRead + AsyncWrite + Unpin> FusedStream for WebSocket<S> {
    fn is_terminated(&self) -> bool {
        self.terminated
    }
}

/// `poll_ready` waits for room, as [`WebSocket::poll_ready`]; then `start_send` takes any message.
/// `poll_close` sends the close frame; the `Stream` completes the closing handshake.
///
/// A connection that closes as it should is not a failed `Sink`, so that two that are forwarded to
/// each other end without an error: `poll_ready` returns `Ok` while it closes, and a ping, a pong
/// or a second close frame is dropped. Text and binary messages are refused, and
/// [`Error::into_unsent`] gives them back.
impl<S: AsyncRead + AsyncWrite + Unpin> Sink<Message> for WebSocket<S> {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready_or_closing(WebSocket::poll_ready(self.get_mut(), cx))
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        sent_or_closing(self.get_mut().feed_message(message))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        WebSocket::poll_flush(self.get_mut(), cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let socket = self.get_mut();
        socket.start_close(None);
        WebSocket::poll_flush(socket, cx)
    }
}

/// `poll_ready` of a `Sink`: no error because the connection is closing.
pub(super) fn ready_or_closing(ready: Poll<Result<(), Error>>) -> Poll<Result<(), Error>> {
    match ready {
        Poll::Ready(Err(Error::Send(SendError::Closing))) => Poll::Ready(Ok(())),
        ready => ready,
    }
}

/// `start_send` of a `Sink`: what has no meaning any more, because the connection is closing, is
/// dropped.
pub(super) fn sent_or_closing(sent: Result<(), Unsent>) -> Result<(), Error> {
    match sent {
        Err(Unsent {
            message: Message::Ping(_) | Message::Pong(_) | Message::Close(_),
            error: SendError::Closing,
        }) => Ok(()),
        sent => Ok(sent?),
    }
}
