//! A request that an HTTP implementation has read: any method, version, target and fields.
use arkws_proto::Limits;
use arkws_proto::handshake::{HandshakeError, ServerHandshake, ServerRequest};
use http::header::{CONNECTION, HOST, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, Version};

use crate::input::Input;
use crate::url::assert_one_line;

/// An upgrade is judged as its bytes are, and an extended CONNECT as the upgrade that asks for the
/// same.
pub(crate) fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let choice = input.byte();
    let Some(request) = request(&mut input, choice) else {
        return;
    };
    upgrade(&request);
    let protocol = match choice & 32 {
        0 => "websocket".into(),
        _ => String::from_utf8_lossy(input.rest()),
    };
    extended_connect(&request, Some(&protocol));
    extended_connect(&request, None);
}

/// `None`: no HTTP implementation lets it through.
fn request(input: &mut Input<'_>, choice: u8) -> Option<Request<()>> {
    let mut request = Request::new(());
    *request.method_mut() = match choice & 3 {
        0 => Method::GET,
        1 => Method::CONNECT,
        2 => Method::HEAD,
        _ => Method::from_bytes(input.short()).ok()?,
    };
    *request.version_mut() = match choice >> 2 & 3 {
        0 => Version::HTTP_11,
        1 => Version::HTTP_2,
        2 => Version::HTTP_3,
        _ => Version::HTTP_10,
    };
    *request.uri_mut() = Uri::try_from(input.short()).ok()?;
    let fields = request.headers_mut();
    if choice & 16 != 0 {
        complete(fields);
    }
    for _ in 0..input.byte() % 8 {
        let name = HeaderName::from_bytes(input.short()).ok()?;
        // White space around a value is none of it (RFC 9110, 5.5).
        let value = HeaderValue::from_bytes(input.short().trim_ascii()).ok()?;
        fields.append(name, value);
    }
    Some(request)
}

/// What an upgrade has beside its host.
fn complete(fields: &mut HeaderMap) {
    for (name, value) in [
        (UPGRADE, "websocket"),
        (CONNECTION, "Upgrade"),
        (SEC_WEBSOCKET_VERSION, "13"),
        (SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ=="),
    ] {
        fields.insert(name, HeaderValue::from_static(value));
    }
}

fn upgrade(request: &Request<()>) {
    let read = ServerRequest::from_http(request);
    match &read {
        Ok(read) => assert_accepted(read, StatusCode::SWITCHING_PROTOCOLS),
        Err(error) => assert_refused(error),
    }
    if request.version() != Version::HTTP_11 {
        return assert!(read.is_err());
    }
    let mut bytes = format!("{} {} HTTP/1.1\r\n", request.method(), request.uri()).into_bytes();
    for (name, value) in request.headers() {
        bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    bytes.extend(b"\r\n");
    match (read, ServerHandshake::new(&Limits::default()).recv(&bytes)) {
        (Ok(read), Ok(Some((same, length)))) => {
            assert_eq!(length, bytes.len());
            assert_eq!(read.target, same.target);
            assert_eq!(read.headers, same.headers);
            assert_eq!(read.protocols, same.protocols);
        }
        (Err(_), Err(_)) => {}
        (read, same) => panic!("{read:?}, but its bytes: {same:?}"),
    }
}

fn extended_connect(request: &Request<()>, protocol: Option<&str>) {
    let read = ServerRequest::from_extended_connect(request, protocol);
    match &read {
        Ok(read) => assert_accepted(read, StatusCode::OK),
        Err(error) => assert_refused(error),
    }
    let is_one = matches!(request.version(), Version::HTTP_2 | Version::HTTP_3)
        && request.method() == Method::CONNECT
        && protocol == Some("websocket");
    let Some(authority) = request.uri().authority().filter(|_| is_one) else {
        return assert!(read.is_err());
    };
    let mut same = Request::new(());
    *same.uri_mut() = request.uri().clone();
    let fields = same.headers_mut();
    complete(fields);
    fields.remove(SEC_WEBSOCKET_VERSION);
    for (name, value) in request.headers() {
        if ![UPGRADE, CONNECTION, SEC_WEBSOCKET_KEY].contains(name) {
            fields.append(name, value.clone());
        }
    }
    let host = HeaderValue::from_str(authority.as_str()).expect("visible ASCII");
    fields.entry(HOST).or_insert(host);
    match (read, ServerRequest::from_http(&same)) {
        (Ok(read), Ok(same)) => {
            assert_eq!(read.target, same.target);
            assert_eq!(read.protocols, same.protocols);
        }
        (Err(_), Err(_)) => {}
        (read, same) => panic!("{read:?}, but as an upgrade: {same:?}"),
    }
}

fn assert_accepted(request: &ServerRequest, status: StatusCode) {
    assert!(request.target.starts_with('/') || request.target == "*");
    let protocol = request.protocols.last().map(String::as_str);
    let accepted = request.accept_http(protocol, None, &HeaderMap::new());
    let (response, negotiated) = accepted.expect("one that was offered");
    assert_eq!(response.status(), status);
    assert_eq!(negotiated.protocol.as_deref(), protocol);
}

fn assert_refused(error: &HandshakeError) {
    assert_one_line(&error.to_string());
    let response = error.http_rejection();
    assert!(response.status().is_client_error() || response.status().is_server_error());
    let body = String::from_utf8_lossy(response.body());
    assert_one_line(body.trim_end());
}
