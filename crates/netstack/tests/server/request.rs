//! The hook that lets the program decide who comes in.
use arkws::http::HeaderValue;
use arkws_netstack::{
    BusinessError, ClientId, Header, HttpBody, HttpResponse, PendingRequest, RefusalStatus,
    ServerConfig,
};
use arkws_proto::Limits;
use arkws_proto::handshake::ClientHandshake;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

use crate::support::*;

fn asking() -> ServerConfig {
    ServerConfig {
        ask_request: true,
        ..loopback()
    }
}

async fn asked(server: &mut Server) -> PendingRequest {
    match server.next().await {
        Seen::Request(request) => request,
        other => panic!("Request, not {other:?}"),
    }
}

async fn over(server: &mut Server) -> ClientId {
    match server.next().await {
        Seen::RequestOver(id) => id,
        other => panic!("RequestOver, not {other:?}"),
    }
}

#[tokio::test]
async fn the_program_sees_target_headers_and_address_and_lets_in() {
    let (mut server, address) = Server::started(asking()).await;
    let mut request = request(address);
    request.target = "/room?name=blue".into();
    request
        .headers
        .insert("authorization", HeaderValue::from_static("Bearer sesame"));
    let client = tokio::spawn(connect_with(address, request));

    let pending = asked(&mut server).await;
    assert_eq!(pending.target(), "/room?name=blue");
    assert_eq!(pending.headers()["authorization"], "Bearer sesame");
    assert_eq!(pending.headers()["host"], address.to_string().as_str());
    assert_eq!(server.list(), [], "not yet");
    let shown = format!("{pending:?}");
    assert!(shown.contains("/room"), "{shown}");
    assert!(
        !shown.contains("sesame") && !shown.contains("blue"),
        "{shown}"
    );
    let expected = pending.connection().clone();
    pending.accept();

    assert_eq!(server.connected().await, expected);
    let client = client.await.unwrap().unwrap();
    let local = client.get_ref().local_addr().unwrap();
    assert_eq!(expected.to_string(), local.to_string());
}

#[tokio::test]
async fn a_refusal_is_an_http_status_with_a_reason_and_no_event() {
    let (mut server, address) = Server::started(asking()).await;
    for status in [400, 401, 403, 599] {
        let client = tokio::spawn(connect(address));
        let refusal = RefusalStatus::new(status.into()).unwrap();
        asked(&mut server).await.refuse(refusal, "not you");
        let refused = client.await.unwrap().unwrap_err();
        assert_eq!((refused.status, refused.body.as_str()), (status, "not you"));
    }
    assert!(server.try_next().is_none());
}

#[test]
fn a_request_is_refused_with_a_status_from_400_to_599_only() {
    for status in [399.0, 600.0, 101.0, 404.5, -404.0, f64::NAN, f64::INFINITY] {
        let error = RefusalStatus::new(status).unwrap_err();
        assert_eq!(error.code, BusinessError::PARAMETER);
        let what = format!("from 400 to 599, not {status}");
        assert!(error.message.ends_with(&what), "{error}");
    }
}

#[tokio::test]
async fn a_request_about_which_the_program_has_failed_to_decide_is_a_500() {
    let (mut server, address) = Server::started(asking()).await;
    let client = tokio::spawn(connect(address));
    asked(&mut server).await.fail();
    let refused = client.await.unwrap().unwrap_err();
    let answer = (refused.status, refused.body.as_str());
    assert_eq!(answer, (500, "Internal Server Error"));
    assert!(server.try_next().is_none());
}

#[tokio::test]
async fn a_request_that_the_program_drops_is_a_503() {
    let (mut server, address) = Server::started(asking()).await;
    let client = tokio::spawn(connect(address));
    drop(asked(&mut server).await);
    let refused = client.await.unwrap().unwrap_err();
    assert_eq!(refused.status, SERVICE_UNAVAILABLE);
    assert!(refused.body.contains("not answered"), "{}", refused.body);
    server.error().await;
}

#[tokio::test(start_paused = true)]
async fn a_request_that_the_program_forgets_is_a_503_after_the_request_timeout() {
    let (mut server, address) = Server::started(asking()).await;
    let client = tokio::spawn(connect(address));
    let forgotten = asked(&mut server).await;
    let start = Instant::now();
    let refused = client.await.unwrap().unwrap_err();
    assert_eq!(refused.status, SERVICE_UNAVAILABLE);
    assert!(start.elapsed() >= seconds(15));
    let error = server.error().await;
    assert!(error.message.contains("requestTimeout"), "{error}");
    assert_eq!(over(&mut server).await, forgotten.client());
    // Too late, and harmless.
    forgotten.accept();
    assert_eq!(server.list(), []);
}

#[tokio::test(start_paused = true)]
async fn the_request_timeout_is_an_option_and_not_the_handshakes() {
    let config = ServerConfig {
        request_timeout: Some(seconds(60)),
        handshake_timeout: Some(seconds(1)),
        ..asking()
    };
    let (mut server, address) = Server::started(config).await;
    let client = tokio::spawn(connect(address));
    let pending = asked(&mut server).await;
    tokio::time::sleep(seconds(59)).await;
    pending.accept();
    client.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_client_that_goes_frees_its_seat_and_the_program_is_told() {
    let config = ServerConfig {
        max_connections_for_one_client: Some(1.0),
        ..asking()
    };
    let (mut server, address) = Server::started(config).await;
    for with_a_message in [false, true] {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let (_, bytes) = ClientHandshake::new(request(address), &Limits::default()).unwrap();
        stream.write_all(&bytes).await.unwrap();
        let pending = asked(&mut server).await;
        if with_a_message {
            stream.write_all(&[0x82, 0x80, 0, 0, 0, 0]).await.unwrap();
        }
        drop(stream);
        assert_eq!(over(&mut server).await, pending.client());
        pending.accept();
    }
    let client = tokio::spawn(connect(address));
    asked(&mut server).await.accept();
    client.await.unwrap().unwrap();
    server.connected().await;
    assert!(!matches!(server.try_next(), Some(Seen::Error(_))));
}

#[tokio::test]
async fn what_a_client_sends_before_it_is_answered_is_not_lost() {
    let (mut server, address) = Server::started(asking()).await;
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let (_, bytes) = ClientHandshake::new(request(address), &Limits::default()).unwrap();
    stream.write_all(&bytes).await.unwrap();
    let pending = asked(&mut server).await;
    // More than is read ahead.
    let message = [&[0x82, 0xfe, 0x40, 0x00, 0, 0, 0, 0][..], &[7; 0x4000]].concat();
    for _ in 0..20 {
        stream.write_all(&message).await.unwrap();
    }
    pending.accept();
    server.connected().await;
    for _ in 0..20 {
        match server.next().await {
            Seen::Binary(_, data) => assert_eq!(data, [7; 0x4000]),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn requests_wait_for_their_answers_independently() {
    let (mut server, address) = Server::started(asking()).await;
    let slow = tokio::spawn(connect(address));
    let first = asked(&mut server).await;
    let quick = tokio::spawn(connect(address));
    asked(&mut server).await.accept();
    let quick = quick.await.unwrap().unwrap();
    server.connected().await;
    first.accept();
    slow.await.unwrap().unwrap();
    server.connected().await;
    drop(quick);
}

#[tokio::test]
async fn a_request_that_waits_holds_a_seat() {
    let config = ServerConfig {
        max_connections_for_one_client: Some(1.0),
        ..asking()
    };
    let (mut server, address) = Server::started(config).await;
    let waiting = tokio::spawn(connect(address));
    let pending = asked(&mut server).await;
    assert_eq!(
        connect(address).await.unwrap_err().status,
        SERVICE_UNAVAILABLE
    );
    server.error().await;
    pending.refuse(RefusalStatus::new(403.0).unwrap(), "no");
    waiting.await.unwrap().unwrap_err();
    let client = tokio::spawn(connect(address));
    asked(&mut server).await.accept();
    client.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stop_answers_the_requests_that_wait() {
    let (mut server, address) = Server::started(asking()).await;
    let client = tokio::spawn(connect(address));
    let _pending = asked(&mut server).await;
    server.object.stop().unwrap();
    let refused = client.await.unwrap().unwrap_err();
    assert_eq!(refused.status, SERVICE_UNAVAILABLE);
    assert_eq!(refused.body, "the server is going away");
    over(&mut server).await;
    server.idle().await;
}

#[tokio::test]
async fn a_client_that_is_gone_when_it_is_let_in_has_never_connected() {
    let (mut server, address) = Server::started(asking()).await;
    let mut stream = tcp_from([127, 0, 0, 1], address).await;
    let (_, bytes) = ClientHandshake::new(request(address), &Limits::default()).unwrap();
    stream.write_all(&bytes).await.unwrap();
    let pending = asked(&mut server).await;
    let client = pending.connection().clone();
    // Both before the server's task runs again: it finds the answer first.
    stream.set_zero_linger().unwrap();
    drop(stream);
    pending.accept();
    match server.next().await {
        Seen::NeverConnected(connection) => assert_eq!(connection, client),
        other => panic!("NeverConnected, not {other:?}"),
    }
    assert_eq!(server.list(), []);
}

fn header(name: &str, value: &str) -> Header {
    Header {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}

#[tokio::test]
async fn an_acceptance_has_a_protocol_that_the_client_offers_and_header_fields() {
    let (mut server, address) = Server::started(asking()).await;
    let mut request = request(address);
    request.protocols = vec!["a".into(), "b".into()];
    let client = tokio::spawn(connect_with(address, request));
    let pending = asked(&mut server).await;
    let code = |protocol: Option<&str>, headers: &[Header]| {
        let acceptance = pending.acceptance(protocol.map(str::to_owned), headers);
        acceptance.unwrap_err().code
    };
    assert_eq!(code(Some("c"), &[]), BusinessError::PARAMETER);
    assert_eq!(code(Some(""), &[]), BusinessError::PARAMETER);
    for (name, value) in [
        ("no token", "x"),
        ("x", "a\r\nb"),
        ("x", "a\0b"),
        ("upgrade", "x"),
        ("sec-websocket-accept", "x"),
        ("content-length", "0"),
        ("x", &"x".repeat(20_000)),
    ] {
        let code = code(None, &[header(name, value)]);
        assert_eq!(code, BusinessError::PARAMETER, "{name}");
    }
    let fields = [header("Set-Cookie", "a=b"), header("Set-Cookie", "c=d")];
    let acceptance = pending.acceptance(Some("b".into()), &fields).unwrap();
    pending.accept_with(acceptance);
    let client = client.await.unwrap().unwrap();
    assert_eq!(client.negotiated().protocol.as_deref(), Some("b"));
}

#[tokio::test]
async fn a_refusal_may_be_a_response_of_the_programs() {
    let (mut server, address) = Server::started(asking()).await;
    let client = tokio::spawn(connect(address));
    let status = RefusalStatus::new(401.0).unwrap();
    let fields = [header("WWW-Authenticate", "Basic")];
    let body = HttpBody::Binary(b"who?".to_vec());
    let response = HttpResponse::refusal(status, &fields, body).unwrap();
    asked(&mut server).await.refuse_with(response);
    let refused = client.await.unwrap().unwrap_err();
    assert_eq!((refused.status, refused.body.as_str()), (401, "who?"));
    assert_eq!(refused.headers["www-authenticate"], "Basic");
    assert_eq!(refused.headers["content-type"], "application/octet-stream");
}
