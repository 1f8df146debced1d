//! The listening socket, if there is one.
use std::io;
use std::net::SocketAddr;
#[cfg(unix)]
use std::path::{Path, PathBuf};
use std::time::Duration;

use arkws::accept_error_is_of_one_client;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;
use tokio::time::{Instant, sleep_until};

use super::accepted::Accepted;
use super::listen_on::{ListenAddress, ListenOn};

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;
/// How long to wait after the system has failed to accept (for example because the table of file
/// descriptors is full): the first pause, and the longest.
const BACKOFF: [Duration; 2] = [Duration::from_millis(10), Duration::from_secs(1)];
/// Whether several sockets can listen on one port.
pub(super) const CAN_REUSE_PORT: bool = cfg!(all(
    unix,
    not(any(target_os = "solaris", target_os = "illumos"))
));

/// Connections as they come in.
#[derive(Debug)]
pub(super) struct Incoming {
    listener: ListeningSocket,
    /// After a failure: when to try again, and the pause after the next one.
    pause: Option<(Instant, Duration)>,
}

#[derive(Debug)]
enum ListeningSocket {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(
        UnixListener,
        #[expect(dead_code, reason = "it is kept until it is to be removed")] Option<SocketFile>,
    ),
    /// None comes in.
    Nowhere,
}

impl Incoming {
    /// `address` is that of a port, and `reuse_port` is about it.
    ///
    /// # Errors
    /// The operating system's; [`InvalidInput`](io::ErrorKind::InvalidInput) if the program has
    /// given what is no socket to listen on.
    pub(super) fn open(
        on: ListenOn,
        address: SocketAddr,
        reuse_port: bool,
    ) -> io::Result<(Incoming, ListenAddress)> {
        let (listener, address) = match on {
            ListenOn::Port => of_tcp(bind(address, reuse_port)?)?,
            ListenOn::Nowhere => (ListeningSocket::Nowhere, ListenAddress::Nowhere),
            #[cfg(unix)]
            ListenOn::Path(path) => {
                let listener = UnixListener::bind(&path)?;
                let file = SocketFile::made(path.clone());
                (
                    ListeningSocket::Unix(listener, file),
                    ListenAddress::Path(path),
                )
            }
            #[cfg(not(unix))]
            ListenOn::Path(_) => return Err(io::ErrorKind::Unsupported.into()),
            #[cfg(unix)]
            ListenOn::Socket(socket) => of_socket(socket.try_clone()?.into())?,
        };
        let incoming = Incoming {
            listener,
            pause: None,
        };
        Ok((incoming, address))
    }

    /// Whether they can speak TLS.
    pub(super) fn is_tcp(&self) -> bool {
        matches!(self.listener, ListeningSocket::Tcp(_))
    }

    /// The next connection.
    ///
    /// # Errors
    /// The operating system cannot accept for the time being: reported once, until it can again. Go
    /// on calling.
    ///
    /// # Cancel safety
    /// Safe: nothing is lost when the future is dropped.
    pub(super) async fn accept(&mut self) -> io::Result<Accepted> {
        loop {
            if let Some((until, _)) = self.pause {
                sleep_until(until).await;
            }
            match self.listener.accept().await {
                Ok(accepted) => {
                    self.pause = None;
                    return Ok(accepted);
                }
                Err(error) if accept_error_is_of_one_client(&error) => {}
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

impl ListeningSocket {
    async fn accept(&self) -> io::Result<Accepted> {
        match self {
            ListeningSocket::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                Ok(Accepted::tcp(stream, address))
            }
            #[cfg(unix)]
            ListeningSocket::Unix(listener, _) => {
                let (stream, _) = listener.accept().await?;
                Ok(Accepted::unix(stream))
            }
            ListeningSocket::Nowhere => std::future::pending().await,
        }
    }
}

/// A socket that is bound to a port of TCP.
fn bind(address: SocketAddr, reuse_port: bool) -> io::Result<Socket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    // Old connections of a server that was stopped do not keep its port. (On Windows the option
    // means something else, and this is the default.)
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    if reuse_port {
        share_port(&socket)?;
    }
    if address.is_ipv6() {
        // `::` means every interface, as 0.0.0.0 does.
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    socket.bind(&address.into())?;
    Ok(socket)
}

#[cfg(all(unix, not(any(target_os = "solaris", target_os = "illumos"))))]
fn share_port(socket: &Socket) -> io::Result<()> {
    socket.set_reuse_port(true)
}

#[cfg(any(not(unix), target_os = "solaris", target_os = "illumos"))]
fn share_port(_: &Socket) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

fn of_tcp(socket: Socket) -> io::Result<(ListeningSocket, ListenAddress)> {
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    let listener = TcpListener::from_std(socket.into())?;
    let address = ListenAddress::Port(listener.local_addr()?);
    Ok((ListeningSocket::Tcp(listener), address))
}

/// A socket of the program's.
#[cfg(unix)]
fn of_socket(socket: Socket) -> io::Result<(ListeningSocket, ListenAddress)> {
    let no_socket = |error: io::Error| io::Error::new(io::ErrorKind::InvalidInput, error);
    if socket.r#type().map_err(no_socket)? != Type::STREAM {
        return Err(no_socket(io::Error::other("it is no stream socket")));
    }
    let address = socket.local_addr().map_err(no_socket)?;
    if address.as_socket().is_some() {
        return of_tcp(socket);
    }
    let path = address.as_pathname().map(Path::to_owned);
    socket.listen(BACKLOG).map_err(no_socket)?;
    socket.set_nonblocking(true)?;
    let listener = UnixListener::from_std(socket.into())?;
    // Whoever has made the file removes it.
    let listener = ListeningSocket::Unix(listener, None);
    Ok((listener, ListenAddress::Path(path.unwrap_or_default())))
}

/// The file of a Unix socket; removed when dropped.
#[cfg(unix)]
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    /// Device and number of the file: by the same path there may be another one by then.
    identity: (u64, u64),
}

#[cfg(unix)]
impl SocketFile {
    /// `None`: it is gone already.
    fn made(path: PathBuf) -> Option<SocketFile> {
        let identity = file_identity(&path)?;
        Some(SocketFile { path, identity })
    }
}

#[cfg(unix)]
impl Drop for SocketFile {
    fn drop(&mut self) {
        if file_identity(&self.path) == Some(self.identity) {
            // Best effort: it may have been removed just now.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(unix)]
fn file_identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;

    let metadata = std::fs::symlink_metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}
