//! What a program does with a socket beside sending and receiving, with tokio-tungstenite at the
//! other end.
use std::time::Duration;

use arkws::{Attempt, CloseCode, Message, Retry};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode as TheirCode;

/// A listener on this machine, and its URL.
async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    (listener, url)
}

/// The next client of a listener, as tokio-tungstenite has it.
async fn accept(listener: &TcpListener) -> WebSocketStream<TcpStream> {
    let (tcp, _) = listener.accept().await.unwrap();
    tokio_tungstenite::accept_async(tcp).await.unwrap()
}

/// Sends everything back until the client closes.
async fn echo<S: AsyncRead + AsyncWrite + Unpin>(mut socket: WebSocketStream<S>) {
    while let Some(message) = socket.next().await.transpose().unwrap() {
        if message.is_text() || message.is_binary() {
            socket.send(message).await.unwrap();
        }
    }
}

fn goodbye(code: TheirCode) -> CloseFrame {
    CloseFrame {
        code,
        reason: "goodbye".into(),
    }
}

/// A proxy of our sockets between a client and a server of tokio-tungstenite. Both directions have
/// to end without an error.
async fn through_a_proxy(
    run: impl AsyncFnOnce(WebSocketStream<TcpStream>, WebSocketStream<TcpStream>),
) {
    let (front, _) = listen().await;
    let (back, back_url) = listen().await;
    let address = front.local_addr().unwrap();
    let proxy = tokio::spawn(async move {
        let (tcp, _) = front.accept().await.unwrap();
        let (to_client, from_client) = arkws::accept(tcp).await.unwrap().split();
        let (server, _) = arkws::connect(back_url).await.unwrap();
        let (to_server, from_server) = server.split();
        tokio::join!(
            from_client.forward(to_server),
            from_server.forward(to_client)
        )
    });
    let tcp = TcpStream::connect(address).await.unwrap();
    let connecting = tokio_tungstenite::client_async("ws://localhost/", tcp);
    let (client, server) = tokio::join!(connecting, accept(&back));

    run(client.unwrap().0, server).await;

    let (up, down) = proxy.await.unwrap();
    up.unwrap();
    down.unwrap();
}

/// The close frame that comes next, and the end behind it.
async fn closed_by_peer(socket: &mut WebSocketStream<TcpStream>) -> Option<CloseFrame> {
    let message = socket.next().await.unwrap().unwrap();
    let tokio_tungstenite::tungstenite::Message::Close(frame) = message else {
        panic!("{message:?}");
    };
    assert!(socket.next().await.is_none());
    frame
}

#[tokio::test]
async fn forwarding_ends_without_an_error_when_either_closes() {
    through_a_proxy(async |mut client, mut server| {
        client.send("hello".into()).await.unwrap();
        assert_eq!(server.next().await.unwrap().unwrap(), "hello".into());
        server.send("welcome".into()).await.unwrap();
        assert_eq!(client.next().await.unwrap().unwrap(), "welcome".into());

        client
            .close(Some(goodbye(TheirCode::Normal)))
            .await
            .unwrap();
        let (told, answer) = tokio::join!(closed_by_peer(&mut server), client.next());
        assert_eq!(told, Some(goodbye(TheirCode::Normal)));
        assert!(answer.unwrap().unwrap().is_close());
    })
    .await;

    through_a_proxy(async |mut client, mut server| {
        server.close(Some(goodbye(TheirCode::Away))).await.unwrap();
        let (told, answer) = tokio::join!(closed_by_peer(&mut client), server.next());
        assert_eq!(told, Some(goodbye(TheirCode::Away)));
        assert!(answer.unwrap().unwrap().is_close());
    })
    .await;
}

#[tokio::test]
async fn a_server_that_goes_away_and_comes_back_is_reconnected_to() {
    let (listener, url) = listen().await;
    let server = tokio::spawn(async move {
        // It is restarted,
        let mut socket = accept(&listener).await;
        socket.send("before".into()).await.unwrap();
        socket.close(Some(goodbye(TheirCode::Away))).await.unwrap();
        while socket.next().await.is_some() {}
        drop(socket);
        // not there yet,
        drop(listener.accept().await.unwrap());
        // there again, and cut off,
        let mut socket = accept(&listener).await;
        socket.send("after".into()).await.unwrap();
        drop(socket);
        // and there for good.
        echo(accept(&listener).await).await;
    });
    let retry = Retry {
        initial_delay: Duration::from_millis(10),
        ..Retry::default()
    };
    let mut failures = Vec::new();
    let request = async |attempt: Attempt| {
        failures.push(attempt.failures);
        Ok(&*url)
    };
    let client = arkws::Client::builder().build().unwrap();
    let mut connections = Box::pin(client.reconnecting(request, retry));

    let (mut socket, _) = connections.next().await.unwrap().unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), "before".into());
    let close = socket.next().await.unwrap().unwrap();
    let Message::Close(Some(frame)) = close else {
        panic!("{close:?}");
    };
    assert_eq!(frame.code(), CloseCode::GOING_AWAY);
    assert!(socket.next().await.is_none());

    let (mut socket, _) = connections.next().await.unwrap().unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), "after".into());
    socket.next().await.unwrap().unwrap_err();

    let (mut socket, _) = connections.next().await.unwrap().unwrap();
    socket.send("hello".into()).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), "hello".into());
    socket.close(None).await.unwrap();
    server.await.unwrap();

    drop(connections);
    assert_eq!(failures, [0, 0, 1, 0]);
}

#[tokio::test]
async fn the_halves_of_a_socket_send_and_receive_in_two_tasks() {
    const COUNT: usize = 1000;
    let message = |number: usize| match number % 100 {
        0 => Message::from(vec![number as u8; 100_000]),
        _ => Message::from(number.to_string()),
    };
    let (listener, url) = listen().await;
    let server = tokio::spawn(async move { echo(accept(&listener).await).await });
    let (mut sender, mut receiver) = arkws::connect(url).await.unwrap().0.split();

    let sending = tokio::spawn(async move {
        for number in 0..COUNT {
            sender.send(message(number)).await.unwrap();
        }
        sender
    });
    for number in 0..COUNT {
        assert_eq!(receiver.recv().await.unwrap().unwrap(), message(number));
    }

    let sender = sending.await.unwrap();
    let mut socket = sender.reunite(receiver).unwrap();
    socket.close(None).await.unwrap();
    server.await.unwrap();
}

#[tokio::test]
async fn another_protocol_goes_on_over_the_transport_of_a_socket() {
    let (listener, url) = listen().await;
    let peer = tokio::spawn(async move {
        let mut socket = accept(&listener).await;
        assert_eq!(socket.next().await.unwrap().unwrap(), "ours".into());
        socket.send("the last".into()).await.unwrap();
        let mut tcp = socket.into_inner();
        tcp.write_all(b"another protocol").await.unwrap();
        let mut answer = String::new();
        tcp.read_to_string(&mut answer).await.unwrap();
        answer
    });
    let (mut socket, _) = arkws::connect(url).await.unwrap();
    socket.send("ours".into()).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), "the last".into());

    let (mut transport, unread) = socket.into_inner();
    let mut received = unread.to_vec();
    while received.len() < b"another protocol".len() {
        assert_ne!(transport.read_buf(&mut received).await.unwrap(), 0);
    }
    assert_eq!(received, b"another protocol");
    transport.write_all(b"by hand").await.unwrap();
    transport.shutdown().await.unwrap();

    assert_eq!(peer.await.unwrap(), "by hand");
}

#[cfg(unix)]
#[tokio::test]
async fn a_server_is_reached_through_a_unix_socket() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("server.sock");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        echo(tokio_tungstenite::accept_async(stream).await.unwrap()).await;
    });
    let client = arkws::Client::builder().build().unwrap();

    let (mut socket, _) = client
        .connect_unix(&path, "ws://localhost/p")
        .await
        .unwrap();

    for message in [Message::from("hello"), Message::from(vec![7; 1 << 20])] {
        socket.send(message.clone()).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), message);
    }
    socket.close(None).await.unwrap();
    server.await.unwrap();
}
