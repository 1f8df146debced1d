//! The server's side (RFC 6455, 4.2).
use arkws_proto::Limits;
use arkws_proto::handshake::{HandshakeError, ServerHandshake, ServerRequest};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::{field, serve};

/// RFC 6455, 1.3.
const SAMPLE: &str = "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://example.com\r\n\
    Sec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Version: 13\r\n\r\n";

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

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

/// Each row: section, what is wrong, what to replace in the sample by what, the status of the
/// answer, words of its body.
const MUST_REFUSE: &[(&str, &str, &str, &str, u16, &str)] = &[
    (
        "4.2.1 (1)",
        "POST",
        "GET /chat",
        "POST /chat",
        405,
        "the method is POST",
    ),
    (
        "4.2.1 (1)",
        "HTTP/1.0",
        "HTTP/1.1",
        "HTTP/1.0",
        505,
        "not HTTP/1.1",
    ),
    (
        "4.2.1 (1)",
        "HTTP/2",
        "HTTP/1.1",
        "HTTP/2.0",
        505,
        "not HTTP/1.1",
    ),
    (
        "4.2.1 (1)",
        "no path",
        "/chat HTTP",
        "chat HTTP",
        400,
        "request target \"chat\"",
    ),
    (
        "4.2.1 (1)",
        "an asterisk",
        "/chat HTTP",
        "* HTTP",
        400,
        "request target \"*\"",
    ),
    (
        "4.2.1 (1)",
        "another scheme",
        "/chat HTTP",
        "ftp://a/chat HTTP",
        400,
        "request target",
    ),
    (
        "3",
        "a fragment",
        "/chat HTTP",
        "/chat#a HTTP",
        400,
        "request target \"/chat#...\"",
    ),
    (
        "RFC 9112, 3.2",
        "the target names another host",
        "/chat HTTP",
        "http://other.example/chat HTTP",
        400,
        "the request target names the host \"other.example\", but the Host field \"server.example.com\"",
    ),
    (
        "RFC 9112, 3.2",
        "the target names another port",
        "/chat HTTP",
        "http://server.example.com:81/chat HTTP",
        400,
        "names the host \"server.example.com:81\"",
    ),
    (
        "RFC 9112, 3.2",
        "the target begins with the host",
        "/chat HTTP",
        "http://server.example.com.evil.example/ HTTP",
        400,
        "names the host",
    ),
    (
        "RFC 9110, 4.2.4",
        "the target has user information",
        "/chat HTTP",
        "http://server.example.com@other.example/ HTTP",
        400,
        "request target",
    ),
    (
        "RFC 9110, 4.2.1",
        "the target has no host",
        "/chat HTTP",
        "http:///chat HTTP",
        400,
        "request target",
    ),
    (
        "4.2.1 (2)",
        "no Host",
        "Host: server.example.com\r\n",
        "",
        400,
        "no Host",
    ),
    (
        "4.2.1 (2)",
        "two Hosts",
        "Host: ",
        "Host: a\r\nHost: ",
        400,
        "host is given more than once",
    ),
    (
        "RFC 9112, 3.2",
        "a Host with a space",
        "Host: server.example.com",
        "Host: server.example.com other.example",
        400,
        "the request's Host field \"server.example.com other.example\" is not a host and perhaps a port",
    ),
    (
        "RFC 9112, 3.2",
        "a Host that is a list",
        "Host: server.example.com",
        "Host: server.example.com, other.example",
        400,
        "is not a host",
    ),
    (
        "RFC 9112, 3.2",
        "a Host with a path",
        "Host: server.example.com",
        "Host: server.example.com/chat",
        400,
        "is not a host",
    ),
    (
        "RFC 9112, 3.2",
        "a Host with a port that is no number",
        "Host: server.example.com",
        "Host: server.example.com:80x",
        400,
        "is not a host",
    ),
    (
        "RFC 9112, 3.2",
        "a Host with two ports",
        "Host: server.example.com",
        "Host: server.example.com:80:81",
        400,
        "is not a host",
    ),
    (
        "RFC 9110, 4.2.4",
        "a Host with user information",
        "Host: server.example.com",
        "Host: me:secret@server.example.com",
        400,
        "the request's Host field \"...@server.example.com\"",
    ),
    (
        "RFC 9112, 3.2",
        "a Host with an open bracket",
        "Host: server.example.com",
        "Host: [::1",
        400,
        "is not a host",
    ),
    (
        "RFC 9112, 2.2",
        "a field that ends with a bare line feed",
        "Host: server.example.com\r\n",
        "Host: server.example.com\n",
        400,
        "a line does not end with CR LF",
    ),
    (
        "RFC 9112, 2.2",
        "a request line that ends with a bare line feed",
        "HTTP/1.1\r\n",
        "HTTP/1.1\n",
        400,
        "a line does not end with CR LF",
    ),
    (
        "RFC 9112, 2.2",
        "a head that ends with a bare line feed",
        "Version: 13\r\n\r\n",
        "Version: 13\r\n\n",
        400,
        "a line does not end with CR LF",
    ),
    (
        "RFC 9112, 2.2",
        "a bare line feed before it",
        "GET /chat",
        "\nGET /chat",
        400,
        "a line does not end with CR LF",
    ),
    (
        "4.2.1 (3)",
        "no Upgrade",
        "Upgrade: websocket\r\n",
        "",
        426,
        "Upgrade field is missing",
    ),
    (
        "4.2.1 (3)",
        "another Upgrade",
        "Upgrade: websocket",
        "Upgrade: h2c",
        426,
        "Upgrade field is \"h2c\"",
    ),
    (
        "4.2.1 (4)",
        "no Connection",
        "Connection: Upgrade\r\n",
        "",
        400,
        "but it is missing",
    ),
    (
        "4.2.1 (4)",
        "keep-alive",
        "Connection: Upgrade",
        "Connection: keep-alive",
        400,
        "but it is \"keep-alive\"",
    ),
    (
        "4.2.1 (5)",
        "no key",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        "",
        400,
        "but it is missing",
    ),
    (
        "4.2.1 (5)",
        "15 bytes",
        "dGhlIHNhbXBsZSBub25jZQ==",
        "AAAAAAAAAAAAAAAAAAAA",
        400,
        "16 bytes in base64",
    ),
    (
        "4.2.1 (5)",
        "17 bytes",
        "dGhlIHNhbXBsZSBub25jZQ==",
        "AAAAAAAAAAAAAAAAAAAAAAA=",
        400,
        "16 bytes in base64",
    ),
    (
        "4.2.1 (5)",
        "no base64",
        "dGhlIHNhbXBsZSBub25jZQ==",
        "dGhlIHNhbXBsZSBub25j!!==",
        400,
        "16 bytes in base64",
    ),
    (
        "4.2.1 (5)",
        "no padding",
        "dGhlIHNhbXBsZSBub25jZQ==",
        "dGhlIHNhbXBsZSBub25jZQ",
        400,
        "16 bytes in base64",
    ),
    (
        "11.3.1",
        "two keys",
        "Origin: ",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: ",
        400,
        "sec-websocket-key is given more than once",
    ),
    (
        "4.2.1 (6)",
        "no version",
        "Sec-WebSocket-Version: 13\r\n",
        "",
        426,
        "must be 13, but it is missing",
    ),
    (
        "4.4",
        "version 8",
        "Version: 13",
        "Version: 8",
        426,
        "must be 13, but it is \"8\"",
    ),
    (
        "4.4",
        "versions",
        "Version: 13",
        "Version: 13, 8",
        426,
        "must be 13, but it is \"13, 8\"",
    ),
    (
        "11.3.5",
        "two versions",
        "Origin: ",
        "Sec-WebSocket-Version: 13\r\nOrigin: ",
        400,
        "sec-websocket-version is given more than once",
    ),
    (
        "4.1 (10)",
        "a protocol with a space",
        "chat, superchat",
        "cha t",
        400,
        "sub-protocol \"cha t\"",
    ),
    (
        "4.1 (10)",
        "a protocol in quotes",
        "chat, superchat",
        "\"chat\"",
        400,
        "which is not a token",
    ),
    (
        "9.1",
        "malformed extensions",
        "Origin: ",
        "Sec-WebSocket-Extensions: a=b\r\nOrigin: ",
        400,
        "Sec-WebSocket-Extensions is malformed: \"a=b\"",
    ),
    (
        "RFC 9112, 6",
        "a body",
        "Origin: ",
        "Content-Length: 5\r\nOrigin: ",
        400,
        "announces a body",
    ),
    (
        "RFC 9112, 6",
        "a chunked body",
        "Origin: ",
        "Transfer-Encoding: chunked\r\nOrigin: ",
        400,
        "announces a body",
    ),
    (
        "RFC 9112, 5",
        "a space before the colon",
        "Origin:",
        "Origin :",
        400,
        "not a token",
    ),
    (
        "RFC 9112, 5.2",
        "a folded field",
        "Origin: ",
        "Origin:\r\n ",
        400,
        "not a token",
    ),
    (
        "RFC 9110, 5.5",
        "NUL in a value",
        "example.com\r\nSec",
        "example\0com\r\nSec",
        400,
        "forbidden character",
    ),
    (
        "RFC 9110, 9.1",
        "TLS",
        "GET",
        "\u{16}\u{3}\u{1}",
        400,
        "forbidden character",
    ),
];

#[test]
fn every_request_that_must_be_refused_is_with_a_status_and_a_reason() {
    for (section, what, old, new, status, words) in MUST_REFUSE {
        assert!(SAMPLE.contains(old), "{what} changes the sample");
        let request = SAMPLE.replacen(old, new, 1);

        let error = serve(request.as_bytes()).expect_err(what);
        let answer = text(error.rejection());

        assert!(
            error.to_string().contains(words),
            "{section}, {what}: {error}"
        );
        let (head, body) = answer.split_once("\r\n\r\n").expect("a whole answer");
        assert!(
            head.starts_with(&format!("HTTP/1.1 {status} ")),
            "{section}, {what}: {head}"
        );
        assert_eq!(body, format!("{error}\n"));
        assert_eq!(
            field(head, "Content-Length"),
            Some(body.len().to_string().as_str())
        );
        assert!(field(head, "Connection").unwrap().ends_with("close"));
    }
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
fn a_request_split_anywhere_gives_the_same_result_and_leaves_the_frames() {
    let whole = format!("{SAMPLE}\x01\x02\x03");
    for position in 0..SAMPLE.len() {
        let (first, second) = whole.as_bytes().split_at(position);
        let mut server = ServerHandshake::new(&Limits::default());

        assert!(server.recv(first).unwrap().is_none(), "split at {position}");
        let (request, consumed) = server.recv(second).unwrap().expect("complete");

        assert_eq!(&second[consumed..], b"\x01\x02\x03", "split at {position}");
        assert_eq!(request.headers.len(), 7);
        assert_eq!(request.protocols.len(), 2);
    }
}

#[test]
fn a_request_byte_by_byte_gives_the_same_result() {
    let mut server = ServerHandshake::new(&Limits::default());
    let (last, first) = SAMPLE.as_bytes().split_last().unwrap();
    for byte in first {
        assert!(server.recv(&[*byte]).unwrap().is_none());
    }

    assert_eq!(server.recv(&[*last]).unwrap().expect("complete").1, 1);
}

#[test]
fn a_head_over_the_limits_is_answered_with_431() {
    let limits = Limits {
        max_header_bytes: SAMPLE.len(),
        max_headers: 7,
        ..Limits::default()
    };
    assert!(
        ServerHandshake::new(&limits)
            .recv(SAMPLE.as_bytes())
            .unwrap()
            .is_some()
    );

    for limits in [
        Limits {
            max_header_bytes: SAMPLE.len() - 1,
            ..limits.clone()
        },
        Limits {
            max_headers: 6,
            ..limits.clone()
        },
        Limits {
            max_header_bytes: 0,
            ..limits.clone()
        },
    ] {
        let error = ServerHandshake::new(&limits)
            .recv(SAMPLE.as_bytes())
            .unwrap_err();

        assert!(
            text(error.rejection()).starts_with("HTTP/1.1 431 "),
            "{error}"
        );
    }
}

/// Found by fuzzing: the limit must not hide what is wrong before it.
#[test]
fn garbage_up_to_the_limit_is_the_same_garbage_however_it_arrives() {
    let limits = Limits {
        max_header_bytes: 100,
        ..Limits::default()
    };
    let bytes = format!("GET /{}\0{}", "a".repeat(60), "b".repeat(60));
    for step in [1, 50, 127] {
        let mut server = ServerHandshake::new(&limits);

        let error = bytes
            .as_bytes()
            .chunks(step)
            .find_map(|chunk| server.recv(chunk).err());

        assert!(
            matches!(error, Some(HandshakeError::Malformed(_))),
            "{step}: {error:?}"
        );
    }
}

#[test]
fn a_request_without_end_is_refused_at_the_limit() {
    let mut server = ServerHandshake::new(&Limits::default());
    assert!(server.recv(b"GET /").unwrap().is_none());

    let error = (0..20_000)
        .find_map(|_| server.recv(b"a").err())
        .expect("an end");

    assert!(matches!(
        error,
        HandshakeError::HeadTooLarge { limit: 16384 }
    ));
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
            matches!(error, HandshakeError::ProtocolNotRequested(_)),
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

        assert!(
            matches!(error, HandshakeError::RequestProtocol(_)),
            "{error}"
        );
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
         X-Api-Key: secret\r\nProxy-Authorization: Basic secret\r\n",
        1,
    );
    let request = serve(authorized.as_bytes()).unwrap();
    assert_eq!(request.target, "/chat?token=secret");
    let shown = format!("{request:?}");
    assert!(shown.contains("/chat"), "{shown}");
    assert!(!shown.contains("secret"), "{shown}");

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
