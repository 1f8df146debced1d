//! The transport of a socket, and the end of its `Stream`.
use arkws::{Config, Message, Role};
use futures_util::stream::FusedStream;
use futures_util::{StreamExt, select};
use tokio::io::AsyncWriteExt;

use crate::common::{CLOSE, TEXT, frame, next, pair, raw};

#[tokio::test]
async fn the_transport_is_given_back_with_what_was_read_and_not_looked_at() {
    let (mut socket, mut far) = raw(Role::Client, Config::default());
    let mut bytes = frame(Role::Client, TEXT, b"the last");
    bytes.extend_from_slice(b"another protocol");
    far.write_all(&bytes).await.unwrap();
    assert_eq!(next(&mut socket).await.unwrap().unwrap(), "the last".into());

    socket.get_mut().write_all(b"by hand").await.unwrap();
    let (io, unread) = socket.into_inner();
    assert_eq!(&unread[..], b"another protocol");
    drop(io);
    assert_eq!(crate::common::read_rest(&mut far).await, b"by hand");
}

#[tokio::test]
async fn a_socket_is_a_fused_stream() {
    let (mut socket, mut far) = raw(Role::Server, Config::default());
    assert!(!socket.is_terminated());
    far.write_all(&frame(Role::Server, TEXT, b"text"))
        .await
        .unwrap();
    far.write_all(&frame(Role::Server, CLOSE, b""))
        .await
        .unwrap();
    drop(far);
    let mut count = 0;
    loop {
        // No `fuse()` is needed.
        select! {
            message = socket.next() => match message {
                Some(message) => {
                    message.unwrap();
                    count += 1;
                }
                // The end is told once.
                None => assert!(socket.is_terminated()),
            },
            complete => break,
        }
    }
    assert_eq!(count, 2);
}

#[tokio::test]
async fn a_receiver_is_a_fused_stream() {
    let (near, mut far) = pair(4096);
    let (_sender, mut receiver) = near.split();
    assert!(!receiver.is_terminated());
    let (closed, ()) = tokio::join!(far.close(None), async {
        while let Some(message) = receiver.next().await {
            assert_eq!(message.unwrap(), Message::Close(None));
            assert!(!receiver.is_terminated());
        }
    });
    closed.unwrap();
    assert!(receiver.is_terminated());
}
