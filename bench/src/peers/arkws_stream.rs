//! arkws, the easy API: `Stream` and `Sink` of owned messages.
use std::net::SocketAddr;

use arkws::{Bytes, Config, Message, Negotiated, Role, WebSocket};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;

use crate::check::Check;

pub struct Peer(WebSocket<TcpStream>);

fn owned(message: &[u8], text: bool) -> Message {
    if text {
        Message::Text(std::str::from_utf8(message).expect("text").into())
    } else {
        Message::Binary(Bytes::copy_from_slice(message))
    }
}

impl super::Peer for Peer {
    fn open(stream: TcpStream) -> Self {
        Peer(WebSocket::from_handshake(
            stream,
            Role::Client,
            Config::default(),
            Negotiated::default(),
            &[],
        ))
    }

    async fn receive(&mut self, n: u64, check: &mut Check) {
        for _ in 0..n {
            match StreamExt::next(&mut self.0)
                .await
                .expect("a message")
                .expect("no error")
            {
                Message::Text(text) => check.message(text.as_bytes()),
                Message::Binary(data) => check.message(&data),
                other => panic!("{other:?}"),
            }
        }
    }

    async fn send(&mut self, n: u64, message: &[u8], text: bool) {
        for _ in 0..n {
            SinkExt::feed(&mut self.0, owned(message, text))
                .await
                .expect("writes");
        }
        SinkExt::flush(&mut self.0).await.expect("writes");
    }

    async fn send_one(&mut self, message: &[u8], text: bool) {
        SinkExt::send(&mut self.0, owned(message, text))
            .await
            .expect("writes");
    }

    async fn connect(_address: SocketAddr) -> Option<Self> {
        None
    }
}
