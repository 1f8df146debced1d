//! wtx, with a write buffer around its stream so that it can batch. Its masking keys come from xorshift, its default.
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;

use tokio::net::TcpStream;
use wtx::collection::Vector;
use wtx::rng::Xorshift64;
use wtx::stream::{StreamReader, StreamWriter};
use wtx::web_socket::{Frame, OpCode, WebSocketBuffer, WebSocketOwned, WebSocketPayloadOrigin};

use crate::check::Check;

const BATCH: usize = 64 << 10;

/// Gathers writes; the peer holds a clone, through which it flushes.
#[derive(Clone)]
struct Buffered {
    stream: Rc<TcpStream>,
    out: Rc<RefCell<Vec<u8>>>,
}

impl Buffered {
    async fn flush(&self) -> std::io::Result<()> {
        let mut out = self.out.take();
        let mut written = 0;
        while written < out.len() {
            self.stream.writable().await?;
            match self.stream.try_write(&out[written..]) {
                Ok(n) => written += n,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        out.clear();
        self.out.replace(out);
        Ok(())
    }
}

impl StreamReader for Buffered {
    async fn read(&mut self, bytes: &mut [u8]) -> wtx::Result<usize> {
        loop {
            self.stream.readable().await?;
            match self.stream.try_read(bytes) {
                Ok(n) => return Ok(n),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl StreamWriter for Buffered {
    async fn write_all(&mut self, bytes: &[u8]) -> wtx::Result<()> {
        self.write_all_vectored(&[bytes]).await
    }

    async fn write_all_vectored(&mut self, bytes: &[&[u8]]) -> wtx::Result<()> {
        let waiting = {
            let mut out = self.out.borrow_mut();
            for slice in bytes {
                out.extend_from_slice(slice);
            }
            out.len()
        };
        if waiting >= BATCH {
            self.flush().await?;
        }
        Ok(())
    }
}

pub struct Peer {
    socket: WebSocketOwned<(), Xorshift64, Buffered, true>,
    stream: Buffered,
    fragments: Vector<u8>,
    /// wtx masks in place: every message needs a copy to mask.
    copy: Vec<u8>,
}

impl Peer {
    async fn feed(&mut self, message: &[u8], text: bool) {
        self.copy.clear();
        self.copy.extend_from_slice(message);
        let opcode = if text { OpCode::Text } else { OpCode::Binary };
        let mut frame = Frame::new_fin(opcode, self.copy.as_mut_slice());
        self.socket.write_frame(&mut frame).await.expect("writes");
    }
}

impl super::Peer for Peer {
    fn open(stream: TcpStream) -> Self {
        let stream = Buffered {
            stream: Rc::new(stream),
            out: Rc::default(),
        };
        let seed = Xorshift64::new(0x1234_5678_9ABC_DEF1 ^ u64::from(std::process::id()));
        let socket = WebSocketOwned::new((), false, seed, stream.clone(), WebSocketBuffer::new());
        Peer {
            socket,
            stream,
            fragments: Vector::new(),
            copy: Vec::new(),
        }
    }

    async fn receive(&mut self, n: u64, check: &mut Check) {
        for _ in 0..n {
            self.fragments.clear();
            let frame = self
                .socket
                .read_frame(&mut self.fragments, WebSocketPayloadOrigin::Adaptive)
                .await
                .expect("no error");
            check.message(frame.payload());
        }
    }

    async fn send(&mut self, n: u64, message: &[u8], text: bool) {
        for _ in 0..n {
            self.feed(message, text).await;
        }
        self.stream.flush().await.expect("writes");
    }

    async fn send_one(&mut self, message: &[u8], text: bool) {
        self.feed(message, text).await;
        self.stream.flush().await.expect("writes");
    }

    async fn connect(_address: SocketAddr) -> Option<Self> {
        None
    }
}
