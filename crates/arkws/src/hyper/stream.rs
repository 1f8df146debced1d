//! The byte stream of a connection that hyper hands over.
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use ::hyper::upgrade::Upgraded;
use bytes::Bytes;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::{Progress, Transport};

/// The stream, and what hyper had read of it. TCP, with or without TLS, is taken out of hyper's
/// wrapping: it is asked what the peer has taken, and costs no virtual calls.
pub(super) fn transport(upgraded: Upgraded) -> (Transport, Bytes) {
    let upgraded = match take::<TcpStream>(upgraded) {
        Ok((tcp, read)) => return (tcp.into(), read),
        Err(upgraded) => upgraded,
    };
    let upgraded = match take::<Transport>(upgraded) {
        Ok(transport) => return transport,
        Err(upgraded) => upgraded,
    };
    #[cfg(feature = "tls")]
    let upgraded = match take::<tokio_rustls::server::TlsStream<TcpStream>>(upgraded) {
        Ok((tls, read)) => return (Transport::tls(tls), read),
        Err(upgraded) => upgraded,
    };
    #[cfg(feature = "tls")]
    let upgraded = match take::<tokio_rustls::client::TlsStream<TcpStream>>(upgraded) {
        Ok((tls, read)) => return (Transport::tls(tls), read),
        Err(upgraded) => upgraded,
    };
    let stream = UpgradedStream(Mutex::new(TokioIo::new(upgraded)));
    (Transport::other(stream), Bytes::new())
}

/// The stream of this type, as hyper's own servers and clients wrap it, or `hyper-util`'s.
fn take<S>(upgraded: Upgraded) -> Result<(S, Bytes), Upgraded>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    match upgraded.downcast::<TokioIo<S>>() {
        Ok(parts) => Ok((parts.io.into_inner(), parts.read_buf)),
        Err(upgraded) => {
            let parts = auto::upgrade::downcast::<TokioIo<S>>(upgraded)?;
            Ok((parts.io.into_inner(), parts.read_buf))
        }
    }
}

/// Any other stream: one of HTTP/2. hyper's is not `Sync`; behind a lock that is never waited for,
/// as each call has the stream to itself, it is.
struct UpgradedStream(Mutex<TokioIo<Upgraded>>);

impl UpgradedStream {
    fn inner(self: Pin<&mut Self>) -> Pin<&mut TokioIo<Upgraded>> {
        let stream = self.get_mut().0.get_mut();
        Pin::new(stream.unwrap_or_else(PoisonError::into_inner))
    }
}

/// What it has accepted counts as taken: hyper has no more to tell.
impl Progress for UpgradedStream {}

impl AsyncRead for UpgradedStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.inner().poll_read(cx, buf)
    }
}

impl AsyncWrite for UpgradedStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.inner().poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner().poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.inner().poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        let stream = self.0.lock();
        stream
            .unwrap_or_else(PoisonError::into_inner)
            .is_write_vectored()
    }
}
