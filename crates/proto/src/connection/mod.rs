//! One connection after its handshake: frames in, events out; messages in, bytes out.
//!
//! ```text
//! socket -> recv(&mut bytes) -> Event           send_*() -> transmit() -> socket
//! ```
mod assembly;
mod buffer;
mod closing;
mod recv;
mod send;
mod transmit;

use bytes::{Bytes, BytesMut};

use crate::deflate::DeflateParams;
use crate::{CloseFrame, Limits, ProtocolError, Text};

pub use buffer::{Begun, EventKind, RecvBuffer};
pub use send::{RefusedPayload, SendError};
pub use transmit::Transmit;

use recv::Receiver;
use send::Sender;

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
    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            Payload::Borrowed(bytes) => bytes,
            Payload::Owned(bytes) => bytes,
        }
    }
}

impl<'b> Payload<'b> {
    /// Takes the first `at` bytes off, without copying.
    ///
    /// # Panics
    /// If `at` is beyond the end.
    pub fn split_to(&mut self, at: usize) -> Payload<'b> {
        match self {
            Payload::Borrowed(bytes) => {
                let (head, tail) = std::mem::take(bytes).split_at_mut(at);
                *bytes = tail;
                Payload::Borrowed(head)
            }
            Payload::Owned(bytes) => Payload::Owned(bytes.split_to(at)),
        }
    }

    /// The payload, if it borrows nothing; otherwise its length.
    pub(crate) fn detach(self) -> Result<Payload<'static>, usize> {
        match self {
            Payload::Borrowed(bytes) => Err(bytes.len()),
            Payload::Owned(bytes) => Ok(Payload::Owned(bytes)),
        }
    }

    /// The bytes as an owned buffer; copies only if they are borrowed.
    pub fn into_bytes(self) -> Bytes {
        match self {
            Payload::Borrowed(bytes) => Bytes::copy_from_slice(bytes),
            Payload::Owned(bytes) => bytes.freeze(),
        }
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

/// The protocol state of one connection, without its transport.
///
/// ```
/// use arkws_proto::{Config, Connection, Event, Role};
/// use bytes::Buf;
///
/// let mut client = Connection::new(Role::Client, Config::default());
/// let mut server = Connection::new(Role::Server, Config::default());
///
/// client.send_text("Hello")?;
/// let transmit = client.transmit();
/// let mut wire = transmit.copy_to_bytes(transmit.remaining()).to_vec();
///
/// let mut input = &mut wire[..];
/// while let Some(event) = server.recv(&mut input)? {
///     assert!(matches!(event, Event::Text(text) if text.as_str() == "Hello"));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Connection {
    role: Role,
    life: Life,
    receiver: Receiver,
    sender: Sender,
    transmit: Transmit,
    config: Config,
}

/// [`State`], with what must be remembered of it.
#[derive(Debug)]
enum Life {
    Open,
    CloseSent,
    Closed,
    Failed(Box<ProtocolError>),
}

impl Connection {
    /// A connection whose handshake is complete.
    pub fn new(role: Role, config: Config) -> Connection {
        Connection {
            role,
            life: Life::Open,
            receiver: Receiver::new(role, &config),
            sender: Sender::default(),
            transmit: Transmit::new(role),
            config,
        }
    }

    /// The bytes that wait for the transport, as a [`Buf`](bytes::Buf): `advance` it by what was written.
    /// Large payloads are chunks of their own (`chunks_vectored`).
    pub fn transmit(&mut self) -> &mut Transmit {
        &mut self.transmit
    }

    /// How many bytes wait for the transport.
    pub fn queued(&self) -> usize {
        self.transmit.queued()
    }

    /// Is there a block to encode outgoing frames into? If not, the next frame allocates a small one, which grows;
    /// unless the driver [lends](Self::lend_block) one.
    #[inline]
    pub fn has_block(&self) -> bool {
        self.transmit.has_block()
    }

    /// Lends a block to encode outgoing frames into. Dropped, if there is one already.
    pub fn lend_block(&mut self, block: Box<[u8]>) {
        self.transmit.lend_block(block);
    }

    /// Takes the block for outgoing frames, if nothing waits in it; it may have grown.
    pub fn reclaim_block(&mut self) -> Option<Box<[u8]>> {
        self.transmit.reclaim_block()
    }

    /// Gives buffers back that are empty: call it before the connection goes idle.
    pub fn release_buffers(&mut self) {
        self.receiver.release_buffers();
        self.sender.release_buffers();
        self.transmit.release_buffers();
    }

    /// Where the connection is in its life.
    pub fn state(&self) -> State {
        match self.life {
            Life::Open => State::Open,
            Life::CloseSent => State::CloseSent,
            Life::Closed => State::Closed,
            Life::Failed(_) => State::Failed,
        }
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
