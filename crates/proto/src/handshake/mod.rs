//! The opening handshake (RFC 6455, 4), both roles, without I/O.
//!
//! ```text
//! client                                                server
//! ClientHandshake::new  --- request ---------------->   ServerHandshake::recv
//! ClientHandshake::recv <-- 101 or another answer ---   ServerRequest::accept, refuse
//! ```
mod client;
mod extensions;
mod head;
mod headers;
mod server;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
pub use client::{ClientHandshake, ClientRequest, ClientResponse};
pub use head::ResponseReader;
pub use headers::field_text;
use http::{HeaderName, Method};
pub use server::{Accepted, ServerHandshake, ServerRequest};
use sha1::{Digest, Sha1};

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
///
/// What the peer or the caller gave is shown bounded and escaped.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The server answered, but not with 101. Redirects and 401/407 arrive here, with their
    /// headers.
    #[error("the server answered {} instead of 101 Switching Protocols", .0.status())]
    Refused(Box<http::Response<()>>),

    // What either end may send.
    /// RFC 9112, 2: not the head of an HTTP message.
    #[error("what arrived is not HTTP: {0} (RFC 9112, 2)")]
    Malformed(&'static str),
    /// RFC 6455, 4.1 and 4.2.1: HTTP/1.1 is needed.
    #[error("what arrived is not HTTP/1.1 (RFC 6455, 4.1)")]
    HttpVersion,
    /// [`Limits::max_header_bytes`](crate::Limits::max_header_bytes).
    #[error("the head is larger than the limit of {limit} bytes")]
    HeadTooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// [`Limits::max_headers`](crate::Limits::max_headers).
    #[error("the head has more fields than the limit of {limit}")]
    TooManyHeaders {
        /// The limit.
        limit: usize,
    },
    /// RFC 6455, 11.3; RFC 9112, 3.2: a field that may come once came again.
    #[error("the header field {0} is given more than once (RFC 6455, 11.3)")]
    DuplicateHeader(&'static str),
    /// RFC 6455, 9.1.
    #[error("the header field Sec-WebSocket-Extensions is malformed: \"{0}\" (RFC 6455, 9.1)")]
    MalformedExtensions(String),

    // What a server may answer.
    /// RFC 6455, 4.1, check 2.
    #[error("the answer's Upgrade field must be \"websocket\", but it {} (RFC 6455, 4.1)", found(.0))]
    AnswerUpgrade(Option<String>),
    /// RFC 6455, 4.1, check 3.
    #[error("the answer's Connection field must have \"Upgrade\", but it {} (RFC 6455, 4.1)", found(.0))]
    AnswerConnection(Option<String>),
    /// RFC 6455, 4.1, check 4: the server did not read our key, or it is no WebSocket server.
    #[error("the answer's Sec-WebSocket-Accept does not match the key that was sent: it {} (RFC 6455, 4.1)", found(.0))]
    AnswerAccept(Option<String>),
    /// RFC 6455, 4.1, check 5.
    #[error("the server chose the extension \"{0}\", which was not offered (RFC 6455, 4.1)")]
    ExtensionNotOffered(String),
    /// RFC 7692, 7.1.
    #[error(
        "the server's parameters of permessage-deflate cannot be accepted: {0} (RFC 7692, 7.1)"
    )]
    DeflateParams(String),
    /// RFC 6455, 4.1, check 6.
    #[error("the server chose the sub-protocol \"{0}\", which was not offered (RFC 6455, 4.1)")]
    ProtocolNotOffered(String),

    // What a client may request.
    /// RFC 6455, 4.2.1: the request must be a GET.
    #[error("the method is {0}, but a WebSocket request is a GET (RFC 6455, 4.2.1)")]
    Method(Method),
    /// RFC 6455, 3 and 4.2.1: neither a path nor an http URL, or it has a fragment.
    #[error("the request target \"{0}\" is neither a path nor an http URL (RFC 6455, 4.2.1)")]
    RequestTarget(String),
    /// RFC 6455, 4.2.1; RFC 9112, 3.2.
    #[error("the request has no Host field (RFC 6455, 4.2.1)")]
    MissingHost,
    /// RFC 9112, 3.2: a Host field that is not `host[:port]`.
    #[error("the request's Host field \"{0}\" is not a host and perhaps a port (RFC 9112, 3.2)")]
    RequestHostField(String),
    /// RFC 9112, 3.2: a target in absolute form and the Host field name different hosts. What
    /// decides by one of them must not be deceived with the other.
    #[error(
        "the request target names the host \"{target}\", but the Host field \"{host}\" (RFC 9112, 3.2)"
    )]
    RequestHost {
        /// The target's.
        target: String,
        /// The field's.
        host: String,
    },
    /// RFC 6455, 4.2.1: an ordinary HTTP request.
    #[error("the request does not ask for WebSocket: its Upgrade field {} (RFC 6455, 4.2.1)", found(.0))]
    RequestUpgrade(Option<String>),
    /// RFC 6455, 4.2.1.
    #[error("the request's Connection field must have \"Upgrade\", but it {} (RFC 6455, 4.2.1)", found(.0))]
    RequestConnection(Option<String>),
    /// RFC 6455, 4.2.1: the key is 16 bytes in base64.
    #[error("the request's Sec-WebSocket-Key must be 16 bytes in base64, but it {} (RFC 6455, 4.2.1)", found(.0))]
    RequestKey(Option<String>),
    /// RFC 6455, 4.2.2: a version that we do not speak.
    #[error("the request's Sec-WebSocket-Version must be 13, but it {} (RFC 6455, 4.2.2)", found(.0))]
    RequestVersion(Option<String>),
    /// RFC 6455, 4.1.10: an offered sub-protocol that is not a token.
    #[error("the request offers the sub-protocol \"{0}\", which is not a token (RFC 6455, 4.1)")]
    RequestProtocol(String),
    /// A request that announces a body: what follows it would be frames to us, and a body to a
    /// proxy before us.
    #[error("the request announces a body, which a WebSocket request does not have")]
    RequestBody,

    // What our own side asked for.
    /// RFC 9110, 7.2.
    #[error("\"{0}\" cannot stand in the Host field (RFC 9110, 7.2)")]
    InvalidHost(String),
    /// RFC 6455, 4.1: a target starts with `/`, is visible ASCII and has no fragment.
    #[error("\"{0}\" cannot be a request target (RFC 6455, 4.1)")]
    InvalidTarget(String),
    /// RFC 6455, 4.1.10: sub-protocols are tokens.
    #[error("the sub-protocol \"{0}\" is not a token (RFC 6455, 4.1)")]
    InvalidProtocol(String),
    /// RFC 6455, 4.1.10: sub-protocols are unique.
    #[error("the sub-protocol \"{0}\" is offered twice (RFC 6455, 4.1)")]
    DuplicateProtocol(String),
    /// A field that the handshake itself writes.
    #[error("the header field {0} belongs to the handshake and cannot be set")]
    ReservedHeader(HeaderName),
    /// RFC 7692, 7.1.2: a window of the configuration.
    #[error("window bits must be from 8 to 15, not {0} (RFC 7692, 7.1.2)")]
    WindowBits(u8),
    /// RFC 6455, 4.2.2: a server may choose only what the client offered.
    #[error("the sub-protocol \"{0}\" was not offered by the client (RFC 6455, 4.2.2)")]
    ProtocolNotRequested(String),
}

impl HandshakeError {
    /// Whether what *we* wanted to send was at fault, and nothing has been sent.
    pub fn is_own_mistake(&self) -> bool {
        matches!(
            self,
            HandshakeError::InvalidHost(_)
                | HandshakeError::InvalidTarget(_)
                | HandshakeError::InvalidProtocol(_)
                | HandshakeError::DuplicateProtocol(_)
                | HandshakeError::ReservedHeader(_)
                | HandshakeError::WindowBits(_)
                | HandshakeError::ProtocolNotRequested(_)
        )
    }
}

fn found(value: &Option<String>) -> String {
    match value {
        Some(value) => format!("is \"{value}\""),
        None => "is missing".into(),
    }
}

/// RFC 6455, 1.3: the proof that the server read this handshake's key.
fn accept_key(key: &[u8]) -> String {
    const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    BASE64_STANDARD.encode(Sha1::new().chain_update(key).chain_update(GUID).finalize())
}
