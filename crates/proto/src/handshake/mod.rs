//! The opening handshake (RFC 6455, 4), both roles, without I/O.
mod client;
mod headers;
mod server;

pub use client::{ClientHandshake, ClientRequest, ClientResponse};
pub use server::{Accepted, ServerHandshake, ServerRequest};

use crate::deflate::DeflateParams;

/// What both ends agreed on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Negotiated {
    /// The sub-protocol (RFC 6455, 1.9).
    pub protocol: Option<String>,
    /// permessage-deflate (RFC 7692).
    pub deflate: Option<DeflateParams>,
}

/// Why a handshake failed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The server answered, but not with 101. Redirects and 401/407 arrive here, with their headers.
    #[error("the server answered {} instead of 101 Switching Protocols", .0.status())]
    Refused(Box<http::Response<()>>),
    // ... the owner adds: malformed head, too large, wrong accept key, missing Upgrade, protocol not offered, bad extension, ...
}
