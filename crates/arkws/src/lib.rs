//! A fast, strict WebSocket client and server for tokio.
//!
//! The protocol is [`arkws_proto`]'s deterministic state machine; this crate drives it over any
//! `AsyncRead + AsyncWrite`, and dials: addresses, proxies, TLS, redirects.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod client;
mod config;
mod dial;
mod error;
mod heartbeat;
mod message;
mod server;
mod socket;

pub use arkws_proto::deflate::{DeflateConfig, DeflateParams};
pub use arkws_proto::handshake::{ClientResponse, HandshakeError, Negotiated, ServerRequest};
pub use arkws_proto::{
    CloseCode, CloseFrame, Limits, ProtocolError, Role, SendError, State, Utf8Bytes,
};
pub use bytes::{Bytes, BytesMut};
pub use http;

pub use client::{Client, ClientBuilder, connect};
pub use config::{Config, Heartbeat};
pub use dial::proxy::{Proxy, ProxyError, ProxyProtocol, ProxyServer};
pub use dial::redirect::RedirectError;
pub use dial::resolve::ConnectError;
pub use dial::tls::{Identity, Roots, TlsConfig, TlsError, TlsVersion};
pub use dial::transport::Transport;
pub use dial::url::{UrlError, parse_url};
pub use error::{Cause, Error, Phase};
pub use message::{Message, MessageRef};
pub use server::{Acceptor, AcceptorBuilder, PendingRequest, Refusal, accept};
pub use socket::{Outbox, Receiver, ReuniteError, Sender, Stats, WebSocket};
