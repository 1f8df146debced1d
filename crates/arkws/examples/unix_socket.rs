//! A client and a server that talk over a Unix socket.
//!
//! ```sh
//! cargo run --example unix_socket
//! ```
#[cfg(unix)]
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), arkws::Error> {
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
    while let Some(message) = socket.next().await.transpose()? {
        println!("received {message:?}");
    }
    server.await.expect("no panic")?;
    Ok(())
}

#[cfg(not(unix))]
fn main() {}

#[cfg(all(test, unix))]
#[test]
fn it_runs() {
    main().unwrap();
}
