//! tokio-websockets, `Stream` and `Sink`, fed and flushed as its documentation advises.
use std::net::SocketAddr;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_websockets::{ClientBuilder, Limits, Message, ServerBuilder, WebSocketStream};

use super::peer::{self, Member, Transport};
use crate::check::{Check, Source};

pub struct Peer<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin>(WebSocketStream<S>);

fn owned(source: &mut Source) -> Message {
    if source.text {
        Message::text(source.next_text().to_owned())
    } else {
        Message::binary(Bytes::copy_from_slice(source.next()))
    }
}

impl<S: Transport> peer::Peer<S> for Peer<S> {
    fn open(stream: S) -> Self {
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
        let uri = format!("ws://{address}/echo");
        let builder = ClientBuilder::new().uri(&uri).expect("a URI");
        Some(Peer(builder.connect_on(stream).await.expect("accepted").0))
    }
}

/// In chunks: it flushes whenever it is asked for another message, so with `forward` each would
/// leave by itself.
pub async fn echo(stream: TcpStream) {
    let (mut sink, stream) = ServerBuilder::new().serve(stream).split();
    let mut chunks = stream.ready_chunks(64);
    while let Some(chunk) = chunks.next().await {
        for message in chunk {
            let Ok(message) = message else { return };
            let is_data = message.is_text() || message.is_binary();
            if is_data && sink.feed(message).await.is_err() {
                return;
            }
        }
        if sink.flush().await.is_err() {
            return;
        }
    }
}

/// A member of a broadcast room.
pub struct Joined(WebSocketStream<TcpStream>);

impl Joined {
    pub fn new(stream: TcpStream) -> Self {
        Joined(ServerBuilder::new().serve(stream))
    }
}

impl Member for Joined {
    async fn next(&mut self) -> Option<Bytes> {
        let message = self.0.next().await?.ok()?;
        message.is_binary().then(|| message.into_payload().into())
    }

    async fn feed(&mut self, message: Bytes) {
        let _ = self.0.feed(Message::binary(message)).await;
    }

    async fn flush(&mut self) {
        let _ = self.0.flush().await;
    }
}
