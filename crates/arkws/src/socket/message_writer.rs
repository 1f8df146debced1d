//! One message, written in pieces, without knowing its end.
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use arkws_proto::utf8::Validator;
use arkws_proto::{CloseCode, CloseFrame, MessageKind};
use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Outbox, Sender, WebSocket};
use crate::{Error, SendError};

/// Payload of a frame that is not the last, in bytes. Small enough for pings to come through soon,
/// and large enough for headers to cost nothing.
const FRAGMENT: usize = 16 << 10;

/// Writes one message as fragments (RFC 6455, 5.4), of any length and without knowing its end: see
/// [`WebSocket::message_writer`].
///
/// It is an `AsyncWrite`, for [`tokio::io::copy`] and the like. What is written leaves in frames of
/// 16 KiB, compressed if that was agreed on; a flush sends what there is at once. Writing waits
/// while [`Config::write_buffer`](crate::Config::write_buffer) is full. [`finish`](Self::finish),
/// or `shutdown`, ends the message. What is written of a text has to be UTF-8, in pieces that may
/// end within a character; if it is not, the write fails with
/// [`InvalidData`](io::ErrorKind::InvalidData), and so does everything after it.
///
/// # Dropped before its end
/// The peer must not take what has left for a whole message. So, if any of it is queued, dropping
/// the writer closes the connection: with 1011, the message unfinished. If nothing has been queued
/// yet (less than 16 KiB written, and no flush), what was written is forgotten, and the connection
/// goes on.
pub struct MessageWriter<'a, S> {
    socket: Target<'a, S>,
    kind: MessageKind,
    stage: Stage,
    /// What has been written and is not in a frame: at most [`FRAGMENT`] bytes.
    waiting: BytesMut,
    /// Of a text: what has been written.
    validator: Validator,
}

/// Whom a message is written to.
enum Target<'a, S> {
    Whole(&'a mut WebSocket<S>),
    Sender(&'a mut Sender<S>),
}

/// How far the message has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// No frame has been queued.
    Unsent,
    /// Frames have been queued, but not the last.
    Begun,
    /// What was written is not UTF-8: it has no end.
    Invalid { begun: bool },
    /// All frames have been queued.
    Ended,
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// Writes one message in pieces. Pings are answered only while a program receives: to do both,
    /// [split](WebSocket::split) the connection, and take [`Sender::message_writer`].
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use arkws::{Config, MessageKind, Role, WebSocket};
    /// # let (near, far) = tokio::io::duplex(4096);
    /// # let config = Config::default;
    /// # let agreed = Default::default;
    /// # let open = |io, role| WebSocket::from_handshake(io, role, config(), agreed(), &[]);
    /// # let (mut socket, mut peer) = (open(near, Role::Client), open(far, Role::Server));
    /// let mut file = &[7; 1000][..];
    /// let mut writer = socket.message_writer(MessageKind::Binary);
    /// tokio::io::copy(&mut file, &mut writer).await?;
    /// writer.finish().await?;
    /// # let received = peer.recv().await.unwrap()?;
    /// # assert!(matches!(received, arkws::MessageRef::Binary(data) if data.len() == 1000));
    /// # Ok(())
    /// # }
    /// ```
    pub fn message_writer(&mut self, kind: MessageKind) -> MessageWriter<'_, S> {
        MessageWriter::new(Target::Whole(self), kind)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Sender<S> {
    /// Writes one message in pieces: [`WebSocket::message_writer`]. Meanwhile the
    /// [`Receiver`](crate::Receiver) answers pings between them.
    pub fn message_writer(&mut self, kind: MessageKind) -> MessageWriter<'_, S> {
        MessageWriter::new(Target::Sender(self), kind)
    }
}

impl<'a, S> MessageWriter<'a, S> {
    fn new(socket: Target<'a, S>, kind: MessageKind) -> MessageWriter<'a, S> {
        MessageWriter {
            socket,
            kind,
            stage: Stage::Unsent,
            waiting: BytesMut::new(),
            validator: Validator::new(),
        }
    }

    /// Queues a ping of at most 125 bytes without flushing. It leaves between two frames of the
    /// message.
    ///
    /// # Errors
    /// [`SendError`]; nothing was queued.
    pub fn feed_ping(&mut self, data: &[u8]) -> Result<(), SendError> {
        self.socket.feed(|outbox| outbox.feed_ping(data))
    }

    /// Queues a frame of what waits, or of `direct` if nothing does.
    fn feed_fragment(&mut self, direct: &[u8], last: bool) -> Result<(), SendError> {
        let payload = match direct {
            [] => &self.waiting[..],
            _ => direct,
        };
        let kind = self.kind;
        self.socket
            .feed(|outbox| outbox.feed_fragment(kind, payload, last))?;
        self.waiting.clear();
        self.stage = match last {
            true => Stage::Ended,
            false => Stage::Begun,
        };
        Ok(())
    }

    /// Why nothing can be written any more, if nothing can.
    fn check(&self) -> io::Result<()> {
        match self.stage {
            Stage::Unsent | Stage::Begun => Ok(()),
            Stage::Invalid { .. } => Err(not_utf8()),
            Stage::Ended => Err(io::Error::new(
                io::ErrorKind::BrokenPipe,
                "the message has been finished",
            )),
        }
    }

    /// Looks at the text so far; `last`: no more follows.
    fn validate(&mut self, piece: &[u8], last: bool) -> io::Result<()> {
        if self.kind == MessageKind::Binary {
            return Ok(());
        }
        let valid = self.validator.push(piece);
        if valid.is_ok() && (!last || self.validator.finish().is_ok()) {
            return Ok(());
        }
        self.stage = Stage::Invalid {
            begun: self.stage == Stage::Begun,
        };
        Err(not_utf8())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> MessageWriter<'_, S> {
    /// Ends the message, and flushes.
    ///
    /// # Errors
    /// The connection was lost or is closing, or what was written is not UTF-8; the message has not
    /// been sent whole.
    ///
    /// # Cancel safety
    /// When the future is dropped, the message is either queued whole, or
    /// [dropped before its end](Self#dropped-before-its-end).
    pub async fn finish(mut self) -> Result<(), Error> {
        poll_fn(|cx| self.poll_finish(cx)).await
    }

    fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.stage != Stage::Ended {
            self.check()?;
            ready!(self.socket.poll(cx, WebSocket::poll_ready))?;
            self.validate(&[], true)?;
            self.feed_fragment(&[], true)?;
        }
        self.socket.poll(cx, WebSocket::poll_flush)
    }

    fn poll_some(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize, Error>> {
        self.check()?;
        if self.waiting.len() == FRAGMENT {
            ready!(self.socket.poll(cx, WebSocket::poll_ready))?;
            self.feed_fragment(&[], false)?;
        }
        if self.waiting.is_empty() && bytes.len() >= FRAGMENT {
            // Without a copy of our own.
            ready!(self.socket.poll(cx, WebSocket::poll_ready))?;
            self.validate(&bytes[..FRAGMENT], false)?;
            self.feed_fragment(&bytes[..FRAGMENT], false)?;
            return Poll::Ready(Ok(FRAGMENT));
        }
        let len = bytes.len().min(FRAGMENT - self.waiting.len());
        self.validate(&bytes[..len], false)?;
        self.waiting.extend_from_slice(&bytes[..len]);
        Poll::Ready(Ok(len))
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.stage != Stage::Ended && self.waiting.has_remaining() {
            self.check()?;
            ready!(self.socket.poll(cx, WebSocket::poll_ready))?;
            self.feed_fragment(&[], false)?;
        }
        self.socket.poll(cx, WebSocket::poll_flush)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for MessageWriter<'_, S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_some(cx, bytes).map_err(io::Error::from)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_send(cx).map_err(io::Error::from)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_finish(cx).map_err(io::Error::from)
    }
}

/// See [dropped before its end](MessageWriter#dropped-before-its-end).
impl<S> Drop for MessageWriter<'_, S> {
    fn drop(&mut self) {
        if let Stage::Begun | Stage::Invalid { begun: true } = self.stage {
            let why = "a message was not finished";
            let frame = CloseFrame::new(CloseCode::INTERNAL_ERROR, why);
            match &mut self.socket {
                Target::Whole(socket) => socket.start_close(Some(frame)),
                Target::Sender(sender) => sender.start_close(Some(frame)),
            };
        }
    }
}

impl<S> Target<'_, S> {
    fn feed<R>(&mut self, feed: impl FnOnce(&mut Outbox<'_>) -> R) -> R {
        match self {
            Target::Whole(socket) => feed(&mut Outbox::new(&mut socket.engine)),
            Target::Sender(sender) => sender.feed_with(feed),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Target<'_, S> {
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut WebSocket<S>, &mut Context<'_>) -> Poll<Result<(), Error>>,
    ) -> Poll<Result<(), Error>> {
        match self {
            Target::Whole(socket) => poll(socket, cx),
            Target::Sender(sender) => sender.poll(cx, poll),
        }
    }
}

impl<S> std::fmt::Debug for MessageWriter<'_, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MessageWriter")
            .field("kind", &self.kind)
            .field("stage", &self.stage)
            .field("waiting", &self.waiting.len())
            .finish_non_exhaustive()
    }
}

fn not_utf8() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "what was written of a text message is not UTF-8",
    )
}
