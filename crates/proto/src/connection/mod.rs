//! One connection after its handshake: frames in, events out; messages in, bytes out.
//!
//! ```text
//! socket -> recv(&mut bytes) -> Event           send_*() -> transmit() -> socket
//! ```
//!
//! | file | what it does | RFC 6455 |
//! |---|---|---|
//! | `recv.rs` | finds events in what was received | 5.2, 5.4, 5.5 |
//! | `buffer.rs` | the same, in a driver's read buffer | |
//! | `assembly.rs` | puts messages together from frames | 5.4 |
//! | `pieces.rs` | the same, taken before they are whole | 5.4 |
//! | `send.rs` | queues messages, pings and pongs | 5.6, 6.1 |
//! | `transmit.rs` | the bytes that wait for the transport | 5.3 |
//! | `closing.rs` | the closing handshake, and failing the connection | 7 |
//! | `event.rs`, `state.rs` | what is found, and where the connection is in its life | |
mod assembly;
mod buffer;
mod closing;
mod event;
mod pieces;
mod recv;
mod send;
mod state;
mod storage;
mod transmit;

use std::fmt;

use crate::deflate::DeflateParams;
use crate::entropy::MaskingKeys;
use crate::{Config, Limits, Role};

pub use buffer::{Incomplete, RecvBuffer};
pub use event::{Event, EventKind, MessageKind};
pub use send::{RefusedPayload, SendError};
pub use state::State;
pub use storage::Storage;
pub use transmit::Transmit;

use recv::Receiver;
use send::Sender;
use state::Life;

/// The protocol state of one connection, without its transport. The crate's documentation says how
/// to [drive](crate#driving-a-connection) it.
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
pub struct Connection {
    role: Role,
    life: Life,
    receiver: Receiver,
    sender: Sender,
    transmit: Transmit,
    limits: Limits,
    deflate: Option<DeflateParams>,
}

impl Connection {
    /// A connection whose handshake is complete.
    pub fn new(role: Role, config: Config) -> Connection {
        let Config {
            limits,
            deflate,
            entropy,
        } = config;
        Connection {
            role,
            life: Life::Open,
            receiver: Receiver::new(&limits),
            sender: Sender::default(),
            transmit: Transmit::new(MaskingKeys::new(role, entropy)),
            limits,
            deflate: deflate.filter(|_| cfg!(feature = "deflate")),
        }
    }

    /// The bytes that wait for the transport, as a [`Buf`](bytes::Buf): `advance` it by what was
    /// written. Large payloads are chunks of their own (`chunks_vectored`).
    pub fn transmit(&mut self) -> &mut Transmit {
        &mut self.transmit
    }

    /// How many bytes wait for the transport.
    pub fn queued(&self) -> usize {
        self.transmit.queued()
    }

    /// Is there a block to encode outgoing frames into? If not, the next frame allocates a small
    /// one, which grows; unless the driver [lends](Self::lend_block) one.
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

    /// Which end we are.
    pub fn role(&self) -> Role {
        self.role
    }
}

/// Shows no payload, sent or received: what programs log should hold no secrets.
impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("role", &self.role())
            .field("state", &self.state())
            .field("queued", &self.queued())
            .field("unfinished_memory", &self.unfinished_memory())
            .field("deflate", &self.deflate)
            .finish_non_exhaustive()
    }
}
