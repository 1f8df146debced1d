//! A connection before its opening handshake: accepted by the server, or handed to it.
use std::io;
use std::net::SocketAddr;
#[cfg(unix)]
use std::os::fd::OwnedFd;
use std::time::Duration;

use arkws::{Bytes, Transport};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

/// TCP probes a silent client: after this long, and then this often. So a client that has vanished
/// is noticed within minutes, even without pings.
const KEEPALIVE: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(15)];

/// A client's connection that the program has accepted itself:
/// [`WebSocketServer::hand_over`](super::WebSocketServer::hand_over).
#[derive(Debug)]
#[non_exhaustive]
pub enum HandedOver {
    /// Of TCP, or a Unix socket.
    #[cfg(unix)]
    Socket(OwnedFd),
    /// Any stream, [`Transport::other`], and the address of its client, if it has one.
    Stream(Transport, Option<SocketAddr>),
}

/// A client's connection.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) stream: AcceptedStream,
    /// Of the client; `None`: it has none, as it came over a Unix socket.
    pub(super) address: Option<SocketAddr>,
    /// What has been read of it already.
    pub(super) read: Bytes,
}

/// What bytes come over.
#[derive(Debug)]
pub(super) enum AcceptedStream {
    /// With TLS if the server has a certificate.
    Tcp(TcpStream),
    /// As it is.
    Other(Transport),
}

impl Accepted {
    pub(super) fn tcp(stream: TcpStream, address: SocketAddr) -> Accepted {
        prepare(&stream);
        Accepted {
            stream: AcceptedStream::Tcp(stream),
            address: Some(address),
            read: Bytes::new(),
        }
    }

    #[cfg(unix)]
    pub(super) fn unix(stream: tokio::net::UnixStream) -> Accepted {
        Accepted {
            stream: AcceptedStream::Other(Transport::other(stream)),
            address: None,
            read: Bytes::new(),
        }
    }

    /// # Errors
    /// It is no such socket, or its client is gone already.
    pub(super) fn handed_over(connection: HandedOver, read: Bytes) -> io::Result<Accepted> {
        let (stream, address) = match connection {
            HandedOver::Stream(stream, address) => (stream, address),
            #[cfg(unix)]
            HandedOver::Socket(descriptor) => of_descriptor(descriptor)?,
        };
        Ok(Accepted {
            stream: AcceptedStream::Other(stream),
            address,
            read,
        })
    }
}

#[cfg(unix)]
fn of_descriptor(descriptor: OwnedFd) -> io::Result<(Transport, Option<SocketAddr>)> {
    let socket = socket2::Socket::from(descriptor);
    socket.set_nonblocking(true)?;
    if socket.local_addr()?.is_unix() {
        let stream = tokio::net::UnixStream::from_std(socket.into())?;
        return Ok((Transport::other(stream), None));
    }
    let stream = TcpStream::from_std(socket.into())?;
    prepare(&stream);
    let address = stream.peer_addr()?;
    Ok((stream.into(), Some(address)))
}

/// A connection works without these two as well.
fn prepare(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    let [after, every] = KEEPALIVE;
    let keepalive = TcpKeepalive::new().with_time(after).with_interval(every);
    let _ = SockRef::from(stream).set_tcp_keepalive(&keepalive);
}
