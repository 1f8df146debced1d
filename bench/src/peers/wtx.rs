//! wtx, with a write buffer around its stream so that it can batch. Its masking keys come from
//! xorshift, its default.
use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::ReadBuf;
use tokio::net::TcpStream;
use wtx::collection::Vector;
use wtx::rng::Xorshift64;
use wtx::stream::{StreamReader, StreamWriter};
use wtx::web_socket::{Frame, OpCode, WebSocketBuffer, WebSocketOwned, WebSocketPayloadOrigin};

use super::peer::{self, Transport};
use crate::check::{Check, Source};

const BATCH: usize = 64 << 10;

/// Gathers writes, which leave when there is nothing more to be read; the peer holds a clone,
/// through which it flushes.
struct Buffered<S>(Rc<RefCell<Shared<S>>>);

struct Shared<S> {
    io: S,
    out: Vec<u8>,
    written: usize,
}

impl<S: Transport> Shared<S> {
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written < self.out.len() {
            let left = &self.out[self.written..];
            self.written += ready!(Pin::new(&mut self.io).poll_write(cx, left))?;
        }
        self.out.clear();
        self.written = 0;
        Pin::new(&mut self.io).poll_flush(cx)
    }
}

impl<S: Transport> Buffered<S> {
    async fn flush(&self) -> io::Result<()> {
        poll_fn(|cx| self.0.borrow_mut().poll_flush(cx)).await
    }
}

impl<S: Transport> StreamReader for Buffered<S> {
    async fn read(&mut self, bytes: &mut [u8]) -> wtx::Result<usize> {
        let read = poll_fn(|cx| {
            let shared = &mut *self.0.borrow_mut();
            let mut buffer = ReadBuf::new(bytes);
            let read = Pin::new(&mut shared.io).poll_read(cx, &mut buffer);
            if read.is_pending()
                && !shared.out.is_empty()
                && let Poll::Ready(result) = shared.poll_flush(cx)
            {
                result?;
            }
            read.map_ok(|()| buffer.filled().len())
        });
        Ok(read.await?)
    }
}

impl<S: Transport> StreamWriter for Buffered<S> {
    async fn write_all(&mut self, bytes: &[u8]) -> wtx::Result<()> {
        self.write_all_vectored(&[bytes]).await
    }

    async fn write_all_vectored(&mut self, bytes: &[&[u8]]) -> wtx::Result<()> {
        let waiting = {
            let out = &mut self.0.borrow_mut().out;
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

type Socket<S, const CLIENT: bool> = WebSocketOwned<(), Xorshift64, Buffered<S>, CLIENT>;

fn open<S: Transport, const CLIENT: bool>(stream: S) -> (Socket<S, CLIENT>, Buffered<S>) {
    let shared = Rc::new(RefCell::new(Shared {
        io: stream,
        out: Vec::new(),
        written: 0,
    }));
    let seed = Xorshift64::new(0x1234_5678_9ABC_DEF1 ^ u64::from(std::process::id()));
    let stream = Buffered(Rc::clone(&shared));
    let socket = WebSocketOwned::new((), false, seed, stream, WebSocketBuffer::new());
    (socket, Buffered(shared))
}

pub struct Peer<S> {
    socket: Socket<S, true>,
    stream: Buffered<S>,
    fragments: Vector<u8>,
    /// wtx masks in place: every message needs a copy to mask.
    copy: Vec<u8>,
}

impl<S: Transport> peer::Peer<S> for Peer<S> {
    fn open(stream: S) -> Self {
        let (socket, stream) = open(stream);
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

    async fn send(&mut self, n: u64, source: &mut Source) {
        for _ in 0..n {
            let opcode = if source.text {
                OpCode::Text
            } else {
                OpCode::Binary
            };
            self.copy.clear();
            self.copy.extend_from_slice(source.next());
            let mut frame = Frame::new_fin(opcode, self.copy.as_mut_slice());
            self.socket.write_frame(&mut frame).await.expect("writes");
        }
        self.stream.flush().await.expect("writes");
    }

    async fn send_one(&mut self, source: &mut Source) {
        self.send(1, source).await;
    }
}

/// Over a corked stream.
pub async fn echo(stream: TcpStream) {
    let (mut socket, _stream) = open::<_, false>(stream);
    let (mut fragments, mut copy) = (Vector::new(), Vec::new());
    loop {
        fragments.clear();
        let origin = WebSocketPayloadOrigin::Adaptive;
        let Ok(frame) = socket.read_frame(&mut fragments, origin).await else {
            return;
        };
        let opcode = frame.op_code();
        if !matches!(opcode, OpCode::Text | OpCode::Binary) {
            return;
        }
        copy.clear();
        copy.extend_from_slice(frame.payload());
        let mut frame = Frame::new_fin(opcode, copy.as_mut_slice());
        if socket.write_frame(&mut frame).await.is_err() {
            return;
        }
    }
}
