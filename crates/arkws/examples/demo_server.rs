//! The server that `cargo xtask demo` runs the documentation's example against: answers a message,
//! then says `bye`.
//!
//! ```console
//! cargo run --example demo_server -- 127.0.0.1:8080
//! ```
use std::net::SocketAddr;

use arkws::{
    Acceptor, AllowedOrigins, Error, Limits, Message, ServerBuilder, ServerLimits, Transport,
    WebSocket,
};
use tokio::net::TcpListener;

/// The longest message, in bytes.
const MAX_MESSAGE: usize = 64 << 10;
/// The most clients at a time; others are refused.
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
    let acceptor = Acceptor::builder().allowed_origins(origins).limits(Limits {
        max_message_size: MAX_MESSAGE,
        max_frame_size: MAX_MESSAGE as u64,
        ..Limits::default()
    });
    let limits = ServerLimits {
        connections: MAX_CONNECTIONS,
        ..ServerLimits::default()
    };
    let server = ServerBuilder::from(listener).acceptor(acceptor.build());
    let _server = server.limits(limits).serve(async |socket, _request| {
        if let Err(error) = talk(socket).await {
            eprintln!("{error}");
        }
    });
    tokio::signal::ctrl_c().await
}

async fn talk(mut socket: WebSocket<Transport>) -> Result<(), Error> {
    while let Some(message) = socket.recv().await {
        if let Message::Text(text) = Message::from(message?) {
            socket.send(Message::Text(text)).await?;
            socket.send("bye".into()).await?;
        }
    }
    Ok(())
}
