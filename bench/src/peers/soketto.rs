//! soketto.
use std::net::SocketAddr;

use soketto::connection::{Builder, Mode, Receiver, Sender};
use soketto::handshake::{Client, ServerResponse};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt};

use crate::check::Check;

/// soketto leaves the buffering of writes to its caller.
type Io = futures_util::io::BufWriter<Compat<TcpStream>>;

pub struct Peer {
    sender: Sender<Io>,
    receiver: Receiver<Io>,
    buffer: Vec<u8>,
}

fn io(stream: TcpStream) -> Io {
    futures_util::io::BufWriter::with_capacity(64 << 10, stream.compat())
}

impl super::Peer for Peer {
    fn open(stream: TcpStream) -> Self {
        let (sender, receiver) = Builder::new(io(stream), Mode::Client).finish();
        Peer {
            sender,
            receiver,
            buffer: Vec::new(),
        }
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

    async fn send(&mut self, n: u64, message: &[u8], text: bool) {
        for _ in 0..n {
            if text {
                self.sender
                    .send_text(std::str::from_utf8(message).expect("text"))
                    .await
                    .expect("writes");
            } else {
                self.sender.send_binary(message).await.expect("writes");
            }
        }
        self.sender.flush().await.expect("writes");
    }

    async fn send_one(&mut self, message: &[u8], text: bool) {
        self.send(1, message, text).await;
    }

    async fn connect(address: SocketAddr) -> Option<Self> {
        let stream = TcpStream::connect(address).await.expect("connects");
        stream.set_nodelay(true).expect("TCP_NODELAY");
        let mut client = Client::new(io(stream), "localhost", "/echo");
        let ServerResponse::Accepted { .. } = client.handshake().await.expect("a response") else {
            panic!("refused");
        };
        let (sender, receiver) = client.into_builder().finish();
        Some(Peer {
            sender,
            receiver,
            buffer: Vec::new(),
        })
    }
}
