//! Why there is no tunnel.
use std::io;

use arkws_proto::handshake::HandshakeError;
use http::StatusCode;

/// Why there is no tunnel through a proxy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// The proxy's address cannot be understood. Nobody can tell then what of it is a password.
    #[error(
        "what was given is not the address of a proxy: {reason} (it may have a password in it, and is not shown)"
    )]
    Address {
        /// What is wrong with it.
        reason: String,
    },
    /// The proxy itself cannot be connected to.
    #[error("the proxy cannot be connected to: {0}")]
    Connect(crate::dial::tcp::ConnectError),
    /// The proxy's name does not resolve.
    #[error("the name of the proxy {proxy} does not resolve: {source}")]
    Dns {
        /// `host:port`.
        proxy: String,
        /// Why.
        source: io::Error,
    },
    /// TLS with the proxy failed.
    #[cfg(feature = "nested-tls")]
    #[error("the proxy cannot be spoken to over TLS: {0}")]
    Tls(crate::TlsError),
    /// 407 or 401, or their like in SOCKS.
    #[error(
        "the proxy {proxy} {}",
        if *.offered { "does not accept the user name and password" } else { "asks for a user name and password" }
    )]
    Authentication {
        /// `host:port`.
        proxy: String,
        /// Whether credentials were configured.
        offered: bool,
    },
    /// An HTTP proxy answered, but not with a tunnel.
    #[error("the proxy {proxy} answered {status} to CONNECT {target}")]
    Refused {
        /// `host:port`.
        proxy: String,
        /// What it was asked to connect to.
        target: String,
        /// Its answer.
        status: StatusCode,
    },
    /// An HTTP proxy's answer cannot be read, or is larger than
    /// [`Limits`](crate::Limits) allow heads to be.
    #[error("the proxy {proxy} misbehaves: its answer to CONNECT: {source}")]
    Answer {
        /// `host:port`.
        proxy: String,
        /// Why.
        source: HandshakeError,
    },
    /// A SOCKS proxy refused, or could not connect.
    #[error("the proxy {proxy} cannot connect to {target}: {reason}")]
    Socks {
        /// `host:port`.
        proxy: String,
        /// What it was asked to connect to.
        target: String,
        /// Its words.
        reason: String,
    },
    /// What the server says cannot come from a proxy of the configured kind.
    #[error("the proxy {proxy} misbehaves: {reason}")]
    Misbehaviour {
        /// `host:port`.
        proxy: String,
        /// What it did.
        reason: String,
    },
    /// The connection to the proxy ended.
    #[error("the connection to the proxy {proxy} was lost: {source}")]
    Io {
        /// `host:port`.
        proxy: String,
        /// Why.
        source: io::Error,
    },
}
