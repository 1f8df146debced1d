//! WebSockets in services of [hyper](https://docs.rs/hyper), and over its clients' connections.
//!
//! hyper reads the request and writes the answer; the connection behind them is a [`WebSocket`]
//! over a [`Transport`]. What is checked is what [`Acceptor`](crate::Acceptor) and
//! [`Client`](crate::Client) check.
//!
//! # A server
//! [`upgrade`] answers a request. The connection has to be served so that it can be handed over:
//! `with_upgrades()` of `hyper::server::conn::http1`, `serve_connection_with_upgrades` of
//! `hyper-util`.
//!
//! ```
//! use std::convert::Infallible;
//!
//! use arkws::Acceptor;
//! use arkws::http::{Request, Response};
//! use http_body_util::Full;
//! use hyper::body::{Bytes, Incoming};
//!
//! async fn echo(
//!     mut request: Request<Incoming>,
//!     acceptor: Acceptor,
//! ) -> Result<Response<Full<Bytes>>, Infallible> {
//!     let (response, upgrade) = match arkws::hyper::upgrade(&mut request, &acceptor).await {
//!         Ok(accepted) => accepted,
//!         // No WebSocket request, or one that the acceptor's options refuse: 400, 403, 426, ...
//!         Err(rejection) => return Ok(rejection.into_response()),
//!     };
//!     tokio::spawn(async move {
//!         let mut socket = upgrade.await?;
//!         while let Some((message, mut outbox)) = socket.recv_with_outbox().await.transpose()? {
//!             if let arkws::MessageRef::Text(text) = message {
//!                 outbox.feed_text(&text)?;
//!             }
//!         }
//!         Ok::<_, arkws::Error>(())
//!     });
//!     Ok(response.map(|()| Full::default()))
//! }
//! # let _ = echo;
//! ```
//!
//! # A client
//! With the feature `client`, [`request`] makes the request, and what it returns makes a socket of
//! the response, over any connection on which `hyper::upgrade::on` works: of `hyper::client::conn`
//! or `hyper-util`'s client.
//!
//! # HTTP/2
//! With the feature `http2`, a WebSocket is also a stream of HTTP/2 (RFC 8441, extended CONNECT).
//! A server has to allow it: `enable_connect_protocol()` of hyper's HTTP/2 builder. (axum's `serve`
//! does.)
//!
//! hyper tells no socket how much of what a stream has accepted its peer's flow control has let go.
//! So what a stream of HTTP/2 has accepted counts as taken ([`Progress`](crate::Progress)): it runs
//! ahead of the peer by the peer's window and a few writes, and stands still when the peer does.
//! These few writes, of up to 64 KiB each, are also what a peer that takes nothing costs in memory,
//! beside what waits in the socket itself ([`Limits::max_queued`](crate::Limits::max_queued)).
//!
//! A peer that takes something is not given up as long as more waits for it, if it takes 64 KiB,
//! and lets go of its window, within each time-out. Of the last that is sent nothing waits: then
//! the time-out of a [`Heartbeat`](crate::Heartbeat) has to be longer than the slowest peer needs
//! for its window and these writes.
//!
//! What one socket does not receive counts against the window of the whole connection: a server
//! whose sockets may pause for long gives the connection a larger one than each stream
//! (`initial_connection_window_size`).
#[cfg(feature = "client")]
mod client;
mod server;
mod stream;

use std::io;

use ::hyper::upgrade::OnUpgrade;
use arkws_proto::Role;
use arkws_proto::handshake::Negotiated;

use crate::{Config, Error, Transport, WebSocket};

#[cfg(all(feature = "client", feature = "http2"))]
pub use client::extended_connect;
#[cfg(feature = "client")]
pub use client::{ClientUpgrade, request};
pub use server::{Upgrade, upgrade};
#[cfg(feature = "axum")]
pub(crate) use server::{accept, check, peer};

/// The socket, when hyper has written, or read, the answer.
pub(crate) async fn open(
    on_upgrade: OnUpgrade,
    role: Role,
    config: Config,
    negotiated: Negotiated,
) -> Result<WebSocket<Transport>, Error> {
    let upgraded = on_upgrade.await;
    let upgraded = upgraded.map_err(|error| {
        let what = "the HTTP connection did not become a WebSocket";
        io::Error::other(format!("{what}: {error}"))
    })?;
    let (transport, read) = stream::transport(upgraded);
    Ok(WebSocket::from_handshake(
        transport, role, config, negotiated, &read,
    ))
}
