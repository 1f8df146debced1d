//! The server's side (RFC 6455, 4.2).
use std::fmt;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use http::header::{ALLOW, CONNECTION, CONTENT_LENGTH, HeaderValue, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName, Method, StatusCode, Version};

use super::head::{HeadReader, RequestHead};
use super::headers::{self, EXTENSIONS};
use super::target::RequestTarget;
use super::{HandshakeError, Negotiated, accept_key, extensions};
use crate::Limits;
use crate::deflate::DeflateConfig;

/// A valid WebSocket request. Its `Debug` form shows neither query nor values of header fields, and
/// how many sub-protocols there are.
///
/// It comes as bytes ([`ServerHandshake`]) or has been read by an HTTP server
/// ([`from_http`](ServerRequest::from_http)).
#[derive(Clone)]
pub struct ServerRequest {
    /// Path and query, without the host of a target in absolute form.
    pub target: String,
    /// All header fields, as they came.
    pub headers: HeaderMap,
    /// Offered sub-protocols, in the client's order.
    pub protocols: Vec<String>,
    form: RequestForm,
}

/// How a request asks for a WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RequestForm {
    /// As an upgrade of HTTP/1.1 (RFC 6455, 4.2.1).
    Upgrade,
    /// As an extended CONNECT of HTTP/2 or HTTP/3 (RFC 8441, 5; RFC 9220, 3).
    ExtendedConnect,
}

impl fmt::Debug for ServerRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerRequest")
            .field("target", &headers::without_secrets(&self.target))
            .field("headers", &headers::Names(&self.headers))
            .field("protocols", &self.protocols.len())
            .finish()
    }
}

/// A valid HTTP request that does not ask for a WebSocket: that of a health check, for example.
///
/// What may follow its head is not read. Its `Debug` form is like that of [`ServerRequest`].
#[derive(Clone)]
pub struct HttpRequest {
    /// HTTP/1.1, or 1.0, which some health checks speak.
    pub version: Version,
    /// The method.
    pub method: Method,
    /// Path and query, without the host of a target in absolute form.
    pub target: String,
    /// All header fields, as they came.
    pub headers: HeaderMap,
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("target", &headers::without_secrets(&self.target))
            .field("headers", &headers::Names(&self.headers))
            .finish()
    }
}

/// What a client has sent: see [`ServerHandshake::recv_any`].
#[derive(Debug, Clone)]
pub enum AnyRequest {
    /// A valid WebSocket request.
    Upgrade(ServerRequest),
    /// Any other valid one.
    Http(HttpRequest),
}

/// A request as far as it has arrived.
#[derive(Debug)]
pub struct ServerHandshake {
    request: HeadReader,
}

/// The 101 response, and what was agreed on.
#[derive(Clone)]
pub struct Accepted {
    /// The bytes to send.
    pub response: Vec<u8>,
    /// What was agreed on.
    pub negotiated: Negotiated,
}

// The response holds header fields of the program's, and the sub-protocol.
impl fmt::Debug for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accepted")
            .field("response", &self.response.len())
            .field("negotiated", &self.negotiated)
            .finish()
    }
}

/// What an answer that accepts says.
pub(super) struct Agreement {
    /// `Sec-WebSocket-Accept`; `None`: there was no key, as HTTP/2 itself tells who understands.
    pub(super) proof: Option<String>,
    /// `Sec-WebSocket-Extensions`.
    pub(super) extensions: Option<String>,
    pub(super) negotiated: Negotiated,
}

impl ServerHandshake {
    /// Waits for a request.
    pub fn new(limits: &Limits) -> ServerHandshake {
        ServerHandshake {
            request: HeadReader::new(limits),
        }
    }

    /// Takes bytes of the request. `None`: more are needed. Otherwise the request, and how many of
    /// **these** bytes belonged to it.
    ///
    /// # Errors
    /// Not a valid WebSocket request; [`HandshakeError::rejection`] gives the answer to send.
    pub fn recv(&mut self, bytes: &[u8]) -> Result<Option<(ServerRequest, usize)>, HandshakeError> {
        let Some((head, consumed)) = self.request.read::<RequestHead>(bytes)? else {
            return Ok(None);
        };
        Ok(Some((head.check()?, consumed)))
    }

    /// As [`recv`](Self::recv), for a server that also answers requests which do not ask for a
    /// WebSocket: those without `websocket` in their `Upgrade` field, and all of HTTP/1.0, where
    /// that field has no meaning (RFC 9110, 7.8).
    ///
    /// # Errors
    /// As [`recv`](Self::recv) for requests that ask for a WebSocket. Of others: the target or the
    /// `Host` field is not valid.
    pub fn recv_any(
        &mut self,
        bytes: &[u8],
    ) -> Result<Option<(AnyRequest, usize)>, HandshakeError> {
        let Some((head, consumed)) = self.request.read::<RequestHead>(bytes)? else {
            return Ok(None);
        };
        let request = match head.http_target() {
            Some(target) => AnyRequest::Http(HttpRequest {
                version: head.version,
                method: head.method,
                target,
                headers: head.headers,
            }),
            None => AnyRequest::Upgrade(head.check()?),
        };
        Ok(Some((request, consumed)))
    }
}

impl HttpRequest {
    /// The answer, as bytes to send before the transport ends. `Content-Length`,
    /// `Connection: close` and, unless given, `Content-Type` are added; the handshake's own fields
    /// among `headers` are left out. A HEAD request gets no body, and nobody one with 204, 205 or
    /// 304 (RFC 9110, 6.4.1 and 15.3.6).
    pub fn respond(&self, status: StatusCode, body: &[u8], headers: &HeaderMap) -> Vec<u8> {
        let mut response = head_of_refusal(status, headers);
        if matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
            response.extend_from_slice(b"\r\n");
            return response;
        }
        let body = match status {
            StatusCode::RESET_CONTENT => b"",
            _ => body,
        };
        let mut response = finish_refusal(response, body, headers);
        if self.method == Method::HEAD {
            response.truncate(response.len() - body.len());
        }
        response
    }

    /// Why it is not a WebSocket request; [`HandshakeError::rejection`] gives the answer of a
    /// server that has no other for it.
    pub fn error(&self) -> HandshakeError {
        match self.method {
            Method::GET if self.version == Version::HTTP_10 => HandshakeError::HttpVersion,
            Method::GET => {
                HandshakeError::RequestUpgrade(headers::shown(&self.headers, UPGRADE.as_str()))
            }
            _ => HandshakeError::Method(self.method.clone()),
        }
    }
}

impl ServerRequest {
    /// Accepts: `protocol` must be one of those offered; `headers` are added to the response.
    ///
    /// Compression is agreed on if the client offers what `deflate` can honour; otherwise there is
    /// none.
    ///
    /// # Errors
    /// `protocol` was not offered, or a header is one of the handshake's own. Or this is a request
    /// of HTTP/2, which is answered by [`accept_http`](Self::accept_http) only.
    pub fn accept(
        &self,
        protocol: Option<&str>,
        deflate: Option<&DeflateConfig>,
        headers: &HeaderMap,
    ) -> Result<Accepted, HandshakeError> {
        let agreement = self.agree(protocol, deflate, headers)?;
        let proof = agreement
            .proof
            .filter(|_| self.form == RequestForm::Upgrade);
        let Some(proof) = proof else {
            return Err(HandshakeError::MissingKey);
        };
        let mut response = status_line(StatusCode::SWITCHING_PROTOCOLS);
        headers::write_field(&mut response, "Upgrade", b"websocket");
        headers::write_field(&mut response, "Connection", b"Upgrade");
        headers::write_field(&mut response, "Sec-WebSocket-Accept", proof.as_bytes());
        if let Some(protocol) = &agreement.negotiated.protocol {
            headers::write_field(&mut response, "Sec-WebSocket-Protocol", protocol.as_bytes());
        }
        if let Some(extensions) = &agreement.extensions {
            headers::write_field(
                &mut response,
                "Sec-WebSocket-Extensions",
                extensions.as_bytes(),
            );
        }
        for (name, value) in headers {
            headers::write_field(&mut response, name.as_str(), value.as_bytes());
        }
        response.extend_from_slice(b"\r\n");
        Ok(Accepted {
            response,
            negotiated: agreement.negotiated,
        })
    }

    /// What an answer that accepts says, in whatever form it leaves.
    pub(super) fn agree(
        &self,
        protocol: Option<&str>,
        deflate: Option<&DeflateConfig>,
        headers: &HeaderMap,
    ) -> Result<Agreement, HandshakeError> {
        headers::check_count(headers)?;
        let proof = match self.form {
            RequestForm::Upgrade => {
                let key = self.headers.get("sec-websocket-key");
                let key = key.ok_or(HandshakeError::MissingKey)?;
                Some(accept_key(key.as_bytes()))
            }
            // RFC 8441, 5: it is not used. Clients that send a key nevertheless, such as undici,
            // may want the proof.
            RequestForm::ExtendedConnect => headers::single(&self.headers, "sec-websocket-key")
                .ok()
                .flatten()
                .filter(|key| is_key(key))
                .map(|key| accept_key(key.as_bytes())),
        };
        if let Some(chosen) = protocol
            && !self.protocols.iter().any(|offered| offered == chosen)
        {
            return Err(HandshakeError::ProtocolNotRequested);
        }
        let (extensions, deflate) = match deflate {
            Some(config) => extensions::accept(&self.headers, config)?.unzip(),
            None => (None, None),
        };
        if let Some(reserved) = headers.keys().find(|name| headers::is_reserved(name)) {
            return Err(HandshakeError::ReservedHeader(reserved.clone()));
        }
        Ok(Agreement {
            proof,
            extensions,
            negotiated: Negotiated {
                protocol: protocol.map(str::to_owned),
                deflate,
            },
        })
    }

    /// Refuses with a status, a plain-text body and more headers: the bytes to send before the
    /// transport ends.
    ///
    /// `Content-Length`, `Connection: close` and, unless given, `Content-Type` are added; the
    /// handshake's own fields among `headers` are left out.
    pub fn refuse(status: StatusCode, body: impl AsRef<[u8]>, headers: &HeaderMap) -> Vec<u8> {
        finish_refusal(head_of_refusal(status, headers), body.as_ref(), headers)
    }
}

impl HandshakeError {
    /// The answer with which a server refuses the request for this error, as bytes to send before
    /// the transport ends: 400, 405 for another method than GET, 426 where WebSocket or our version
    /// of it is not asked for, 431 for a head over the limits, 505 for another version of HTTP, or
    /// 500 if the server itself was at fault.
    pub fn rejection(&self) -> Vec<u8> {
        let (status, body) = (self.rejection_status(), self.rejection_body());
        if let HandshakeError::Method(method) = self {
            let allow = HeaderMap::from_iter([(ALLOW, HeaderValue::from_static("GET"))]);
            let mut answer = ServerRequest::refuse(status, &body, &allow);
            if *method == Method::HEAD {
                // RFC 9110, 9.3.2: the fields, and no body.
                answer.truncate(answer.len() - body.len());
            }
            return answer;
        }
        // RFC 6455, 4.2.2 and 4.4: say which version we speak. RFC 9110, 15.5.22: say what to
        // upgrade to.
        if status == StatusCode::UPGRADE_REQUIRED {
            let mut response = status_line(status);
            headers::write_field(&mut response, "Upgrade", b"websocket");
            headers::write_field(&mut response, "Connection", b"Upgrade, close");
            headers::write_field(&mut response, "Sec-WebSocket-Version", b"13");
            return finish_refusal(response, body.as_bytes(), &HeaderMap::new());
        }
        ServerRequest::refuse(status, &body, &HeaderMap::new())
    }

    pub(super) fn rejection_status(&self) -> StatusCode {
        match self {
            HandshakeError::Method(_) | HandshakeError::ConnectMethod(_) => {
                StatusCode::METHOD_NOT_ALLOWED
            }
            HandshakeError::RequestUpgrade(_) | HandshakeError::RequestVersion(_) => {
                StatusCode::UPGRADE_REQUIRED
            }
            // RFC 9220, 3.
            HandshakeError::ConnectProtocol(_) => StatusCode::NOT_IMPLEMENTED,
            HandshakeError::HttpVersion => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            HandshakeError::HeadTooLarge { .. } | HandshakeError::TooManyHeaders { .. } => {
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
            }
            error if error.is_own_mistake() => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// Why, unless it is not the client's business.
    pub(super) fn rejection_body(&self) -> String {
        match self.is_own_mistake() {
            true => String::new(),
            false => format!("{self}\n"),
        }
    }
}

fn status_line(status: StatusCode) -> Vec<u8> {
    let mut response = Vec::with_capacity(256);
    let reason = status.canonical_reason().unwrap_or_default();
    response.extend_from_slice(format!("HTTP/1.1 {} {reason}\r\n", status.as_str()).as_bytes());
    response
}

fn head_of_refusal(status: StatusCode, headers: &HeaderMap) -> Vec<u8> {
    let mut response = status_line(status);
    for (name, value) in headers
        .iter()
        .filter(|(name, _)| !headers::is_reserved(name))
    {
        headers::write_field(&mut response, name.as_str(), value.as_bytes());
    }
    headers::write_field(&mut response, "Connection", b"close");
    response
}

fn finish_refusal(mut response: Vec<u8>, body: &[u8], headers: &HeaderMap) -> Vec<u8> {
    if !headers.contains_key(http::header::CONTENT_TYPE) {
        headers::write_field(&mut response, "Content-Type", b"text/plain; charset=utf-8");
    }
    headers::write_field(
        &mut response,
        "Content-Length",
        body.len().to_string().as_bytes(),
    );
    response.extend_from_slice(b"\r\n");
    response.extend_from_slice(body);
    response
}

impl RequestHead {
    /// Path and query of a valid request that does not ask for a WebSocket.
    fn http_target(&self) -> Option<String> {
        let is_old = self.version == Version::HTTP_10;
        if !is_old && has_token(&self.headers, &UPGRADE, b"websocket") {
            return None;
        }
        let target = RequestTarget::parse(&self.target)?;
        let is_valid = match headers::single(&self.headers, "host").ok()? {
            Some(host) => headers::is_authority(host.as_bytes()) && target.is_of(host.as_bytes()),
            // RFC 9112, 3.2: it has to be there from HTTP/1.1 on.
            None => is_old,
        };
        is_valid.then(|| target.path_and_query.into_owned())
    }

    fn check(self) -> Result<ServerRequest, HandshakeError> {
        if self.method != Method::GET {
            return Err(HandshakeError::Method(self.method));
        }
        if self.version != Version::HTTP_11 {
            return Err(HandshakeError::HttpVersion);
        }
        let Some(target) = RequestTarget::parse(&self.target) else {
            return Err(HandshakeError::request_target(&self.target));
        };
        let protocols = check_upgrade(&target, &self.headers)?;
        Ok(ServerRequest {
            target: target.path_and_query.into_owned(),
            headers: self.headers,
            protocols,
            form: RequestForm::Upgrade,
        })
    }
}

impl ServerRequest {
    pub(super) fn new(
        target: RequestTarget<'_>,
        headers: &HeaderMap,
        protocols: Vec<String>,
        form: RequestForm,
    ) -> ServerRequest {
        ServerRequest {
            target: target.path_and_query.into_owned(),
            headers: headers.clone(),
            protocols,
            form,
        }
    }

    pub(super) fn form(&self) -> RequestForm {
        self.form
    }
}

impl HandshakeError {
    pub(super) fn request_target(target: &str) -> HandshakeError {
        HandshakeError::RequestTarget(headers::excerpt(
            headers::without_secrets(target).as_bytes(),
        ))
    }
}

/// The request of HTTP/1.1, but for its method (RFC 6455, 4.2.1): the sub-protocols that it offers.
pub(super) fn check_upgrade(
    target: &RequestTarget<'_>,
    headers: &HeaderMap,
) -> Result<Vec<String>, HandshakeError> {
    let Some(host) = headers::single(headers, "host")? else {
        return Err(HandshakeError::MissingHost);
    };
    check_host(target, host)?;
    if !has_token(headers, &UPGRADE, b"websocket") {
        return Err(HandshakeError::RequestUpgrade(headers::shown(
            headers,
            UPGRADE.as_str(),
        )));
    }
    if !has_token(headers, &CONNECTION, b"upgrade") {
        return Err(HandshakeError::RequestConnection(headers::shown(
            headers,
            CONNECTION.as_str(),
        )));
    }
    check_version(headers)?;
    let Some(key) = headers::single(headers, "sec-websocket-key")? else {
        return Err(HandshakeError::MissingKey);
    };
    if !is_key(key) {
        return Err(HandshakeError::RequestKey);
    }
    check_offers(headers)
}

/// The Host field is one, and the one of the target.
pub(super) fn check_host(
    target: &RequestTarget<'_>,
    host: &HeaderValue,
) -> Result<(), HandshakeError> {
    if !headers::is_authority(host.as_bytes()) {
        return Err(HandshakeError::RequestHostField(headers::shown_host(
            host.as_bytes(),
        )));
    }
    if !target.is_of(host.as_bytes()) {
        return Err(HandshakeError::RequestHost {
            target: headers::excerpt(target.authority.unwrap_or_default().as_bytes()),
            host: headers::excerpt(host.as_bytes()),
        });
    }
    Ok(())
}

pub(super) fn check_version(headers: &HeaderMap) -> Result<(), HandshakeError> {
    let version = headers::single(headers, "sec-websocket-version")?;
    if version.is_none_or(|version| version.as_bytes() != b"13") {
        return Err(HandshakeError::RequestVersion(headers::shown(
            headers,
            "sec-websocket-version",
        )));
    }
    Ok(())
}

/// There is no body, and what is offered follows its grammar: the sub-protocols.
pub(super) fn check_offers(headers: &HeaderMap) -> Result<Vec<String>, HandshakeError> {
    if headers.contains_key(TRANSFER_ENCODING)
        || headers
            .get_all(CONTENT_LENGTH)
            .iter()
            .any(|length| length.as_bytes() != b"0")
    {
        return Err(HandshakeError::RequestBody);
    }
    let protocols = offered_protocols(headers)?;
    if headers.contains_key(EXTENSIONS) {
        headers::extensions(headers)?;
    }
    Ok(protocols)
}

/// Clients that fill a key with random letters set bits which stand for no byte: harmless (RFC
/// 4648, 3.5).
const KEY: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// RFC 6455, 4.1.7: 16 bytes in base64.
fn is_key(key: &HeaderValue) -> bool {
    KEY.decode(key.as_bytes())
        .is_ok_and(|bytes| bytes.len() == 16)
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &[u8]) -> bool {
    headers::list(headers, name.as_str()).any(|element| element.eq_ignore_ascii_case(token))
}

fn offered_protocols(headers: &HeaderMap) -> Result<Vec<String>, HandshakeError> {
    headers::list(headers, "sec-websocket-protocol")
        .map(|protocol| match std::str::from_utf8(protocol) {
            Ok(text) if headers::is_token(protocol) => Ok(text.to_owned()),
            _ => Err(HandshakeError::RequestProtocol),
        })
        .collect()
}
