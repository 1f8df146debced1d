//! The contract of OpenHarmony's `@ohos.net.webSocket`, free of any language.
//!
//! A binding converts its language's values into the types of this crate, calls
//! [`WebSocket`] or [`WebSocketServer`], and hands the events that come back to its listeners. It
//! decides nothing: codes, messages, order, limits and API levels are decided here.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use arkws_netstack::{ApiLevel, Context, Event, Listener, RequestOptions, WebSocket};
//!
//! /// A binding: here, one to the terminal.
//! struct Print;
//!
//! impl Listener for Print {
//!     fn on_event(&self, event: Event<'_>) {
//!         match event {
//!             Event::Text(text) => println!("message: {}", text.as_str()),
//!             Event::Close(close) => println!("close: {} {}", close.code, close.reason),
//!             Event::Error(error) => println!("error: {error}"),
//!             _ => {}
//!         }
//!     }
//! }
//!
//! # fn main() -> Result<(), arkws_netstack::BusinessError> {
//! let context = Context::discover(None, None, ApiLevel::NEWEST);
//! let socket = WebSocket::new(context, Arc::new(Print));
//! socket.connect("wss://echo.example/", RequestOptions::default())?;
//! // Queued until the connection is open.
//! socket.send_text("hello")?;
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod cause;
mod client;
mod close;
mod connection;
mod context;
mod error;
mod extra_roots;
mod header_field;
mod internet_sockets;
mod language_limits;
mod level;
mod log;
mod network;
mod network_changes;
mod option_hint;
mod policy;
mod process_exit;
mod program;
mod project_files;
mod refusal;
#[cfg(target_os = "linux")]
mod rtnetlink;
mod server;
mod shared_limits;
mod stderr_log;
mod sync;

pub use cause::{Cause, UnknownCause};
pub use client::{
    ClientCert, Event, IdentityPem, Listener, Proxy, ProxyServer, ReadyState, Reconnect, Renewal,
    Renewed, RequestOptions, Stats, TlsProtocol, WebSocket,
};
pub use close::{CloseOptions, CloseResult};
pub use context::Context;
pub use error::BusinessError;
pub use extra_roots::ExtraRoots;
pub use header_field::Header;
pub use language_limits::LanguageLimits;
pub use level::ApiLevel;
pub use network::Network;
pub use policy::{AllowList, OpenPolicy, Permission, Policy};
pub use program::Program;
pub use refusal::RefusalResponse;
pub use server::{
    Acceptance, CertificateSource, ClientId, ConnectedClient, Connection, CustomLimits, HandedOver,
    HttpBody, HttpResponse, ListenAddress, ListenOn, PendingHttpRequest, PendingRequest, Recipient,
    RefusalStatus, RequestHead, ServerCertificate, ServerConfig, ServerEvent, ServerLimits,
    ServerListener, StopId, StopOptions, TrustProxy, WebSocketServer,
};
pub use shared_limits::MAX_SEND;
pub use stderr_log::log_to_stderr;

pub use arkws::Cause as ConnectionCause;
pub use arkws::field_text;
pub use arkws::{CloseCode, CloseFrame, Payload, PeerCertificate, Progress, Text, Transport};
pub use arkws::{Connector, Host, Lookup, UnfinishedBudget};

/// Header fields of a request or a response: names in lower case, in order; one may come several
/// times.
pub type Headers = http::HeaderMap;

/// The example of the crate's README, as a doc test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
