//! The client's side (RFC 6455, 4.1).
use arkws_proto::Limits;
use arkws_proto::deflate::DeflateConfig;
use arkws_proto::handshake::{ClientHandshake, ClientRequest, HandshakeError, ServerRequest};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::{ACCEPTANCE, answer, field, refused, request, serve};

fn sent(request: ClientRequest) -> String {
    let (_, bytes) = ClientHandshake::new(request, &Limits::default()).expect("a valid request");
    String::from_utf8(bytes).unwrap()
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

/// By the rules of the server, which would refuse it.
#[test]
fn a_host_of_the_user_that_is_none_is_refused() {
    for host in [
        "",
        " ",
        "a b",
        "a/b",
        "a?b",
        "http://a",
        "a:b",
        "[::1",
        "[]:80",
        "[::x]:80",
        "[::1]:x",
        "me:secret@a",
        "\u{e4}",
    ] {
        let value = HeaderValue::from_bytes(host.as_bytes()).unwrap();
        let request = || ClientRequest {
            headers: HeaderMap::from_iter([(http::header::HOST, value.clone())]),
            ..request()
        };

        let error = refused(request());
        assert!(
            matches!(error, HandshakeError::InvalidHost(_)),
            "{host:?}: {error}"
        );
        assert!(error.is_own_mistake());
        assert!(!error.to_string().contains("secret"), "{error}");
        let error = request().into_http().expect_err(host);
        assert!(
            matches!(error, HandshakeError::InvalidHost(_)),
            "{host:?}: {error}"
        );
        let error = request()
            .into_extended_connect(http::uri::Scheme::HTTP)
            .expect_err(host);
        assert!(
            matches!(error, HandshakeError::InvalidHost(_)),
            "{host:?}: {error}"
        );
    }
    for (given, host) in [(" a.example ", "a.example"), ("[::1]:80", "[::1]:80")] {
        let text = sent(ClientRequest {
            headers: headers(&[("host", given)]),
            ..request()
        });
        assert!(text.contains(&format!("\r\nHost: {host}\r\n")), "{text}");
    }
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
fn as_many_header_fields_as_a_map_can_hold_are_refused_in_each_form() {
    let mut headers = HeaderMap::new();
    let names = (0..).map(|number| HeaderName::try_from(format!("x-{number}")).unwrap());
    for name in names {
        let added = headers.try_append(name, HeaderValue::from_static("x"));
        if added.is_err() {
            break;
        }
    }
    let request = || ClientRequest {
        headers: headers.clone(),
        ..request()
    };
    for error in [
        refused(request()),
        request().into_http().unwrap_err(),
        request()
            .into_extended_connect(http::uri::Scheme::HTTP)
            .unwrap_err(),
    ] {
        assert!(
            matches!(error, HandshakeError::TooManyOwnHeaders),
            "{error}"
        );
        assert!(error.is_own_mistake());
    }
    let answer = ServerRequest::refuse_http(StatusCode::FORBIDDEN, "", &headers);
    assert_eq!(answer.headers().len(), headers.len());
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
            matches!(error, HandshakeError::InvalidProtocol { position: 2 }),
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

    assert!(matches!(
        error,
        HandshakeError::DuplicateProtocol { position: 3 }
    ));
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
        assert_eq!(&**response.body(), b"abc");
        assert!(!format!("{response:?}").contains("97"), "{response:?}");
        assert_eq!(response.into_body().into_bytes(), b"abc");
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
        protocols: vec!["token.secret".into()],
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

    let (pending, _) = ClientHandshake::new(request.clone(), &Limits::default()).unwrap();
    assert!(!format!("{pending:?}").contains("secret"), "{pending:?}");
    for protocols in [vec!["secret token".into()], vec!["secret".into(); 2]] {
        let error = refused(ClientRequest {
            protocols,
            ..request.clone()
        });
        assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
    }

    let chosen = "{accept}\r\nSec-WebSocket-Protocol: secret";
    let error = answer(request.clone(), &ACCEPTANCE.replacen("{accept}", chosen, 1)).unwrap_err();
    assert!(matches!(error, HandshakeError::ProtocolNotOffered));
    assert!(!format!("{error} {error:?}").contains("secret"), "{error}");

    let accepted = ACCEPTANCE.replacen(
        "{accept}",
        "{accept}\r\nSet-Cookie: id=secret\r\nSec-WebSocket-Protocol: token.secret",
        1,
    );
    let response = answer(request.clone(), &accepted).unwrap();
    assert_eq!(
        response.negotiated.protocol.as_deref(),
        Some("token.secret")
    );
    assert_eq!(response.headers["set-cookie"], "id=secret");
    assert!(!format!("{response:?}").contains("secret"));

    let redirect = "HTTP/1.1 302 Found\r\nSet-Cookie: id=secret\r\nLocation: /?t=secret\r\n\r\n";
    let error = answer(request, redirect).unwrap_err();
    assert!(
        !format!("{error} {error:?}").contains("secret"),
        "{error:?}"
    );
}

#[test]
fn header_values_that_are_not_ascii_do_no_harm() {
    let mut headers = HeaderMap::new();
    headers.insert("x-name", HeaderValue::from_bytes(b"\xE4\xFF").unwrap());
    let (_, sent) = ClientHandshake::new(
        ClientRequest {
            headers,
            ..request()
        },
        &Limits::default(),
    )
    .unwrap();

    assert_eq!(
        serve(&sent).unwrap().headers["x-name"].as_bytes(),
        b"\xE4\xFF"
    );
}

#[test]
fn a_target_that_is_refused_is_shown() {
    let error = refused(ClientRequest {
        target: "/to/me@b c?secret".into(),
        ..request()
    });
    let shown = matches!(&error, HandshakeError::InvalidTarget(it) if it == "/to/me@b c?...");
    assert!(shown, "{error}");
}
