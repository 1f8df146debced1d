//! An HTTP server of hyper whose path `/echo` is a WebSocket, and a client over a connection of
//! hyper's. It runs by itself, on a port of this machine, and ends by itself.
//!
//! ```console
//! cargo run --example hyper_upgrade --features hyper
//! ```
use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;

use arkws::http::{Request, Response, StatusCode};
use arkws::{Acceptor, Client, Message, MessageRef, Transport, WebSocket};
use futures_util::StreamExt;
use http_body_util::{Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(serve(listener));
    talk(address).await
}

async fn serve(listener: TcpListener) -> std::io::Result<()> {
    // Its options hold for all connections: sub-protocols, compression, limits, origins.
    let acceptor = Acceptor::builder().protocols(["echo"]).build();
    loop {
        let (stream, _) = listener.accept().await?;
        let acceptor = acceptor.clone();
        let service = service_fn(move |request| answer(request, acceptor.clone()));
        let http = hyper::server::conn::http1::Builder::new();
        // Without upgrades the connection could not become a WebSocket.
        let connection = http.serve_connection(TokioIo::new(stream), service);
        tokio::spawn(connection.with_upgrades());
    }
}

async fn answer(
    mut request: Request<Incoming>,
    acceptor: Acceptor,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.uri().path() != "/echo" {
        let mut response = Response::new(Full::from("There is a WebSocket at /echo.\n"));
        *response.status_mut() = StatusCode::NOT_FOUND;
        return Ok(response);
    }
    match arkws::hyper::upgrade(&mut request, &acceptor).await {
        Ok((response, upgrade)) => {
            // hyper hands the connection over when it has sent the response.
            tokio::spawn(async move { echo(upgrade.await?).await });
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
#[test]
fn it_runs() {
    main().unwrap();
}
