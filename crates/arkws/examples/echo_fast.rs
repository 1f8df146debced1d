//! An echo server on the fast paths: what it receives is borrowed, and the answers to all that one
//! read has brought leave in one write.
//!
//! ```console
//! cargo run --release --example echo_fast -- 127.0.0.1:9001
//! ```
use arkws::{
    Acceptor, AllowedOrigins, Error, Limits, MessageRef, Server, ServerLimits, Transport, WebSocket,
};

/// The longest message, in bytes.
const MAX_MESSAGE: usize = 1 << 20;
/// The most clients at a time; others are refused.
const MAX_CONNECTIONS: usize = 128;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1);
    let server = Server::bind(address.as_deref().unwrap_or("127.0.0.1:9001")).await?;
    let no_origins = AllowedOrigins::new([""; 0]).map_err(std::io::Error::other)?;
    let acceptor = Acceptor::builder()
        // Pages of no site may connect; programs may.
        .allowed_origins(no_origins)
        .limits(Limits {
            max_message_size: MAX_MESSAGE,
            max_frame_size: MAX_MESSAGE as u64,
            ..Limits::default()
        });
    let limits = ServerLimits {
        connections: MAX_CONNECTIONS,
        ..ServerLimits::default()
    };
    let server = server.acceptor(acceptor.build()).limits(limits);
    let server = server.serve(async |socket, request| {
        if let Err(error) = echo(socket).await {
            eprintln!("{:?}: {error}", request.peer().address);
        }
    });
    if let Some(address) = server.local_addr() {
        println!("listening on ws://{address}");
    }
    tokio::signal::ctrl_c().await
}

async fn echo(mut socket: WebSocket<Transport>) -> Result<(), Error> {
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
