//! The handshake on the types of the crate `http`, for programs whose HTTP implementation reads and
//! writes the heads. What is checked, and against what, is in `server.rs` and `client.rs`.
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::{
    ALLOW, CONNECTION, CONTENT_TYPE, HOST, HeaderValue, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION,
    UPGRADE,
};
use http::uri::Scheme;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri, Version};

use super::server::{RequestForm, check_host, check_offers, check_upgrade, check_version};
use super::target::RequestTarget;
use super::{
    ClientOffer, ClientRequest, ClientResponse, HandshakeError, Negotiated, RefusalBody,
    ServerRequest, accept_key, headers,
};
use crate::deflate::DeflateConfig;

const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");
const VERSION: HeaderValue = HeaderValue::from_static("13");

impl ServerRequest {
    /// Checks a request of HTTP/1.1 that asks for an upgrade, by the rules for
    /// [bytes](super::ServerHandshake::recv) (RFC 6455, 4.2.1). One of HTTP/2 or HTTP/3 goes to
    /// [`from_extended_connect`](Self::from_extended_connect).
    ///
    /// ```
    /// use arkws_proto::handshake::ServerRequest;
    ///
    /// let request = http::Request::get("/chat")
    ///     .header("host", "example.org")
    ///     .header("connection", "Upgrade")
    ///     .header("upgrade", "websocket")
    ///     .header("sec-websocket-version", "13")
    ///     .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
    ///     .body(())?;
    /// let request = ServerRequest::from_http(&request)?;
    /// let (response, negotiated) = request.accept_http(None, None, &Default::default())?;
    /// assert_eq!(response.status(), 101);
    /// assert_eq!(response.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    /// # let _ = negotiated;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Not a valid WebSocket request; [`HandshakeError::http_rejection`] gives the answer to send.
    pub fn from_http<B>(request: &Request<B>) -> Result<ServerRequest, HandshakeError> {
        if request.version() != Version::HTTP_11 {
            return Err(HandshakeError::HttpVersion);
        }
        if request.method() != Method::GET {
            return Err(HandshakeError::Method(request.method().clone()));
        }
        let target = target(request)?;
        let protocols = check_upgrade(&target, request.headers())?;
        let form = RequestForm::Upgrade;
        Ok(ServerRequest::new(
            target,
            request.headers(),
            protocols,
            form,
        ))
    }

    /// Checks an extended CONNECT of HTTP/2 or HTTP/3 (RFC 8441, 5; RFC 9220, 3), whose
    /// `:protocol` the HTTP implementation tells (hyper as the extension `hyper::ext::Protocol`).
    /// There, `Upgrade`, `Connection` and `Sec-WebSocket-Key` are not used; all else is as with
    /// [`from_http`](Self::from_http). (A key that is sent all the same is answered.)
    ///
    /// # Errors
    /// Not a valid WebSocket request; [`HandshakeError::http_rejection`] gives the answer to send.
    pub fn from_extended_connect<B>(
        request: &Request<B>,
        protocol: Option<&str>,
    ) -> Result<ServerRequest, HandshakeError> {
        if !matches!(request.version(), Version::HTTP_2 | Version::HTTP_3) {
            return Err(HandshakeError::HttpVersion);
        }
        if request.method() != Method::CONNECT {
            return Err(HandshakeError::ConnectMethod(request.method().clone()));
        }
        if protocol != Some("websocket") {
            let protocol = protocol.map(|protocol| headers::excerpt(protocol.as_bytes()));
            return Err(HandshakeError::ConnectProtocol(protocol));
        }
        let target = target(request)?;
        // RFC 8441, 4: `:scheme`, `:authority` and `:path` are there.
        if target.authority.is_none() {
            return Err(HandshakeError::MissingHost);
        }
        let fields = request.headers();
        // RFC 9113, 8.3.1: it may repeat the authority.
        if let Some(host) = headers::single(fields, "host")? {
            check_host(&target, host)?;
        }
        check_version(fields)?;
        let protocols = check_offers(fields)?;
        let form = RequestForm::ExtendedConnect;
        Ok(ServerRequest::new(target, fields, protocols, form))
    }

    /// As [`accept`](Self::accept), for an HTTP implementation that writes the answer: status 101,
    /// or 200 over HTTP/2 and HTTP/3.
    ///
    /// # Errors
    /// `protocol` was not offered, or a header is one of the handshake's own.
    pub fn accept_http(
        &self,
        protocol: Option<&str>,
        deflate: Option<&DeflateConfig>,
        headers: &HeaderMap,
    ) -> Result<(Response<()>, Negotiated), HandshakeError> {
        let agreement = self.agree(protocol, deflate, headers)?;
        let mut response = Response::new(());
        let fields = response.headers_mut();
        fields.extend(headers.clone());
        if self.form() == RequestForm::Upgrade {
            fields.insert(UPGRADE, WEBSOCKET);
            fields.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        }
        if let Some(proof) = agreement.proof {
            fields.insert(SEC_WEBSOCKET_ACCEPT, value(proof));
        }
        if let Some(protocol) = &agreement.negotiated.protocol {
            fields.insert(SEC_WEBSOCKET_PROTOCOL, value(protocol.clone()));
        }
        if let Some(extensions) = agreement.extensions {
            fields.insert(SEC_WEBSOCKET_EXTENSIONS, value(extensions));
        }
        *response.status_mut() = match self.form() {
            RequestForm::Upgrade => StatusCode::SWITCHING_PROTOCOLS,
            RequestForm::ExtendedConnect => StatusCode::OK,
        };
        Ok((response, agreement.negotiated))
    }

    /// As [`refuse`](Self::refuse), for an HTTP implementation that writes the answer, and adds the
    /// length of the body to it.
    pub fn refuse_http(
        status: StatusCode,
        body: impl Into<Bytes>,
        headers: &HeaderMap,
    ) -> Response<Bytes> {
        let mut response = Response::new(body.into());
        *response.status_mut() = status;
        let fields = response.headers_mut();
        for (name, value) in headers {
            if !headers::is_reserved(name) {
                fields.append(name, value.clone());
            }
        }
        // There may be no room for another.
        if let Ok(content_type) = fields.try_entry(CONTENT_TYPE) {
            content_type.or_insert(HeaderValue::from_static("text/plain; charset=utf-8"));
        }
        response
    }
}

impl HandshakeError {
    /// As [`rejection`](Self::rejection), for an HTTP implementation that writes the answer. An
    /// extended CONNECT for another protocol gets 501 (RFC 9220, 3), another method over HTTP/2
    /// 405.
    pub fn http_rejection(&self) -> Response<Bytes> {
        let mut body = self.rejection_body();
        let allowed = match self {
            HandshakeError::Method(_) => Some("GET"),
            HandshakeError::ConnectMethod(_) => Some("CONNECT"),
            _ => None,
        };
        if let HandshakeError::Method(method) | HandshakeError::ConnectMethod(method) = self
            && *method == Method::HEAD
        {
            body.clear();
        }
        let mut response =
            ServerRequest::refuse_http(self.rejection_status(), body, &HeaderMap::new());
        let fields = response.headers_mut();
        if let Some(allowed) = allowed {
            fields.insert(ALLOW, HeaderValue::from_static(allowed));
        }
        if self.rejection_status() == StatusCode::UPGRADE_REQUIRED {
            fields.insert(UPGRADE, WEBSOCKET);
            fields.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
            fields.insert(SEC_WEBSOCKET_VERSION, VERSION);
        }
        response
    }
}

impl ClientRequest {
    /// The request of HTTP/1.1 (RFC 6455, 4.1) for an HTTP implementation that writes it, and what
    /// its answer is checked against. The target is in origin form.
    ///
    /// # Errors
    /// As [`ClientHandshake::new`](super::ClientHandshake::new).
    pub fn into_http(self) -> Result<(Request<()>, ClientOffer), HandshakeError> {
        let key = BASE64_STANDARD.encode(self.entropy.handshake_key());
        let mut request = Request::new(());
        let host = self.write_to(request.headers_mut())?;
        *request.uri_mut() = Uri::try_from(self.target.as_str())
            .map_err(|_| HandshakeError::invalid_target(&self.target))?;
        let fields = request.headers_mut();
        fields.insert(HOST, host);
        fields.insert(UPGRADE, WEBSOCKET);
        fields.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        let expected_accept = Some(accept_key(key.as_bytes()));
        fields.insert(SEC_WEBSOCKET_KEY, value(key));
        Ok((request, self.offer(expected_accept)))
    }

    /// The extended CONNECT of HTTP/2 or HTTP/3 (RFC 8441, 5), `http` or `https`, for an HTTP
    /// implementation that writes it with the `:protocol` `websocket` (hyper takes it as the
    /// extension `hyper::ext::Protocol`); and what its answer is checked against.
    ///
    /// # Errors
    /// As [`ClientHandshake::new`](super::ClientHandshake::new).
    pub fn into_extended_connect(
        self,
        scheme: Scheme,
    ) -> Result<(Request<()>, ClientOffer), HandshakeError> {
        let mut request = Request::new(());
        let authority = self.write_to(request.headers_mut())?;
        *request.method_mut() = Method::CONNECT;
        *request.version_mut() = Version::HTTP_2;
        *request.uri_mut() = Uri::builder()
            .scheme(scheme)
            .authority(authority.as_bytes())
            .path_and_query(self.target.as_str())
            .build()
            .map_err(|_| HandshakeError::invalid_target(&self.target))?;
        Ok((request, self.offer(None)))
    }

    /// What both forms have in common; returns the host.
    fn write_to(&self, out: &mut HeaderMap) -> Result<HeaderValue, HandshakeError> {
        let fields = self.fields()?;
        for (name, value) in self.own_headers() {
            out.append(name, value.clone());
        }
        out.insert(SEC_WEBSOCKET_VERSION, VERSION);
        if let Some(protocols) = fields.protocols {
            out.insert(SEC_WEBSOCKET_PROTOCOL, value(protocols));
        }
        if let Some(extensions) = fields.extensions {
            out.insert(SEC_WEBSOCKET_EXTENSIONS, value(extensions));
        }
        HeaderValue::from_bytes(fields.host)
            .map_err(|_| HandshakeError::InvalidHost(headers::excerpt(fields.host)))
    }

    fn offer(self, expected_accept: Option<String>) -> ClientOffer {
        ClientOffer {
            expected_accept,
            protocols: self.protocols,
            deflate: self.deflate,
        }
    }
}

impl ClientOffer {
    /// Checks the answer, by the rules for [bytes](super::ClientHandshake::recv).
    ///
    /// # Errors
    /// The answer is not a valid acceptance (RFC 6455, 4.1; RFC 8441, 5). That of
    /// [`HandshakeError::Refused`] has an empty body: nothing is read here.
    pub fn confirm<B>(&self, response: &Response<B>) -> Result<ClientResponse, HandshakeError> {
        let status = response.status();
        let is_accepted = match self.expected_accept {
            Some(_) => status == StatusCode::SWITCHING_PROTOCOLS,
            None => status.is_success(),
        };
        if !is_accepted {
            let mut refused = Response::new(RefusalBody::default());
            *refused.status_mut() = status;
            *refused.version_mut() = response.version();
            *refused.headers_mut() = response.headers().clone();
            return Err(HandshakeError::Refused(Box::new(refused)));
        }
        if self.expected_accept.is_some() && response.version() != Version::HTTP_11 {
            return Err(HandshakeError::HttpVersion);
        }
        Ok(ClientResponse {
            status,
            reason: String::new(),
            negotiated: self.check(response.headers())?,
            headers: response.headers().clone(),
        })
    }
}

fn target<B>(request: &Request<B>) -> Result<RequestTarget<'_>, HandshakeError> {
    RequestTarget::of(request.uri())
        .ok_or_else(|| HandshakeError::request_target(&request.uri().to_string()))
}

/// Tokens, base64 and our own parameters: all of them visible ASCII.
fn value(text: String) -> HeaderValue {
    HeaderValue::try_from(text).expect("visible ASCII")
}
