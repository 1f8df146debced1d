//! The server object of the contract, through the crate's public API, with real sockets on the
//! loopback interface.
//!
//! Clients are [`support::Client`]s: `arkws` connections, or bare transports where a client must
//! misbehave.
mod admission;
mod events;
mod http_request;
mod identity;
mod limits;
#[cfg(unix)]
mod listen_on;
#[cfg(unix)]
mod newcomers;
mod progress;
mod proxies;
mod request;
mod rooms;
mod sending;
#[path = "../support/slow_peer.rs"]
mod slow_peer;
mod start;
mod stop;
mod support;
mod tls;
mod unfinished;
