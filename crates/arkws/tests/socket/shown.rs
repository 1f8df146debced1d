//! `Debug` shows no payload.
use std::fmt::Debug;

use arkws::{Config, Message, MessageRef, Role};
use tokio::io::AsyncWriteExt;

use crate::common::{BINARY, TEXT, frame, raw};

/// In words, and byte by byte.
#[track_caller]
fn assert_hidden(what: &impl Debug) {
    let shown = format!("{what:?}");
    for secret in ["SECRET", "83, 69, 67"] {
        assert!(!shown.contains(secret), "{shown:.1000}");
    }
}

#[tokio::test]
async fn no_payload_of_a_connection_is_shown() {
    let (mut socket, mut far) = raw(Role::Server, Config::default());
    let mut input = frame(Role::Server, TEXT, b"SECRET");
    input.extend(frame(Role::Server, BINARY, b"SECRET"));
    far.write_all(&input).await.unwrap();
    let (message, mut outbox) = socket.recv_with_outbox().await.unwrap().unwrap();
    assert!(matches!(message, MessageRef::Text(_)));
    outbox.feed_binary(b"SECRET").unwrap();
    assert_hidden(&outbox);
    assert_eq!(format!("{outbox:?}"), "Outbox { queued: 8, .. }");
    assert_hidden(&socket);
    let (sender, receiver) = socket.split();
    assert_hidden(&(&sender, &receiver));
}

#[tokio::test]
async fn a_message_that_is_given_back_is_not_shown() {
    let (mut socket, _far) = raw(Role::Client, Config::default());
    socket.start_close(None);
    for message in [Message::from("SECRET"), Message::from(b"SECRET".to_vec())] {
        let unsent = socket.feed_message(message.clone()).unwrap_err();
        assert_eq!(
            format!("{unsent:?}"),
            "Unsent { error: Closing, message: 6 }"
        );
        let error = socket.send(message.clone()).await.unwrap_err();
        assert_hidden(&error);
        assert_eq!(error.into_unsent(), Some(message));
    }
}
