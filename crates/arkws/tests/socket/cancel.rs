//! Futures that are dropped after every single poll.
use arkws::{Config, Message, Role};
use futures_util::poll;
use std::pin::pin;
use std::task::Poll;
use tokio::io::AsyncWriteExt;

use crate::common::{PING, TEXT, frame, open, read_frame};

#[tokio::test]
async fn recv_loses_nothing_when_it_is_dropped_after_every_poll() {
    for buffer in [1, 2, 3, 7, 64] {
        let (near, mut far) = tokio::io::duplex(buffer);
        let mut socket = open(near, Role::Server, Config::default());
        let write = tokio::spawn(async move {
            for number in 0..100 {
                let text = format!("message {number}");
                far.write_all(&frame(Role::Server, TEXT, text.as_bytes()))
                    .await
                    .unwrap();
                far.write_all(&frame(Role::Server, PING, b"?"))
                    .await
                    .unwrap();
                // Its pong.
                read_frame(&mut far).await;
            }
            far
        });
        let mut texts = Vec::new();
        while texts.len() < 100 {
            let polled = match poll!(pin!(socket.recv())) {
                Poll::Ready(message) => Some(Message::from(message.unwrap().unwrap())),
                Poll::Pending => None,
            };
            match polled {
                Some(Message::Text(text)) => texts.push(text),
                Some(_) => {}
                None => tokio::task::yield_now().await,
            }
        }
        for (number, text) in texts.iter().enumerate() {
            assert_eq!(text, &format!("message {number}"));
        }
        drop((write, socket));
    }
}

#[tokio::test]
async fn flush_loses_nothing_when_it_is_dropped_after_every_poll() {
    let (near, far) = tokio::io::duplex(5);
    let mut client = open(near, Role::Client, Config::default());
    let mut server = open(far, Role::Server, Config::default());
    let read = tokio::spawn(async move {
        for number in 0..100 {
            let message = server.recv().await.unwrap().unwrap();
            assert_eq!(
                Message::from(message),
                Message::from(format!("message {number}"))
            );
        }
    });
    for number in 0..100 {
        client.feed_text(&format!("message {number}")).unwrap();
    }
    while poll!(pin!(client.flush())).is_pending() {
        tokio::task::yield_now().await;
    }
    read.await.unwrap();
}
