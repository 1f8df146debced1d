//! arkws, the easy API: `Stream` and `Sink` of owned messages.
use arkws::{Bytes, Message, Negotiated, Role, WebSocket};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;

use super::arkws::{deflate, open};
use super::peer::{self, Member, Transport};
use crate::check::{Check, Source};

pub struct Peer<S>(WebSocket<S>);

fn owned(source: &mut Source) -> Message {
    if source.text {
        Message::Text(source.next_text().into())
    } else {
        Message::Binary(Bytes::copy_from_slice(source.next()))
    }
}

impl<S: Transport> peer::Peer<S> for Peer<S> {
    fn open(stream: S) -> Self {
        Peer(open(stream, Role::Client, Negotiated::default()))
    }

    fn open_deflate(stream: S) -> Option<Self> {
        Some(Peer(open(stream, Role::Client, deflate(false))))
    }

    async fn receive(&mut self, n: u64, check: &mut Check) {
        for _ in 0..n {
            match self.0.next().await.expect("a message").expect("no error") {
                Message::Text(text) => check.message(text.as_bytes()),
                Message::Binary(data) => check.message(&data),
                other => panic!("{other:?}"),
            }
        }
    }

    async fn send(&mut self, n: u64, source: &mut Source) {
        for _ in 0..n {
            SinkExt::feed(&mut self.0, owned(source))
                .await
                .expect("writes");
        }
        SinkExt::flush(&mut self.0).await.expect("writes");
    }

    async fn send_one(&mut self, source: &mut Source) {
        SinkExt::send(&mut self.0, owned(source))
            .await
            .expect("writes");
    }
}

/// Echoes: what is queued leaves when all that was read has been consumed.
pub async fn echo(stream: TcpStream) {
    let mut socket = open(stream, Role::Server, Negotiated::default());
    while let Some(Ok(message)) = socket.next().await {
        if message.is_data() && SinkExt::feed(&mut socket, message).await.is_err() {
            return;
        }
    }
}

/// A member of a broadcast room.
pub struct Joined(WebSocket<TcpStream>);

impl Joined {
    pub fn new(stream: TcpStream) -> Self {
        Joined(open(stream, Role::Server, Negotiated::default()))
    }
}

impl Member for Joined {
    async fn next(&mut self) -> Option<Bytes> {
        match self.0.next().await?.ok()? {
            Message::Binary(data) => Some(data),
            _ => None,
        }
    }

    async fn feed(&mut self, message: Bytes) {
        let _ = SinkExt::feed(&mut self.0, Message::Binary(message)).await;
    }

    async fn flush(&mut self) {
        let _ = SinkExt::flush(&mut self.0).await;
    }
}
