//! A server that says goodbye: a health check tells the balancer that it is going away, clients
//! are told with 1001, and it waits until they have closed.
//!
//! ```console
//! cargo run --example graceful_shutdown
//! ```
//!
//! It has three clients of its own, and ends by itself. A real server waits for `SIGTERM` where
//! this one waits for them: `tokio::signal::unix::signal(SignalKind::terminate())`.
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arkws::http::{Response, StatusCode};
use arkws::{
    Acceptor, AllowedOrigins, IncomingRequest, Limits, Message, Server, ServerLimits, Transport,
    WebSocket,
};
use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The longest message, in bytes.
const MAX_MESSAGE: usize = 1 << 20;
/// How long clients may take to close.
const GRACE: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await.map(drop)
}

/// What each client was told, and how many were cut off.
async fn run() -> Result<(Vec<String>, usize), Box<dyn Error>> {
    let healthy = Arc::new(AtomicBool::new(true));
    let server = Server::bind("127.0.0.1:0")
        .await?
        .acceptor(acceptor(Arc::clone(&healthy))?)
        .limits(ServerLimits {
            connections: 1000,
            connections_per_address: 100,
            ..ServerLimits::default()
        })
        .serve(echo);
    let address = server.local_addr().ok_or("no port")?;
    println!(
        "listening on ws://{address}, healthy: {}",
        health(address).await?
    );

    let mut clients = Vec::new();
    for name in ["Ada", "Grace", "Edsger"] {
        let (mut socket, _) = arkws::connect(&format!("ws://{address}/")).await?;
        socket.send(Message::from(name)).await?;
        let answer = socket.next().await.transpose()?;
        println!("{name} is in: {answer:?}");
        clients.push(tokio::spawn(until_closed(socket)));
    }

    // Here the signal has come. A balancer is told first, and given the time to notice.
    healthy.store(false, Ordering::Relaxed);
    println!("going away, healthy: {}", health(address).await?);
    let cut_off = server.shutdown(GRACE).await;
    let mut told = Vec::new();
    for client in clients {
        told.push(client.await??);
    }
    println!("the clients were told: {told:?}");
    println!("ended, {cut_off} connection(s) cut off");
    Ok((told, cut_off))
}

fn acceptor(healthy: Arc<AtomicBool>) -> Result<Acceptor, Box<dyn Error>> {
    let acceptor = Acceptor::builder()
        // Whose web pages may connect: else every page that a user has open could.
        .allowed_origins(AllowedOrigins::new(["https://app.example"])?)
        .limits(Limits {
            max_message_size: MAX_MESSAGE,
            max_frame_size: MAX_MESSAGE as u64,
            ..Limits::default()
        })
        .on_http(move |request| {
            let healthy = healthy.load(Ordering::Relaxed);
            async move {
                let status = match healthy {
                    true => StatusCode::OK,
                    false => StatusCode::SERVICE_UNAVAILABLE,
                };
                let mut response = Response::new("");
                *response.status_mut() = status;
                (request.target == "/healthz").then_some(response)
            }
        });
    Ok(acceptor.build())
}

/// Sends every message back. When the server stops, there is a last message, the close frame that
/// the client answers with; then `None`.
async fn echo(mut socket: WebSocket<Transport>, request: IncomingRequest) {
    while let Some(Ok(message)) = socket.next().await {
        if message.is_data() && socket.send(message).await.is_err() {
            println!("{:?} has gone", request.peer().address);
            return;
        }
    }
}

/// How a client is told that the server goes away.
async fn until_closed(mut socket: WebSocket<Transport>) -> Result<String, arkws::Error> {
    let mut told = String::new();
    while let Some(message) = socket.next().await.transpose()? {
        if let Message::Close(Some(frame)) = message {
            told = format!("{}: {}", frame.code(), frame.reason());
        }
    }
    Ok(told)
}

/// What a balancer sees: the first line of the answer.
async fn health(address: SocketAddr) -> Result<String, std::io::Error> {
    let mut stream = TcpStream::connect(address).await?;
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use arkws::http::HeaderValue;
    use arkws::http::header::ORIGIN;

    use super::*;

    #[tokio::test]
    async fn each_client_is_told_and_none_cut_off() {
        let (told, cut_off) = run().await.unwrap();
        assert_eq!((told.len(), cut_off), (3, 0));
        for words in told {
            assert!(words.starts_with("1001"), "{words}");
        }
    }

    #[tokio::test]
    async fn pages_of_other_sites_do_not_come_in() {
        let acceptor = acceptor(Arc::default()).unwrap();
        let (client, server) = tokio::io::duplex(1 << 16);
        let served = tokio::spawn(async move { acceptor.accept(server).await.map(drop) });
        let origin = HeaderValue::from_static("https://other.example");
        let page = arkws::Client::builder().header(ORIGIN, origin).build();
        let refused = page
            .unwrap()
            .connect_over("ws://app.example/", client)
            .await;
        assert!(refused.unwrap_err().to_string().contains("403"));
        assert!(served.await.unwrap().is_err());
    }
}
