//! The server that `cargo xtask demo` runs the documentation's example against: answers a message, then says `bye`.
//!
//! ```console
//! cargo run --example demo_server -- 127.0.0.1:8080
//! ```
use arkws::{Error, Message};
use tokio::net::{TcpListener, TcpStream};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:8080".into());
    let listener = TcpListener::bind(&address).await?;
    println!("listening on ws://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            if let Err(error) = talk(stream).await {
                eprintln!("{error}");
            }
        });
    }
}

async fn talk(stream: TcpStream) -> Result<(), Error> {
    let mut socket = arkws::accept(stream).await?;
    while let Some(message) = socket.recv().await {
        if let Message::Text(text) = Message::from(message?) {
            socket.send(Message::Text(text)).await?;
            socket.send("bye".into()).await?;
        }
    }
    Ok(())
}
