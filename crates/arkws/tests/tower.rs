//! Clients and servers as services of tower, under its layers.
use std::time::Duration;

use arkws::http::Request;
use arkws::tower::ClientStream;
use arkws::{Acceptance, Acceptor, Client, Error};
use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::{Service, ServiceBuilder, ServiceExt};

#[tokio::test]
async fn a_client_and_an_acceptor_are_services() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/chat", listener.local_addr().unwrap());
    let acceptor = ServiceBuilder::new()
        .concurrency_limit(1)
        .service(Acceptor::builder().protocols(["chat"]).build());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let mut socket = acceptor.clone().oneshot(stream).await.unwrap();
            tokio::spawn(async move { socket.send("hello".into()).await });
        }
    });

    let mut client = ServiceBuilder::new()
        .timeout(Duration::from_secs(60))
        .service(Client::builder().build().unwrap());
    for _ in 0..3 {
        let request = Request::get(&url)
            .header("sec-websocket-protocol", "chat")
            .body(())
            .unwrap();
        let connected = client.ready().await.unwrap().call(request);
        let (mut socket, response) = connected.await.unwrap();

        assert_eq!(response.negotiated.protocol.as_deref(), Some("chat"));
        assert_eq!(socket.next().await.unwrap().unwrap(), "hello".into());
    }
}

#[tokio::test]
async fn a_request_that_cannot_be_sent_is_an_error_of_the_call() {
    let client = Client::builder().build().unwrap();

    let request = Request::post("ws://localhost/").body(()).unwrap();
    let posted = client.clone().oneshot(request).await;
    let misspelt = Request::get("tcp://localhost/").body(()).unwrap();
    let misspelt = client.oneshot(misspelt).await;

    assert!(posted.unwrap_err().to_string().contains("POST"));
    assert!(matches!(misspelt.unwrap_err(), Error::Url(_)));
}

#[tokio::test]
async fn a_layer_gives_a_slow_client_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    client.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();

    let acceptor = ServiceBuilder::new()
        .timeout(Duration::from_millis(50))
        .service(Acceptor::default());
    let error = acceptor.oneshot(stream).await.unwrap_err();

    assert!(error.is::<tower::timeout::error::Elapsed>(), "{error}");
    let ended = client.read_to_end(&mut Vec::new()).await;
    assert!(matches!(ended, Ok(0) | Err(_)));
}

#[tokio::test]
async fn what_is_known_of_a_client_reaches_the_functions_and_comes_back() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let acceptor = Acceptor::builder().on_request(async |request| {
        let port = request.peer().address.unwrap().port();
        Ok(Acceptance::new().with_extension(format!("from port {port}")))
    });
    let acceptor = acceptor.build();
    let client = tokio::spawn(async move { arkws::connect(url).await.unwrap() });

    let (stream, address) = listener.accept().await.unwrap();
    let peer = address.into();
    let accepted = acceptor.oneshot(ClientStream { stream, peer }).await;
    let (_socket, request) = accepted.unwrap();

    let known = request.extensions().get::<String>().unwrap();
    assert_eq!(*known, format!("from port {}", address.port()));
    client.await.unwrap();
}
