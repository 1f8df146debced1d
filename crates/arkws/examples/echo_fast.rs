//! An echo server on the fast paths: what it receives is borrowed, and the answers to all that one read has brought leave
//! in one write.
//!
//! ```console
//! cargo run --release --example echo_fast -- 127.0.0.1:9001
//! ```
use arkws::{Error, MessageRef};
use tokio::net::{TcpListener, TcpStream};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1);
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:9001")).await?;
    println!("listening on ws://{}", listener.local_addr()?);
    loop {
        let (stream, peer) = listener.accept().await?;
        tokio::spawn(async move {
            if let Err(error) = serve(stream).await {
                eprintln!("{peer}: {error}");
            }
        });
    }
}

async fn serve(stream: TcpStream) -> Result<(), Error> {
    stream.set_nodelay(true).map_err(Error::Lost)?;
    let mut socket = arkws::accept(stream).await?;
    while let Some(received) = socket.recv_with_outbox().await {
        let (message, mut outbox) = received?;
        match message {
            MessageRef::Text(text) => outbox.feed_text(&text)?,
            MessageRef::Binary(data) => outbox.feed_binary(&data)?,
            MessageRef::Ping(_) | MessageRef::Pong(_) | MessageRef::Close(_) => {}
        }
        // When all that was read is answered, receiving writes by itself; before that only what is much.
        if outbox.is_full() {
            socket.flush().await?;
        }
    }
    Ok(())
}
