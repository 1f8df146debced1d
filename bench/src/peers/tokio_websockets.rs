//! tokio-websockets, `Stream` and `Sink`, fed and flushed as its documentation advises.
use std::net::SocketAddr;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_websockets::{ClientBuilder, Limits, Message, WebSocketStream};

use crate::check::Check;

pub struct Peer(WebSocketStream<TcpStream>);

fn owned(message: &[u8], text: bool) -> Message {
    if text {
        Message::text(std::str::from_utf8(message).expect("text").to_owned())
    } else {
        Message::binary(Bytes::copy_from_slice(message))
    }
}

impl super::Peer for Peer {
    fn open(stream: TcpStream) -> Self {
        Peer(
            ClientBuilder::new()
                .limits(Limits::default())
                .take_over(stream),
        )
    }

    async fn receive(&mut self, n: u64, check: &mut Check) {
        for _ in 0..n {
            check.message(
                self.0
                    .next()
                    .await
                    .expect("a message")
                    .expect("no error")
                    .as_payload(),
            );
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
        let uri = format!("ws://{address}/echo");
        let builder = ClientBuilder::new().uri(&uri).expect("a URI");
        Some(Peer(builder.connect_on(stream).await.expect("accepted").0))
    }
}
