//! Requests that do not ask for a WebSocket.
use std::net::SocketAddr;

use arkws_netstack::{BusinessError, HttpBody, HttpResponse, PendingHttpRequest, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::*;

fn asking() -> ServerConfig {
    ServerConfig {
        ask_http: true,
        ..loopback()
    }
}

async fn asked(server: &mut Server) -> PendingHttpRequest {
    match server.next().await {
        Seen::HttpRequest(request) => request,
        other => panic!("HttpRequest, not {other:?}"),
    }
}

/// Sends a request; what comes until the server ends the connection.
async fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn response(status: f64, body: &str) -> HttpResponse {
    HttpResponse::new(status, &[], HttpBody::Text(body.into())).unwrap()
}

#[tokio::test]
async fn the_program_answers_and_the_connection_ends() {
    let (mut server, address) = Server::started(asking()).await;
    let get = "GET /health?deep=1 HTTP/1.1\r\nHost: x\r\nX-Token: sesame\r\n\r\n";
    let client = tokio::spawn(ask(address, get));
    let request = asked(&mut server).await;
    assert_eq!(request.method(), "GET");
    assert_eq!(request.head().target, "/health?deep=1");
    assert_eq!(request.head().headers["x-token"], "sesame");
    assert_eq!(request.connection().client_ip, "127.0.0.1");
    let shown = format!("{request:?}");
    assert!(
        !shown.contains("deep") && !shown.contains("sesame"),
        "{shown}"
    );
    request.respond(response(200.0, "well"));
    let answer = client.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nwell"), "{answer}");
    assert!(server.try_next().is_none());
    // A client that wants a WebSocket is let in.
    server.join(address).await;
}

#[tokio::test]
async fn a_head_request_gets_no_body() {
    let (mut server, address) = Server::started(asking()).await;
    let client = tokio::spawn(ask(address, "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"));
    let request = asked(&mut server).await;
    request.respond(response(200.0, "well"));
    let answer = client.await.unwrap().to_lowercase();
    assert!(answer.contains("content-length: 4\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
}

/// Old health checks speak it, and have no Host field.
#[tokio::test]
async fn a_request_of_http_1_0_is_asked_about() {
    let (mut server, address) = Server::started(asking()).await;
    for (method, end) in [("GET", "\r\n\r\nwell"), ("HEAD", "\r\n\r\n")] {
        let probe = format!("{method} /health HTTP/1.0\r\n\r\n");
        let client = tokio::spawn(async move { ask(address, &probe).await });
        let request = asked(&mut server).await;
        assert_eq!(
            (request.method(), &*request.head().target),
            (method, "/health")
        );
        request.respond(response(200.0, "well"));
        let answer = client.await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.ends_with(end), "{answer}");
    }
}

#[tokio::test]
async fn what_the_program_rejects_is_answered_as_without_it() {
    let (mut server, address) = Server::started(asking()).await;
    let (mut plain, other) = Server::started(loopback()).await;
    for method in ["GET", "HEAD", "POST"] {
        let request = format!("{method} / HTTP/1.1\r\nHost: x\r\n\r\n");
        let expected = ask(other, &request).await;
        let message = plain.error().await.message;
        let client = tokio::spawn(async move { ask(address, &request).await });
        asked(&mut server).await.reject();
        assert_eq!(client.await.unwrap(), expected);
        let same = |message: &str| {
            message
                .split_once(" was not let in: ")
                .unwrap()
                .1
                .to_owned()
        };
        assert_eq!(same(&server.error().await.message), same(&message));
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_not_answered_is_a_503() {
    let (mut server, address) = Server::started(asking()).await;
    let get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let client = tokio::spawn(ask(address, get));
    drop(asked(&mut server).await);
    assert!(client.await.unwrap().starts_with("HTTP/1.1 503 "));
    server.error().await;
    let client = tokio::spawn(ask(address, get));
    let forgotten = asked(&mut server).await;
    assert!(client.await.unwrap().starts_with("HTTP/1.1 503 "));
    let error = server.error().await;
    assert!(error.message.contains("requestTimeout"), "{error}");
    assert!(matches!(server.next().await, Seen::RequestOver(id) if id == forgotten.client()));
}

#[tokio::test]
async fn the_program_is_told_when_its_client_goes() {
    let (mut server, address) = Server::started(asking()).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let post = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n123";
    stream.write_all(post).await.unwrap();
    let request = asked(&mut server).await;
    drop(stream);
    assert!(matches!(server.next().await, Seen::RequestOver(id) if id == request.client()));
}

#[test]
fn a_response_has_a_status_and_bounds() {
    let new = |status, body| HttpResponse::new(status, &[], HttpBody::Text(body));
    for status in [199.0, 600.0, 200.5, f64::NAN] {
        let error = new(status, String::new()).unwrap_err();
        assert_eq!(error.code, BusinessError::PARAMETER);
    }
    assert!(new(599.0, "x".repeat(1 << 20)).is_ok());
    let error = new(200.0, "x".repeat((1 << 20) + 1)).unwrap_err();
    assert_eq!(error.code, BusinessError::PARAMETER);
}
