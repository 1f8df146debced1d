//! arkws, the fast API: borrowed receive, batched send. `DEFAULT`: it compresses as it does by
//! default, not as the others do.
use std::net::SocketAddr;
use std::sync::OnceLock;

use arkws::{
    Bytes, Config, DeflateConfig, DeflateParams, Message, MessageRef, Negotiated, Role, WebSocket,
};
use tokio::net::TcpStream;

use super::peer::{self, Member, Transport};
use crate::check::{Check, Source};

/// Made once, as a program does: a client is settings, checked.
static CLIENT: OnceLock<arkws::Client> = OnceLock::new();

pub struct Peer<S, const DEFAULT: bool>(WebSocket<S>);

pub fn open<S: Transport>(stream: S, role: Role, negotiated: Negotiated) -> WebSocket<S> {
    WebSocket::from_handshake(stream, role, Config::default(), negotiated, &[])
}

/// zlib's level 6, which is the other peers' default, or our own.
pub fn deflate(default: bool) -> Negotiated {
    let config = DeflateConfig::default();
    let deflate = DeflateParams {
        server_no_context_takeover: false,
        client_no_context_takeover: false,
        server_max_window_bits: 15,
        client_max_window_bits: 15,
        level: if default { config.level } else { 6 },
        min_size: config.min_size,
    };
    Negotiated {
        deflate: Some(deflate),
        ..Negotiated::default()
    }
}

impl<S: Transport, const DEFAULT: bool> peer::Peer<S> for Peer<S, DEFAULT> {
    fn open(stream: S) -> Self {
        Peer(open(stream, Role::Client, Negotiated::default()))
    }

    fn open_deflate(stream: S) -> Option<Self> {
        Some(Peer(open(stream, Role::Client, deflate(DEFAULT))))
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

    async fn send(&mut self, n: u64, source: &mut Source) {
        for _ in 0..n {
            self.0.ready().await.expect("writes");
            self.feed(source);
        }
        self.0.flush().await.expect("writes");
    }

    async fn send_one(&mut self, source: &mut Source) {
        self.feed(source);
        self.0.flush().await.expect("writes");
    }

    async fn connect(stream: S, address: SocketAddr) -> Option<Self> {
        let client = CLIENT.get_or_init(|| arkws::Client::builder().build().expect("options"));
        let url = format!("ws://{address}/echo");
        Some(Peer(
            client.connect_over(&url, stream).await.expect("accepted").0,
        ))
    }
}

impl<S, const DEFAULT: bool> Peer<S, DEFAULT> {
    #[inline]
    fn feed(&mut self, source: &mut Source) {
        if source.text {
            self.0.feed_text(source.next_text()).expect("open");
        } else {
            self.0.feed_binary(source.next()).expect("open");
        }
    }
}

/// Echoes: what is queued leaves when all that was read has been consumed.
pub async fn echo(stream: TcpStream) {
    let mut socket = open(stream, Role::Server, Negotiated::default());
    while let Some(Ok((message, mut outbox))) = socket.recv_with_outbox().await {
        match message {
            MessageRef::Text(text) => outbox.feed_text(&text).expect("open"),
            MessageRef::Binary(data) => outbox.feed_binary(&data).expect("open"),
            _ => {}
        }
        if outbox.is_full() && socket.flush().await.is_err() {
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
        match self.0.recv().await?.ok()? {
            MessageRef::Binary(data) => Some(Bytes::copy_from_slice(&data)),
            _ => None,
        }
    }

    async fn feed(&mut self, message: Bytes) {
        self.0.feed_message(Message::Binary(message)).expect("open");
    }

    async fn flush(&mut self) {
        let _ = self.0.flush().await;
    }
}
