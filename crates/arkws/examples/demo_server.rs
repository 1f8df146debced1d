//! The server that `cargo xtask demo` runs the documentation's example against: answers a message,
//! then says `bye`.
//!
//! ```console
//! cargo run --example demo_server -- 127.0.0.1:8080
//! ```
use std::net::SocketAddr;
use std::sync::Arc;

use arkws::{Acceptor, AllowedOrigins, Error, Limits, Message};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// The longest message, in bytes.
const MAX_MESSAGE: usize = 64 << 10;
/// The most clients at a time; others wait in the listener's queue.
const MAX_CONNECTIONS: usize = 16;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:8080".into());
    let listener = TcpListener::bind(&address).await?;
    let address = listener.local_addr()?;
    println!("listening on ws://{address}");
    // What the demo's client says it is; pages of the web may not connect.
    let origins = AllowedOrigins::new([
        format!("http://{address}"),
        format!("http://{}", SocketAddr::new(address.ip(), 80)),
    ]);
    let origins = origins.map_err(std::io::Error::other)?;
    let acceptor = Acceptor::builder()
        .allowed_origins(origins)
        .limits(Limits {
            max_message_size: MAX_MESSAGE,
            max_frame_size: MAX_MESSAGE as u64,
            ..Limits::default()
        })
        .build();
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let permit = Arc::clone(&permits).acquire_owned().await;
        let (stream, _) = listener.accept().await?;
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            if let Err(error) = talk(stream, acceptor).await {
                eprintln!("{error}");
            }
            drop(permit);
        });
    }
}

async fn talk(stream: TcpStream, acceptor: Acceptor) -> Result<(), Error> {
    let mut socket = acceptor.accept(stream).await?;
    while let Some(message) = socket.recv().await {
        if let Message::Text(text) = Message::from(message?) {
            socket.send(Message::Text(text)).await?;
            socket.send("bye".into()).await?;
        }
    }
    Ok(())
}
