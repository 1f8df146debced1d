//! yawc, with its default buffers and with the tuned ones of its README; UTF-8 checks on in both.
use std::net::SocketAddr;

use bytes::Bytes;
use futures_util::SinkExt;
use tokio::net::TcpStream;
use yawc::{Frame, Options, Role, WebSocket};

use crate::check::Check;

pub struct Peer<const TUNED: bool>(WebSocket<TcpStream>);

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

fn owned(message: &[u8], text: bool) -> Frame {
    let payload = Bytes::copy_from_slice(message);
    if text {
        Frame::text(payload)
    } else {
        Frame::binary(payload)
    }
}

impl<const TUNED: bool> super::Peer for Peer<TUNED> {
    fn open(stream: TcpStream) -> Self {
        Peer(WebSocket::from_stream(stream, Role::Client, options(TUNED)).expect("options"))
    }

    async fn receive(&mut self, n: u64, check: &mut Check) {
        for _ in 0..n {
            check.message(self.0.next_frame().await.expect("no error").payload());
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
        let url = format!("ws://{address}/echo").parse().expect("a URL");
        Some(Peer(
            WebSocket::handshake(url, stream, options(TUNED))
                .await
                .expect("accepted"),
        ))
    }
}
