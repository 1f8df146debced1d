//! TLS as a byte stream, of which only the end is read once our side has ended.
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustls::CommonState;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsStream;

use crate::Progress;

/// How much is thrown away at a time.
const DISCARDED: usize = 4096;

/// A [`TlsStream`] that passes over what comes after our side has ended, up to the peer's end.
///
/// Nobody wants that, and so it is not deciphered: to what cannot be, rustls would answer with an
/// alert, behind a `close_notify` that has said that nothing more follows. Where debug assertions
/// are on, that is a panic, and the peer's to cause.
#[derive(Debug)]
pub(crate) struct Tls<S> {
    stream: TlsStream<S>,
    ended: bool,
}

impl<S> Tls<S> {
    pub(crate) fn new(stream: TlsStream<S>) -> Tls<S> {
        Tls {
            stream,
            ended: false,
        }
    }

    /// What is beneath, and the state of TLS.
    pub(crate) fn get_ref(&self) -> (&S, &CommonState) {
        self.stream.get_ref()
    }
}

impl<S: Progress> Progress for Tls<S> {
    fn taken(&self, accepted: u64) -> u64 {
        self.stream.taken(accepted)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Tls<S> {
    #[inline]
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.ended {
            return Pin::new(&mut self.stream).poll_read(cx, buf);
        }
        let mut room = [MaybeUninit::uninit(); DISCARDED];
        let mut discarded = ReadBuf::uninit(&mut room);
        let beneath = self.stream.get_mut().0;
        ready!(Pin::new(beneath).poll_read(cx, &mut discarded))?;
        if discarded.filled().is_empty() {
            return Poll::Ready(Ok(()));
        }
        // Others have their turn, and whoever waits looks at its time.
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Tls<S> {
    #[inline]
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    #[inline]
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.ended = true;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    #[inline]
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
