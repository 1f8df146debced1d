//! tokio-tungstenite, `Stream` and `Sink`.
use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::check::Check;

pub struct Peer(WebSocketStream<TcpStream>);

fn owned(message: &[u8], text: bool) -> Message {
    if text {
        Message::text(std::str::from_utf8(message).expect("text"))
    } else {
        Message::Binary(Bytes::copy_from_slice(message))
    }
}

impl super::Peer for Peer {
    fn open(stream: TcpStream) -> Self {
        // Its constructor is async but only for form.
        let socket = WebSocketStream::from_raw_socket(
            stream,
            Role::Client,
            Some(WebSocketConfig::default()),
        );
        Peer(futures_util::FutureExt::now_or_never(socket).expect("ready at once"))
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

    async fn send(&mut self, n: u64, message: &[u8], text: bool) {
        for _ in 0..n {
            self.0.feed(owned(message, text)).await.expect("writes");
        }
        self.0.flush().await.expect("writes");
    }

    async fn send_one(&mut self, message: &[u8], text: bool) {
        self.0.send(owned(message, text)).await.expect("writes");
    }

    async fn connect(address: SocketAddr) -> Option<Self> {
        let stream = TcpStream::connect(address).await.expect("connects");
        stream.set_nodelay(true).expect("TCP_NODELAY");
        let url = format!("ws://{address}/echo");
        let (socket, _) = tokio_tungstenite::client_async(url, stream)
            .await
            .expect("accepted");
        Some(Peer(socket))
    }
}
