//! An established connection: the driver of [`arkws_proto::Connection`] over a transport.
use std::task::{Context, Poll};
use std::time::Duration;

use arkws_proto::handshake::Negotiated;
use arkws_proto::{CloseFrame, Role, SendError, State};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{Config, Error, Message, MessageRef};

/// A WebSocket connection over a transport `S`.
///
/// Two APIs, which mix freely:
/// - easy: `Stream<Item = Result<Message, Error>>` and `Sink<Message>`, [`split`](WebSocket::split);
/// - fast: [`recv`](WebSocket::recv) borrows messages from the read buffer, [`feed_text`](WebSocket::feed_text)
///   and its siblings batch messages until [`flush`](WebSocket::flush).
///
/// Pings are answered, close frames echoed and heartbeats kept while the socket is being received from.
#[derive(Debug)]
pub struct WebSocket<S> {
    io: S,
}

/// Counters of one connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Messages received.
    pub messages_received: u64,
    /// Messages sent (queued for the transport).
    pub messages_sent: u64,
    /// Bytes received, as read from the transport.
    pub bytes_received: u64,
    /// Bytes sent, as written to the transport.
    pub bytes_sent: u64,
    /// Heartbeat pings sent.
    pub pings_sent: u64,
    /// Pings received from the peer.
    pub pings_received: u64,
    /// The last heartbeat's round trip.
    pub round_trip: Option<Duration>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// A connection whose opening handshake is complete; `leftover` are bytes that were read behind it.
    pub fn from_handshake(
        io: S,
        role: Role,
        config: Config,
        negotiated: Negotiated,
        leftover: &[u8],
    ) -> Self {
        let _ = (role, config, negotiated, leftover);
        WebSocket { io }
    }

    /// The next message, borrowed. `Ready(None)`: the closing handshake is complete and the transport has ended.
    ///
    /// Also writes what waits (pongs, the close frame, heartbeats).
    pub fn poll_recv(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<MessageRef<'_>, Error>>> {
        let _ = cx;
        todo!()
    }

    /// The next message, borrowed until the next call.
    ///
    /// # Cancel safety
    /// Safe: nothing is lost when the future is dropped.
    pub async fn recv(&mut self) -> Option<Result<MessageRef<'_>, Error>> {
        todo!()
    }

    /// Queues a text message without flushing.
    pub fn feed_text(&mut self, text: &str) -> Result<(), SendError> {
        let _ = text;
        todo!()
    }

    /// Queues a binary message without flushing.
    pub fn feed_binary(&mut self, data: &[u8]) -> Result<(), SendError> {
        let _ = data;
        todo!()
    }

    /// Queues an owned message without flushing; large payloads are not copied.
    pub fn feed_message(&mut self, message: Message) -> Result<(), SendError> {
        let _ = message;
        todo!()
    }

    /// Queues a ping of at most 125 bytes without flushing.
    pub fn feed_ping(&mut self, data: &[u8]) -> Result<(), SendError> {
        let _ = data;
        todo!()
    }

    /// Writes what is queued. `Ready(Ok)`: all of it has been handed to the operating system.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let _ = cx;
        todo!()
    }

    /// Writes what is queued.
    pub async fn flush(&mut self) -> Result<(), Error> {
        todo!()
    }

    /// Queues a message and flushes.
    pub async fn send(&mut self, message: Message) -> Result<(), Error> {
        let _ = message;
        todo!()
    }

    /// Queues a close frame behind everything that waits: the closing handshake then runs inside
    /// [`poll_recv`](Self::poll_recv), within [`Config::close_timeout`]. `false` if it had been started already.
    pub fn start_close(&mut self, frame: Option<CloseFrame>) -> bool {
        let _ = frame;
        todo!()
    }

    /// Closes: sends what is queued and the close frame, discards data that still arrives, waits for the peer's close
    /// frame and for the end of the transport. Returns the peer's close frame.
    pub async fn close(&mut self, frame: Option<CloseFrame>) -> Result<Option<CloseFrame>, Error> {
        let _ = frame;
        todo!()
    }

    /// Bytes that wait for the transport.
    pub fn queued(&self) -> usize {
        todo!()
    }

    /// Where the connection is in its life.
    pub fn state(&self) -> State {
        todo!()
    }

    /// What the handshake agreed on.
    pub fn negotiated(&self) -> &Negotiated {
        todo!()
    }

    /// Counters.
    pub fn stats(&self) -> Stats {
        todo!()
    }

    /// The transport.
    pub fn get_ref(&self) -> &S {
        &self.io
    }
}
