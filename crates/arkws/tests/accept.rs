//! The server's side of the opening handshake, through the public API.
use std::time::Duration;

use arkws::http::header::{AUTHORIZATION, RETRY_AFTER, SERVER};
use arkws::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use arkws::{
    Acceptance, Acceptor, AcceptorBuilder, AllowedOrigins, Cause, DeflateConfig, Error, Limits,
    Message, Phase, Refusal, Transport,
};
use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::{Instant, sleep, timeout};

const REQUEST: &str = "GET /chat?room=1 HTTP/1.1\r\n\
    Host: example.org\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// The request with more fields.
fn request(fields: &str) -> String {
    format!("{REQUEST}{fields}\r\n")
}

/// What a server with these settings does with these bytes: its result, and its answer.
async fn serve(
    builder: AcceptorBuilder,
    input: &str,
) -> (Result<arkws::WebSocket<DuplexStream>, Error>, String) {
    let (near, mut far) = tokio::io::duplex(1 << 16);
    far.write_all(input.as_bytes()).await.unwrap();
    let acceptor = builder.build();
    let answer = async {
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") && far.read_buf(&mut answer).await.unwrap() > 0 {}
        // A refusal has a body, and ends the transport.
        if !answer.starts_with(b"HTTP/1.1 101 ") {
            far.read_to_end(&mut answer).await.unwrap();
            drop(far);
        }
        String::from_utf8(answer).unwrap()
    };
    tokio::join!(acceptor.accept(near), answer)
}

#[tokio::test]
async fn a_valid_request_is_accepted() {
    let (result, answer) = serve(Acceptor::builder(), &request("")).await;
    assert_eq!(result.unwrap().negotiated(), &Default::default());
    assert!(
        answer.starts_with("HTTP/1.1 101 Switching Protocols\r\n"),
        "{answer}"
    );
    // The example of RFC 6455, 1.3.
    assert!(
        answer.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"),
        "{answer}"
    );
}

#[tokio::test]
async fn frames_that_follow_the_request_at_once_are_not_lost() {
    let (near, mut far) = tokio::io::duplex(1 << 16);
    far.write_all(request("").as_bytes()).await.unwrap();
    far.write_all(b"\x81\x82\0\0\0\0hi").await.unwrap();
    let mut socket = arkws::accept(near).await.unwrap();
    let message = Message::from(socket.recv().await.unwrap().unwrap());
    assert_eq!(message.as_text(), Some("hi"));
}

/// An HTTP server has read some of it, anything between nothing and more than the request.
#[tokio::test]
async fn a_request_of_which_some_was_read_already_is_the_same_request() {
    let all = [request("").as_bytes(), b"\x81\x82\0\0\0\0hi"].concat();
    for read in 0..=all.len() {
        let (near, mut far) = tokio::io::duplex(1 << 16);
        far.write_all(&all[read..]).await.unwrap();
        let acceptor = Acceptor::default();
        let stream = Transport::other(near);
        let pending = acceptor.request_after(stream, &all[..read]).await.unwrap();
        assert_eq!(pending.request().target, "/chat?room=1");
        let mut socket = pending.accept(None, &HeaderMap::new()).await.unwrap();
        let message = Message::from(socket.recv().await.unwrap().unwrap());
        assert_eq!(message.as_text(), Some("hi"), "{read}");
    }
}

/// The limits hold for them as well.
#[tokio::test]
async fn a_head_that_was_read_already_is_no_larger_than_the_limit() {
    let limits = Limits {
        max_header_bytes: 300,
        ..Limits::default()
    };
    let (near, mut far) = tokio::io::duplex(1 << 16);
    let head = request(&format!("X-Long: {}\r\n", "x".repeat(300)));
    let acceptor = Acceptor::builder().limits(limits).build();
    let answer = async {
        let mut answer = String::new();
        far.read_to_string(&mut answer).await.unwrap();
        drop(far);
        answer
    };
    let (result, answer) = tokio::join!(acceptor.request_after(near, head.as_bytes()), answer);
    assert!(result.is_err());
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test]
async fn a_request_may_arrive_in_any_pieces() {
    let (near, mut far) = tokio::io::duplex(1);
    let write = async { far.write_all(request("").as_bytes()).await.unwrap() };
    let accept = async {
        // The answer does not fit either: read it, or it would never be written.
        let pending = Acceptor::default().request(near).await.unwrap();
        assert_eq!(pending.request().target, "/chat?room=1");
    };
    tokio::join!(write, accept);
}

#[tokio::test]
async fn the_server_prefers_among_the_protocols_that_the_client_offers() {
    let offer = request("Sec-WebSocket-Protocol: a, b, c\r\n");
    let preferring = |protocols: &[&'static str]| Acceptor::builder().protocols(protocols.to_vec());

    let (result, answer) = serve(preferring(&["x", "c", "a"]), &offer).await;
    assert_eq!(result.unwrap().negotiated().protocol.as_deref(), Some("c"));
    assert!(answer.contains("Sec-WebSocket-Protocol: c\r\n"), "{answer}");

    let (result, answer) = serve(preferring(&["x"]), &offer).await;
    assert_eq!(result.unwrap().negotiated().protocol, None);
    assert!(!answer.contains("Sec-WebSocket-Protocol"), "{answer}");

    let last =
        Acceptor::builder().choose_protocol(async |request| request.protocols.last().cloned());
    let (result, _) = serve(last, &offer).await;
    assert_eq!(result.unwrap().negotiated().protocol.as_deref(), Some("c"));
}

#[tokio::test]
async fn a_protocol_that_was_not_offered_is_the_servers_mistake() {
    let wrong = Acceptor::builder().choose_protocol(async |_| Some("wrong".into()));
    let (result, answer) = serve(wrong, &request("")).await;
    assert!(matches!(result, Err(Error::Handshake(_))));
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
}

#[tokio::test]
async fn too_many_header_fields_of_an_answer_are_the_servers_mistake() {
    let many = Acceptor::builder().on_request(async |_| {
        Ok((0..40_000).fold(Acceptance::new(), |acceptance, number| {
            let name = HeaderName::try_from(format!("x-{number}")).unwrap();
            acceptance.with_header(name, HeaderValue::from_static("x"))
        }))
    });
    let (result, answer) = serve(many, &request("")).await;
    let error = result.unwrap_err().to_string();
    assert!(error.contains("more than 8192 header fields"), "{error}");
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
}

#[tokio::test]
async fn compression_is_agreed_on_only_if_both_want_it() {
    let offer = request("Sec-WebSocket-Extensions: permessage-deflate\r\n");
    let willing = || Acceptor::builder().deflate(DeflateConfig::default());
    let agreed =
        |result: Result<arkws::WebSocket<_>, _>| result.unwrap().negotiated().deflate.is_some();
    assert!(agreed(serve(willing(), &offer).await.0));
    assert!(!agreed(serve(willing(), &request("")).await.0));
    assert!(!agreed(serve(Acceptor::builder(), &offer).await.0));
}

#[tokio::test]
async fn on_request_adds_header_fields_or_refuses() {
    let guarded = || {
        Acceptor::builder().on_request(async |request| {
            assert_eq!(request.target, "/chat?room=1");
            match request.headers.get(AUTHORIZATION) {
                Some(token) if token == "Bearer sesame" => {
                    Ok(Acceptance::new().with_header(SERVER, HeaderValue::from_static("test")))
                }
                _ => Err(
                    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "come back later\n")
                        .with_header(RETRY_AFTER, HeaderValue::from_static("120")),
                ),
            }
        })
    };
    let (result, answer) = serve(guarded(), &request("Authorization: Bearer sesame\r\n")).await;
    assert!(result.is_ok());
    assert!(answer.contains("server: test\r\n"), "{answer}");

    let (result, answer) = serve(guarded(), &request("")).await;
    let error = result.unwrap_err();
    assert_eq!(error.cause(), Cause::Handshake);
    assert!(error.to_string().contains("503"), "{error}");
    assert!(
        answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n"),
        "{answer}"
    );
    assert!(answer.contains("retry-after: 120\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\ncome back later\n"), "{answer}");
}

#[tokio::test]
async fn other_origins_are_refused_and_programs_without_one_are_not() {
    let origins = AllowedOrigins::new(["https://example.org", "http://[::1]:8080"]).unwrap();
    let guarded = || Acceptor::builder().allowed_origins(origins.clone());
    for (origin, allowed) in [
        ("https://example.org", true),
        ("HTTPS://Example.ORG", true),
        ("http://[::1]:8080", true),
        ("http://example.org", false),
        ("https://example.org:8443", false),
        ("https://example.org.evil.net", false),
        ("https://example.org:443", true),
        ("https://example.org\r\nOrigin: https://example.org", false),
        ("https://example.org\r\nOrigin: https://evil.net", false),
        ("null", false),
    ] {
        let (result, answer) = serve(guarded(), &request(&format!("Origin: {origin}\r\n"))).await;
        assert_eq!(result.is_ok(), allowed, "{origin}");
        assert_eq!(
            answer.starts_with("HTTP/1.1 403 Forbidden\r\n"),
            !allowed,
            "{origin}"
        );
    }
    assert!(serve(guarded(), &request("")).await.0.is_ok());
}

#[tokio::test]
async fn what_is_no_websocket_request_is_answered_in_http() {
    let limits = Limits {
        max_header_bytes: 1000,
        ..Limits::default()
    };
    let too_large = request(&format!("X: {}\r\n", "x".repeat(1000)));
    for (input, status) in [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "426"),
        ("POST / HTTP/1.1\r\nHost: a\r\n\r\n", "405"),
        ("\x16\x03\x01 a TLS greeting\r\n\r\n", "400"),
        (&too_large, "431"),
    ] {
        let (result, answer) = serve(Acceptor::builder().limits(limits.clone()), input).await;
        assert_eq!(result.unwrap_err().cause(), Cause::Handshake, "{input}");
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_sends_a_byte_at_a_time_does_not_get_more_time() {
    let (near, mut far) = tokio::io::duplex(1024);
    let drip = tokio::spawn(async move {
        for byte in request("").into_bytes() {
            far.write_all(&[byte]).await.unwrap();
            sleep(Duration::from_secs(1)).await;
        }
    });
    let start = Instant::now();
    let error = arkws::accept(near).await.unwrap_err();
    let Error::Timeout {
        phase: Phase::Handshake,
        limit,
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!(limit, Duration::from_secs(5));
    assert_eq!(start.elapsed(), limit);
    drip.abort();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_take_the_answer_does_not_get_more_time() {
    let limit = Duration::from_secs(3);
    for accepted in [true, false] {
        let (near, mut far) = tokio::io::duplex(16);
        let acceptor = Acceptor::builder().handshake_timeout(limit).build();
        let pending = {
            let request = request("");
            let write = far.write_all(request.as_bytes());
            let (pending, written) = tokio::join!(acceptor.request(near), write);
            written.unwrap();
            pending.unwrap()
        };
        let start = Instant::now();
        if accepted {
            let error = pending.accept(None, &HeaderMap::new()).await.unwrap_err();
            assert_eq!(error.cause(), Cause::Timeout);
        } else {
            pending
                .refuse(&Refusal::new(StatusCode::NOT_FOUND, ""))
                .await;
        }
        assert_eq!(start.elapsed(), limit);
    }
}

#[tokio::test]
async fn a_client_that_goes_before_its_request_is_complete_is_reported() {
    let (near, mut far) = tokio::io::duplex(1024);
    far.write_all(b"GET / HT").await.unwrap();
    drop(far);
    let error = arkws::accept(near).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("before its request was complete"),
        "{error}"
    );
}

#[tokio::test]
async fn a_program_may_decide_in_its_own_time() {
    let (near, mut far) = tokio::io::duplex(1 << 16);
    let offer = request("Sec-WebSocket-Protocol: chat\r\n");
    far.write_all(offer.as_bytes()).await.unwrap();
    let pending = Acceptor::default().request(near).await.unwrap();
    assert_eq!(pending.request().protocols, ["chat"]);
    tokio::task::yield_now().await;
    let headers = HeaderMap::from_iter([(SERVER, HeaderValue::from_static("test"))]);
    let socket = pending.accept(Some("chat"), &headers).await.unwrap();
    assert_eq!(socket.negotiated().protocol.as_deref(), Some("chat"));
}

#[tokio::test(start_paused = true)]
async fn a_program_that_decides_slowly_learns_that_the_client_has_gone() {
    let (near, mut far) = tokio::io::duplex(1 << 20);
    far.write_all(request("").as_bytes()).await.unwrap();
    let mut pending = Acceptor::default().request(near).await.unwrap();
    assert!(
        timeout(Duration::from_secs(1), pending.gone())
            .await
            .is_err(),
        "it is there"
    );
    far.write_all(&[0x81, 0x82, 0, 0, 0, 0, b'h', b'i'])
        .await
        .unwrap();
    assert!(
        timeout(Duration::from_secs(1), pending.gone())
            .await
            .is_err(),
        "it talks"
    );
    drop(far);
    pending.gone().await;

    // What it said before it went is not lost.
    let (near, mut far) = tokio::io::duplex(1 << 20);
    far.write_all(request("").as_bytes()).await.unwrap();
    let mut pending = Acceptor::default().request(near).await.unwrap();
    far.write_all(&[0x81, 0x82, 0, 0, 0, 0, b'h', b'i'])
        .await
        .unwrap();
    assert!(
        timeout(Duration::from_secs(1), pending.gone())
            .await
            .is_err()
    );
    let mut socket = pending.accept(None, &HeaderMap::new()).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::from("hi"));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_talks_before_it_is_answered_is_read_up_to_a_limit() {
    let (near, mut far) = tokio::io::duplex(1024);
    far.write_all(request("").as_bytes()).await.unwrap();
    let mut pending = Acceptor::default().request(near).await.unwrap();
    let mut sent = 0;
    let flood = async {
        loop {
            sent += far.write(&[0; 1024]).await.unwrap();
        }
    };
    tokio::select! {
        () = pending.gone() => panic!("it is there"),
        _ = timeout(Duration::from_secs(1), flood) => {}
    }
    assert!((64 << 10..=130 << 10).contains(&sent), "{sent}");
}

#[tokio::test]
async fn what_clients_and_programs_put_into_header_fields_is_not_shown() {
    let (near, mut far) = tokio::io::duplex(1 << 16);
    let fields = "Sec-WebSocket-Protocol: chat, SECRET\r\n";
    far.write_all(request(fields).as_bytes()).await.unwrap();
    let pending = Acceptor::default().request(near).await.unwrap();
    assert_eq!(
        format!("{pending:?}"),
        "PendingRequest { protocols: 2, .. }"
    );

    let refusal = Refusal::new(StatusCode::UNAUTHORIZED, "who is there?")
        .with_header(SERVER, HeaderValue::from_static("SECRET"));
    let shown = format!("{refusal:?}");
    assert!(
        shown.contains("401") && shown.contains("who is there?"),
        "{shown}"
    );
    assert!(!shown.contains("SECRET"), "{shown}");
}
