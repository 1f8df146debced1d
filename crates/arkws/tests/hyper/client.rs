//! Our side is the client, over a connection of hyper's.
use std::convert::Infallible;

use arkws::http::{Request, Response};
use arkws::{Client, DeflateConfig, Error, HandshakeError, Message};
use futures_util::{SinkExt, StreamExt};
use http_body_util::{Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::support::{Serve, acceptor, connect_http1, echo, serve};

fn client() -> Client {
    Client::builder()
        .protocols(["other", "echo"])
        .deflate(DeflateConfig::default())
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_connection_of_hyper_becomes_a_socket() {
    let address = serve(Serve::Http1, acceptor(), echo).await;
    let (mut sender, _driver) = connect_http1(address).await;
    let url = format!("ws://{address}/chat?a=b");

    let (request, upgrade) = arkws::hyper::request(&client(), &url).unwrap();
    assert_eq!(request.uri(), "/chat?a=b");
    let response = sender.send_request(request.map(|()| Empty::new()));
    let (mut socket, response) = upgrade.socket(response.await.unwrap()).await.unwrap();

    assert_eq!(response.status, 101);
    assert_eq!(response.negotiated.protocol.as_deref(), Some("echo"));
    assert!(response.negotiated.deflate.is_some());
    assert_eq!(socket.get_ref().peer_addr().unwrap(), address);
    for message in [Message::from("hello"), Message::from(vec![7; 1 << 20])] {
        socket.send(message.clone()).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), message);
    }
    socket.close(None).await.unwrap();
}

#[tokio::test]
async fn a_connection_of_hyper_talks_to_tungstenite() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(tcp).await.unwrap();
        // The message may lie in the same packet as the answer to the handshake.
        socket.send("welcome".into()).await.unwrap();
        while let Some(Ok(message)) = socket.next().await {
            if message.is_text() {
                socket.send(message).await.unwrap();
            }
        }
    });
    let (mut sender, _driver) = connect_http1(address).await;
    let client = Client::builder().build().unwrap();

    let (request, upgrade) = arkws::hyper::request(&client, format!("ws://{address}/")).unwrap();
    let response = sender.send_request(request.map(|()| Empty::new()));
    let (mut socket, _) = upgrade.socket(response.await.unwrap()).await.unwrap();

    assert_eq!(socket.next().await.unwrap().unwrap(), "welcome".into());
    socket.send("hello".into()).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), "hello".into());
    socket.close(None).await.unwrap();
    server.await.unwrap();
}

#[tokio::test]
async fn a_refusal_has_its_body() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        let service = service_fn(|_: Request<Incoming>| async {
            let body = Full::new(Bytes::from("x".repeat(100_000)));
            let answer = Response::builder().status(429).header("retry-after", "7");
            Ok::<_, Infallible>(answer.body(body).unwrap())
        });
        let builder = hyper::server::conn::http1::Builder::new();
        builder.serve_connection(TokioIo::new(tcp), service).await
    });
    let (mut sender, _driver) = connect_http1(address).await;

    let (request, upgrade) = arkws::hyper::request(&client(), format!("ws://{address}/")).unwrap();
    let response = sender.send_request(request.map(|()| Empty::new()));
    let error = upgrade.socket(response.await.unwrap()).await.unwrap_err();

    let Error::Handshake(HandshakeError::Refused(refused)) = error else {
        panic!("{error}");
    };
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["retry-after"], "7");
    assert_eq!(refused.body().len(), Client::MAX_REFUSAL_BODY);
}
