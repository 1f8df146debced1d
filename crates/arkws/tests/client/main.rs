//! The client against real peers on loopback: good ones, and ones that refuse, lie, hang and
//! vanish.
mod answers;
mod connector;
#[cfg(feature = "encrypted-keys")]
mod encrypted_keys;
mod identity;
mod proxy;
mod reconnecting;
mod redirect;
mod request;
mod route;
mod settings;
mod timeouts;

mod tls;
#[cfg(unix)]
mod unix;

use std::net::SocketAddr;

use arkws::{Client, ClientBuilder, Error, Message, Proxy, Transport, WebSocket};
use futures_util::StreamExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// A client that no environment variable leads astray.
fn builder() -> ClientBuilder {
    Client::builder().proxy(Proxy::None)
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Sends back what it receives, until the client closes.
async fn echo<S: AsyncRead + AsyncWrite + Unpin + 'static>(stream: S) {
    let Ok(mut socket) = arkws::accept(stream).await else {
        return;
    };
    while let Some(Ok(message)) = socket.next().await {
        if matches!(message, Message::Text(_) | Message::Binary(_))
            && socket.send(message).await.is_err()
        {
            break;
        }
    }
}

/// A WebSocket server that echoes.
async fn echo_server() -> SocketAddr {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(echo(stream));
        }
    });
    address
}

/// The connection carries messages both ways.
async fn assert_echoes<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut WebSocket<S>) {
    socket
        .send(Message::Text("ping pong".into()))
        .await
        .unwrap();
    assert_eq!(
        socket.next().await.unwrap().unwrap(),
        Message::Text("ping pong".into())
    );
}

async fn read_head<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

/// A server that reads a request and gives the answer that `answer` makes of it, then ends the
/// connection. The requests can be received.
async fn canned(
    answer: impl Fn(&str) -> String + Send + Sync + 'static,
) -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
    let (listener, address) = listen().await;
    let (requests, received) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let request = read_head(&mut stream).await;
            let answer = answer(&request);
            let _ = requests.send(request);
            let _ = stream.write_all(answer.as_bytes()).await;
            finish(stream).await;
        }
    });
    (address, received)
}

/// Ends a connection without losing what was written.
async fn finish(mut stream: TcpStream) {
    let _ = stream.shutdown().await;
    tokio::spawn(async move {
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    });
}

/// The value of a field in a head.
fn field<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(": ")?;
        key.eq_ignore_ascii_case(name).then_some(value)
    })
}

/// Why a client without options of its own cannot connect.
async fn failure_at(url: &str) -> Error {
    failure(builder().build().unwrap().connect(url).await)
}

fn failure(result: Result<(WebSocket<Transport>, arkws::ClientResponse), Error>) -> Error {
    match result {
        Ok(_) => panic!("the attempt must fail"),
        Err(error) => error,
    }
}
