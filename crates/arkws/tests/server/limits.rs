//! How many clients a server lets in.
use std::net::SocketAddr;

use arkws::http::Response;
use arkws::{Acceptor, ServerBuilder, ServerLimits};
use futures_util::SinkExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::{LONG, answer, bind, closed, connect, echo, next, refusal};

#[tokio::test]
async fn who_comes_beyond_the_limits_is_refused_until_another_has_gone() {
    let none = ServerLimits::default();
    for (limits, option) in [
        (
            ServerLimits {
                connections: 2,
                ..none
            },
            "ServerLimits::connections",
        ),
        (
            ServerLimits {
                connections_per_address: 2,
                ..none
            },
            "ServerLimits::connections_per_address",
        ),
    ] {
        let acceptor = Acceptor::builder()
            .on_http(async |_| Some(Response::new("fine")))
            .build();
        let server = bind().await.acceptor(acceptor).limits(limits).serve(echo);
        let mut first = connect(&server).await.unwrap();
        let mut second = connect(&server).await.unwrap();
        assert_eq!(server.connections(), 2);
        let (status, body) = refusal(connect(&server).await);
        assert_eq!(status, 503);
        assert!(body.ends_with(&format!("({option})")), "{body}");
        // It is not full for those who only ask how it is.
        let health = answer(&server, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert!(health.starts_with("HTTP/1.1 200 "), "{health}");

        first.close(None).await.unwrap();
        while next(&mut first).await.is_some() {}
        drop(first);
        // Its handler ends after the client has seen the end.
        timeout(LONG, async {
            while server.connections() == 2 {
                tokio::task::yield_now().await;
            }
        })
        .await
        .unwrap();
        connect(&server).await.unwrap();
        second.send(Message::text("still here")).await.unwrap();
        assert_eq!(
            next(&mut second).await.unwrap(),
            Message::text("still here")
        );
    }
}

/// Whoever connects and says nothing makes room for those who come.
#[tokio::test]
async fn the_oldest_unfinished_handshake_goes_first() {
    let limits = ServerLimits {
        handshakes: 2,
        ..ServerLimits::default()
    };
    let server = bind().await.limits(limits).serve(echo);
    let address = server.local_addr().unwrap();
    let mut silent = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        silent.push(stream);
    }
    let mut client = connect(&server).await.unwrap();
    let end = timeout(LONG, silent[0].read(&mut [0])).await.unwrap();
    assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");

    // The second has its place.
    silent[1]
        .write_all(
            b"Host: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
              Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        )
        .await
        .unwrap();
    let mut status = [0; 12];
    timeout(LONG, silent[1].read_exact(&mut status))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&status, b"HTTP/1.1 101");
    client.send(Message::text("hello")).await.unwrap();
    assert_eq!(next(&mut client).await.unwrap(), Message::text("hello"));
}

const REQUEST: &str = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";

/// What a newcomer gets while the only handshake that may be waits for the program.
async fn newcomer<S, F>(builder: ServerBuilder, connect: impl Fn(Option<SocketAddr>) -> F) -> String
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Future<Output = std::io::Result<S>>,
{
    let (asked, mut asks) = mpsc::unbounded_channel();
    let acceptor = Acceptor::builder().on_request(move |_| {
        asked.send(()).unwrap();
        std::future::pending()
    });
    let limits = ServerLimits {
        handshakes: 1,
        ..ServerLimits::default()
    };
    let server = builder
        .acceptor(acceptor.build())
        .limits(limits)
        .serve(echo);
    let mut waits = connect(server.local_addr()).await.unwrap();
    waits.write_all(REQUEST.as_bytes()).await.unwrap();
    asks.recv().await.unwrap();
    let mut newcomer = connect(server.local_addr()).await.unwrap();
    let mut answer = Vec::new();
    timeout(LONG, newcomer.read_to_end(&mut answer))
        .await
        .unwrap()
        .unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn who_comes_while_all_wait_for_the_program_is_told_so() {
    let tcp = async |address: Option<SocketAddr>| TcpStream::connect(address.unwrap()).await;
    let answer = newcomer(bind().await, tcp).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer:?}");
    assert!(answer.ends_with("(ServerLimits::handshakes)"), "{answer:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn so_is_one_of_a_unix_socket() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let builder = arkws::Server::bind_unix(&path).unwrap();
    let unix = async |_| tokio::net::UnixStream::connect(&path).await;
    let answer = newcomer(builder, unix).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_is_served_too() {
    use arkws::Server;
    use tokio::net::UnixStream;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let limits = ServerLimits {
        // They have no address, so that this does not concern them.
        connections_per_address: 0,
        connections: 1,
        ..ServerLimits::default()
    };
    let server = Server::bind_unix(&path)
        .unwrap()
        .limits(limits)
        .serve(async |socket, request| {
            assert_eq!(request.peer().address, None);
            echo(socket, request).await;
        });
    assert_eq!(server.local_addr(), None);
    let stream = UnixStream::connect(&path).await.unwrap();
    let (mut client, _) = tokio_tungstenite::client_async("ws://localhost/", stream)
        .await
        .unwrap();
    client.send(Message::text("hello")).await.unwrap();
    let echoed = futures_util::StreamExt::next(&mut client).await;
    assert_eq!(echoed.unwrap().unwrap(), Message::text("hello"));

    let stream = UnixStream::connect(&path).await.unwrap();
    let second = tokio_tungstenite::client_async("ws://localhost/", stream).await;
    assert!(second.unwrap_err().to_string().contains("503"));

    let (cut_off, goodbye) = tokio::join!(server.shutdown(LONG), closed(client));
    assert_eq!(cut_off, 0);
    assert_eq!(u16::from(goodbye.code), 1001);
    assert!(UnixStream::connect(&path).await.is_err());
}

/// A panic is of its connection alone.
#[tokio::test]
async fn a_handler_that_panics_ends_its_own_connection() {
    let server = bind().await.serve(async |socket, request| {
        if request.target == "/panic" {
            panic!("as the test wants");
        }
        echo(socket, request).await;
    });
    let url = format!("ws://{}/panic", server.local_addr().unwrap());
    let mut other = connect(&server).await.unwrap();
    let (mut client, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    let end = timeout(LONG, futures_util::StreamExt::next(&mut client)).await;
    assert!(!matches!(end.unwrap(), Some(Ok(_))));
    other.send(Message::text("hello")).await.unwrap();
    assert_eq!(next(&mut other).await.unwrap(), Message::text("hello"));
    let (cut_off, frame) = tokio::join!(server.shutdown(LONG), closed(other));
    assert_eq!((cut_off, u16::from(frame.code)), (0, 1001));
}
