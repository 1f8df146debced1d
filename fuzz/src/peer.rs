//! The other end of a stream, in memory: it says what the input says, when it says so.
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use arkws::Progress;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What both ends of the stream know.
#[derive(Default)]
pub(crate) struct Wire {
    /// On their way to us.
    incoming: VecDeque<u8>,
    ended: bool,
    /// How much one read brings.
    read_size: usize,
    /// What we have written, and may still write.
    pub(crate) written: Vec<u8>,
    room: usize,
    /// Something had to wait until the peer takes it.
    pub(crate) has_stalled: bool,
    shut_down: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Wire {
    pub(crate) fn say(&mut self, bytes: &[u8]) {
        self.incoming.extend(bytes);
        if let Some(waker) = self.reader.take() {
            waker.wake();
        }
    }

    pub(crate) fn end(&mut self) {
        self.ended = true;
        if let Some(waker) = self.reader.take() {
            waker.wake();
        }
    }

    pub(crate) fn take(&mut self, bytes: usize) {
        self.room = self.room.saturating_add(bytes);
        if let Some(waker) = self.writer.take() {
            waker.wake();
        }
    }
}

/// Our end.
#[derive(Clone)]
pub(crate) struct Stream(Arc<Mutex<Wire>>);

impl Stream {
    /// One that brings `read_size` bytes at once, and takes `room` before the peer has to take
    /// more.
    pub(crate) fn new(read_size: usize, room: usize) -> Stream {
        Stream(Arc::new(Mutex::new(Wire {
            read_size,
            room,
            ..Wire::default()
        })))
    }

    pub(crate) fn wire(&self) -> MutexGuard<'_, Wire> {
        self.0.lock().expect("nobody panics with it")
    }
}

impl Progress for Stream {}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut wire = self.wire();
        let len = wire
            .read_size
            .min(buffer.remaining())
            .min(wire.incoming.len());
        if len == 0 && !wire.ended && buffer.remaining() > 0 {
            wire.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let bytes: Vec<u8> = wire.incoming.drain(..len).collect();
        buffer.put_slice(&bytes);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut wire = self.wire();
        assert!(!wire.shut_down, "nothing is written behind the end");
        let len = bytes.len().min(wire.room);
        if len == 0 && !bytes.is_empty() {
            wire.writer = Some(cx.waker().clone());
            wire.has_stalled = true;
            return Poll::Pending;
        }
        wire.room -= len;
        wire.written.extend_from_slice(&bytes[..len]);
        Poll::Ready(Ok(len))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.wire().shut_down = true;
        Poll::Ready(Ok(()))
    }
}
