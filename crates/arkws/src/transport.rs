//! The byte stream under a WebSocket: TCP, TLS over it, or what a server was handed.
use std::fmt;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
#[cfg(feature = "tls")]
use tokio_rustls::{TlsStream, server};

use crate::Progress;
#[cfg(feature = "tls")]
use crate::tls::{self, PeerCertificate, Tls, TlsVersion};

/// What a client's [`WebSocket`](crate::WebSocket) runs over. A server that takes connections with
/// and without TLS, or from elsewhere ([`Transport::other`]), may use it too, and has one type of
/// `WebSocket` then.
///
/// When its own side of TLS has ended, it reads no more but the end of the other.
#[derive(Debug)]
pub struct Transport(Kind);

#[derive(Debug)]
enum Kind {
    Tcp(TcpStream),
    #[cfg(feature = "tls")]
    Tls(Box<Tls<TcpStream>>),
    /// TLS over TLS to a proxy, or over a stream of a [`Connector`](crate::Connector).
    #[cfg(feature = "nested-tls")]
    NestedTls(Box<Tls<Transport>>),
    /// A tunnel through a proxy, with whom TLS is spoken and with whom alone.
    #[cfg(feature = "nested-tls")]
    Tunnel(Box<Transport>),
    Other(Box<dyn Stream>),
}

/// What [`Transport::other`] takes.
trait Stream: AsyncRead + AsyncWrite + Progress + Send + Sync + Unpin {}

impl<S: AsyncRead + AsyncWrite + Progress + Send + Sync + Unpin> Stream for S {}

impl fmt::Debug for dyn Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

impl Transport {
    /// Any other stream: a Unix socket, say. It costs a virtual call for each read and write.
    ///
    /// ```
    /// # #[cfg(unix)]
    /// # async fn run(listener: tokio::net::UnixListener) -> Result<(), arkws::Error> {
    /// let (stream, _) = listener.accept().await?;
    /// let socket = arkws::accept(arkws::Transport::other(stream)).await?;
    /// # drop(socket);
    /// # Ok(())
    /// # }
    /// ```
    pub fn other(
        stream: impl AsyncRead + AsyncWrite + Progress + Send + Sync + Unpin + 'static,
    ) -> Transport {
        Transport(Kind::Other(Box::new(stream)))
    }

    /// TLS over any other stream. Over TCP, [`From`] makes a transport that tells more of TLS.
    ///
    /// `tokio_rustls`'s stream by itself is a transport, too. But where debug assertions are on,
    /// rustls panics when a peer sends what cannot be deciphered behind the end of our side, which
    /// is said before the end of the other is waited for.
    #[cfg(feature = "tls")]
    pub fn other_tls<S>(stream: impl Into<TlsStream<S>>) -> Transport
    where
        S: AsyncRead + AsyncWrite + Progress + Send + Sync + Unpin + 'static,
    {
        Transport::other(Tls::new(stream.into()))
    }

    #[cfg(feature = "tls")]
    pub(crate) fn tls(stream: impl Into<TlsStream<TcpStream>>) -> Transport {
        Transport(Kind::Tls(Box::new(Tls::new(stream.into()))))
    }

    #[cfg(feature = "nested-tls")]
    pub(crate) fn nested_tls(stream: impl Into<TlsStream<Transport>>) -> Transport {
        Transport(Kind::NestedTls(Box::new(Tls::new(stream.into()))))
    }

    #[cfg(feature = "nested-tls")]
    pub(crate) fn tunnel(self) -> Transport {
        Transport(Kind::Tunnel(Box::new(self)))
    }

    /// # Errors
    /// It is no plain TCP connection: here it is again.
    #[cfg(all(feature = "tls", any(feature = "client", feature = "server")))]
    pub(crate) fn into_tcp(self) -> Result<TcpStream, Transport> {
        match self.0 {
            Kind::Tcp(stream) => Ok(stream),
            other => Err(Transport(other)),
        }
    }

    /// The protocol that was agreed on in TLS (ALPN).
    #[cfg(all(feature = "client", feature = "tls"))]
    pub(crate) fn tls_protocol(&self) -> Option<&[u8]> {
        self.tls_connection()?.alpn_protocol()
    }

    /// The state of TLS with the other end of the WebSocket: cipher suite, protocol (ALPN) and what
    /// else rustls tells of it. `None` for `ws`, and for [other streams](Self::other).
    #[cfg(feature = "tls")]
    pub fn tls_connection(&self) -> Option<&rustls::CommonState> {
        match &self.0 {
            Kind::Tls(stream) => Some(stream.get_ref().1),
            #[cfg(feature = "nested-tls")]
            Kind::NestedTls(stream) => Some(stream.get_ref().1),
            #[cfg(feature = "nested-tls")]
            Kind::Tunnel(_) => None,
            Kind::Tcp(_) | Kind::Other(_) => None,
        }
    }

    /// The TCP connection; `None` for [other streams](Self::other).
    pub fn tcp_stream(&self) -> Option<&TcpStream> {
        match &self.0 {
            Kind::Tcp(stream) => Some(stream),
            #[cfg(feature = "tls")]
            Kind::Tls(stream) => Some(stream.get_ref().0),
            #[cfg(feature = "nested-tls")]
            Kind::NestedTls(stream) => stream.get_ref().0.tcp_stream(),
            #[cfg(feature = "nested-tls")]
            Kind::Tunnel(stream) => stream.tcp_stream(),
            Kind::Other(_) => None,
        }
    }

    /// The address at the other end of TCP: the server's, or the proxy's if there is one.
    ///
    /// # Errors
    /// The operating system's, if the connection is gone already;
    /// [`Unsupported`](io::ErrorKind::Unsupported) for [other streams](Self::other).
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        match self.tcp_stream() {
            Some(stream) => stream.peer_addr(),
            None => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// The certificate that the peer has shown in TLS. A server has asked for one if its
    /// configuration is that of
    /// [`server_config_for_clients_of`](crate::Identity::server_config_for_clients_of).
    #[cfg(feature = "tls")]
    pub fn peer_certificate(&self) -> Option<PeerCertificate> {
        let shown = self.tls_connection()?.peer_certificates()?;
        Some(PeerCertificate::new(shown.first()?))
    }

    /// All certificates that the peer has shown in TLS, its own first: those behind it are meant to
    /// lead to an authority. None for `ws`, for [other streams](Self::other), and if the peer has
    /// shown none.
    #[cfg(feature = "tls")]
    pub fn peer_certificates(&self) -> Vec<PeerCertificate> {
        let connection = self.tls_connection();
        let shown = connection.and_then(|connection| connection.peer_certificates());
        let shown = shown.unwrap_or_default().iter();
        shown.map(|der| PeerCertificate::new(der)).collect()
    }

    /// The version of TLS; `None` for `ws`, and for [other streams](Self::other).
    #[cfg(feature = "tls")]
    pub fn tls_version(&self) -> Option<TlsVersion> {
        tls::version(self.tls_connection()?)
    }
}

impl From<TcpStream> for Transport {
    fn from(stream: TcpStream) -> Transport {
        Transport(Kind::Tcp(stream))
    }
}

#[cfg(feature = "tls")]
impl From<server::TlsStream<TcpStream>> for Transport {
    fn from(stream: server::TlsStream<TcpStream>) -> Transport {
        Transport::tls(stream)
    }
}

impl Progress for Transport {
    fn taken(&self, accepted: u64) -> u64 {
        match &self.0 {
            Kind::Tcp(stream) => stream.taken(accepted),
            #[cfg(feature = "tls")]
            Kind::Tls(stream) => stream.taken(accepted),
            #[cfg(feature = "nested-tls")]
            Kind::NestedTls(stream) => stream.taken(accepted),
            #[cfg(feature = "nested-tls")]
            Kind::Tunnel(stream) => stream.taken(accepted),
            Kind::Other(stream) => stream.taken(accepted),
        }
    }
}

impl AsyncRead for Transport {
    #[inline]
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Kind::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            #[cfg(feature = "tls")]
            Kind::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
            #[cfg(feature = "nested-tls")]
            Kind::NestedTls(stream) => Pin::new(stream).poll_read(cx, buf),
            #[cfg(feature = "nested-tls")]
            Kind::Tunnel(stream) => Pin::new(stream).poll_read(cx, buf),
            Kind::Other(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Transport {
    #[inline]
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.0 {
            Kind::Tcp(stream) => Pin::new(stream).poll_write(cx, buf),
            #[cfg(feature = "tls")]
            Kind::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
            #[cfg(feature = "nested-tls")]
            Kind::NestedTls(stream) => Pin::new(stream).poll_write(cx, buf),
            #[cfg(feature = "nested-tls")]
            Kind::Tunnel(stream) => Pin::new(stream).poll_write(cx, buf),
            Kind::Other(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    #[inline]
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Kind::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            #[cfg(feature = "tls")]
            Kind::Tls(stream) => Pin::new(stream).poll_flush(cx),
            #[cfg(feature = "nested-tls")]
            Kind::NestedTls(stream) => Pin::new(stream).poll_flush(cx),
            #[cfg(feature = "nested-tls")]
            Kind::Tunnel(stream) => Pin::new(stream).poll_flush(cx),
            Kind::Other(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Kind::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            #[cfg(feature = "tls")]
            Kind::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
            #[cfg(feature = "nested-tls")]
            Kind::NestedTls(stream) => Pin::new(stream).poll_shutdown(cx),
            #[cfg(feature = "nested-tls")]
            Kind::Tunnel(stream) => Pin::new(stream).poll_shutdown(cx),
            Kind::Other(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }

    #[inline]
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.0 {
            Kind::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            #[cfg(feature = "tls")]
            Kind::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            #[cfg(feature = "nested-tls")]
            Kind::NestedTls(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            #[cfg(feature = "nested-tls")]
            Kind::Tunnel(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Kind::Other(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    #[inline]
    fn is_write_vectored(&self) -> bool {
        match &self.0 {
            Kind::Tcp(stream) => stream.is_write_vectored(),
            #[cfg(feature = "tls")]
            Kind::Tls(stream) => stream.is_write_vectored(),
            #[cfg(feature = "nested-tls")]
            Kind::NestedTls(stream) => stream.is_write_vectored(),
            #[cfg(feature = "nested-tls")]
            Kind::Tunnel(stream) => stream.is_write_vectored(),
            Kind::Other(stream) => stream.is_write_vectored(),
        }
    }
}
