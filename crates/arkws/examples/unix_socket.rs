//! A client and a server that talk over a Unix socket.
//!
//! ```sh
//! cargo run --example unix_socket
//! ```
#[cfg(unix)]
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), arkws::Error> {
    run().await.map(drop)
}

/// What the client received.
#[cfg(unix)]
async fn run() -> Result<Vec<arkws::Message>, arkws::Error> {
    use arkws::{Client, Message};
    use futures_util::StreamExt;
    use tokio::net::UnixListener;

    let directory = tempfile::tempdir()?;
    let path = directory.path().join("app.sock");
    let listener = UnixListener::bind(&path)?;
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await?;
        let mut socket = arkws::accept(stream).await?;
        socket.send(Message::from("hello")).await?;
        socket.close(None).await
    });

    // The host is what the server finds in the field `Host`.
    let client = Client::builder().build()?;
    let (mut socket, _response) = client.connect_unix(&path, "ws://localhost/events").await?;
    let mut received = Vec::new();
    while let Some(message) = socket.next().await.transpose()? {
        println!("received {message:?}");
        received.push(message);
    }
    server.await.expect("no panic")?;
    Ok(received)
}

#[cfg(not(unix))]
fn main() {}

#[cfg(all(test, unix))]
#[tokio::test]
async fn the_message_comes_over_the_socket() {
    let received = run().await.unwrap();
    assert_eq!(received, ["hello".into(), arkws::Message::Close(None)]);
}
