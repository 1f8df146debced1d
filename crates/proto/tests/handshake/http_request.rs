//! Requests that do not ask for a WebSocket.
use arkws_proto::Limits;
use arkws_proto::handshake::{AnyRequest, HandshakeError, HttpRequest, ServerHandshake};
use http::{HeaderMap, HeaderValue, StatusCode, Version};

use crate::{field, serve, text};

fn receive(request: &str) -> Result<AnyRequest, HandshakeError> {
    let received = ServerHandshake::new(&Limits::default()).recv_any(request.as_bytes())?;
    Ok(received.expect("a whole request").0)
}

fn plain(request: &str) -> HttpRequest {
    match receive(request) {
        Ok(AnyRequest::Http(request)) => request,
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_without_an_upgrade_to_websocket_has_method_target_and_fields() {
    for (line, upgrade, method, target) in [
        ("GET /health?x=1", "", "GET", "/health?x=1"),
        ("HEAD http://x/a", "", "HEAD", "/a"),
        ("POST /a", "Content-Length: 3\r\n", "POST", "/a"),
        (
            "GET /a",
            "Upgrade: h2c\r\nConnection: Upgrade\r\n",
            "GET",
            "/a",
        ),
    ] {
        let request = plain(&format!("{line} HTTP/1.1\r\nHost: x\r\n{upgrade}\r\n"));
        assert_eq!(request.method.as_str(), method);
        assert_eq!(request.target, target);
        assert_eq!(request.headers["host"], "x");
    }
}

#[test]
fn one_that_asks_for_a_websocket_is_told_as_by_recv() {
    let sample = "GET /chat HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                  Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    assert!(
        matches!(receive(sample), Ok(AnyRequest::Upgrade(request)) if request.target == "/chat")
    );
    for (from, to) in [
        ("GET", "POST"),
        ("13", "12"),
        ("Connection: Upgrade", "X: y"),
    ] {
        let wrong = sample.replace(from, to);
        let expected = serve(wrong.as_bytes()).unwrap_err().to_string();
        assert_eq!(receive(&wrong).unwrap_err().to_string(), expected);
    }
}

#[test]
fn one_with_a_mistake_is_refused_as_by_recv() {
    for request in [
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: a b\r\n\r\n",
        "GET http://a/ HTTP/1.0\r\nHost: b\r\n\r\n",
    ] {
        let expected = serve(request.as_bytes()).unwrap_err().to_string();
        assert_eq!(
            receive(request).unwrap_err().to_string(),
            expected,
            "{request}"
        );
    }
}

#[test]
fn its_error_is_what_recv_says() {
    for method in ["GET", "HEAD", "PUT"] {
        let request = format!("{method} /a HTTP/1.1\r\nHost: x\r\n\r\n");
        let expected = serve(request.as_bytes()).unwrap_err();
        assert_eq!(plain(&request).error().rejection(), expected.rejection());
    }
}

#[test]
fn an_answer_says_how_long_it_is_and_that_it_is_the_last() {
    let headers = HeaderMap::from_iter([
        (http::header::ETAG, HeaderValue::from_static("\"1\"")),
        (
            http::header::TRANSFER_ENCODING,
            HeaderValue::from_static("chunked"),
        ),
    ]);
    let answer = |method: &str, status| {
        let request = plain(&format!("{method} / HTTP/1.1\r\nHost: x\r\n\r\n"));
        text(request.respond(status, b"well", &headers))
    };
    let get = answer("GET", StatusCode::OK);
    assert!(
        get.starts_with("HTTP/1.1 200 OK\r\n") && get.ends_with("\r\n\r\nwell"),
        "{get}"
    );
    assert_eq!(field(&get, "Content-Length"), Some("4"));
    assert_eq!(field(&get, "Connection"), Some("close"));
    assert_eq!(field(&get, "etag"), Some("\"1\""));
    assert_eq!(field(&get, "transfer-encoding"), None);
    // RFC 9110, 9.3.2 and 15.3.5.
    assert_eq!(answer("HEAD", StatusCode::OK), get.replace("well", ""));
    let none = answer("GET", StatusCode::NO_CONTENT);
    assert!(none.ends_with("\r\n\r\n"), "{none}");
    assert_eq!(field(&none, "Content-Length"), None);
    // RFC 9110, 15.3.6.
    let reset = answer("GET", StatusCode::RESET_CONTENT);
    assert!(reset.ends_with("\r\n\r\n"), "{reset}");
    assert_eq!(field(&reset, "Content-Length"), Some("0"));
}

/// RFC 9112, 3.2 and RFC 9110, 7.8: it needs no Host, and its Upgrade is ignored.
#[test]
fn one_of_http_1_0_never_asks_for_a_websocket() {
    let upgrade = "Host: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
    for (method, fields) in [("GET", ""), ("HEAD", "Host: x\r\n"), ("GET", upgrade)] {
        let request = format!("{method} /a HTTP/1.0\r\n{fields}\r\n");
        let plain = plain(&request);
        assert_eq!(
            (plain.version, plain.target.as_str()),
            (Version::HTTP_10, "/a")
        );
        assert_eq!(plain.method.as_str(), method);

        let expected = serve(request.as_bytes()).unwrap_err();
        assert_eq!(plain.error().rejection(), expected.rejection());
        let status = if method == "GET" { "505" } else { "405" };
        let rejection = text(expected.rejection());
        assert!(
            rejection.starts_with(&format!("HTTP/1.1 {status} ")),
            "{rejection}"
        );
    }
}

#[test]
fn its_debug_form_has_no_secrets() {
    let request = plain("GET /a?token=secret HTTP/1.1\r\nHost: x\r\nCookie: secret\r\n\r\n");
    let shown = format!("{request:?}");
    assert!(shown.contains("/a") && !shown.contains("secret"), "{shown}");
}

#[test]
fn it_may_arrive_in_two_pieces() {
    let (first, second) = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n".split_at(20);
    let mut server = ServerHandshake::new(&Limits::default());

    assert!(server.recv_any(first.as_bytes()).unwrap().is_none());
    let (request, consumed) = server.recv_any(second.as_bytes()).unwrap().unwrap();

    assert!(matches!(request, AnyRequest::Http(request) if request.target == "/a"));
    assert_eq!(consumed, second.len());
}
