//! An HTTP server of hyper whose path `/echo` is a WebSocket, and a client over a connection of
//! hyper's. It runs by itself, on a port of this machine, and ends by itself.
//!
//! ```console
//! cargo run --example hyper_upgrade --features hyper
//! ```
use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use arkws::http::{Request, Response, StatusCode};
use arkws::{
    Acceptor, Admission, AllowedOrigins, Client, ConnectionPermit, Limits, Message, MessageRef,
    ServerLimits, Transport, WebSocket,
};
use futures_util::StreamExt;
use http_body_util::{Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};

/// The longest message, in bytes.
const MAX_MESSAGE: usize = 1 << 20;
/// The most clients at a time; others are refused.
const MAX_CONNECTIONS: usize = 100;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    talk(start().await?).await
}

/// Where the server listens.
async fn start() -> Result<SocketAddr, Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    // Its options hold for all connections.
    let acceptor = Acceptor::builder()
        .protocols(["echo"])
        // Whose web pages may connect: else every page that a user has open could.
        .allowed_origins(AllowedOrigins::new(["https://echo.example"])?)
        .limits(Limits {
            max_message_size: MAX_MESSAGE,
            max_frame_size: MAX_MESSAGE as u64,
            ..Limits::default()
        });
    tokio::spawn(serve(listener, acceptor.build()));
    Ok(address)
}

async fn serve(listener: TcpListener, acceptor: Acceptor) -> std::io::Result<()> {
    let admission = Admission::new(ServerLimits {
        connections: MAX_CONNECTIONS,
        ..ServerLimits::default()
    });
    loop {
        let (stream, peer) = listener.accept().await?;
        let Ok(permit) = admission.begin_connection(Some(peer.ip().into())) else {
            continue;
        };
        // Of the HTTP connection, and of the WebSocket that it may become.
        let permit = Arc::new(permit);
        let acceptor = acceptor.clone();
        let service = service_fn(move |request| answer(request, acceptor.clone(), permit.clone()));
        let mut http = hyper::server::conn::http1::Builder::new();
        // With a timer, hyper waits for a request no longer than 30 s.
        http.timer(TokioTimer::new());
        // Without upgrades the connection could not become a WebSocket.
        let connection = http.serve_connection(TokioIo::new(stream), service);
        tokio::spawn(connection.with_upgrades());
    }
}

async fn answer(
    mut request: Request<Incoming>,
    acceptor: Acceptor,
    permit: Arc<ConnectionPermit>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.uri().path() != "/echo" {
        let mut response = Response::new(Full::from("There is a WebSocket at /echo.\n"));
        *response.status_mut() = StatusCode::NOT_FOUND;
        return Ok(response);
    }
    match arkws::hyper::upgrade(&mut request, &acceptor).await {
        Ok((response, upgrade)) => {
            // hyper hands the connection over when it has sent the response.
            tokio::spawn(async move {
                let _permit = permit;
                echo(upgrade.await?).await
            });
            Ok(response.map(|()| Full::default()))
        }
        Err(rejection) => Ok(rejection.into_response()),
    }
}

async fn echo(mut socket: WebSocket<Transport>) -> Result<(), arkws::Error> {
    while let Some((message, mut outbox)) = socket.recv_with_outbox().await.transpose()? {
        match message {
            MessageRef::Text(text) => outbox.feed_text(&text)?,
            MessageRef::Binary(data) => outbox.feed_binary(&data)?,
            _ => {}
        }
    }
    Ok(())
}

async fn talk(address: SocketAddr) -> Result<(), Box<dyn Error>> {
    let io = TokioIo::new(TcpStream::connect(address).await?);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await?;
    tokio::spawn(connection.with_upgrades());

    // The same connection serves ordinary requests before.
    let request = Request::get("/").header("host", address.to_string());
    let response = sender.send_request(request.body(Empty::<Bytes>::new())?);
    println!("/: {}", response.await?.status());

    sender.ready().await?;
    let client = Client::builder().protocols(["echo"]).build()?;
    let (request, upgrade) = arkws::hyper::request(&client, format!("ws://{address}/echo"))?;
    let response = sender.send_request(request.map(|()| Empty::new()));
    let (mut socket, response) = upgrade.socket(response.await?).await?;
    println!("/echo: {}", response.status);

    socket.send(Message::from("hello")).await?;
    let answer = socket.next().await.transpose()?;
    println!("{answer:?}");
    assert_eq!(answer, Some(Message::from("hello")));
    socket.close(None).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use arkws::Error::Handshake;
    use arkws::HandshakeError::Refused;

    use super::*;

    #[test]
    fn it_runs() {
        main().unwrap();
    }

    #[tokio::test]
    async fn neither_pages_of_other_sites_come_in_nor_more_than_there_is_room_for() {
        let url = format!("ws://{}/echo", start().await.unwrap());
        let client = Client::builder().build().unwrap();
        let from = |origin| client.request(&url).header("origin", origin).connect();
        match from("https://other.example").await {
            Err(Handshake(Refused(answer))) => assert_eq!(answer.status(), 403),
            other => panic!("{other:?}"),
        }
        let mut sockets = Vec::new();
        while let Ok((socket, _)) = from("https://echo.example").await {
            sockets.push(socket);
        }
        // The refused one may not have gone yet.
        assert!((MAX_CONNECTIONS - 1..=MAX_CONNECTIONS).contains(&sockets.len()));
    }
}
