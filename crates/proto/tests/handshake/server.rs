//! The server's side (RFC 6455, 4.2).
use arkws_proto::Limits;
use arkws_proto::handshake::{HandshakeError, ServerHandshake, ServerRequest};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::{SAMPLE, field, serve, text};

#[test]
fn the_sample_of_rfc_6455_1_3_is_answered_as_printed_there() {
    let request = serve(SAMPLE.as_bytes()).unwrap();
    assert_eq!(request.target, "/chat");
    assert_eq!(request.protocols, ["chat", "superchat"]);
    assert_eq!(request.headers["origin"], "http://example.com");

    let accepted = request
        .accept(Some("chat"), None, &HeaderMap::new())
        .unwrap();

    assert_eq!(
        text(accepted.response),
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n"
    );
    assert_eq!(accepted.negotiated.protocol.as_deref(), Some("chat"));
}

/// RFC 6455, 4.2.2 (4) and 4.4.
#[test]
fn another_version_is_answered_with_ours() {
    let error = serve(SAMPLE.replace("Version: 13", "Version: 25").as_bytes()).unwrap_err();

    let answer = text(error.rejection());

    assert!(answer.starts_with("HTTP/1.1 426 Upgrade Required\r\n"));
    assert_eq!(field(&answer, "Sec-WebSocket-Version"), Some("13"));
    assert_eq!(field(&answer, "Upgrade"), Some("websocket"));
}

#[test]
fn another_method_is_answered_with_what_is_allowed() {
    let error = serve(SAMPLE.replace("GET", "PUT").as_bytes()).unwrap_err();

    assert_eq!(field(&text(error.rejection()), "Allow"), Some("GET"));
}

#[test]
fn case_lists_and_repeated_fields_do_not_matter() {
    for (old, new) in [
        ("Upgrade: websocket", "UPGRADE: WebSocket"),
        ("Upgrade: websocket", "Upgrade: h2c, websocket"),
        ("Upgrade: websocket", "Upgrade: ,websocket,"),
        ("Connection: Upgrade", "Connection: keep-alive, upgrade"),
        (
            "Connection: Upgrade",
            "Connection: keep-alive\r\nConnection: Upgrade",
        ),
        ("Origin: ", "Content-Length: 0\r\nOrigin: "),
        ("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZR=="),
        (
            "chat, superchat",
            "chat\r\nSec-WebSocket-Protocol: superchat",
        ),
    ] {
        let request = serve(SAMPLE.replacen(old, new, 1).as_bytes()).expect(new);

        assert_eq!(request.protocols, ["chat", "superchat"], "{new}");
    }
}

/// RFC 9112, 3.2.2: a server must accept the absolute form.
#[test]
fn the_target_is_path_and_query_in_either_form() {
    for (target, expected) in [
        ("/", "/"),
        ("/a/b?c=d&e", "/a/b?c=d&e"),
        ("//a", "//a"),
        ("http://server.example.com/chat?x", "/chat?x"),
        ("HTTPS://server.example.com", "/"),
        ("ws://server.example.com?x", "/?x"),
        ("ws://SERVER.example.com:80/x", "/x"),
        ("wss://server.example.com:443/x", "/x"),
    ] {
        let request = SAMPLE.replacen("/chat HTTP", &format!("{target} HTTP"), 1);

        assert_eq!(serve(request.as_bytes()).unwrap().target, expected);
    }
}

#[test]
fn a_host_may_have_a_port_brackets_or_no_name() {
    for host in [
        "server.example.com:8080",
        "[::1]",
        "[::1]:8080",
        "[::ffff:127.0.0.1]",
        "127.0.0.1:80",
        "a_b",
        "xn--bcher-kva.example",
        "server.example.com:",
        "",
    ] {
        let request = SAMPLE.replacen("server.example.com", host, 1);
        assert!(serve(request.as_bytes()).is_ok(), "{host}");
    }
}

/// RFC 9110, 9.3.2: the balancer that asks so would take a body for the next answer.
#[test]
fn a_probe_with_head_is_answered_without_a_body() {
    let get_length = |method: &str| {
        let request = SAMPLE.replacen("GET", method, 1);
        let answer = text(serve(request.as_bytes()).unwrap_err().rejection());
        assert!(answer.starts_with("HTTP/1.1 405 "), "{answer}");
        assert_eq!(field(&answer, "Allow"), Some("GET"));
        assert_eq!(field(&answer, "Connection"), Some("close"));
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let length: usize = field(&answer, "Content-Length").unwrap().parse().unwrap();
        (length, body.len())
    };
    for method in [
        "POST", "PUT", "OPTIONS", "DELETE", "PATCH", "TRACE", "PURGE",
    ] {
        let (announced, length) = get_length(method);
        assert_eq!(announced, length, "{method}");
    }
    let (announced, length) = get_length("HEAD");
    assert!(announced > 0);
    assert_eq!(length, 0);
}

#[test]
fn only_an_offered_protocol_can_be_accepted() {
    let request = serve(SAMPLE.as_bytes()).unwrap();

    for protocol in ["mqtt", "Chat", "", "chat, superchat", "chat\r\nX: y"] {
        let error = request
            .accept(Some(protocol), None, &HeaderMap::new())
            .unwrap_err();

        assert!(
            matches!(error, HandshakeError::ProtocolNotRequested),
            "{error}"
        );
        assert!(
            text(error.rejection()).starts_with("HTTP/1.1 500 "),
            "our mistake, not the client's"
        );
    }
}

#[test]
fn accepting_adds_headers_but_never_the_handshakes_own() {
    let request = serve(SAMPLE.as_bytes()).unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("set-cookie", HeaderValue::from_static("a=1"));
    let response = text(request.accept(None, None, &headers).unwrap().response);
    assert_eq!(field(&response, "Set-Cookie"), Some("a=1"));
    assert_eq!(field(&response, "Sec-WebSocket-Protocol"), None);

    headers.insert("sec-websocket-accept", HeaderValue::from_static("x"));
    let error = request.accept(None, None, &headers).unwrap_err();

    assert!(matches!(error, HandshakeError::ReservedHeader(_)));
}

#[test]
fn refusing_gives_a_whole_answer() {
    let mut headers = HeaderMap::new();
    headers.insert("retry-after", HeaderValue::from_static("5"));
    headers.insert("upgrade", HeaderValue::from_static("left out"));

    let answer = text(ServerRequest::refuse(
        StatusCode::SERVICE_UNAVAILABLE,
        "too many clients",
        &headers,
    ));

    assert_eq!(
        answer,
        "HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\nConnection: close\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Length: 16\r\n\r\ntoo many clients"
    );
}

/// Granian, 2026: a server that took the field for text panicked.
#[test]
fn a_sub_protocol_that_is_not_ascii_is_answered_with_400() {
    let (before, after) = SAMPLE.split_once("superchat").unwrap();
    for protocol in [&b"\xE4"[..], b"\xFF\xFE", "\u{20ac}".as_bytes(), b"a\xC3"] {
        let request = [before.as_bytes(), protocol, after.as_bytes()].concat();

        let error = serve(&request).unwrap_err();

        assert!(matches!(error, HandshakeError::RequestProtocol), "{error}");
        assert!(error.to_string().is_ascii(), "{error}");
        assert!(text(error.rejection()).starts_with("HTTP/1.1 400 "));
    }
}

/// Escape sequences would run in the terminal that shows the error or the log.
#[test]
fn what_a_client_sent_is_shown_escaped() {
    for (old, new) in [
        ("chat, superchat", "\u{1b}[2J"),
        (
            "Origin: ",
            "Sec-WebSocket-Extensions: \u{1b}[2J\u{9b}\r\nOrigin: ",
        ),
        ("Version: 13", "Version: \u{85}\u{2028}\u{202e}"),
        ("Upgrade: websocket", "Upgrade: \u{9b}31m"),
        ("dGhlIHNhbXBsZSBub25jZQ==", "\u{9d}0;title\u{9c}"),
        ("/chat HTTP", "\u{9b}2J HTTP"),
    ] {
        let request = SAMPLE.replacen(old, new, 1);

        let error = serve(request.as_bytes()).expect_err(new);

        let printable = |text: &str| text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        assert!(printable(&error.to_string()), "{error:?}");
        let answer = text(error.rejection());
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(printable(body.trim_end_matches('\n')), "{body:?}");
    }
}

/// Credentials stand in neither the form that programs log nor in an error.
#[test]
fn what_a_client_authenticates_with_is_not_shown() {
    let authorized = SAMPLE.replacen(
        "/chat HTTP/1.1\r\n",
        "/chat?token=secret HTTP/1.1\r\nAuthorization: Bearer secret\r\nCookie: id=secret\r\n\
         X-Api-Key: secret\r\nProxy-Authorization: Basic secret\r\n\
         Sec-WebSocket-Protocol: token.secret\r\n",
        1,
    );
    let request = serve(authorized.as_bytes()).unwrap();
    assert_eq!(request.target, "/chat?token=secret");
    let shown = format!("{request:?}");
    assert!(shown.contains("/chat"), "{shown}");
    assert!(!shown.contains("secret"), "{shown}");

    let accepted = request.accept(Some("token.secret"), None, &HeaderMap::new());
    let accepted = accepted.unwrap();
    assert_eq!(
        accepted.negotiated.protocol.as_deref(),
        Some("token.secret")
    );
    let in_numbers = format!("{:?}", b"secret");
    let in_numbers = in_numbers.trim_matches(['[', ']']);
    let shown = format!("{accepted:?}");
    assert!(
        !shown.contains("secret") && !shown.contains(in_numbers),
        "{shown}"
    );

    for (from, to) in [
        ("token.secret", "secret token"),
        ("dGhlIHNhbXBsZSBub25jZQ==", "secret"),
    ] {
        let error = serve(authorized.replacen(from, to, 1).as_bytes()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
        assert!(!text(error.rejection()).contains("secret"));
    }
    let error = request
        .accept(Some("secret"), None, &HeaderMap::new())
        .unwrap_err();
    assert!(!format!("{error} {error:?}").contains("secret"), "{error}");

    for target in [
        "/chat?token=secret#a",
        "/chat#token=secret",
        "http://me:secret@server.example.com/",
        "me:secret@server.example.com",
        "ftp://me:secret@server.example.com/?secret",
    ] {
        let request = authorized.replacen("/chat?token=secret", target, 1);
        let error = serve(request.as_bytes()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
        assert!(!text(error.rejection()).contains("secret"));
    }

    let mut half = ServerHandshake::new(&Limits::default());
    half.recv(&authorized.as_bytes()[..200]).unwrap();
    let in_numbers = format!("{:?}", b"secret");
    let shown = format!("{half:?}");
    assert!(
        !shown.contains(in_numbers.trim_matches(['[', ']'])),
        "{shown}"
    );
}
