//! soketto, which leaves the buffering of writes to its caller.
use std::net::SocketAddr;

use soketto::connection::{Builder, Mode, Receiver, Sender};
use soketto::handshake::{Client, ServerResponse};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt};

use super::corked::Corked;
use super::peer::{self, Transport};
use crate::check::{Check, Source};

type Io<S> = futures_util::io::BufWriter<Compat<S>>;

pub struct Peer<S> {
    sender: Sender<Io<S>>,
    receiver: Receiver<Io<S>>,
    buffer: Vec<u8>,
}

fn io<S: Transport>(stream: S) -> Io<S> {
    futures_util::io::BufWriter::with_capacity(64 << 10, stream.compat())
}

impl<S: Transport> Peer<S> {
    fn new((sender, receiver): (Sender<Io<S>>, Receiver<Io<S>>)) -> Self {
        Peer {
            sender,
            receiver,
            buffer: Vec::new(),
        }
    }
}

impl<S: Transport> peer::Peer<S> for Peer<S> {
    fn open(stream: S) -> Self {
        Peer::new(Builder::new(io(stream), Mode::Client).finish())
    }

    async fn receive(&mut self, n: u64, check: &mut Check) {
        for _ in 0..n {
            self.buffer.clear();
            self.receiver
                .receive_data(&mut self.buffer)
                .await
                .expect("no error");
            check.message(&self.buffer);
        }
    }

    async fn send(&mut self, n: u64, source: &mut Source) {
        for _ in 0..n {
            if source.text {
                let text = source.next_text();
                self.sender.send_text(text).await.expect("writes");
            } else {
                self.sender
                    .send_binary(source.next())
                    .await
                    .expect("writes");
            }
        }
        self.sender.flush().await.expect("writes");
    }

    async fn send_one(&mut self, source: &mut Source) {
        self.send(1, source).await;
    }

    async fn connect(stream: S, _address: SocketAddr) -> Option<Self> {
        let mut client = Client::new(io(stream), "localhost", "/echo");
        let ServerResponse::Accepted { .. } = client.handshake().await.expect("a response") else {
            panic!("refused");
        };
        Some(Peer::new(client.into_builder().finish()))
    }
}

/// Over a corked stream.
pub async fn echo(stream: TcpStream) {
    let stream = Corked::new(stream).compat();
    let (mut sender, mut receiver) = Builder::new(stream, Mode::Server).finish();
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match receiver.receive_data(&mut buffer).await {
            Ok(kind) if kind.is_binary() => {
                if sender.send_binary(&buffer).await.is_err() {
                    return;
                }
            }
            _ => return,
        }
    }
}
