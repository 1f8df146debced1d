//! No library: the same bytes over TCP. The floor.
use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;

use super::peer::{self, Member, Transport};
use crate::check::{Check, Source};
use crate::wire;

thread_local! {
    /// What is read into, by all connections.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; 128 << 10]);
}

pub struct Peer<S> {
    stream: S,
    block: Vec<u8>,
    frame: usize,
}

impl<S: Transport> peer::Peer<S> for Peer<S> {
    fn open(stream: S) -> Self {
        Peer {
            stream,
            block: Vec::new(),
            frame: 0,
        }
    }

    /// Reads as many bytes as `n` messages take; looks at none of them.
    async fn receive(&mut self, n: u64, check: &mut Check) {
        let mut one = Vec::new();
        wire::server_frame(2, check.expected(), &mut one);
        let mut left = n * one.len() as u64;
        while left > 0 {
            let got = poll_fn(|cx| {
                BUFFER.with_borrow_mut(|buffer| {
                    let most = buffer.len().min(left as usize);
                    let mut buffer = ReadBuf::new(&mut buffer[..most]);
                    let poll = Pin::new(&mut self.stream).poll_read(cx, &mut buffer);
                    poll.map_ok(|()| buffer.filled().len())
                })
            });
            let got = got.await.expect("reads");
            assert_ne!(got, 0);
            left -= got as u64;
        }
    }

    /// Writes frames that were masked once, in blocks of about 64 KiB, or of one longer frame.
    async fn send(&mut self, n: u64, source: &mut Source) {
        self.prepare(n, source);
        let mut left = n as usize * self.frame;
        while left > 0 {
            let now = left.min(self.block.len());
            self.stream
                .write_all(&self.block[..now])
                .await
                .expect("writes");
            left -= now;
        }
        self.stream.flush().await.expect("writes");
    }

    async fn send_one(&mut self, source: &mut Source) {
        self.send(1, source).await;
    }

    async fn connect(mut stream: S, _address: SocketAddr) -> Option<Self> {
        let request = wire::request("/echo");
        stream.write_all(request.as_bytes()).await.expect("writes");
        let mut head = Vec::with_capacity(256);
        while !head.ends_with(b"\r\n\r\n") {
            assert_ne!(stream.read_buf(&mut head).await.expect("reads"), 0);
        }
        assert!(head.starts_with(b"HTTP/1.1 101"));
        Some(Self::open(stream))
    }
}

impl<S> Peer<S> {
    fn prepare(&mut self, n: u64, source: &mut Source) {
        if self.block.is_empty() {
            let opcode = if source.text { 1 } else { 2 };
            let message = source.next();
            wire::client_frame(opcode, message, [1, 2, 3, 4], &mut self.block);
            self.frame = self.block.len();
            let most = (64 << 10) / self.frame + 1;
            self.block = self.block.repeat(most.min(n as usize));
        }
    }
}

/// A server's side of a connection: what has been read and is no whole frame yet.
struct Frames {
    stream: TcpStream,
    tail: Vec<u8>,
}

impl Frames {
    /// Waits for data, then calls `each` for every whole frame.
    async fn read(&mut self, mut each: impl FnMut(&wire::Header, &[u8])) -> Option<()> {
        self.stream.readable().await.ok()?;
        BUFFER.with_borrow_mut(|buffer| {
            let kept = self.tail.len();
            buffer[..kept].copy_from_slice(&self.tail);
            self.tail.clear();
            let end = match self.stream.try_read(&mut buffer[kept..]) {
                Ok(0) => return None,
                Ok(n) => kept + n,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => kept,
                Err(_) => return None,
            };
            let mut rest = &mut buffer[..end];
            while let Some(header) = wire::header(rest) {
                let total = header.len + header.payload;
                if rest.len() < total {
                    break;
                }
                let (frame, behind) = rest.split_at_mut(total);
                rest = behind;
                let payload = &mut frame[header.len..];
                if let Some(key) = header.key {
                    wire::unmask(payload, key);
                }
                each(&header, payload);
            }
            self.tail.extend_from_slice(rest);
            Some(())
        })
    }
}

/// Echoes, in one write per read.
pub async fn echo(stream: TcpStream) {
    let tail = Vec::new();
    let mut frames = Frames { stream, tail };
    let mut out = Vec::new();
    loop {
        let each = |header: &wire::Header, payload: &[u8]| {
            wire::server_frame(header.opcode, payload, &mut out);
        };
        if frames.read(each).await.is_none() || frames.stream.write_all(&out).await.is_err() {
            return;
        }
        out.clear();
    }
}

/// A member of a broadcast room.
pub struct Joined {
    frames: Frames,
    received: VecDeque<Bytes>,
    out: Vec<u8>,
}

impl Joined {
    pub fn new(stream: TcpStream) -> Self {
        Joined {
            frames: Frames {
                stream,
                tail: Vec::new(),
            },
            received: VecDeque::new(),
            out: Vec::new(),
        }
    }
}

impl Member for Joined {
    async fn next(&mut self) -> Option<Bytes> {
        while self.received.is_empty() {
            let received = &mut self.received;
            let each = |_: &wire::Header, payload: &[u8]| {
                received.push_back(Bytes::copy_from_slice(payload));
            };
            self.frames.read(each).await?;
        }
        self.received.pop_front()
    }

    async fn feed(&mut self, message: Bytes) {
        wire::server_frame(2, &message, &mut self.out);
    }

    async fn flush(&mut self) {
        let _ = self.frames.stream.write_all(&self.out).await;
        self.out.clear();
    }
}
