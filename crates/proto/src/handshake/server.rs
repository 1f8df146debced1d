//! The server's side (RFC 6455, 4.2).
use http::{HeaderMap, StatusCode};

use super::{HandshakeError, Negotiated};
use crate::Limits;
use crate::deflate::DeflateConfig;

/// A valid WebSocket request.
#[derive(Debug, Clone)]
pub struct ServerRequest {
    /// Path and query.
    pub target: String,
    /// All header fields.
    pub headers: HeaderMap,
    /// Offered sub-protocols, in the client's order.
    pub protocols: Vec<String>,
}

/// A request as far as it has arrived.
#[derive(Debug)]
pub struct ServerHandshake {}

/// The 101 response, and what was agreed on.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The bytes to send.
    pub response: Vec<u8>,
    /// What was agreed on.
    pub negotiated: Negotiated,
}

impl ServerHandshake {
    /// Waits for a request.
    pub fn new(limits: &Limits) -> ServerHandshake {
        let _ = limits;
        todo!()
    }

    /// Takes bytes of the request. `None`: more are needed. Otherwise the request, and how many of **these** bytes
    /// belonged to it.
    ///
    /// # Errors
    /// Not a valid WebSocket request; [`HandshakeError::rejection`] gives the answer to send.
    pub fn recv(&mut self, bytes: &[u8]) -> Result<Option<(ServerRequest, usize)>, HandshakeError> {
        let _ = bytes;
        todo!()
    }
}

impl ServerRequest {
    /// Accepts: `protocol` must be one of those offered; `headers` are added to the response.
    ///
    /// # Errors
    /// `protocol` was not offered, or a header is one of the handshake's own.
    pub fn accept(
        &self,
        protocol: Option<&str>,
        deflate: Option<&DeflateConfig>,
        headers: &HeaderMap,
    ) -> Result<Accepted, HandshakeError> {
        let _ = (protocol, deflate, headers);
        todo!()
    }

    /// Refuses with a status, a plain-text body and more headers: the bytes to send before the transport ends.
    pub fn refuse(status: StatusCode, body: &str, headers: &HeaderMap) -> Vec<u8> {
        let _ = (status, body, headers);
        todo!()
    }
}

impl HandshakeError {
    /// The answer that a server sends for this error: 400, 405, 426 (with `Sec-WebSocket-Version: 13`), 431...
    pub fn rejection(&self) -> Vec<u8> {
        todo!()
    }
}
