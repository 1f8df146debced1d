//! The client's side (RFC 6455, 4.1).
use arkws_proto::Limits;
use arkws_proto::deflate::DeflateConfig;
use arkws_proto::handshake::{ClientHandshake, ClientRequest, HandshakeError, field_text};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{accept_for, answer, field, request};

const ACCEPTANCE: &str = "HTTP/1.1 101 Switching Protocols\r\n\
    Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n";

fn sent(request: ClientRequest) -> String {
    let (_, bytes) = ClientHandshake::new(request, &Limits::default()).expect("a valid request");
    String::from_utf8(bytes).unwrap()
}

fn refused(request: ClientRequest) -> HandshakeError {
    ClientHandshake::new(request, &Limits::default()).expect_err("the request must be refused")
}

fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
    fields
        .iter()
        .map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )
        })
        .collect()
}

#[test]
fn the_request_has_its_fields_in_a_fixed_order() {
    let text = sent(ClientRequest {
        protocols: vec!["chat".into(), "superchat".into()],
        deflate: Some(DeflateConfig::default()),
        headers: headers(&[("origin", "http://example.com"), ("x-id", "7")]),
        ..request()
    });

    let key = field(&text, "Sec-WebSocket-Key").unwrap();
    assert_eq!(
        text,
        format!(
            "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat, superchat\r\n\
             Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\
             origin: http://example.com\r\nx-id: 7\r\n\r\n"
        )
    );
}

#[test]
fn every_request_has_a_key_of_its_own() {
    let keys: Vec<String> = (0..8)
        .map(|_| {
            field(&sent(request()), "Sec-WebSocket-Key")
                .unwrap()
                .to_owned()
        })
        .collect();

    for (index, key) in keys.iter().enumerate() {
        assert_eq!(key.len(), 24, "16 bytes in base64");
        assert!(!keys[..index].contains(key));
    }
}

#[test]
fn a_host_of_the_user_replaces_ours() {
    let text = sent(ClientRequest {
        headers: headers(&[("host", "other.example")]),
        ..request()
    });

    assert_eq!(text.matches("ost: ").count(), 1);
    assert_eq!(field(&text, "Host"), Some("other.example"));
}

#[test]
fn a_second_host_is_refused() {
    let mut twice = headers(&[("host", "a")]);
    twice.append("host", HeaderValue::from_static("b"));

    let error = refused(ClientRequest {
        headers: twice,
        ..request()
    });

    assert!(
        error
            .to_string()
            .contains("\"a, b\" cannot stand in the Host field"),
        "{error}"
    );
    assert!(error.is_own_mistake());
}

#[test]
fn the_handshakes_own_fields_cannot_be_set_and_the_error_names_them() {
    for name in [
        "upgrade",
        "connection",
        "sec-websocket-key",
        "sec-websocket-version",
        "sec-websocket-protocol",
        "sec-websocket-extensions",
        "sec-websocket-accept",
        "content-length",
        "transfer-encoding",
    ] {
        let error = refused(ClientRequest {
            headers: headers(&[(name, "1")]),
            ..request()
        });

        assert!(
            matches!(error, HandshakeError::ReservedHeader(_)),
            "{name}: {error}"
        );
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn nothing_can_be_injected_through_the_host() {
    for host in [
        "",
        "a\r\nX: y",
        "a\nX: y",
        "a\0",
        "a b",
        "a/b",
        "a?b",
        "a#b",
        "user@a",
        "ä.example",
        "a\\b",
    ] {
        let error = refused(ClientRequest {
            host: host.into(),
            ..request()
        });

        assert!(
            matches!(error, HandshakeError::InvalidHost(_)),
            "{host:?}: {error}"
        );
    }
    for host in [
        "a",
        "a.example:8080",
        "127.0.0.1:1",
        "[::1]:8080",
        "xn--nxasmq6b",
    ] {
        assert_eq!(
            field(
                &sent(ClientRequest {
                    host: host.into(),
                    ..request()
                }),
                "Host"
            ),
            Some(host)
        );
    }
}

#[test]
fn nothing_can_be_injected_through_the_target() {
    for target in [
        "",
        "chat",
        "/a b",
        "/a\r\nX: y",
        "/a HTTP/1.1\r\nX: y",
        "/a\0",
        "/#a",
        "/ä",
        "http://a/",
        "*",
    ] {
        let error = refused(ClientRequest {
            target: target.into(),
            ..request()
        });

        assert!(
            matches!(error, HandshakeError::InvalidTarget(_)),
            "{target:?}: {error}"
        );
    }
}

#[test]
fn nothing_can_be_injected_through_the_protocols() {
    for protocol in [
        "",
        "a b",
        "a,b",
        "a\r\nX: y",
        "a;b",
        "a\0",
        "ä",
        "\"a\"",
        "a/b",
    ] {
        let error = refused(ClientRequest {
            protocols: vec!["ok".into(), protocol.into()],
            ..request()
        });

        assert!(
            matches!(error, HandshakeError::InvalidProtocol(_)),
            "{protocol:?}: {error}"
        );
    }
}

#[test]
fn a_protocol_cannot_be_offered_twice() {
    let error = refused(ClientRequest {
        protocols: vec!["a".into(), "b".into(), "a".into()],
        ..request()
    });

    assert!(matches!(error, HandshakeError::DuplicateProtocol(_)));
}

#[test]
fn what_the_caller_gave_is_shown_escaped_and_bounded() {
    let error = refused(ClientRequest {
        host: "\r\n\0".repeat(10_000),
        ..request()
    })
    .to_string();

    assert!(error.contains(r"\r\n\x00"), "{error}");
    assert!(error.len() < 500 && !error.contains('\n'), "{error}");
}

#[test]
fn an_acceptance_is_accepted_whatever_the_case_and_the_lists() {
    for text in [
        ACCEPTANCE,
        "HTTP/1.1 101\r\nupgrade: WebSocket\r\nCONNECTION: keep-alive, UPGRADE\r\nSec-WebSocket-Accept:{accept}\r\n\r\n",
        "HTTP/1.1 101 OK\r\nConnection: x\r\nConnection: upgrade\r\nUpgrade: WEBSOCKET \r\n\
         Sec-WebSocket-Accept: \t{accept} \r\nServer: ä\r\n\r\n",
    ] {
        let response = answer(request(), text).expect(text);

        assert_eq!(response.status, 101);
        assert_eq!(response.negotiated.protocol, None);
        assert_eq!(response.negotiated.deflate, None);
    }
}

#[test]
fn the_response_has_reason_and_all_headers() {
    let text = ACCEPTANCE.replace("\r\n\r\n", "\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n");

    let response = answer(request(), &text).unwrap();

    assert_eq!(response.reason, "Switching Protocols");
    let cookies: Vec<_> = response.headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["a=1", "b=2"]);
}

/// RFC 9112, 2.2: a recipient may take a line feed alone for the end of a line. Old servers and
/// scripts write it.
#[test]
fn an_answer_may_end_its_lines_with_bare_line_feeds() {
    let whole = "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Accept: {accept}\r\nX: y\r\n\r\n";
    for text in [whole.replace("\r\n", "\n"), whole.replacen("\r\n", "\n", 2)] {
        let response = answer(request(), &text).unwrap();
        assert_eq!(response.headers["x"], "y");
        assert_eq!(response.reason, "S");
    }
}

#[test]
fn a_reason_phrase_and_values_are_utf_8_else_latin_1() {
    let (head, tail) = (
        "HTTP/1.1 101 ",
        "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
    );
    for (bytes, read) in [
        ("caf\u{e9} \u{65e5}".as_bytes(), "caf\u{e9} \u{65e5}"),
        (b"caf\xe9", "caf\u{e9}"),
        (b"\xe6\x97", "\u{e6}\u{97}"),
        (b"two words", "two words"),
        (b"", ""),
    ] {
        let (mut client, sent) = ClientHandshake::new(request(), &Limits::default()).unwrap();
        let mut text = [head.as_bytes(), bytes, tail.as_bytes(), b"X: "].concat();
        text.extend(bytes);
        let accept = accept_for(&sent);
        text.extend(format!("\r\nSec-WebSocket-Accept: {accept}\r\n\r\n").bytes());
        let (response, _) = client.recv(&text).unwrap().unwrap();
        assert_eq!(response.reason, read);
        assert_eq!(field_text(response.headers["x"].as_bytes()), read);
    }
}

#[test]
fn the_chosen_protocol_is_reported() {
    let text = ACCEPTANCE.replace("\r\n\r\n", "\r\nSec-WebSocket-Protocol: superchat\r\n\r\n");
    let offer = ClientRequest {
        protocols: vec!["chat".into(), "superchat".into()],
        ..request()
    };

    assert_eq!(
        answer(offer, &text).unwrap().negotiated.protocol.as_deref(),
        Some("superchat")
    );
}

#[test]
fn a_server_that_chooses_no_protocol_is_accepted() {
    let offer = ClientRequest {
        protocols: vec!["chat".into()],
        ..request()
    };

    assert_eq!(answer(offer, ACCEPTANCE).unwrap().negotiated.protocol, None);
}

/// Each row: section, what the answer does wrong, the answer, and the words that the error must
/// have.
const MUST_FAIL: &[(&str, &str, &str, &str)] = &[
    (
        "4.1 (2)",
        "no Upgrade",
        "HTTP/1.1 101 S\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n",
        "Upgrade field must be \"websocket\", but it is missing",
    ),
    (
        "4.1 (2)",
        "another Upgrade",
        "HTTP/1.1 101 S\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n",
        "is \"h2c\"",
    ),
    (
        "4.1 (2)",
        "several Upgrades",
        "HTTP/1.1 101 S\r\nUpgrade: websocket, h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n",
        "is \"websocket, h2c\"",
    ),
    (
        "4.1 (3)",
        "no Connection",
        "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n",
        "Connection field must have \"Upgrade\", but it is missing",
    ),
    (
        "4.1 (3)",
        "Connection without the token",
        "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: keep-alive, upgraded\r\nSec-WebSocket-Accept: {accept}\r\n\r\n",
        "is \"keep-alive, upgraded\"",
    ),
    (
        "4.1 (4)",
        "no proof",
        "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        "Sec-WebSocket-Accept does not match the key that was sent: it is missing",
    ),
    (
        "4.1 (4)",
        "the proof of another key",
        "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
        "it is \"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\"",
    ),
    (
        "11.3.3",
        "two proofs",
        "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Accept: {accept}\r\n\r\n",
        "sec-websocket-accept is given more than once",
    ),
    (
        "4.1 (5)",
        "an extension that was not offered",
        "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
        "the extension \"permessage-deflate\", which was not offered",
    ),
    (
        "9.1",
        "extensions that do not follow the grammar",
        "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Extensions: foo; bar=\"a b\"\r\n\r\n",
        "Sec-WebSocket-Extensions is malformed",
    ),
    (
        "4.1 (6)",
        "a protocol that was not offered",
        "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n",
        "the sub-protocol \"mqtt\", which was not offered",
    ),
    (
        "4.1 (6)",
        "a protocol in another case",
        "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: Chat\r\n\r\n",
        "the sub-protocol \"Chat\", which was not offered",
    ),
    (
        "4.1 (6)",
        "more than one protocol",
        "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: chat, superchat\r\n\r\n",
        "the sub-protocol \"chat, superchat\", which was not offered",
    ),
    (
        "4.1 (6)",
        "an empty protocol",
        "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol:\r\n\r\n",
        "the sub-protocol \"\", which was not offered",
    ),
    (
        "11.3.4",
        "two protocol fields",
        "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: chat\r\n\r\n",
        "sec-websocket-protocol is given more than once",
    ),
    (
        "4.1",
        "HTTP/1.0",
        "HTTP/1.0 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n",
        "not HTTP/1.1",
    ),
    (
        "RFC 9112, 4",
        "another protocol",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "not HTTP/1.1",
    ),
    (
        "RFC 9112, 4",
        "a bad status",
        "HTTP/1.1 2x0 OK\r\n\r\n",
        "the status is not three digits",
    ),
    (
        "RFC 9112, 5",
        "a space before the colon",
        "HTTP/1.1 101 S\r\nUpgrade : websocket\r\n\r\n",
        "is not a token",
    ),
    (
        "RFC 9112, 5.2",
        "a folded field",
        "HTTP/1.1 101 S\r\nUpgrade:\r\n websocket\r\n\r\n",
        "is not a token",
    ),
    (
        "RFC 9110, 5.5",
        "NUL in a value",
        "HTTP/1.1 101 S\r\nUpgrade: web\0socket\r\n\r\n",
        "forbidden character",
    ),
];

#[test]
fn every_answer_that_must_fail_the_connection_does() {
    for (section, what, text, words) in MUST_FAIL {
        let offer = ClientRequest {
            protocols: vec!["chat".into(), "superchat".into()],
            ..request()
        };

        let error = answer(offer, text).expect_err(what).to_string();

        assert!(error.contains(words), "{section}, {what}: {error}");
        assert!(error.contains("RFC"), "{error} names its rule");
    }
}

#[test]
fn another_status_is_a_refusal_with_its_headers() {
    for status in [200, 301, 302, 307, 400, 401, 403, 404, 407, 426, 500, 503] {
        let text = format!(
            "HTTP/1.1 {status} Any\r\nLocation: /elsewhere\r\nContent-Length: 3\r\n\r\nabc"
        );

        let Err(HandshakeError::Refused(response)) = answer(request(), &text) else {
            panic!("{status} must be a refusal");
        };

        assert_eq!(response.status(), status);
        assert_eq!(response.headers()["location"], "/elsewhere");
    }
}

#[test]
fn a_refusal_may_be_http_1_0() {
    let Err(HandshakeError::Refused(response)) =
        answer(request(), "HTTP/1.0 502 Bad Gateway\r\n\r\n")
    else {
        panic!("must be a refusal");
    };

    assert_eq!(response.version(), http::Version::HTTP_10);
}

/// RFC 9110, 15.2: a client must be able to read interim responses.
#[test]
fn interim_responses_are_skipped() {
    let text = format!(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n{ACCEPTANCE}"
    );

    assert_eq!(answer(request(), &text).unwrap().status, 101);
}

#[test]
fn interim_responses_without_end_are_too_large() {
    let text = "HTTP/1.1 100 Continue\r\n\r\n".repeat(10_000);

    assert!(matches!(
        answer(request(), &text),
        Err(HandshakeError::HeadTooLarge { limit: 16384 })
    ));
}

#[test]
fn garbage_fails_before_a_line_is_complete() {
    let (mut client, _) = ClientHandshake::new(request(), &Limits::default()).unwrap();

    assert!(client.recv(b"\x15\x03\x01\x00\x02\x02\x46").is_err());
}

#[test]
fn an_answer_split_anywhere_gives_the_same_result_and_leaves_the_frames() {
    let (_, length) = split_at(0);
    for position in 1..length {
        split_at(position);
    }

    fn split_at(position: usize) -> (String, usize) {
        let (mut client, sent) = ClientHandshake::new(request(), &Limits::default()).unwrap();
        let mut bytes = ACCEPTANCE
            .replace("{accept}", &accept_for(&sent))
            .into_bytes();
        let head = bytes.len();
        bytes.extend_from_slice(b"\x81\x02hi");
        let (first, second) = bytes.split_at(position.min(head - 1));

        assert!(client.recv(first).unwrap().is_none(), "split at {position}");
        let (response, consumed) = client.recv(second).unwrap().expect("complete");

        assert_eq!(&second[consumed..], b"\x81\x02hi", "split at {position}");
        (response.reason, head)
    }
}

#[test]
fn a_head_over_the_limit_fails_however_it_arrives() {
    let limits = Limits {
        max_header_bytes: 100,
        ..Limits::default()
    };
    let text = format!("HTTP/1.1 101 S\r\nX: {}", "y".repeat(200));
    for step in [1, 7, 99, 100, 101, 218] {
        let (mut client, _) = ClientHandshake::new(request(), &limits).unwrap();

        let error = text
            .as_bytes()
            .chunks(step)
            .find_map(|chunk| client.recv(chunk).err());

        assert!(
            matches!(error, Some(HandshakeError::HeadTooLarge { limit: 100 })),
            "{step}: {error:?}"
        );
    }
}

#[test]
fn more_fields_than_the_limit_fail() {
    let limits = Limits {
        max_headers: 3,
        ..Limits::default()
    };
    let (mut client, sent) = ClientHandshake::new(request(), &limits).unwrap();
    let three = ACCEPTANCE.replace("{accept}", &accept_for(&sent));
    assert!(client.recv(three.as_bytes()).unwrap().is_some());

    let (mut client, _) = ClientHandshake::new(request(), &limits).unwrap();
    let error = client
        .recv(b"HTTP/1.1 101 S\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n")
        .unwrap_err();

    assert!(
        matches!(error, HandshakeError::TooManyHeaders { limit: 3 }),
        "{error}"
    );
}

#[test]
fn window_bits_outside_of_8_to_15_are_refused() {
    for bits in [0, 7, 16] {
        let deflate = Some(DeflateConfig {
            client_max_window_bits: bits,
            ..DeflateConfig::default()
        });

        assert!(matches!(
            refused(ClientRequest {
                deflate,
                ..request()
            }),
            HandshakeError::WindowBits(_)
        ));
    }
}

/// lua-resty-websocket #104: the fields of an upgrade do not make a refusal an acceptance.
#[test]
fn a_refusal_with_the_fields_of_an_acceptance_is_one() {
    for status in [200, 204, 304, 400, 401, 403, 404, 426, 500, 503] {
        let refusal = ACCEPTANCE.replace("101 Switching Protocols", &format!("{status} No"));

        let error = answer(request(), &refusal).unwrap_err();

        let HandshakeError::Refused(response) = error else {
            panic!("{status}: {error}");
        };
        assert_eq!(response.status(), status);
    }
}

/// Escape sequences would run in the terminal that shows the error or the log.
#[test]
fn what_a_server_answered_is_shown_escaped() {
    for (old, new) in [
        ("Upgrade: websocket", "Upgrade: \u{9b}2J"),
        ("Connection: Upgrade", "Connection: \u{9b}2J\u{202e}"),
        ("{accept}", "\u{9d}0;title\u{9c}"),
        ("{accept}", "{accept}\r\nSec-WebSocket-Protocol: \u{9b}2J"),
        ("{accept}", "{accept}\r\nSec-WebSocket-Extensions: \u{9b}2J"),
        ("101 Switching Protocols", "403 \u{9b}2J"),
    ] {
        let error = answer(request(), &ACCEPTANCE.replacen(old, new, 1)).expect_err(new);

        let words = error.to_string();
        assert!(
            words.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
            "{words:?}"
        );
    }
}

/// What a program logs of a request or an answer has no credentials in it.
#[test]
fn credentials_are_not_shown() {
    let request = ClientRequest {
        target: "/chat?token=secret".into(),
        headers: headers(&[
            ("authorization", "Bearer secret"),
            ("cookie", "id=secret"),
            ("x-api-key", "secret"),
        ]),
        ..request()
    };
    let shown = format!("{request:?}");
    assert!(
        shown.contains("/chat") && shown.contains("x-api-key"),
        "{shown}"
    );
    assert!(!shown.contains("secret"), "{shown}");

    let accepted = ACCEPTANCE.replacen("{accept}", "{accept}\r\nSet-Cookie: id=secret", 1);
    let response = answer(request.clone(), &accepted).unwrap();
    assert_eq!(response.headers["set-cookie"], "id=secret");
    assert!(!format!("{response:?}").contains("secret"));

    let redirect = "HTTP/1.1 302 Found\r\nSet-Cookie: id=secret\r\nLocation: /?t=secret\r\n\r\n";
    let error = answer(request, redirect).unwrap_err();
    assert!(
        !format!("{error} {error:?}").contains("secret"),
        "{error:?}"
    );
}
