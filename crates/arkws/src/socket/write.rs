//! Writing: what is queued, to the transport.
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::io::poll_write_buf;

use super::WebSocket;
use super::clock::Clock;
use super::engine::Output;
use crate::Error;
use crate::error::io_again;

/// The most that is written at once, in bytes: just less than what a kernel puts into one segment
/// for the device or the loopback (64 KiB with its headers). A write of a little more would leave a
/// small second segment behind, which costs as much as the first.
const MAX_WRITE: usize = 63 << 10;

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// Writes all that waits.
    pub(super) fn poll_output(
        &mut self,
        cx: &mut Context<'_>,
        clock: &mut Clock,
    ) -> Poll<io::Result<()>> {
        let before = self.engine.stats.bytes_sent;
        let result = self.poll_write(cx, clock);
        if result.is_pending() || self.engine.stalled.is_some() {
            self.note_stall(before, result.is_pending(), cx, clock.now());
        }
        let result = ready!(result);
        if let Err(error) = &result
            && self.engine.output != Output::Broken
        {
            // That is how the connection ends, unless reading shows that the peer has closed.
            self.engine.failed_to_write(Error::Lost(io_again(error)));
            self.engine.break_output(clock.now());
        }
        Poll::Ready(result)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, clock: &mut Clock) -> Poll<io::Result<()>> {
        let engine = &mut self.engine;
        if engine.output == Output::Broken {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        while engine.connection.queued() > 0 {
            let io = Pin::new(&mut self.io);
            let transmit = engine.connection.transmit();
            let len = even_part(transmit.remaining());
            let written = if transmit.chunk().len() >= len {
                // Most often there is one chunk, for which the kernel has a shorter way.
                let written = ready!(io.poll_write(cx, &transmit.chunk()[..len]))?;
                transmit.advance(written);
                written
            } else {
                ready!(poll_write_buf(io, cx, &mut transmit.take(len)))?
            };
            match written {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => engine.written(count, clock),
            }
        }
        if engine.output == Output::Unflushed {
            ready!(Pin::new(&mut self.io).poll_flush(cx))?;
            engine.output = Output::Flushed;
        }
        Poll::Ready(Ok(()))
    }
}

/// How much of `remaining` bytes to write at once: all of them, or one of equal parts.
fn even_part(remaining: usize) -> usize {
    remaining.div_ceil(remaining.div_ceil(MAX_WRITE))
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use arkws_proto::Role;
    use tokio::io::AsyncReadExt;

    use crate::{Config, WebSocket};

    #[tokio::test]
    async fn a_connection_owns_a_write_buffer_only_while_bytes_wait_in_it() {
        let (near, mut far) = tokio::io::duplex(8);
        let config = Config::default();
        let mut socket =
            WebSocket::from_handshake(near, Role::Server, config, Default::default(), &[]);
        assert!(!socket.engine.connection.has_block());

        // More than fits...
        socket.feed_text("hello world").unwrap();
        let mut cx = std::task::Context::from_waker(Waker::noop());
        assert!(socket.poll_flush(&mut cx).is_pending());
        assert!(socket.engine.connection.has_block());
        // ... until there is room, whether somebody flushes or receives.
        far.read_exact(&mut [0; 8]).await.unwrap();
        assert!(socket.poll_recv(&mut cx).is_pending());
        assert!(!socket.engine.connection.has_block());
        socket.feed_text("hello").unwrap();
        far.read_exact(&mut [0; 5]).await.unwrap();
        assert!(socket.poll_flush(&mut cx).is_ready());
        assert!(!socket.engine.connection.has_block());
    }
}
