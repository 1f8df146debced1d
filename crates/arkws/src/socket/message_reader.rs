//! One message, read as it arrives.
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use arkws_proto::MessageKind;
use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Receiver, WebSocket};
use crate::{Error, MessageRef};

/// Reads one message as it arrives, of any length in little memory: see
/// [`WebSocket::message_reader`].
///
/// It is an `AsyncRead`, for [`tokio::io::copy`] and the like; [`chunk`](Self::chunk) gives pieces
/// without a copy. Of a text, all that it gives is valid, but a piece may end within a character.
/// No more is read from the connection than is wanted: what has arrived and was not taken is some
/// 64 KiB, or a packet's worth of what was compressed (2 MiB at most). While nobody reads, the peer
/// has to wait, and pings do too. It may take its time with the message:
/// [`Config::message_timeout`](crate::Config::message_timeout) does not count here.
///
/// Dropped before the end of the message, the rest of the message is discarded as it arrives, by
/// whatever receives next.
pub struct MessageReader<'a, S> {
    socket: Source<'a, S>,
    kind: MessageKind,
    limit: u64,
    /// What has been taken from the connection and not been read.
    piece: Bytes,
    /// The connection has no more of it.
    is_whole: bool,
}

/// Whom a message is read from.
enum Source<'a, S> {
    Whole(&'a mut WebSocket<S>),
    Receiver(&'a mut Receiver<S>),
}

/// What has arrived.
enum Arrived {
    /// The beginning of a message, of which nothing has been taken.
    Beginning(MessageKind),
    Piece(Bytes),
    /// A message, or what is left of it.
    Last(MessageKind, Bytes),
    /// The peer closes.
    Close,
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// Waits for the next text or binary message to begin, to read it as it arrives. It may have up
    /// to `limit` bytes: [`Limits::max_message_size`](crate::Limits::max_message_size), which
    /// bounds memory, does not count here, but
    /// [`Limits::max_frame_size`](crate::Limits::max_frame_size) does. Pings, pongs and the close
    /// frame ([`peer_close`](Self::peer_close)) are passed over. `None`: the closing handshake is
    /// complete and the transport has ended.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use arkws::{Config, Message, Role, WebSocket};
    /// # let (near, far) = tokio::io::duplex(4096);
    /// # let config = Config::default;
    /// # let agreed = Default::default;
    /// # let open = |io, role| WebSocket::from_handshake(io, role, config(), agreed(), &[]);
    /// # let (mut socket, mut peer) = (open(near, Role::Client), open(far, Role::Server));
    /// # peer.send(Message::from(vec![7; 1000])).await?;
    /// // At most 10 GB.
    /// if let Some(reader) = socket.message_reader(10_000_000_000).await {
    ///     let mut file = Vec::new();
    ///     tokio::io::copy(&mut reader?, &mut file).await?;
    /// #   assert_eq!(file.len(), 1000);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`poll_recv`](Self::poll_recv).
    ///
    /// # Cancel safety
    /// Safe: nothing is lost when the future is dropped.
    pub async fn message_reader(
        &mut self,
        limit: u64,
    ) -> Option<Result<MessageReader<'_, S>, Error>> {
        MessageReader::next(Source::Whole(self), limit).await
    }

    /// Receives until something of a message is there; `begins` a message, or goes on with one.
    fn poll_pieces(
        &mut self,
        cx: &mut Context<'_>,
        limit: u64,
        begins: bool,
    ) -> Poll<Option<Result<Arrived, Error>>> {
        if begins {
            // Should the reader of the one before have been leaked.
            self.abandon_pieces();
        }
        self.engine.connection.receive_in_pieces(Some(limit));
        let arrived = self.poll_arrived(cx, begins);
        self.engine.connection.receive_in_pieces(None);
        arrived
    }

    fn poll_arrived(
        &mut self,
        cx: &mut Context<'_>,
        begins: bool,
    ) -> Poll<Option<Result<Arrived, Error>>> {
        loop {
            let event = match self.poll_event(cx) {
                Poll::Ready(Some(Ok(()))) => self.input.take_event(),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(*error))),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => {
                    let connection = &mut self.engine.connection;
                    let arrived = match (begins, connection.message_in_pieces()) {
                        (true, Some(kind)) => Some(Arrived::Beginning(kind)),
                        _ => connection.take_piece().map(Arrived::Piece),
                    };
                    return match arrived {
                        Some(arrived) => Poll::Ready(Some(Ok(arrived))),
                        None => Poll::Pending,
                    };
                }
            };
            let arrived = match event {
                Some(MessageRef::Text(text)) => {
                    Arrived::Last(MessageKind::Text, text.into_payload().into_bytes())
                }
                Some(MessageRef::Binary(data)) => {
                    Arrived::Last(MessageKind::Binary, data.into_bytes())
                }
                Some(MessageRef::Close(_)) => Arrived::Close,
                Some(MessageRef::Ping(_) | MessageRef::Pong(_)) => continue,
                None => {
                    let connection = &mut self.engine.connection;
                    match (begins, connection.message_in_pieces()) {
                        (true, Some(kind)) => Arrived::Beginning(kind),
                        _ => match connection.take_piece() {
                            Some(piece) => Arrived::Piece(piece),
                            None => continue,
                        },
                    }
                }
            };
            return Poll::Ready(Some(Ok(arrived)));
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Receiver<S> {
    /// Waits for the next message to begin, to read it as it arrives:
    /// [`WebSocket::message_reader`].
    ///
    /// # Errors
    /// As [`WebSocket::poll_recv`].
    ///
    /// # Cancel safety
    /// Safe: nothing is lost when the future is dropped.
    pub async fn message_reader(
        &mut self,
        limit: u64,
    ) -> Option<Result<MessageReader<'_, S>, Error>> {
        MessageReader::next(Source::Receiver(self), limit).await
    }
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> MessageReader<'a, S> {
    async fn next(
        mut socket: Source<'a, S>,
        limit: u64,
    ) -> Option<Result<MessageReader<'a, S>, Error>> {
        loop {
            let (kind, piece, is_whole) = match poll_fn(|cx| socket.poll(cx, limit, true)).await? {
                Ok(Arrived::Beginning(kind)) => (kind, Bytes::new(), false),
                Ok(Arrived::Last(kind, all)) => (kind, all, true),
                // The end follows.
                Ok(Arrived::Close | Arrived::Piece(_)) => continue,
                Err(error) => return Some(Err(error)),
            };
            return Some(Ok(MessageReader {
                socket,
                kind,
                limit,
                piece,
                is_whole,
            }));
        }
    }

    /// The next piece, without a copy. `None`: that was the whole message.
    ///
    /// # Errors
    /// As [`WebSocket::poll_recv`]; [`Error::IncompleteMessage`]: the peer has closed before the
    /// end of the message, and [`WebSocket::peer_close`] has its close frame.
    ///
    /// # Cancel safety
    /// Safe: nothing is lost when the future is dropped.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        poll_fn(|cx| {
            ready!(self.poll_piece(cx))?;
            let piece = std::mem::take(&mut self.piece);
            Poll::Ready(Ok((!piece.is_empty()).then_some(piece)))
        })
        .await
    }

    /// Waits until there is something to read, or the message is over.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while self.piece.is_empty() && !self.is_whole {
            match ready!(self.socket.poll(cx, self.limit, false)) {
                Some(Ok(Arrived::Piece(piece))) => self.piece = piece,
                Some(Ok(Arrived::Last(_, rest))) => {
                    self.piece = rest;
                    self.is_whole = true;
                }
                Some(Ok(Arrived::Beginning(_))) => {}
                Some(Err(error)) => return Poll::Ready(Err(error)),
                Some(Ok(Arrived::Close)) | None => {
                    return Poll::Ready(Err(Error::IncompleteMessage));
                }
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S> MessageReader<'_, S> {
    /// Text or binary.
    pub fn kind(&self) -> MessageKind {
        self.kind
    }
}

/// Ends at the end of the message.
impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for MessageReader<'_, S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let reader = self.get_mut();
        ready!(reader.poll_piece(cx))?;
        let len = reader.piece.len().min(buffer.remaining());
        buffer.put_slice(&reader.piece[..len]);
        reader.piece.advance(len);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Source<'_, S> {
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        limit: u64,
        begins: bool,
    ) -> Poll<Option<Result<Arrived, Error>>> {
        match self {
            Source::Whole(socket) => socket.poll_pieces(cx, limit, begins),
            Source::Receiver(receiver) => {
                receiver.poll(cx, |socket, cx| socket.poll_pieces(cx, limit, begins))
            }
        }
    }
}

/// The rest of the message is discarded.
impl<S> Drop for MessageReader<'_, S> {
    fn drop(&mut self) {
        if !self.is_whole {
            match &mut self.socket {
                Source::Whole(socket) => socket.abandon_pieces(),
                Source::Receiver(receiver) => receiver.abandon_pieces(),
            }
        }
    }
}

impl<S> WebSocket<S> {
    pub(super) fn abandon_pieces(&mut self) {
        self.engine.connection.abandon_pieces();
    }
}

impl<S> fmt::Debug for MessageReader<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageReader")
            .field("kind", &self.kind)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
