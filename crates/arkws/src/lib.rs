//! A fast, strict WebSocket client and server for tokio.
//!
//! A client:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use futures_util::StreamExt;
//! # let server = arkws::Server::bind("127.0.0.1:0").await?.serve(async |mut socket, _| {
//! #     if let Some(Ok(message)) = socket.next().await {
//! #         _ = socket.send(message).await;
//! #     }
//! #     _ = socket.close(None).await;
//! # });
//! # let url = format!("ws://{}/", server.local_addr().expect("it is TCP"));
//! let (mut socket, _response) = arkws::connect(url).await?;
//! socket.send("hello".into()).await?;
//! while let Some(message) = socket.next().await.transpose()? {
//!     println!("{message}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A server, which sends every message back:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use futures_util::StreamExt;
//! # use arkws::Server;
//! let server = Server::bind("127.0.0.1:0").await?.serve(async |mut socket, _request| {
//!     while let Some(Ok(message)) = socket.next().await {
//!         if message.is_data() { _ = socket.send(message).await; }
//!     }
//! });
//! # let url = format!("ws://{}/", server.local_addr().expect("it is TCP"));
//! # let (mut socket, _response) = arkws::connect(url).await?;
//! # socket.send("hello".into()).await?;
//! # assert_eq!(socket.next().await.transpose()?, Some("hello".into()));
//! # Ok(())
//! # }
//! ```
//!
//! `next` is of the crate `futures-util` (`StreamExt`): a [`WebSocket`] is a `Stream` and a `Sink`.
//! What is where:
//!
//! | to | start at |
//! |---|---|
//! | connect, over `ws://` or `wss://`, through proxies if need be | [`connect`], [`Client`] |
//! | connect with header fields or a token of one connection's own | [`Client::request`] |
//! | connect again and again | [`Client::reconnecting`] |
//! | serve, within limits, and say goodbye | [`Server`] |
//! | accept connections in a loop of your own, over any transport | [`accept`], [`Acceptor`] |
//! | send and receive | [`WebSocket`], [`Message`] |
//! | send from one task and receive on another | [`WebSocket::split`] |
//! | send or receive one long message in pieces | [`MessageWriter`], [`MessageReader`] |
//! | find out what went wrong | [`Error`], [`Cause`] |
//!
//! The protocol is [`arkws_proto`]'s deterministic state machine; this crate drives it over any
//! `AsyncRead + AsyncWrite`, and dials: addresses, proxies, TLS, redirects. Those who know
//! tokio-tungstenite find its types and calls beside ours in the book's page
//! "From tokio-tungstenite" (`docs/src/from-tokio-tungstenite.md` of the repository).
//!
//! # Features
//! Each can be switched off (`default-features = false`), and only adds. What one that is missing
//! would do is an error that names it.
//!
//! | feature | default | brings |
//! |---|---|---|
//! | `client` | yes | [`Client`] and [`connect`] |
//! | `server` | yes | [`Server`], [`Acceptor`] and [`accept`] |
//! | `deflate` | yes | compression: [`DeflateConfig`] |
//! | `tls` | yes | `wss`: `TlsConfig`, [`Identity`] |
//! | `ring` | yes | cryptography for TLS, by ring; also where `aws-lc-rs` is on |
//! | `aws-lc-rs` | | the same, by AWS-LC. With neither, bring a provider of your own: [`TlsConfig::provider`] |
//! | `native-roots` | yes | trust in those whom the operating system trusts: [`Roots::System`] |
//! | `webpki-roots` | | trust in those whom Mozilla trusts, built into the program: `Roots::WebPki` |
//! | `encrypted-keys` | | private keys with a password (PBES2 and OpenSSL's old form); brings ring |
//! | `proxy` | yes | connections through proxies: CONNECT and SOCKS 5 |
//! | `nested-tls` | yes | TLS over streams that are not TCP: proxies over TLS, and `wss` over those of a [`Connector`] |
//! | `idna` | yes | names of other scripts in URLs, which are read as browsers do (the crate `url`) |
//! | `tracing` | | logging by the crate `tracing` |
//! | `hyper` | | WebSockets in services of hyper, and over its clients' connections: `arkws::hyper` |
//! | `axum` | | WebSockets in axum 0.8: `arkws::axum::WebSocketUpgrade` |
//! | `http2` | | the same as streams of HTTP/2 (RFC 8441) |
//! | `tower` | | [`Client`] and [`Acceptor`] as services of tower: `arkws::tower` |
//!
//! A server without TLS (`server`) builds 35 crates, client and server with compression but without
//! TLS and `idna` 40, none of which needs a C compiler.
//!
//! # The end of a program
//! What a socket has queued and not flushed lives in the socket: it is lost when that is dropped,
//! or the runtime with the task that owns it. [`send`](WebSocket::send) and
//! [`flush`](WebSocket::flush) return when the operating system has everything;
//! [`close`](WebSocket::close) when the peer has answered, so that it has had everything. Await one
//! of them before the runtime ends. (A system drops what is still on its way if the peer sends to a
//! socket that is gone.)
//!
//! # Fast paths
//! A [`WebSocket`] is a `Stream` and a `Sink` of owned messages, which is easy. Where messages come
//! by the million, these cost less, and mix freely with the easy ones.
//!
//! | instead of | call | what it saves |
//! |---|---|---|
//! | `next` | [`recv`](WebSocket::recv): a message lent as a [`MessageRef`] | copies, and memory for each message |
//! | [`send`](WebSocket::send) for each message | [`ready`](WebSocket::ready), [`feed_text`](WebSocket::feed_text) or [`feed_binary`](WebSocket::feed_binary), and at the end [`flush`](WebSocket::flush) | system calls |
//! | `next`, then `send` | [`recv_with_outbox`](WebSocket::recv_with_outbox): an answer while the message is borrowed | both |
//! | a copy for another thread | [`share_received`](WebSocket::share_received) | the copy |
//! | one long message at once | [`MessageWriter`], [`MessageReader`] | memory for the whole of it |
//!
//! [`recv`](WebSocket::recv) lends all that one read has brought before the next system call. A
//! message of less than 64 KiB in one frame, uncompressed and read whole, is lent from the read
//! buffer; others are put together in memory of their own. `feed_…` encodes a message where it will
//! leave from; [`ready`](WebSocket::ready) before each keeps the batch at [`Config::write_buffer`],
//! in writes of a size that kernels like.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), arkws::Error> {
//! # use arkws::{Config, MessageRef, Role, WebSocket};
//! # let (near, far) = tokio::io::duplex(4096);
//! # let config = Config::default;
//! # let open = |io, role| WebSocket::from_handshake(io, role, config(), Default::default(), &[]);
//! # let (mut client, mut server) = (open(near, Role::Client), open(far, Role::Server));
//! // Ten thousand messages, in writes of some thousand each.
//! let sender = tokio::spawn(async move {
//!     for i in 0..10_000_u32 {
//!         client.ready().await?;
//!         client.feed_binary(&i.to_be_bytes())?;
//!     }
//!     client.flush().await?;
//!     client.close(None).await
//! });
//!
//! // And their sum. Each message is borrowed.
//! let mut sum = 0_u64;
//! while let Some(message) = server.recv().await.transpose()? {
//!     if let MessageRef::Binary(data) = message {
//!         sum += data.iter().map(|byte| u64::from(*byte)).sum::<u64>();
//!     }
//! }
//! assert_eq!(sum, (0..10_000_u32).flat_map(u32::to_be_bytes).map(u64::from).sum());
//! # sender.await.expect("no panic")?;
//! # Ok(())
//! # }
//! ```
//!
//! The example `echo_fast` answers with [`recv_with_outbox`](WebSocket::recv_with_outbox).
//!
//! # Memory
//! A connection that waits owns no buffer: the threads' read buffers are lent to those that have
//! something to read, and an incomplete message takes memory as its bytes arrive, up to [`Limits`].
//!
//! # Logging
//! With the feature `tracing`, events of the crate of that name with the target `arkws`, never per
//! message and never with payloads:
//!
//! - at debug level, the steps of connecting, handshakes that a server refuses or that fail there,
//!   when a connection opens, closes or fails, and a ping of the heartbeat that could not be sent;
//! - as a warning, a trusted certificate that has expired.
//!
//! A handshake that fails may quote the header fields that are about it ([`HandshakeError`] has a
//! list of them); no others are shown. A refusal is logged with its reason.
//!
//! What happens on a connection is in the span in which it was made, whichever task polls it later.
//! [`Client::connect`] makes a span `connect` for each server that it is sent to, with `host:port`
//! in the field `to`. [`Client::connect_over`] and [`Acceptor`] make none: instrument the handshake
//! with one of your own.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

#[cfg(feature = "client")]
mod authorization;
#[cfg(feature = "axum")]
pub mod axum;
mod cause;
#[cfg(feature = "client")]
mod client;
mod config;
#[cfg(feature = "client")]
mod dial;
mod error;
mod host_pattern;
#[cfg(feature = "hyper")]
pub mod hyper;
mod log;
mod message;
#[cfg(any(feature = "client", feature = "server"))]
mod own_headers;
mod progress;
#[cfg(feature = "server")]
mod server;
mod socket;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "tower")]
pub mod tower;
mod transport;
mod unfinished_budget;
mod url;
mod wildcard;

#[cfg(feature = "deflate")]
pub use arkws_proto::deflate::{DeflateConfig, DeflateParams};
pub use arkws_proto::handshake::{
    ClientOffer, ClientRequest, ClientResponse, HandshakeError, HttpRequest, Negotiated,
    RefusalBody, ServerRequest, field_text, is_reserved,
};
pub use arkws_proto::{
    CloseCode, CloseFrame, Entropy, EntropySource, InvalidCloseCode, Limits, MessageKind, Payload,
    ProtocolError, Role, State, Text, Utf8Bytes,
};
pub use bytes::{Bytes, BytesMut};
pub use http;
#[cfg(feature = "tls")]
pub use rustls;

pub use self::url::{Host, UrlError, WebSocketUrl};
pub use cause::Cause;
#[cfg(feature = "client")]
pub use client::{
    Attempt, Client, ClientBuilder, IntoRequest, PageOrigin, Request, RequestBuilder, Retry,
    connect,
};
pub use config::{Config, Heartbeat};
#[cfg(feature = "client")]
pub use dial::{
    connector::Connector,
    proxy::{Proxy, ProxyEnvironment, ProxyError, ProxyProtocol, ProxyServer},
    redirect::RedirectError,
    route::Lookup,
    tcp::ConnectError,
};
pub use error::{Error, Phase, SendError, Unsent};
pub use host_pattern::HostPattern;
pub use message::{Message, MessageRef};
pub use progress::Progress;
#[cfg(all(feature = "server", feature = "tls"))]
pub use server::TlsInfo;
#[cfg(feature = "server")]
pub use server::{
    Acceptance, Acceptor, AcceptorBuilder, Admission, AdmissionError, AllowedOrigins,
    AnyPendingRequest, ClientAddress, ConnectionPermit, HandshakePermit, IncomingRequest,
    OriginError, PeerInfo, PendingHttpRequest, PendingRequest, Refusal, Rejection, Server,
    ServerBuilder, ServerLimits, accept, accept_error_is_of_one_client,
};
pub use socket::{
    MessageReader, MessageWriter, Outbox, Receiver, ReuniteError, Sender, Stats, WebSocket,
};
#[cfg(feature = "tls")]
pub use tls::{CertificateKey, Identity, PeerCertificate, TlsError, TlsVersion};
#[cfg(all(feature = "client", feature = "tls"))]
pub use tls::{Roots, TlsConfig};
pub use transport::Transport;
pub use unfinished_budget::UnfinishedBudget;
pub use wildcard::matches_wildcard;

/// The example of the crate's README, as a doc test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The examples of the project's README, as doc tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct ProjectReadme;

/// The examples of the book's page for those who come from tokio-tungstenite, as doc tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/from-tokio-tungstenite.md")]
struct FromTokioTungstenite;

/// The example of the book's page on Rust, as a doc test.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/rust.md")]
struct BookPage;
