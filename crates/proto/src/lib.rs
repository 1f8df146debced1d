//! RFC 6455 and RFC 7692 as a deterministic state machine.
//!
//! No sockets, no clock, no async: bytes go in, events and bytes come out, and random numbers come
//! from where the caller [says](Entropy). The same core serves any runtime and any language.
//!
//! | module | section of the RFCs |
//! |---|---|
//! | [`handshake`] | RFC 6455, 4: opening handshake; 9: extensions; 11.3: header fields |
//! | [`frame`] | RFC 6455, 5.2: base framing |
//! | [`mask`] | RFC 6455, 5.3: masking |
//! | [`Entropy`] | RFC 6455, 10.3: masking keys |
//! | [`utf8`] | RFC 6455, 8.1: UTF-8 in text messages and close reasons |
//! | [`close`] | RFC 6455, 7.4: status codes |
//! | [`deflate`] | RFC 7692: permessage-deflate |
//! | [`connection`] | RFC 6455, 5.4 fragmentation, 5.5 control frames, 7 closing |
//!
//! # Features
//! `deflate` (default) compresses and inflates; without it no compression is agreed on. `rand`
//! (default) brings the random numbers of the operating system ([`Entropy::System`]) and those of a
//! seed; without it a program gives its own ([`Entropy::Source`]), and nothing here asks for an
//! operating system.
//!
//! # Driving a connection
//!
//! A driver owns the transport, the clock, and nothing of the protocol. After the
//! [`handshake`] it makes a [`Connection`] and goes round this loop:
//!
//! 1. **Parse** all that has been read: [`recv_buffered`](Connection::recv_buffered) until it
//!    finds nothing more, and hand each event to the program. What was read behind the head of the
//!    handshake comes first: [`RecvBuffer::filled`](connection::RecvBuffer::filled). Pings are
//!    answered, and a close frame is echoed, by themselves: what results waits for step 2. After
//!    an error nothing more is parsed, but step 2 still has to send the close frame that says why.
//! 2. **Write** what waits: chunks of [`transmit`](Connection::transmit), which is told how much
//!    the transport took; then flush the transport, or both ends may wait for what it holds back.
//!    Messages are queued at any time ([`send_text`](Connection::send_text) and its siblings), and
//!    so is a close frame ([`send_close`](Connection::send_close)), which is the last of them;
//!    those that are queued together leave together here.
//! 3. **End** the transport once nothing waits and the connection is [`Closed`](State::Closed) or
//!    [`Failed`](State::Failed). A server does so at once, a client when the server has
//!    (RFC 6455, 7.1.1).
//! 4. **Read** into the [`room`](connection::RecvBuffer::room) of the read buffer; or, as long as
//!    there is one, into the [`direct_buffer`](Connection::direct_buffer) of a large message, which
//!    saves a copy. At the end of the stream, [`take_incomplete`](Connection::take_incomplete)
//!    looks at what is left of a message, whose text may be invalid already, and
//!    [`recv_eof`](Connection::recv_eof) tells whether the closing handshake was complete.
//!
//! ```
//! use std::error::Error;
//! use std::io::{Read, Write};
//!
//! use arkws_proto::connection::{RecvBuffer, Storage};
//! use arkws_proto::{Config, Connection, Event, Role, State};
//! use bytes::Buf;
//!
//! /// Echoes messages until the client closes.
//! fn echo(mut reader: impl Read, mut writer: impl Write) -> Result<(), Box<dyn Error>> {
//!     let mut connection = Connection::new(Role::Server, Config::default());
//!     // The beginning of a message of up to 64 KiB stays in it until the rest has been read.
//!     let mut buffer = RecvBuffer::reading(Storage::zeroed(128 << 10), 64 << 10);
//!     loop {
//!         // 1. Parse.
//!         let parsed = loop {
//!             match connection.recv_buffered(&mut buffer) {
//!                 Ok(Some(_)) => match buffer.take_event() {
//!                     Some(Event::Text(text)) => connection.send_text(&text)?,
//!                     Some(Event::Binary(data)) => connection.send_binary(&data)?,
//!                     _ => {}
//!                 },
//!                 Ok(None) => break Ok(()),
//!                 Err(error) => break Err(error),
//!             }
//!         };
//!         // 2. Write.
//!         while connection.queued() > 0 {
//!             let transmit = connection.transmit();
//!             writer.write_all(transmit.chunk())?;
//!             transmit.advance(transmit.chunk().len());
//!         }
//!         writer.flush()?;
//!         // 3. End: the transport ends when it is dropped.
//!         parsed?;
//!         if connection.state() == State::Closed {
//!             return Ok(());
//!         }
//!         // 4. Read.
//!         match reader.read(buffer.room())? {
//!             0 => {
//!                 connection.take_incomplete(&mut buffer)?;
//!                 return Ok(connection.recv_eof()?);
//!             }
//!             count => buffer.add_filled(count),
//!         }
//!     }
//! }
//!
//! // A client says hello, and closes.
//! let mut client = Connection::new(Role::Client, Config::default());
//! client.send_text("hello")?;
//! client.send_close(None);
//! let transmit = client.transmit();
//! let said = transmit.copy_to_bytes(transmit.remaining());
//!
//! let mut answer = Vec::new();
//! echo(&said[..], &mut answer)?;
//!
//! let mut answer = &mut answer[..];
//! let event = client.recv(&mut answer)?;
//! assert!(matches!(event, Some(Event::Text(text)) if text.as_str() == "hello"));
//! assert!(matches!(client.recv(&mut answer)?, Some(Event::Close(None))));
//! # Ok::<(), Box<dyn Error>>(())
//! ```
//!
//! What a driver for the network adds to this:
//!
//! - **When a read would block**, [`take_incomplete`](Connection::take_incomplete) moves the
//!   beginning of a message out of the read buffer, which then serves another connection, and
//!   [`release_buffers`](Connection::release_buffers) gives up what is empty. Blocks to send from
//!   are [lent](Connection::lend_block) in the same way.
//! - **Time.** How long the peer may take for its close frame, for a pong
//!   ([`send_ping`](Connection::send_ping)), or for the rest of a message
//!   ([`is_unfinished`](Connection::is_unfinished), [`frames_begun`](Connection::frames_begun)).
//! - **Back-pressure.** Not reading while the program is behind, and not queueing while much is
//!   [`queued`](Connection::queued); [`Limits::max_queued`] is the last resort.
//! - **Fairness.** [`allow_inflating`](Connection::allow_inflating) bounds what one packet of
//!   compressed data may cost. When [`is_paused`](Connection::is_paused), it is called again
//!   after others had their turn, and step 1 goes on.
//!
//! Whoever has the bytes in memory already, in a test or a binding, needs no read buffer:
//! [`recv`](Connection::recv) takes them where they are and lends its events from there.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(missing_docs)]
#![deny(unsafe_code)]

pub mod close;
mod config;
pub mod connection;
pub mod deflate;
mod entropy;
mod error;
pub mod frame;
pub mod handshake;
mod limits;
pub mod mask;
mod payload;
mod role;
pub mod utf8;

pub use close::{CloseCode, CloseFrame, InvalidCloseCode};
pub use config::Config;
pub use connection::{Connection, Event, MessageKind, RefusedPayload, SendError, State, Transmit};
pub use entropy::{Entropy, EntropySource};
pub use error::ProtocolError;
pub use limits::Limits;
pub use payload::Payload;
pub use role::Role;
pub use utf8::{Text, Utf8Bytes};

/// The example of the crate's README, as a doc test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
