//! A client that stays connected: each attempt has a fresh token, failures are followed by others
//! after a delay. Its server, here on loopback, is busy at first and restarts now and then.
//!
//! ```sh
//! cargo run --example reconnect
//! ```
use std::time::Duration;

use arkws::{Attempt, Client, Error, Message, Proxy, Retry};
use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run().await.map(drop)
}

/// What was received.
async fn run() -> Result<Vec<Message>, Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("ws://{}/", listener.local_addr()?);
    tokio::spawn(serve(listener));

    let client = Client::builder().proxy(Proxy::None).build()?;
    let mut number = 0;
    let request = async |attempt: Attempt| {
        if let Some(error) = attempt.error {
            println!("failed {} times: {error}", attempt.failures);
        }
        // As if somebody had been asked for it.
        number += 1;
        Ok(client.request(&url).bearer_auth(&format!("token-{number}")))
    };
    let retry = Retry {
        initial_delay: Duration::from_millis(20),
        ..Retry::default()
    };
    let mut connections = client.reconnecting(request, retry);
    let mut received = Vec::new();
    // A program that is to stay connected would loop for ever.
    for _ in 0..3 {
        let Some(connection) = connections.next().await else {
            break;
        };
        let (mut socket, _response) = connection?;
        while let Some(message) = socket.next().await {
            match message {
                Ok(message) => {
                    println!("received {message:?}");
                    received.push(message);
                }
                Err(error) => println!("lost: {error}"),
            }
        }
    }
    Ok(received)
}

/// Refuses its first client, and sends the others something before it drops them.
async fn serve(listener: TcpListener) -> Result<(), Error> {
    let (mut stream, _) = listener.accept().await?;
    stream
        .write_all(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        .await?;
    stream.shutdown().await?;
    loop {
        let (stream, _) = listener.accept().await?;
        let mut socket = arkws::accept(stream).await?;
        socket.send(Message::from("hello")).await?;
    }
}

#[cfg(test)]
#[tokio::test]
async fn each_connection_brings_its_message() {
    assert_eq!(run().await.unwrap(), vec![Message::from("hello"); 3]);
}
