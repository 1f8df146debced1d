//! The byte stream below a connection: slow, or without pongs, if that is wanted.
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use arkws::Progress;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::arguments::Faults;
use super::frames::Frames;
use super::throttle::Throttle;

/// A stream of bytes, of TCP or TLS.
pub(super) trait Bytes: AsyncRead + AsyncWrite + Progress + Send + Sync + Unpin {}

impl<S: AsyncRead + AsyncWrite + Progress + Send + Sync + Unpin> Bytes for S {}

/// The stream, with its faults.
pub(super) struct Line {
    stream: Box<dyn Bytes>,
    reads: Option<Throttle>,
    writes: Option<Throttle>,
    /// `None`: pongs may pass.
    frames: Option<Frames>,
}

impl Line {
    pub(super) fn new(stream: impl Bytes + 'static, faults: &Faults) -> Line {
        Line {
            stream: Box::new(stream),
            reads: faults.throttle.map(Throttle::new),
            writes: faults.throttle.map(Throttle::new),
            frames: faults.no_pong.then(Frames::default),
        }
    }
}

impl Progress for Line {
    fn taken(&self, accepted: u64) -> u64 {
        self.stream.taken(accepted)
    }
}

impl AsyncRead for Line {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let line = self.get_mut();
        let Some(throttle) = &mut line.reads else {
            return Pin::new(&mut line.stream).poll_read(cx, buffer);
        };
        let room = ready!(throttle.poll_room(cx));
        let mut some = buffer.take(room);
        ready!(Pin::new(&mut line.stream).poll_read(cx, &mut some))?;
        let read = some.filled().to_vec();
        throttle.passed(read.len());
        buffer.put_slice(&read);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let line = self.get_mut();
        if let Some(frames) = &mut line.frames {
            let (len, is_pong) = frames.look(bytes);
            bytes = &bytes[..len];
            if is_pong {
                frames.pass(bytes);
                return Poll::Ready(Ok(len));
            }
        }
        if let Some(throttle) = &mut line.writes {
            let room = ready!(throttle.poll_room(cx));
            bytes = &bytes[..room.min(bytes.len())];
        }
        let written = ready!(Pin::new(&mut line.stream).poll_write(cx, bytes))?;
        if let Some(throttle) = &mut line.writes {
            throttle.passed(written);
        }
        if let Some(frames) = &mut line.frames {
            frames.pass(&bytes[..written]);
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
