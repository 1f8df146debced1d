//! fastwebsockets, with a BufWriter so that it can batch at all. Its `FragmentCollector` cannot flush, so it reads frames, not
//! messages: an advantage for it, as no message here is fragmented.
use std::net::SocketAddr;

use fastwebsockets::{Frame, Payload, Role, WebSocket};
use tokio::io::BufWriter;
use tokio::net::TcpStream;

use crate::check::Check;

pub struct Peer(WebSocket<BufWriter<TcpStream>>);

fn frame(message: &[u8], text: bool) -> Frame<'_> {
    let payload = Payload::Borrowed(message);
    if text {
        Frame::text(payload)
    } else {
        Frame::binary(payload)
    }
}

impl super::Peer for Peer {
    fn open(stream: TcpStream) -> Self {
        let stream = BufWriter::with_capacity(64 << 10, stream);
        let mut socket = WebSocket::after_handshake(stream, Role::Client);
        socket.set_auto_close(true);
        socket.set_auto_pong(true);
        socket.set_writev(false);
        Peer(socket)
    }

    async fn receive(&mut self, n: u64, check: &mut Check) {
        for _ in 0..n {
            let frame = self.0.read_frame().await.expect("no error");
            check.message(&frame.payload);
        }
    }

    async fn send(&mut self, n: u64, message: &[u8], text: bool) {
        for _ in 0..n {
            self.0
                .write_frame(frame(message, text))
                .await
                .expect("writes");
        }
        self.0.flush().await.expect("writes");
    }

    async fn send_one(&mut self, message: &[u8], text: bool) {
        self.0
            .write_frame(frame(message, text))
            .await
            .expect("writes");
        self.0.flush().await.expect("writes");
    }

    async fn connect(_address: SocketAddr) -> Option<Self> {
        None // Its client handshake is hyper's.
    }
}
