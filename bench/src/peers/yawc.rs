//! yawc, with its default buffers and with the tuned ones of its README; UTF-8 checks on in both.
use std::net::SocketAddr;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use yawc::{CompressionLevel, Frame, OpCode, Options, Role, WebSocket};

use super::peer::{self, Member, Transport};
use crate::check::{Check, Source};

pub struct Peer<S, const TUNED: bool>(WebSocket<S>);

fn options(tuned: bool) -> Options {
    let options = Options::default()
        .without_compression()
        .with_utf8()
        .with_max_payload_read(64 << 20)
        .with_max_read_buffer(128 << 20);
    if tuned {
        options
            .with_read_buffer_capacity(128 << 10)
            .with_backpressure_boundary(64 << 10)
    } else {
        options
    }
}

fn owned(source: &mut Source) -> Frame {
    let payload = Bytes::copy_from_slice(source.next());
    if source.text {
        Frame::text(payload)
    } else {
        Frame::binary(payload)
    }
}

impl<S: Transport, const TUNED: bool> peer::Peer<S> for Peer<S, TUNED> {
    fn open(stream: S) -> Self {
        Peer(WebSocket::from_stream(stream, Role::Client, options(TUNED)).expect("options"))
    }

    fn open_deflate(stream: S) -> Option<Self> {
        let options = options(TUNED).with_compression_level(CompressionLevel::new(6));
        let agreed = Some("permessage-deflate");
        Some(Peer(
            WebSocket::from_stream_with_extensions(stream, Role::Client, agreed, options)
                .expect("options"),
        ))
    }

    async fn receive(&mut self, n: u64, check: &mut Check) {
        for _ in 0..n {
            check.message(self.0.next_frame().await.expect("no error").payload());
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
        let url = format!("ws://{address}/echo").parse().expect("a URL");
        Some(Peer(
            WebSocket::handshake(url, stream, options(TUNED))
                .await
                .expect("accepted"),
        ))
    }
}

fn accepted(stream: TcpStream, tuned: bool) -> WebSocket<TcpStream> {
    WebSocket::from_stream(stream, Role::Server, options(tuned)).expect("options")
}

/// In chunks; its stream has frames, not results.
pub async fn echo(stream: TcpStream, tuned: bool) {
    let (mut sink, stream) = accepted(stream, tuned).split();
    let mut chunks = stream.ready_chunks(64);
    while let Some(chunk) = chunks.next().await {
        for frame in chunk {
            let is_data = matches!(frame.opcode(), OpCode::Text | OpCode::Binary);
            if is_data && sink.feed(frame).await.is_err() {
                return;
            }
        }
        if sink.flush().await.is_err() {
            return;
        }
    }
}

/// A member of a broadcast room.
pub struct Joined(WebSocket<TcpStream>);

impl Joined {
    pub fn new(stream: TcpStream, tuned: bool) -> Self {
        Joined(accepted(stream, tuned))
    }
}

impl Member for Joined {
    async fn next(&mut self) -> Option<Bytes> {
        let frame = self.0.next_frame().await.ok()?;
        (frame.opcode() == OpCode::Binary).then(|| frame.into_payload())
    }

    async fn feed(&mut self, message: Bytes) {
        let _ = self.0.feed(Frame::binary(message)).await;
    }

    async fn flush(&mut self) {
        let _ = self.0.flush().await;
    }
}
