//! What the peer has taken of what was written.
#[cfg(unix)]
use std::os::fd::OwnedFd;

use tokio::io::DuplexStream;
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
#[cfg(feature = "tls")]
use tokio_rustls::{TlsStream, client, server};

/// A stream that knows what its peer has taken of what was written to it.
///
/// A peer that takes bytes lives, however slowly: neither a [`Heartbeat`](crate::Heartbeat) nor
/// [`Config::write_timeout`](crate::Config::write_timeout) gives it up. But what a stream has
/// accepted may still lie in buffers below it: an operating system alone holds megabytes, which a
/// slow peer drains for a minute, and a dead one never. So a stream is asked before its peer is
/// given up, and only then, as the answer may cost a system call.
///
/// TCP and Unix sockets, and descriptors of such, ask the system on Linux, and count what was
/// accepted elsewhere. TLS asks the stream below. All of these are recognised wherever a
/// [`WebSocket`](crate::WebSocket) is made. For any other stream, all that it has accepted counts
/// as taken, unless [`WebSocket::with_progress`](crate::WebSocket::with_progress) says that the
/// stream knows better:
///
/// ```
/// use arkws::Progress;
///
/// /// A stream of HTTP/2, say, whose flow control tells what has been taken.
/// struct Stream {
///     written: u64,
///     released: u64,
/// }
///
/// impl Progress for Stream {
///     fn taken(&self, accepted: u64) -> u64 {
///         accepted.saturating_sub(self.written - self.released)
///     }
/// }
/// ```
pub trait Progress {
    /// How many of the first `accepted` bytes, which this stream has accepted, the peer has taken,
    /// as far as is known. The default: all of them.
    ///
    /// It need not be exact, but has to grow while the peer takes bytes, and only then. `accepted`
    /// is what the connection has written: neither the opening handshake nor what TLS adds is in
    /// it, both of which a stream that counts by itself has counted. So subtract what it holds.
    fn taken(&self, accepted: u64) -> u64 {
        accepted
    }
}

impl Progress for TcpStream {
    fn taken(&self, accepted: u64) -> u64 {
        #[cfg(unix)]
        let accepted = accepted.saturating_sub(arkws_outq::unsent(self).unwrap_or(0));
        accepted
    }
}

#[cfg(unix)]
impl Progress for UnixStream {
    fn taken(&self, accepted: u64) -> u64 {
        accepted.saturating_sub(arkws_outq::unsent(self).unwrap_or(0))
    }
}

/// A socket that somebody else writes to.
#[cfg(unix)]
impl Progress for OwnedFd {
    fn taken(&self, accepted: u64) -> u64 {
        accepted.saturating_sub(arkws_outq::unsent(self).unwrap_or(0))
    }
}

/// Both ends are in this process: what was accepted and what was taken differ by no more than the
/// buffer between them.
impl Progress for DuplexStream {}

#[cfg(feature = "tls")]
impl<S: Progress> Progress for TlsStream<S> {
    fn taken(&self, accepted: u64) -> u64 {
        self.get_ref().0.taken(accepted)
    }
}

#[cfg(feature = "tls")]
impl<S: Progress> Progress for client::TlsStream<S> {
    fn taken(&self, accepted: u64) -> u64 {
        self.get_ref().0.taken(accepted)
    }
}

#[cfg(feature = "tls")]
impl<S: Progress> Progress for server::TlsStream<S> {
    fn taken(&self, accepted: u64) -> u64 {
        self.get_ref().0.taken(accepted)
    }
}

impl<S: Progress + ?Sized> Progress for Box<S> {
    fn taken(&self, accepted: u64) -> u64 {
        (**self).taken(accepted)
    }
}

impl<S: Progress + ?Sized> Progress for &mut S {
    fn taken(&self, accepted: u64) -> u64 {
        (**self).taken(accepted)
    }
}
