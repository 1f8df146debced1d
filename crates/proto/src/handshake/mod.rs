//! The opening handshake (RFC 6455, 4), both roles, without I/O.
//!
//! ```text
//! client                                                server
//! ClientHandshake::new  --- request ---------------->   ServerHandshake::recv
//! ClientHandshake::recv <-- 101 or another answer ---   ServerRequest::accept, refuse
//! ```
//!
//! Where an HTTP implementation reads and writes the heads, the same checks are done on its types:
//!
//! ```text
//! ClientRequest::into_http  --- http::Request ------>   ServerRequest::from_http
//! ClientOffer::confirm      <-- http::Response ------   ServerRequest::accept_http
//! ```
mod client;
mod extensions;
mod head;
mod headers;
mod http_types;
mod server;
mod target;

use std::fmt;
use std::ops::Deref;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
pub use client::{ClientHandshake, ClientOffer, ClientRequest, ClientResponse};
pub use head::ResponseReader;
pub use headers::{MAX_OWN_HEADERS, field_text, is_reserved};
use http::{HeaderName, Method, Version};
pub use server::{Accepted, AnyRequest, HttpRequest, ServerHandshake, ServerRequest};
use sha1::{Digest, Sha1};

use crate::deflate::DeflateParams;

/// What both ends agreed on.
///
/// Its `Debug` form does not show the sub-protocol, in which some clients put a token.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Negotiated {
    /// The sub-protocol (RFC 6455, 1.9); `None`: the server chose none.
    pub protocol: Option<String>,
    /// The parameters of permessage-deflate (RFC 7692); `None`: messages are not compressed.
    pub deflate: Option<DeflateParams>,
}

impl fmt::Debug for Negotiated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Negotiated")
            .field(
                "protocol",
                &self.protocol.as_ref().map(|_| format_args!("…")),
            )
            .field("deflate", &self.deflate)
            .finish()
    }
}

/// What was read of the body of an answer that is no acceptance: of
/// [`ClientHandshake::recv`], the bytes behind the head among those that it was given last, in the
/// framing of their transfer.
///
/// Its `Debug` form does not show them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct RefusalBody(Vec<u8>);

impl RefusalBody {
    /// The bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl From<Vec<u8>> for RefusalBody {
    fn from(bytes: Vec<u8>) -> RefusalBody {
        RefusalBody(bytes)
    }
}

impl Deref for RefusalBody {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for RefusalBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// Why a handshake failed.
///
/// What the peer or the caller gave is shown bounded and escaped: the target without its query, and
/// of header fields the values of `Host`, `Upgrade`, `Connection`, `Sec-WebSocket-Version`,
/// `-Accept` and `-Extensions`. Sub-protocols, in which some clients put a token, and keys are not.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The server answered, but not with 101 (over HTTP/2, not with 200 or another 2xx). Redirects
    /// and 401/407 arrive here, with their headers, and the body as far as it was read.
    #[error("the server answered {} instead of {}", .0.status(), acceptance(.0.version()))]
    Refused(Box<http::Response<RefusalBody>>),

    // What either end may send.
    /// What arrived is not the head of an HTTP message (RFC 9112, 2). The text says what is wrong
    /// with it.
    #[error("what arrived is not HTTP: {0} (RFC 9112, 2)")]
    Malformed(&'static str),
    /// The head is of another version than HTTP/1.1 (RFC 6455, 4.1 and 4.2.1).
    #[error("what arrived is not HTTP/1.1 (RFC 6455, 4.1)")]
    HttpVersion,
    /// The head is larger than [`Limits::max_header_bytes`](crate::Limits::max_header_bytes).
    #[error("the head is larger than the limit of {limit} bytes")]
    HeadTooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The head has more fields than [`Limits::max_headers`](crate::Limits::max_headers).
    #[error("the head has more fields than the limit of {limit}")]
    TooManyHeaders {
        /// The limit, in fields.
        limit: usize,
    },
    /// A field that may come once came again (RFC 6455, 11.3; RFC 9112, 3.2).
    #[error("the header field {0} is given more than once (RFC 6455, 11.3)")]
    DuplicateHeader(&'static str),
    /// `Sec-WebSocket-Extensions` does not follow its grammar (RFC 6455, 9.1). Holds its value.
    #[error("the header field Sec-WebSocket-Extensions is malformed: \"{0}\" (RFC 6455, 9.1)")]
    MalformedExtensions(String),

    // What a server may answer.
    /// The answer's `Upgrade` field is not `websocket` (RFC 6455, 4.1, check 2). Holds its value.
    #[error("the answer's Upgrade field must be \"websocket\", but it {} (RFC 6455, 4.1)", found(.0))]
    AnswerUpgrade(Option<String>),
    /// The answer's `Connection` field does not have `Upgrade` (RFC 6455, 4.1, check 3). Holds its
    /// value.
    #[error("the answer's Connection field must have \"Upgrade\", but it {} (RFC 6455, 4.1)", found(.0))]
    AnswerConnection(Option<String>),
    /// The answer's `Sec-WebSocket-Accept` is not made of our key: the server has not read it, or
    /// is no WebSocket server (RFC 6455, 4.1, check 4). Holds its value.
    #[error("the answer's Sec-WebSocket-Accept does not match the key that was sent: it {} (RFC 6455, 4.1)", found(.0))]
    AnswerAccept(Option<String>),
    /// The server chose an extension that was not offered (RFC 6455, 4.1, check 5). Holds its name.
    #[error("the server chose the extension \"{0}\", which was not offered (RFC 6455, 4.1)")]
    ExtensionNotOffered(String),
    /// The server's parameters of permessage-deflate contradict the offer, or each other
    /// (RFC 7692, 7.1). Holds the reason.
    #[error(
        "the server's parameters of permessage-deflate cannot be accepted: {0} (RFC 7692, 7.1)"
    )]
    DeflateParams(String),
    /// The server chose a sub-protocol that was not offered (RFC 6455, 4.1, check 6).
    #[error("the server chose a sub-protocol that was not offered (RFC 6455, 4.1)")]
    ProtocolNotOffered,

    // What a client may request.
    /// The request's method is not GET (RFC 6455, 4.2.1).
    #[error("the method is {0}, but a WebSocket request is a GET (RFC 6455, 4.2.1)")]
    Method(Method),
    /// The method of a request over HTTP/2 is not CONNECT (RFC 8441, 5).
    #[error("the method is {0}, but a WebSocket request over HTTP/2 is a CONNECT (RFC 8441, 5)")]
    ConnectMethod(Method),
    /// The `:protocol` of a request over HTTP/2 is not `websocket` (RFC 8441, 5). Holds its value.
    #[error("the request's :protocol must be \"websocket\", but it {} (RFC 8441, 5)", found(.0))]
    ConnectProtocol(Option<String>),
    /// The request's target is neither a path nor an http URL, or it has a fragment (RFC 6455, 3
    /// and 4.2.1).
    #[error("the request target \"{0}\" is neither a path nor an http URL (RFC 6455, 4.2.1)")]
    RequestTarget(String),
    /// The request has no `Host` field (RFC 6455, 4.2.1; RFC 9112, 3.2).
    #[error("the request has no Host field (RFC 6455, 4.2.1)")]
    MissingHost,
    /// The request's `Host` field is not `host[:port]` (RFC 9112, 3.2).
    #[error("the request's Host field \"{0}\" is not a host and perhaps a port (RFC 9112, 3.2)")]
    RequestHostField(String),
    /// RFC 9112, 3.2: a target in absolute form and the Host field name different hosts. What
    /// decides by one of them must not be deceived with the other.
    #[error(
        "the request target names the host \"{target}\", but the Host field \"{host}\" (RFC 9112, 3.2)"
    )]
    RequestHost {
        /// The host that the target names.
        target: String,
        /// The host that the field names.
        host: String,
    },
    /// An ordinary HTTP request: its `Upgrade` field does not have `websocket` (RFC 6455, 4.2.1).
    /// Holds its value.
    #[error("the request does not ask for WebSocket: its Upgrade field {} (RFC 6455, 4.2.1)", found(.0))]
    RequestUpgrade(Option<String>),
    /// The request's `Connection` field does not have `Upgrade` (RFC 6455, 4.2.1). Holds its value.
    #[error("the request's Connection field must have \"Upgrade\", but it {} (RFC 6455, 4.2.1)", found(.0))]
    RequestConnection(Option<String>),
    /// The request has no `Sec-WebSocket-Key` (RFC 6455, 4.2.1).
    #[error("the request has no Sec-WebSocket-Key field (RFC 6455, 4.2.1)")]
    MissingKey,
    /// The request's `Sec-WebSocket-Key` is not 16 bytes in base64 (RFC 6455, 4.2.1).
    #[error("the request's Sec-WebSocket-Key is not 16 bytes in base64 (RFC 6455, 4.2.1)")]
    RequestKey,
    /// The request's `Sec-WebSocket-Version` is not 13 (RFC 6455, 4.2.2). Holds its value.
    #[error("the request's Sec-WebSocket-Version must be 13, but it {} (RFC 6455, 4.2.2)", found(.0))]
    RequestVersion(Option<String>),
    /// The request offers a sub-protocol that is not a token (RFC 6455, 4.1.10).
    #[error("the request offers a sub-protocol that is not a token (RFC 6455, 4.1)")]
    RequestProtocol,
    /// A request that announces a body: what follows it would be frames to us, and a body to a
    /// proxy before us.
    #[error("the request announces a body, which a WebSocket request does not have")]
    RequestBody,

    // What our own side asked for.
    /// [`ClientRequest::host`] or the `Host` among its headers cannot be a `Host` field
    /// (RFC 9110, 7.2).
    #[error("\"{0}\" cannot stand in the Host field (RFC 9110, 7.2)")]
    InvalidHost(String),
    /// [`ClientRequest::target`] does not start with `/`, has a fragment, or is not visible ASCII
    /// (RFC 6455, 4.1).
    #[error("\"{0}\" cannot be a request target (RFC 6455, 4.1)")]
    InvalidTarget(String),
    /// One of [`ClientRequest::protocols`] is not a token (RFC 6455, 4.1.10).
    #[error("sub-protocol number {position} is not a token (RFC 6455, 4.1)")]
    InvalidProtocol {
        /// Which of them, from 1.
        position: usize,
    },
    /// One of [`ClientRequest::protocols`] stands there twice (RFC 6455, 4.1.10).
    #[error("sub-protocol number {position} has been offered before (RFC 6455, 4.1)")]
    DuplicateProtocol {
        /// Where the second of the two stands, from 1.
        position: usize,
    },
    /// The caller set a header field that the handshake itself writes, or that announces a body.
    #[error("the header field {0} belongs to the handshake and cannot be set")]
    ReservedHeader(HeaderName),
    /// The caller set more header fields than [`MAX_OWN_HEADERS`].
    #[error(
        "more than {} header fields of the program's own cannot be sent",
        MAX_OWN_HEADERS
    )]
    TooManyOwnHeaders,
    /// The [`DeflateConfig`](crate::deflate::DeflateConfig) has a window of other than 8 to 15 bits
    /// (RFC 7692, 7.1.2).
    #[error("window bits must be from 8 to 15, not {0} (RFC 7692, 7.1.2)")]
    WindowBits(u8),
    /// Compression is wanted, and this crate was built without it.
    #[error("permessage-deflate needs the feature `deflate`, which is switched off")]
    NoDeflate,
    /// The sub-protocol for [`ServerRequest::accept`] is none of those that the client offered
    /// (RFC 6455, 4.2.2).
    #[error("the sub-protocol to accept with was not offered by the client (RFC 6455, 4.2.2)")]
    ProtocolNotRequested,
}

impl HandshakeError {
    /// Whether what *we* wanted to send was at fault, and nothing has been sent.
    pub fn is_own_mistake(&self) -> bool {
        matches!(
            self,
            HandshakeError::InvalidHost(_)
                | HandshakeError::InvalidTarget(_)
                | HandshakeError::InvalidProtocol { .. }
                | HandshakeError::DuplicateProtocol { .. }
                | HandshakeError::ReservedHeader(_)
                | HandshakeError::TooManyOwnHeaders
                | HandshakeError::WindowBits(_)
                | HandshakeError::NoDeflate
                | HandshakeError::ProtocolNotRequested
        )
    }
}

fn acceptance(version: Version) -> &'static str {
    match version {
        Version::HTTP_2 | Version::HTTP_3 => "200 OK",
        _ => "101 Switching Protocols",
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
