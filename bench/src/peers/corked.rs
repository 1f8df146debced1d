//! For libraries that leave batching to their stream: writes are gathered, and leave when there is
//! nothing more to be read: all that has arrived has then been answered.
use std::io::Result;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, BufWriter, ReadBuf};

pub struct Corked<S>(BufWriter<S>);

impl<S: AsyncWrite> Corked<S> {
    pub fn new(stream: S) -> Self {
        Corked(BufWriter::with_capacity(64 << 10, stream))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Corked<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let read = Pin::new(self.0.get_mut()).poll_read(cx, buffer);
        if read.is_pending()
            && !self.0.buffer().is_empty()
            && let Poll::Ready(result) = Pin::new(&mut self.0).poll_flush(cx)
        {
            result?;
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Corked<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
