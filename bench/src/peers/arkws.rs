//! arkws, the fast API: borrowed receive, batched send.
use std::net::SocketAddr;
use std::sync::OnceLock;

use arkws::{Config, MessageRef, Negotiated, Role, WebSocket};
use tokio::net::TcpStream;

use crate::check::Check;

/// Made once, as a program does: a client is settings, checked.
static CLIENT: OnceLock<arkws::Client> = OnceLock::new();

pub struct Peer(WebSocket<TcpStream>);

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
            match self.0.recv().await.expect("a message").expect("no error") {
                MessageRef::Text(text) => check.message(text.as_str().as_bytes()),
                MessageRef::Binary(data) => check.message(&data),
                other => panic!("{other:?}"),
            }
        }
    }

    async fn send(&mut self, n: u64, message: &[u8], text: bool) {
        let write_buffer = 64 << 10;
        for _ in 0..n {
            if text {
                self.0
                    .feed_text(std::str::from_utf8(message).expect("text"))
                    .expect("open");
            } else {
                self.0.feed_binary(message).expect("open");
            }
            if self.0.queued() >= write_buffer {
                self.0.flush().await.expect("writes");
            }
        }
        self.0.flush().await.expect("writes");
    }

    async fn send_one(&mut self, message: &[u8], _text: bool) {
        self.0.feed_binary(message).expect("open");
        self.0.flush().await.expect("writes");
    }

    async fn connect(address: SocketAddr) -> Option<Self> {
        let stream = TcpStream::connect(address).await.expect("connects");
        stream.set_nodelay(true).expect("TCP_NODELAY");
        let client = CLIENT.get_or_init(|| arkws::Client::builder().build().expect("options"));
        let url = format!("ws://{address}/echo");
        Some(Peer(
            client.connect_over(&url, stream).await.expect("accepted").0,
        ))
    }
}
