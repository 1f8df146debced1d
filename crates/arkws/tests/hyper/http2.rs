//! WebSockets as streams of HTTP/2 (RFC 8441).
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arkws::{Acceptor, Cause, Client, DeflateConfig, Error, HandshakeError, Message};
use arkws::{Transport, WebSocket};
use futures_util::StreamExt;
use http_body_util::Empty;

use crate::support::{Serve, acceptor, connect_http2, echo, open_stream, serve};

fn client() -> Client {
    Client::builder()
        .protocols(["echo"])
        .deflate(DeflateConfig::default())
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_stream_of_http2_becomes_a_socket() {
    for how in [Serve::Http2, Serve::Auto] {
        let address = serve(how, acceptor(), echo).await;
        let mut sender = connect_http2(address).await;

        let mut first = open_stream(&client(), &mut sender).await.unwrap();
        let mut second = open_stream(&client(), &mut sender).await.unwrap();

        for socket in [&mut first, &mut second] {
            assert_eq!(socket.negotiated().protocol.as_deref(), Some("echo"));
            assert!(socket.negotiated().deflate.is_some());
            for message in [
                Message::from("hello"),
                Message::from(""),
                Message::from("text ".repeat(100_000)),
                Message::from(vec![7; 3 << 20]),
            ] {
                socket.send(message.clone()).await.unwrap();
                assert_eq!(socket.next().await.unwrap().unwrap(), message);
            }
        }
        first.close(None).await.unwrap();
        second.close(None).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_no_extended_connect_for_websocket_is_refused() {
    let address = serve(Serve::Http2, acceptor(), echo).await;
    let mut sender = connect_http2(address).await;

    let get = arkws::http::Request::get(format!("http://{address}/"));
    let answer = sender
        .send_request(get.body(Empty::new()).unwrap())
        .await
        .unwrap();
    assert_eq!(answer.status(), 405);
    assert_eq!(answer.headers()["allow"], "CONNECT");

    let (mut request, _) = arkws::hyper::extended_connect(&client(), "ws://localhost/").unwrap();
    let other = hyper::ext::Protocol::from_static("connect-udp");
    request.extensions_mut().insert(other);
    let answer = sender
        .send_request(request.map(|()| Empty::new()))
        .await
        .unwrap();
    assert_eq!(answer.status(), 501);
}

#[tokio::test]
async fn a_refusal_over_http2_has_its_body() {
    let acceptor = Acceptor::builder()
        .on_request(async |_| {
            Err(arkws::Refusal::new(
                arkws::http::StatusCode::FORBIDDEN,
                "not you",
            ))
        })
        .build();
    let address = serve(Serve::Http2, acceptor, echo).await;
    let mut sender = connect_http2(address).await;

    let error = open_stream(&client(), &mut sender).await.unwrap_err();

    assert_eq!(
        error.to_string(),
        "the server answered 403 Forbidden instead of 200 OK"
    );
    let Error::Handshake(HandshakeError::Refused(refused)) = error else {
        panic!("{error}");
    };
    assert_eq!(**refused.body(), *b"not you");
}

/// Sends as long as the stream takes something, and counts it.
async fn send_forever(mut socket: WebSocket<Transport>, sent: Arc<AtomicU64>) -> Error {
    let data = vec![7; 16 << 10];
    loop {
        if let Err(error) = socket.ready().await {
            return error;
        }
        if let Err(error) = socket.feed_binary(&data) {
            return error.into();
        }
        sent.store(socket.stats().bytes_sent, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn a_peer_that_takes_nothing_costs_little_memory_and_is_given_up() {
    let sent = Arc::new(AtomicU64::new(0));
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let acceptor = Acceptor::builder()
        .write_timeout(Duration::from_millis(300))
        .build();
    let counter = Arc::clone(&sent);
    let address = serve(Serve::Http2, acceptor, move |socket| {
        let (counter, tell) = (Arc::clone(&counter), tell.clone());
        async move { tell.send(send_forever(socket, counter).await).unwrap() }
    })
    .await;
    let mut sender = connect_http2(address).await;
    let client = Client::builder().build().unwrap();

    // It is open, and nobody receives from it.
    let socket = open_stream(&client, &mut sender).await.unwrap();
    let error = told.recv().await.unwrap();

    assert_eq!(error.cause(), Cause::Timeout, "{error}");
    // hyper's client lets 2 MiB come per stream before it is read.
    let accepted = sent.load(Ordering::Relaxed);
    assert!(
        accepted < (2 << 20) + (512 << 10),
        "{accepted} bytes were accepted"
    );
    drop(socket);
}

#[tokio::test]
async fn idle_sockets_do_not_hold_up_a_busy_one_on_the_same_connection() {
    let address = serve(Serve::Auto, acceptor(), echo).await;
    let mut sender = connect_http2(address).await;
    let client = Client::builder().build().unwrap();
    let mut idle = Vec::new();
    for _ in 0..150 {
        let mut socket = open_stream(&client, &mut sender).await.unwrap();
        socket.send("once".into()).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), "once".into());
        idle.push(socket);
    }

    let mut busy = open_stream(&client, &mut sender).await.unwrap();
    let message = Message::from(vec![7; 1 << 20]);
    for _ in 0..20 {
        busy.send(message.clone()).await.unwrap();
        assert_eq!(busy.next().await.unwrap().unwrap(), message);
    }

    for socket in &mut idle {
        socket.send("again".into()).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), "again".into());
    }
}

#[tokio::test]
async fn a_socket_that_is_dropped_ends_its_stream_and_no_other() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let address = serve(Serve::Http2, acceptor(), move |mut socket| {
        let tell = tell.clone();
        async move {
            while let Some(received) = socket.next().await {
                match received {
                    Ok(message) => socket.send(message).await.unwrap(),
                    Err(error) => tell.send(error.cause()).unwrap(),
                }
            }
        }
    })
    .await;
    let mut sender = connect_http2(address).await;
    let dropped = open_stream(&client(), &mut sender).await.unwrap();
    let mut kept = open_stream(&client(), &mut sender).await.unwrap();

    drop(dropped);
    assert_eq!(told.recv().await, Some(Cause::Reset));

    kept.send("hello".into()).await.unwrap();
    assert_eq!(kept.next().await.unwrap().unwrap(), "hello".into());
}
