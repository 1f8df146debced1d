//! Servers that listen on Unix sockets.
use arkws::Cause;
use tokio::net::UnixListener;

use crate::{assert_echoes, builder, echo};

#[tokio::test]
async fn a_server_is_reached_through_a_unix_socket() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("server.sock");
    let listener = UnixListener::bind(&path).unwrap();
    tokio::spawn(async move { echo(listener.accept().await.unwrap().0).await });
    let client = builder().build().unwrap();

    let request = client.request("ws://localhost/p").bearer_auth("fresh");
    let (mut socket, response) = client.connect_unix(&path, request).await.unwrap();

    assert_eq!(response.status, 101);
    assert_echoes(&mut socket).await;
    assert!(socket.get_ref().peer_addr().unwrap().as_pathname() == Some(&path));
}

#[tokio::test]
async fn a_unix_socket_that_nobody_listens_on_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("missing.sock");
    let client = builder().build().unwrap();

    let error = client.connect_unix(&path, "ws://localhost/").await;

    let error = error.unwrap_err();
    assert_eq!(error.cause(), Cause::Io, "{error}");
    let words = format!("{} cannot be connected to: ", path.display());
    assert!(error.to_string().starts_with(&words), "{error}");
}
