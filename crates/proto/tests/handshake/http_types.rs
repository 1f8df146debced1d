//! The handshake on the types of the crate `http`: the same rules as for bytes, in both directions,
//! and extended CONNECT (RFC 8441).
use arkws_proto::deflate::DeflateConfig;
use arkws_proto::handshake::{ClientOffer, ClientRequest, HandshakeError, ServerRequest};
use http::header::HeaderName;
use http::uri::Scheme;
use http::{HeaderMap, Method, Request, Response, StatusCode, Version};

use crate::bad_answers::MUST_FAIL;
use crate::bad_requests::MUST_REFUSE;
use crate::{SAMPLE, request, serve};

/// A head as an HTTP implementation reads it; `None`: it refuses it by itself, or cannot show what
/// the row is about.
fn read_request(head: &str) -> Option<Request<()>> {
    let ends_lines_well = !head.replace("\r\n", "").contains('\n');
    let mut fields = [httparse::EMPTY_HEADER; 32];
    let mut parsed = httparse::Request::new(&mut fields);
    parsed
        .parse(head.as_bytes())
        .ok()
        .filter(|_| ends_lines_well)?;
    let version = match parsed.version? {
        0 => Version::HTTP_10,
        _ => Version::HTTP_11,
    };
    let mut request = Request::builder()
        .method(parsed.method?)
        .uri(parsed.path.filter(|path| !path.contains('#'))?)
        .version(version);
    for field in parsed.headers {
        request = request.header(field.name, field.value);
    }
    request.body(()).ok()
}

fn read_answer(head: &str) -> Option<Response<()>> {
    let mut fields = [httparse::EMPTY_HEADER; 32];
    let mut parsed = httparse::Response::new(&mut fields);
    parsed.parse(head.as_bytes()).ok()?;
    let version = match parsed.version? {
        0 => Version::HTTP_10,
        _ => Version::HTTP_11,
    };
    let mut response = Response::builder().status(parsed.code?).version(version);
    for field in parsed.headers {
        response = response.header(field.name, field.value);
    }
    response.body(()).ok()
}

#[test]
fn a_request_is_refused_as_its_bytes_are() {
    let mut compared = 0;
    for (section, what, old, new, status, words) in MUST_REFUSE {
        let Some(request) = read_request(&SAMPLE.replacen(old, new, 1)) else {
            continue;
        };

        let error = ServerRequest::from_http(&request).expect_err(what);
        let answer = error.http_rejection();

        assert!(
            error.to_string().contains(words),
            "{section}, {what}: {error}"
        );
        assert_eq!(answer.status(), *status, "{section}, {what}");
        assert_eq!(*answer.body(), format!("{error}\n"));
        compared += 1;
    }
    assert!(compared > 30, "{compared} of {}", MUST_REFUSE.len());
}

#[test]
fn an_answer_is_refused_as_its_bytes_are() {
    let mut compared = 0;
    for (section, what, head, words) in MUST_FAIL {
        let request = ClientRequest {
            protocols: vec!["chat".into()],
            ..request()
        };
        let (sent, offer) = request.into_http().unwrap();
        let proof = accept(&sent).0.headers()["sec-websocket-accept"].clone();
        let head = head.replace("{accept}", proof.to_str().unwrap());
        let Some(answer) = read_answer(&head) else {
            continue;
        };

        let error = offer.confirm(&answer).expect_err(what);

        assert!(
            error.to_string().contains(words),
            "{section}, {what}: {error}"
        );
        compared += 1;
    }
    assert!(compared > 10, "{compared} of {}", MUST_FAIL.len());
}

/// Our server's answer: the first sub-protocol, compression.
fn accept(request: &Request<()>) -> (Response<()>, ServerRequest) {
    let request = match request.version() {
        Version::HTTP_2 => ServerRequest::from_extended_connect(request, Some("websocket")),
        _ => ServerRequest::from_http(request),
    };
    let request = request.unwrap();
    let protocol = request.protocols.first().map(String::as_str);
    let deflate = DeflateConfig::default();
    let headers = HeaderMap::from_iter([(HeaderName::from_static("x-own"), "1".parse().unwrap())]);
    let (response, _) = request
        .accept_http(protocol, Some(&deflate), &headers)
        .unwrap();
    (response, request)
}

#[test]
fn both_ends_agree_on_the_sample_of_the_rfc() {
    let request = read_request(SAMPLE).unwrap();
    let (response, read) = accept(&request);

    let of_bytes = serve(SAMPLE.as_bytes()).unwrap();
    assert_eq!(read.target, of_bytes.target);
    assert_eq!(read.protocols, of_bytes.protocols);
    assert_eq!(read.headers, of_bytes.headers);
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    let fields = response.headers();
    assert_eq!(
        fields["sec-websocket-accept"],
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    );
    assert_eq!(fields["upgrade"], "websocket");
    assert_eq!(fields["connection"], "Upgrade");
    assert_eq!(fields["sec-websocket-protocol"], "chat");
    assert_eq!(fields["x-own"], "1");
}

#[test]
fn targets_are_in_origin_form_or_of_the_host() {
    for (target, path) in [
        ("/chat?a=b", "/chat?a=b"),
        ("http://server.example.com", "/"),
        ("ws://SERVER.example.com:80/chat", "/chat"),
        ("https://server.example.com?a", "/?a"),
    ] {
        let head = SAMPLE.replace("/chat HTTP", &format!("{target} HTTP"));
        let request = read_request(&head).unwrap();

        let read = ServerRequest::from_http(&request).unwrap();

        assert_eq!(read.target, path);
        assert_eq!(read.target, serve(head.as_bytes()).unwrap().target);
    }
}

/// A request of ours with all that can be offered.
fn full() -> ClientRequest {
    ClientRequest {
        protocols: vec!["chat".into(), "superchat".into()],
        deflate: Some(DeflateConfig::default()),
        headers: HeaderMap::from_iter([(http::header::COOKIE, "a=b".parse().unwrap())]),
        ..request()
    }
}

fn confirm(offer: &ClientOffer, mut response: Response<()>, version: Version) {
    *response.version_mut() = version;
    let response = offer.confirm(&response).unwrap();
    assert_eq!(response.negotiated.protocol.as_deref(), Some("chat"));
    assert!(response.negotiated.deflate.is_some());
    assert_eq!(response.headers["x-own"], "1");
}

#[test]
fn our_client_and_our_server_agree_over_both_versions() {
    let (request, offer) = full().into_http().unwrap();
    assert_eq!(*request.method(), Method::GET);
    assert_eq!(request.uri(), "/chat");
    assert_eq!(request.headers()["host"], "server.example.com");
    let (response, read) = accept(&request);
    assert_eq!(read.headers["cookie"], "a=b");
    confirm(&offer, response, Version::HTTP_11);

    let (request, offer) = full().into_extended_connect(Scheme::HTTPS).unwrap();
    assert_eq!(*request.method(), Method::CONNECT);
    assert_eq!(request.uri(), "https://server.example.com/chat");
    for name in ["host", "connection", "upgrade", "sec-websocket-key"] {
        assert!(!request.headers().contains_key(name), "{name}");
    }
    let (response, read) = accept(&request);
    assert_eq!(read.target, "/chat");
    assert_eq!(response.status(), 200);
    for name in ["connection", "upgrade", "sec-websocket-accept"] {
        assert!(!response.headers().contains_key(name), "{name}");
    }
    confirm(&offer, response, Version::HTTP_2);
}

#[test]
fn requests_of_ours_that_cannot_be_made_are_errors() {
    type Change = fn(&mut ClientRequest);
    let changes: [(Change, &str); 5] = [
        (|request| request.target = "chat".into(), "request target"),
        (|request| request.host = "a b".into(), "Host field"),
        (
            |request| request.protocols = vec!["a b".into()],
            "not a token",
        ),
        (
            |request| {
                let name = HeaderName::from_static("sec-websocket-key");
                request.headers.insert(name, "x".parse().unwrap());
            },
            "belongs to the handshake",
        ),
        (
            |request| request.deflate.as_mut().unwrap().client_max_window_bits = 7,
            "window bits",
        ),
    ];
    for (change, words) in changes {
        let mut request = full();
        change(&mut request);
        for error in [
            request.clone().into_http().map(drop).unwrap_err(),
            request
                .clone()
                .into_extended_connect(Scheme::HTTP)
                .map(drop)
                .unwrap_err(),
        ] {
            assert!(error.to_string().contains(words), "{error}");
            assert!(error.is_own_mistake());
        }
    }
}

/// RFC 8441, 5.1.
fn extended_connect() -> Request<()> {
    Request::builder()
        .method(Method::CONNECT)
        .version(Version::HTTP_2)
        .uri("https://server.example.com/chat")
        .header("sec-websocket-version", "13")
        .header("origin", "http://www.example.com")
        .header("sec-websocket-protocol", "chat, superchat")
        .header("sec-websocket-extensions", "permessage-deflate")
        .body(())
        .unwrap()
}

#[test]
fn an_extended_connect_is_checked() {
    type Change = fn(&mut Request<()>);
    let changes: [(Change, u16, &str); 8] = [
        (
            |request| *request.method_mut() = Method::GET,
            405,
            "is a CONNECT",
        ),
        (
            |request| *request.version_mut() = Version::HTTP_11,
            505,
            "HTTP/1.1",
        ),
        (
            |request| *request.uri_mut() = "/chat".parse().unwrap(),
            400,
            "no Host",
        ),
        (
            |request| *request.uri_mut() = "server.example.com:443".parse().unwrap(),
            400,
            "request target",
        ),
        (
            |request| *request.uri_mut() = "ftp://server.example.com/".parse().unwrap(),
            400,
            "request target",
        ),
        (
            |request| {
                let fields = request.headers_mut();
                fields.insert("host", "other.example.com".parse().unwrap());
            },
            400,
            "but the Host field",
        ),
        (
            |request| {
                request.headers_mut().remove("sec-websocket-version");
            },
            426,
            "must be 13",
        ),
        (
            |request| {
                let fields = request.headers_mut();
                fields.insert("content-length", "5".parse().unwrap());
            },
            400,
            "announces a body",
        ),
    ];
    for (change, status, words) in changes {
        let mut request = extended_connect();
        change(&mut request);

        let error = ServerRequest::from_extended_connect(&request, Some("websocket")).unwrap_err();

        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(error.http_rejection().status(), status, "{error}");
    }
    for protocol in [None, Some("connect-udp"), Some("WebSocket")] {
        let error =
            ServerRequest::from_extended_connect(&extended_connect(), protocol).unwrap_err();
        assert_eq!(error.http_rejection().status(), 501, "{error}");
    }
    let of_http1 = ServerRequest::from_http(&extended_connect()).unwrap_err();
    assert!(matches!(of_http1, HandshakeError::HttpVersion));
}

#[test]
fn an_extended_connect_is_never_answered_as_bytes() {
    let mut request = extended_connect();
    let fields = request.headers_mut();
    fields.insert("host", "server.example.com".parse().unwrap());
    fields.insert(
        "sec-websocket-key",
        "dGhlIHNhbXBsZSBub25jZQ==".parse().unwrap(),
    );

    let request = ServerRequest::from_extended_connect(&request, Some("websocket")).unwrap();

    assert_eq!(request.protocols, ["chat", "superchat"]);
    let error = request.accept(None, None, &HeaderMap::new()).unwrap_err();
    assert!(matches!(error, HandshakeError::MissingKey));
}

/// undici sends a key over HTTP/2, and wants its proof.
#[test]
fn a_key_over_http2_is_answered_if_it_is_one() {
    let proof = Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    for (key, expected) in [("dGhlIHNhbXBsZSBub25jZQ==", proof), ("short", None)] {
        let mut request = extended_connect();
        let fields = request.headers_mut();
        fields.insert("sec-websocket-key", key.parse().unwrap());

        let request = ServerRequest::from_extended_connect(&request, Some("websocket")).unwrap();
        let (response, _) = request.accept_http(None, None, &HeaderMap::new()).unwrap();

        let accept = response.headers().get("sec-websocket-accept");
        assert_eq!(accept.map(|accept| accept.to_str().unwrap()), expected);
        assert!(!response.headers().contains_key("upgrade"));
    }
}

#[test]
fn another_status_is_a_refusal_with_the_servers_fields() {
    for (status, version) in [
        (200, Version::HTTP_11),
        (401, Version::HTTP_11),
        (101, Version::HTTP_2),
        (401, Version::HTTP_2),
    ] {
        let offer = match version {
            Version::HTTP_2 => request().into_extended_connect(Scheme::HTTP).unwrap().1,
            _ => request().into_http().unwrap().1,
        };
        let answer = Response::builder()
            .status(status)
            .version(version)
            .header("retry-after", "7")
            .body("later")
            .unwrap();

        let Err(HandshakeError::Refused(refused)) = offer.confirm(&answer) else {
            panic!("{status} over {version:?} was taken");
        };

        assert_eq!(refused.status(), status);
        assert_eq!(refused.headers()["retry-after"], "7");
        let error = HandshakeError::Refused(refused).to_string();
        let expected = match version {
            Version::HTTP_2 => "instead of 200 OK",
            _ => "instead of 101 Switching Protocols",
        };
        assert!(error.ends_with(expected), "{error}");
    }
}

#[test]
fn a_refusal_leaves_out_what_only_the_handshake_writes() {
    let headers = HeaderMap::from_iter([
        (http::header::UPGRADE, "h2c".parse().unwrap()),
        (http::header::RETRY_AFTER, "7".parse().unwrap()),
    ]);

    let answer = ServerRequest::refuse_http(StatusCode::FORBIDDEN, "no", &headers);

    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert_eq!(answer.headers()["retry-after"], "7");
    assert_eq!(
        answer.headers()["content-type"],
        "text/plain; charset=utf-8"
    );
    assert!(!answer.headers().contains_key("upgrade"));
    assert_eq!(*answer.body(), "no");
}

#[test]
fn a_method_that_has_no_body_gets_none() {
    let mut request = read_request(SAMPLE).unwrap();
    *request.method_mut() = Method::HEAD;
    let answer = ServerRequest::from_http(&request)
        .unwrap_err()
        .http_rejection();
    assert_eq!(answer.status(), 405);
    assert_eq!(answer.headers()["allow"], "GET");
    assert!(answer.body().is_empty());
    assert!(!answer.headers().contains_key("upgrade"));

    let mut request = extended_connect();
    *request.method_mut() = Method::PUT;
    let answer = ServerRequest::from_extended_connect(&request, Some("websocket"))
        .unwrap_err()
        .http_rejection();
    assert_eq!(answer.status(), 405);
    assert_eq!(answer.headers()["allow"], "CONNECT");
    assert!(!answer.body().is_empty());
}

#[test]
fn who_asks_for_no_websocket_is_told_what_to_upgrade_to() {
    let mut request = read_request(SAMPLE).unwrap();
    request.headers_mut().remove("upgrade");
    let answer = ServerRequest::from_http(&request)
        .unwrap_err()
        .http_rejection();
    assert_eq!(answer.status(), 426);
    assert_eq!(answer.headers()["upgrade"], "websocket");
    assert_eq!(answer.headers()["sec-websocket-version"], "13");
}
