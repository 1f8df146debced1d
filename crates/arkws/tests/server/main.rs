//! A whole server, through the public API, with tokio-tungstenite and bare sockets as its clients.
mod hooks;
mod limits;
mod shutdown;
mod streams;
mod tls;

use std::time::Duration;

use arkws::{IncomingRequest, Server, ServerBuilder, Transport, WebSocket};
use futures_util::StreamExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// What a client takes from the network, and no test waits for longer.
const LONG: Duration = Duration::from_secs(20);

type Client = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Listens on a free port.
async fn bind() -> ServerBuilder {
    Server::bind("127.0.0.1:0").await.unwrap()
}

/// Sends every message back.
async fn echo(mut socket: WebSocket<Transport>, _: IncomingRequest) {
    while let Some(Ok(message)) = socket.next().await {
        if message.is_data() && socket.send(message).await.is_err() {
            return;
        }
    }
}

async fn connect(server: &Server) -> Result<Client, Error> {
    let url = format!("ws://{}/", server.local_addr().unwrap());
    let (client, _) = timeout(LONG, tokio_tungstenite::connect_async(url))
        .await
        .unwrap()?;
    Ok(client)
}

/// The status of a refusal, and what its body says.
fn refusal(result: Result<Client, Error>) -> (u16, String) {
    match result {
        Err(Error::Http(response)) => {
            let body = response.body().clone().unwrap_or_default();
            (response.status().as_u16(), String::from_utf8(body).unwrap())
        }
        other => panic!("not refused: {other:?}"),
    }
}

async fn next<S: AsyncRead + AsyncWrite + Unpin>(
    client: &mut WebSocketStream<S>,
) -> Option<Message> {
    timeout(LONG, client.next())
        .await
        .unwrap()
        .map(Result::unwrap)
}

/// The close frame, after which the connection ends; what came before it is not looked at.
async fn closed<S: AsyncRead + AsyncWrite + Unpin>(mut client: WebSocketStream<S>) -> CloseFrame {
    let mut frame = None;
    while let Some(message) = next(&mut client).await {
        if let Message::Close(close) = message {
            frame = close;
        }
    }
    frame.expect("a close frame")
}

/// What a server answers to these bytes, until it ends the connection.
async fn answer(server: &Server, request: &str) -> String {
    let mut stream = TcpStream::connect(server.local_addr().unwrap())
        .await
        .unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(LONG, stream.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    answer
}
