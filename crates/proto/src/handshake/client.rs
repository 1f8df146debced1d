//! The client's side (RFC 6455, 4.1).
use http::{HeaderMap, StatusCode};

use super::{HandshakeError, Negotiated};
use crate::Limits;
use crate::deflate::DeflateConfig;

/// What the client asks for.
#[derive(Debug, Clone, Default)]
pub struct ClientRequest {
    /// The `Host` field: `name[:port]`, IPv6 in brackets.
    pub host: String,
    /// The request target: path and query, starting with `/`.
    pub target: String,
    /// Sub-protocols in order of preference; each a token.
    pub protocols: Vec<String>,
    /// Compression to offer.
    pub deflate: Option<DeflateConfig>,
    /// More header fields. `Host` replaces ours; the handshake's own fields (`Upgrade`, `Connection`,
    /// `Sec-WebSocket-*`) are refused.
    pub headers: HeaderMap,
}

/// A request that is on its way, and the answer as far as it has arrived.
#[derive(Debug)]
pub struct ClientHandshake {}

/// The server's 101 response.
#[derive(Debug, Clone)]
pub struct ClientResponse {
    /// Always 101.
    pub status: StatusCode,
    /// The reason phrase, as sent.
    pub reason: String,
    /// All header fields.
    pub headers: HeaderMap,
    /// What was agreed on.
    pub negotiated: Negotiated,
}

impl ClientHandshake {
    /// Builds the request; the bytes go to the server.
    ///
    /// # Errors
    /// The request cannot be expressed: a bad token, a bad target, a forbidden header.
    pub fn new(
        request: ClientRequest,
        limits: &Limits,
    ) -> Result<(ClientHandshake, Vec<u8>), HandshakeError> {
        let _ = (request, limits);
        todo!()
    }

    /// Takes bytes of the answer. `None`: more are needed. Otherwise the response, and how many of **these** bytes
    /// belonged to it: the rest are frames already.
    ///
    /// # Errors
    /// The answer is not a valid acceptance (RFC 6455, 4.1, the six checks at its end), or is too large.
    pub fn recv(
        &mut self,
        bytes: &[u8],
    ) -> Result<Option<(ClientResponse, usize)>, HandshakeError> {
        let _ = bytes;
        todo!()
    }
}
