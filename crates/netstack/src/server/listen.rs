//! The listening socket.
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep_until};

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;
/// How long to wait after the system has failed to accept (for example because the table of file
/// descriptors is full): the first pause, and the longest.
const BACKOFF: [Duration; 2] = [Duration::from_millis(10), Duration::from_secs(1)];
/// TCP probes a silent client: after this long, and then this often. So a client that has vanished
/// is noticed within minutes, even without pings.
const KEEPALIVE: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(15)];

/// Connections as they come in.
#[derive(Debug)]
pub(super) struct Incoming {
    listener: TcpListener,
    /// After a failure: when to try again, and the pause after the next one.
    pause: Option<(Instant, Duration)>,
}

impl Incoming {
    pub(super) fn bind(address: SocketAddr) -> io::Result<Incoming> {
        let socket = Socket::new(
            Domain::for_address(address),
            Type::STREAM,
            Some(Protocol::TCP),
        )?;
        // Old connections of a server that was stopped do not keep its port. (On Windows the option
        // means something else, and this is the default.)
        #[cfg(not(windows))]
        socket.set_reuse_address(true)?;
        if address.is_ipv6() {
            // `::` means every interface, as 0.0.0.0 does.
            socket.set_only_v6(!address.ip().is_unspecified())?;
        }
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        Ok(Incoming {
            listener: TcpListener::from_std(socket.into())?,
            pause: None,
        })
    }

    pub(super) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// The next connection.
    ///
    /// # Errors
    /// The operating system cannot accept for the time being: reported once, until it can again. Go
    /// on calling.
    ///
    /// # Cancel safety
    /// Safe: nothing is lost when the future is dropped.
    pub(super) async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        loop {
            if let Some((until, _)) = self.pause {
                sleep_until(until).await;
            }
            match self.listener.accept().await {
                Ok((stream, address)) => {
                    self.pause = None;
                    // The connection works without these two as well.
                    let _ = stream.set_nodelay(true);
                    let [after, every] = KEEPALIVE;
                    let keepalive = TcpKeepalive::new().with_time(after).with_interval(every);
                    let _ = SockRef::from(&stream).set_tcp_keepalive(&keepalive);
                    return Ok((stream, address));
                }
                Err(error) if is_of_one_client(&error) => {}
                Err(error) => {
                    let [first, longest] = BACKOFF;
                    let failed_before = self.pause.is_some();
                    let pause = self.pause.map_or(first, |(_, next)| next);
                    let next = (2 * pause).min(longest);
                    self.pause = Some((Instant::now() + pause, next));
                    if !failed_before {
                        return Err(error);
                    }
                }
            }
        }
    }
}

/// Whether only one connection broke, before it was accepted: the next one may be accepted.
fn is_of_one_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
            | io::ErrorKind::TimedOut
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
    )
}
