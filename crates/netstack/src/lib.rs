//! The contract of OpenHarmony's `@ohos.net.webSocket`, free of any language.
//!
//! A binding converts its language's values into the types of this crate, calls
//! [`WebSocket`] or [`WebSocketServer`], and hands the events that come back to its listeners. It
//! decides nothing: codes, messages, order, limits and API levels are decided here.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod client;
mod context;
mod driver;
mod error;
mod event;
mod level;
mod network;
mod options;
mod outbox;
mod policy;
mod server;

pub use client::{ReadyState, Stats, WebSocket};
pub use context::Context;
pub use error::BusinessError;
pub use event::{CloseResult, Event, Headers, Listener};
pub use level::ApiLevel;
pub use network::Network;
pub use options::{
    ClientCert, CloseOptions, Header, Proxy, ProxyServer, Reconnect, RequestOptions, TlsProtocol,
};
pub use policy::{AllowList, OpenPolicy, Permission, Policy};
pub use server::{
    Connection, PendingRequest, ServerConfig, ServerEvent, ServerListener, WebSocketServer,
};

pub use arkws_proto::{Payload, Text};
