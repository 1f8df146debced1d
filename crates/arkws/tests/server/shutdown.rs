//! The end of a server.
use std::sync::Arc;
use std::time::Duration;

use arkws::{Acceptor, Server};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::{LONG, bind, closed, connect, echo, next};

#[tokio::test]
async fn all_clients_are_told_and_waited_for() {
    let server = bind().await.serve(echo);
    let address = server.local_addr().unwrap();
    let mut clients = Vec::new();
    for _ in 0..20 {
        let mut client = connect(&server).await.unwrap();
        client.send(Message::text("hello")).await.unwrap();
        assert_eq!(next(&mut client).await.unwrap(), Message::text("hello"));
        clients.push(client);
    }
    let goodbyes = async move {
        for client in clients {
            let frame = closed(client).await;
            assert_eq!(u16::from(frame.code), 1001);
            assert_eq!(frame.reason.as_str(), "server is going away");
        }
    };
    let (cut_off, ()) = tokio::join!(server.shutdown(LONG), goodbyes);
    assert_eq!(cut_off, 0);
    assert!(TcpStream::connect(address).await.is_err());
}

/// They are answered; what comes behind the close frame is not delivered.
#[tokio::test]
async fn messages_that_have_arrived_are_received_first() {
    let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let gates = (Arc::clone(&begun), Arc::clone(&go));
    let server = bind().await.serve(move |mut socket, request| {
        let (begun, go) = gates.clone();
        async move {
            let first = socket.next().await.unwrap().unwrap();
            begun.notify_one();
            go.notified().await;
            socket.send(first).await.unwrap();
            echo(socket, request).await;
        }
    });
    let mut client = connect(&server).await.unwrap();
    for text in ["one", "two", "three"] {
        client.feed(Message::text(text)).await.unwrap();
    }
    client.flush().await.unwrap();
    begun.notified().await;
    let (cut_off, ()) = tokio::join!(server.shutdown(LONG), async move {
        go.notify_one();
        for text in ["one", "two", "three"] {
            assert_eq!(next(&mut client).await.unwrap(), Message::text(text));
        }
        assert_eq!(u16::from(closed(client).await.code), 1001);
    });
    assert_eq!(cut_off, 0);
}

/// The receiving half is on a task of its own, which the server does not know.
#[tokio::test]
async fn a_socket_in_two_halves_is_closed_too() {
    let server = bind().await.serve(async |socket, _| {
        let (mut sender, mut receiver) = socket.split();
        let receiving = tokio::spawn(async move {
            let mut last = None;
            while let Some(message) = receiver.next().await {
                last = Some(message.unwrap());
            }
            last
        });
        sender.send(arkws::Message::from("hello")).await.unwrap();
        assert!(receiving.await.unwrap().unwrap().is_close());
    });
    let mut client = connect(&server).await.unwrap();
    assert_eq!(next(&mut client).await.unwrap(), Message::text("hello"));
    let (cut_off, frame) = tokio::join!(server.shutdown(LONG), closed(client));
    assert_eq!((cut_off, u16::from(frame.code)), (0, 1001));
}

/// There is always more to read.
#[tokio::test]
async fn a_client_that_goes_on_sending_is_closed_too() {
    let server = bind().await.serve(echo);
    let client = connect(&server).await.unwrap();
    let (mut sink, mut stream) = client.split();
    let sending = tokio::spawn(async move {
        let message = Message::binary(vec![7; 1000]);
        while sink.send(message.clone()).await.is_ok() {}
    });
    stream.next().await.unwrap().unwrap();
    let receiving = async {
        let mut code = None;
        while let Some(Ok(message)) = stream.next().await {
            if let Message::Close(Some(frame)) = message {
                code = Some(u16::from(frame.code));
            }
        }
        // The transport ends with both halves.
        sending.await.unwrap();
        drop(stream);
        code
    };
    let (cut_off, code) = tokio::join!(server.shutdown(LONG), timeout(LONG, receiving));
    assert_eq!((cut_off, code.unwrap()), (0, Some(1001)));
}

#[tokio::test]
async fn who_is_not_done_in_time_is_cut_off() {
    let begun = Arc::new(Notify::new());
    let begins = Arc::clone(&begun);
    let server = bind().await.serve(move |socket, _| {
        let begins = Arc::clone(&begins);
        async move {
            begins.notify_one();
            // It never receives.
            std::future::pending::<()>().await;
            drop(socket);
        }
    });
    let mut client = connect(&server).await.unwrap();
    begun.notified().await;
    let cut_off = timeout(LONG, server.shutdown(Duration::from_millis(50))).await;
    assert_eq!(cut_off.unwrap(), 1);
    let end = timeout(LONG, client.next()).await.unwrap();
    assert!(!matches!(end, Some(Ok(_))), "{end:?}");
}

/// Nobody is kept from stopping by those who say nothing, or wait for an answer.
#[tokio::test]
async fn unfinished_handshakes_are_dropped() {
    let asked = Arc::new(Notify::new());
    let asks = Arc::clone(&asked);
    let acceptor = Acceptor::builder()
        .handshake_timeout(10 * LONG)
        .on_request(move |_| {
            asks.notify_one();
            std::future::pending::<Result<arkws::Acceptance, arkws::Refusal>>()
        });
    let server = bind().await.acceptor(acceptor.build()).serve(echo);
    let address = server.local_addr().unwrap();
    let mut silent = TcpStream::connect(address).await.unwrap();
    silent.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let waiting = tokio::spawn(tokio_tungstenite::connect_async(format!("ws://{address}/")));
    asked.notified().await;
    assert_eq!(timeout(LONG, server.shutdown(LONG)).await.unwrap(), 0);
    assert!(waiting.await.unwrap().is_err());
    let end = timeout(LONG, silent.read(&mut [0])).await.unwrap();
    assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
}

#[tokio::test]
async fn a_server_that_is_dropped_ends_at_once() {
    let server = bind().await.serve(echo);
    let address = server.local_addr().unwrap();
    let mut client = connect(&server).await.unwrap();
    drop(server);
    let end = timeout(LONG, client.next()).await.unwrap();
    assert!(!matches!(end, Some(Ok(_))), "{end:?}");
    timeout(LONG, async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
}

/// What a service manager has bound, say.
#[tokio::test]
async fn it_takes_a_listening_socket_that_the_program_has() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server: Server = arkws::ServerBuilder::from(listener).serve(echo);
    let mut client = connect(&server).await.unwrap();
    client.close(None).await.unwrap();
    drop(client);
    assert_eq!(server.shutdown(LONG).await, 0);
}
