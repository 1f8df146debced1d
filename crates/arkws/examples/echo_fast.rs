//! An echo server on the fast paths: what it receives is borrowed, and the answers to all that one
//! read has brought leave in one write.
//!
//! ```console
//! cargo run --release --example echo_fast -- 127.0.0.1:9001
//! ```
use std::sync::Arc;

use arkws::{Acceptor, AllowedOrigins, Error, Limits, MessageRef};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// The longest message, in bytes.
const MAX_MESSAGE: usize = 1 << 20;
/// The most clients at a time; others wait in the listener's queue.
const MAX_CONNECTIONS: usize = 128;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1);
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:9001")).await?;
    println!("listening on ws://{}", listener.local_addr()?);
    let no_origins = AllowedOrigins::new([""; 0]).map_err(std::io::Error::other)?;
    let acceptor = Acceptor::builder()
        // Pages of no site may connect; programs may.
        .allowed_origins(no_origins)
        .limits(Limits {
            max_message_size: MAX_MESSAGE,
            max_frame_size: MAX_MESSAGE as u64,
            ..Limits::default()
        })
        .build();
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let permit = Arc::clone(&permits).acquire_owned().await;
        let (stream, peer) = listener.accept().await?;
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            if let Err(error) = serve(stream, acceptor).await {
                eprintln!("{peer}: {error}");
            }
            drop(permit);
        });
    }
}

async fn serve(stream: TcpStream, acceptor: Acceptor) -> Result<(), Error> {
    stream.set_nodelay(true).map_err(Error::Lost)?;
    let mut socket = acceptor.accept(stream).await?;
    while let Some(received) = socket.recv_with_outbox().await {
        let (message, mut outbox) = received?;
        match message {
            MessageRef::Text(text) => outbox.feed_text(&text)?,
            MessageRef::Binary(data) => outbox.feed_binary(&data)?,
            MessageRef::Ping(_) | MessageRef::Pong(_) | MessageRef::Close(_) => {}
        }
        // When all that was read is answered, receiving writes by itself; before that only what is
        // much.
        if outbox.is_full() {
            socket.flush().await?;
        }
    }
    Ok(())
}
