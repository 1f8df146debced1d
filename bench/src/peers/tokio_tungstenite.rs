//! tokio-tungstenite, `Stream` and `Sink`.
use std::net::SocketAddr;

use futures_util::{FutureExt, SinkExt, StreamExt, TryStreamExt, future};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::peer::{self, Member, Transport};
use crate::check::{Check, Source};

pub struct Peer<S>(WebSocketStream<S>);

fn open<S: Transport>(stream: S, role: Role) -> WebSocketStream<S> {
    // Its constructor is async but only for form.
    WebSocketStream::from_raw_socket(stream, role, Some(WebSocketConfig::default()))
        .now_or_never()
        .expect("ready at once")
}

fn owned(source: &mut Source) -> Message {
    if source.text {
        Message::text(source.next_text())
    } else {
        Message::Binary(Bytes::copy_from_slice(source.next()))
    }
}

impl<S: Transport> peer::Peer<S> for Peer<S> {
    fn open(stream: S) -> Self {
        Peer(open(stream, Role::Client))
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
            self.0.feed(owned(source)).await.expect("writes");
        }
        self.0.flush().await.expect("writes");
    }

    async fn send_one(&mut self, source: &mut Source) {
        self.0.send(owned(source)).await.expect("writes");
    }

    async fn connect(stream: S, address: SocketAddr) -> Option<Self> {
        let url = format!("ws://{address}/echo");
        let (socket, _) = tokio_tungstenite::client_async(url, stream)
            .await
            .expect("accepted");
        Some(Peer(socket))
    }
}

/// As in its `echo-server` example; `forward` flushes when nothing more has arrived, and is faster
/// here than chunks.
pub async fn echo(stream: TcpStream) {
    let (write, read) = open(stream, Role::Server).split();
    let data = read.try_filter(|message| future::ready(message.is_text() || message.is_binary()));
    let _ = data.forward(write).await;
}

/// A member of a broadcast room.
pub struct Joined(WebSocketStream<TcpStream>);

impl Joined {
    pub fn new(stream: TcpStream) -> Self {
        Joined(open(stream, Role::Server))
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
        let _ = self.0.feed(Message::Binary(message)).await;
    }

    async fn flush(&mut self) {
        let _ = self.0.flush().await;
    }
}
