//! One connection after its handshake: frames in, events out; messages in, bytes out.
//!
//! ```text
//! socket -> recv(&mut bytes) -> Event           send_*() -> transmit() -> socket
//! ```
use bytes::{Buf, Bytes, BytesMut};

use crate::deflate::DeflateParams;
use crate::{CloseFrame, Limits, ProtocolError};

/// Which end of the connection we are: clients mask, servers do not (RFC 6455, 5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The end that connected.
    Client,
    /// The end that accepted.
    Server,
}

/// What a connection needs to know from its owner and from its handshake.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// What is accepted from the peer.
    pub limits: Limits,
    /// permessage-deflate as negotiated; `None`: no compression.
    pub deflate: Option<DeflateParams>,
}

/// The body of a message or control frame, already unmasked and inflated.
#[derive(Debug)]
pub enum Payload<'b> {
    /// Lies in the bytes that were passed to [`Connection::recv`]: nothing was copied.
    Borrowed(&'b mut [u8]),
    /// Was put together from several reads, fragments or by inflating.
    Owned(BytesMut),
}

impl std::ops::Deref for Payload<'_> {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        match self {
            Payload::Borrowed(bytes) => bytes,
            Payload::Owned(bytes) => bytes,
        }
    }
}

impl Payload<'_> {
    /// The bytes as an owned buffer; copies only if they are borrowed.
    pub fn into_bytes(self) -> Bytes {
        match self {
            Payload::Borrowed(bytes) => Bytes::copy_from_slice(bytes),
            Payload::Owned(bytes) => bytes.freeze(),
        }
    }
}

/// A [`Payload`] that is known to be UTF-8.
#[derive(Debug)]
pub struct Text<'b>(Payload<'b>);

impl Text<'_> {
    /// The text.
    pub fn as_str(&self) -> &str {
        todo!()
    }

    /// The text as an owned string; copies only if it is borrowed.
    pub fn into_utf8_bytes(self) -> crate::Utf8Bytes {
        todo!()
    }
}

impl<'b> Text<'b> {
    /// The bytes of the text.
    pub fn into_payload(self) -> Payload<'b> {
        self.0
    }
}

/// What [`Connection::recv`] found.
///
/// Pings have already been answered and a close frame has already been echoed (both lie in the
/// output queue) when the event is returned.
#[derive(Debug)]
pub enum Event<'b> {
    /// A whole text message.
    Text(Text<'b>),
    /// A whole binary message.
    Binary(Payload<'b>),
    /// A ping; its pong is queued.
    Ping(Payload<'b>),
    /// A pong.
    Pong(Payload<'b>),
    /// The peer's close frame; `None`: it had no body (RFC 6455, 7.1.5: status 1005).
    Close(Option<CloseFrame>),
}

/// Why a message was not queued. The message is lost to the caller in no case: it was borrowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// A close frame has been queued or the connection has failed: nothing may follow it
    /// (RFC 6455, 5.5.1).
    #[error("the connection is closing: nothing may be sent after the close frame")]
    Closing,
    /// [`Limits::max_queued`] would be exceeded.
    #[error("the output queue is full: {queued} bytes are waiting, the limit is {limit}")]
    QueueFull {
        /// Bytes that wait.
        queued: usize,
        /// The limit.
        limit: usize,
    },
    /// A ping or pong over 125 bytes (RFC 6455, 5.5).
    #[error("a control frame carries at most 125 bytes, not {0}")]
    ControlTooLong(usize),
    /// A whole message or a new fragmented one was started while fragments of another are
    /// outstanding (RFC 6455, 5.4).
    #[error("a fragmented message is being sent: finish it first")]
    FragmentedMessageOpen,
}

/// The protocol state of one connection, without its transport.
#[derive(Debug)]
pub struct Connection {
    role: Role,
    config: Config,
}

impl Connection {
    /// A connection whose handshake is complete.
    pub fn new(role: Role, config: Config) -> Connection {
        Connection { role, config }
    }

    /// Parses at the front of `input`, in place, and moves `input` past what was consumed.
    ///
    /// Returns the next event; `None` when all of `input` is consumed (an incomplete tail is kept
    /// inside, memory grows with bytes received only). Call it until it returns `None`.
    ///
    /// # Errors
    /// The peer broke the protocol or a limit. The matching close frame is queued; flush it, then
    /// end the transport. Later calls return the same error. Input after the peer's close frame
    /// is ignored (RFC 6455, 5.5.1).
    pub fn recv<'b>(
        &mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Option<Event<'b>>, ProtocolError> {
        let _ = input;
        todo!()
    }

    /// While a large message is incomplete: the buffer that its bytes belong into, and how many of
    /// the current frame are missing. The driver may append at most that many bytes from the
    /// socket (no second copy), then calls [`recv_direct`](Self::recv_direct).
    pub fn direct_buffer(&mut self) -> Option<(&mut BytesMut, usize)> {
        todo!()
    }

    /// Takes notice of what was appended to [`direct_buffer`](Self::direct_buffer): unmasks,
    /// validates, and returns the message if it is complete.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub fn recv_direct(&mut self) -> Result<Option<Event<'static>>, ProtocolError> {
        todo!()
    }

    /// The transport reached its end. `Ok` if the closing handshake was complete.
    ///
    /// # Errors
    /// The stream ended before a close frame arrived (RFC 6455, 7.1.5: status 1006).
    pub fn recv_eof(&mut self) -> Result<(), ProtocolError> {
        todo!()
    }

    /// Queues a text message.
    ///
    /// # Errors
    /// [`SendError`]; nothing was queued.
    pub fn send_text(&mut self, text: &str) -> Result<(), SendError> {
        let _ = text;
        todo!()
    }

    /// Queues a binary message.
    ///
    /// # Errors
    /// [`SendError`]; nothing was queued.
    pub fn send_binary(&mut self, data: &[u8]) -> Result<(), SendError> {
        let _ = data;
        todo!()
    }

    /// Queues a message whose payload is owned: a large one is not copied (a server sends it as it
    /// is; a client masks it in place when it is the only owner).
    ///
    /// # Errors
    /// [`SendError`]; nothing was queued.
    pub fn send_owned(&mut self, kind: MessageKind, payload: Bytes) -> Result<(), SendError> {
        let _ = (kind, payload);
        todo!()
    }

    /// Queues one fragment of a message (RFC 6455, 5.4). The first call starts the message; `fin` ends it.
    /// Control frames may be sent in between, other messages not. Fragments are never compressed.
    ///
    /// # Errors
    /// [`SendError`]; nothing was queued.
    pub fn send_fragment(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        fin: bool,
    ) -> Result<(), SendError> {
        let _ = (kind, payload, fin);
        todo!()
    }

    /// Queues a ping of at most 125 bytes.
    ///
    /// # Errors
    /// [`SendError`]; nothing was queued.
    pub fn send_ping(&mut self, data: &[u8]) -> Result<(), SendError> {
        let _ = data;
        todo!()
    }

    /// Queues an unsolicited pong of at most 125 bytes (RFC 6455, 5.5.3).
    ///
    /// # Errors
    /// [`SendError`]; nothing was queued.
    pub fn send_pong(&mut self, data: &[u8]) -> Result<(), SendError> {
        let _ = data;
        todo!()
    }

    /// Starts the closing handshake (RFC 6455, 7.1.2), or completes it. Returns `false`, and does nothing, if a close
    /// frame has been queued already.
    pub fn send_close(&mut self, frame: Option<CloseFrame>) -> bool {
        let _ = frame;
        todo!()
    }

    /// The bytes that wait for the transport, as a [`Buf`]: `advance` it by what was written.
    /// Large payloads are chunks of their own (`chunks_vectored`).
    pub fn transmit(&mut self) -> &mut impl Buf {
        struct Never;
        impl Buf for Never {
            fn remaining(&self) -> usize {
                todo!()
            }
            fn chunk(&self) -> &[u8] {
                todo!()
            }
            fn advance(&mut self, _: usize) {
                todo!()
            }
        }
        Box::leak(Box::new(Never))
    }

    /// How many bytes wait for the transport.
    pub fn queued(&self) -> usize {
        todo!()
    }

    /// Gives buffers back that are empty: call it before the connection goes idle.
    pub fn release_buffers(&mut self) {
        todo!()
    }

    /// Where the connection is in its life.
    pub fn state(&self) -> State {
        todo!()
    }

    /// Which end we are.
    pub fn role(&self) -> Role {
        self.role
    }

    /// What the connection was made with.
    pub fn config(&self) -> &Config {
        &self.config
    }
}

/// Text or binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageKind {
    /// UTF-8 text.
    Text,
    /// Bytes.
    Binary,
}

/// The life of a connection (RFC 6455, 7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Data may flow in both directions.
    Open,
    /// Our close frame is queued or sent; the peer's has not arrived.
    CloseSent,
    /// Both close frames exist; when the queue is empty the transport can end. A server ends it
    /// first (RFC 6455, 7.1.1).
    Closed,
    /// The peer broke the protocol: flush, then end the transport.
    Failed,
}
