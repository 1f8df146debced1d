//! fastwebsockets, with a buffer around its stream so that it can batch at all. Its
//! `FragmentCollector` cannot flush, so it reads frames, not messages: an advantage for it, as no
//! message here is fragmented.
use fastwebsockets::{Frame, OpCode, Payload, Role, WebSocket};
use tokio::io::{AsyncRead, AsyncWrite, BufWriter};
use tokio::net::TcpStream;

use super::corked::Corked;
use super::peer::{self, Transport};
use crate::check::{Check, Source};

pub struct Peer<S>(WebSocket<BufWriter<S>>);

fn open<S: AsyncRead + AsyncWrite + Unpin>(stream: S, role: Role) -> WebSocket<S> {
    let mut socket = WebSocket::after_handshake(stream, role);
    socket.set_auto_close(true);
    socket.set_auto_pong(true);
    socket.set_writev(false);
    socket
}

fn frame(source: &mut Source) -> Frame<'_> {
    let text = source.text;
    let payload = Payload::Borrowed(source.next());
    if text {
        Frame::text(payload)
    } else {
        Frame::binary(payload)
    }
}

impl<S: Transport> peer::Peer<S> for Peer<S> {
    fn open(stream: S) -> Self {
        let stream = BufWriter::with_capacity(64 << 10, stream);
        Peer(open(stream, Role::Client))
    }

    async fn receive(&mut self, n: u64, check: &mut Check) {
        for _ in 0..n {
            let frame = self.0.read_frame().await.expect("no error");
            check.message(&frame.payload);
        }
    }

    async fn send(&mut self, n: u64, source: &mut Source) {
        for _ in 0..n {
            self.0.write_frame(frame(source)).await.expect("writes");
        }
        self.0.flush().await.expect("writes");
    }

    async fn send_one(&mut self, source: &mut Source) {
        self.send(1, source).await;
    }

    // Its client handshake is hyper's.
}

/// As in its `echo_server` example, over a corked stream.
pub async fn echo(stream: TcpStream) {
    let mut socket = open(Corked::new(stream), Role::Server);
    while let Ok(frame) = socket.read_frame().await {
        let data = matches!(frame.opcode, OpCode::Text | OpCode::Binary);
        if data && socket.write_frame(frame).await.is_err() {
            return;
        }
    }
}
