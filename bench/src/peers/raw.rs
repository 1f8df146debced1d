//! No library: the same bytes over TCP. The floor.
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::check::Check;
use crate::wire;

pub struct Peer {
    stream: TcpStream,
    buffer: Vec<u8>,
    block: Vec<u8>,
    frame: usize,
}

impl super::Peer for Peer {
    fn open(stream: TcpStream) -> Self {
        Peer {
            stream,
            buffer: vec![0; 128 << 10],
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
            let most = self.buffer.len().min(left as usize);
            let got = self
                .stream
                .read(&mut self.buffer[..most])
                .await
                .expect("reads");
            assert_ne!(got, 0);
            left -= got as u64;
        }
    }

    /// Writes frames that were masked once, in blocks of about 64 KiB.
    async fn send(&mut self, n: u64, message: &[u8], text: bool) {
        self.prepare(message, text, (64 << 10) / (message.len() + 14) + 1);
        let mut left = n as usize * self.frame;
        while left > 0 {
            let now = left.min(self.block.len());
            self.stream
                .write_all(&self.block[..now])
                .await
                .expect("writes");
            left -= now;
        }
    }

    async fn send_one(&mut self, message: &[u8], text: bool) {
        self.prepare(message, text, 1);
        self.stream
            .write_all(&self.block[..self.frame])
            .await
            .expect("writes");
    }

    async fn connect(address: SocketAddr) -> Option<Self> {
        Some(Self::open(super::handshake(address, "/echo").await))
    }
}

impl Peer {
    fn prepare(&mut self, message: &[u8], text: bool, frames: usize) {
        if self.block.is_empty() {
            wire::client_frame(
                if text { 1 } else { 2 },
                message,
                [1, 2, 3, 4],
                &mut self.block,
            );
            self.frame = self.block.len();
            self.block = self.block.repeat(frames);
        }
    }
}
