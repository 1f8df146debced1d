//! RFC 6455 and RFC 7692 as a deterministic state machine.
//!
//! No sockets, no clock, no async: bytes go in, events and bytes come out. The same core serves
//! any runtime and any language.
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

pub use close::{CloseCode, CloseFrame};
pub use config::Config;
pub use connection::{Connection, Event, MessageKind, RefusedPayload, SendError, State, Transmit};
pub use entropy::Entropy;
pub use error::ProtocolError;
pub use limits::Limits;
pub use payload::Payload;
pub use role::Role;
pub use utf8::{Text, Utf8Bytes};

/// The example of the crate's README, as a doc test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
