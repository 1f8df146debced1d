//! To a TCP connection: the addresses of a host are tried, and the error says how each failed.
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};

use tokio::net::{TcpSocket, TcpStream};

use super::race::race;

/// Why a host could not be connected to.
#[derive(Debug)]
pub struct ConnectError {
    host: String,
    attempts: Vec<(SocketAddr, io::Error)>,
    /// Of a [`Connector`](crate::Connector), which knows what it has tried.
    of_connector: Option<io::Error>,
}

impl ConnectError {
    /// The program's own connector has failed.
    pub(crate) fn of_connector(host: String, error: io::Error) -> ConnectError {
        ConnectError {
            host,
            attempts: Vec::new(),
            of_connector: Some(error),
        }
    }

    /// Each address that was tried, and why it failed. None if a
    /// [`Connector`](crate::Connector) has failed, whose error is the
    /// [`source`](std::error::Error::source).
    pub fn attempts(&self) -> &[(SocketAddr, io::Error)] {
        &self.attempts
    }

    /// The kind that says most: that of a refusal, if there is one, since it shows that the host is
    /// there.
    pub(crate) fn kind(&self) -> io::ErrorKind {
        let kinds = || self.errors().map(io::Error::kind);
        kinds()
            .find(|kind| *kind == io::ErrorKind::ConnectionRefused)
            .or_else(|| kinds().next())
            .unwrap_or(io::ErrorKind::Other)
    }

    fn errors(&self) -> impl Iterator<Item = &io::Error> {
        let attempts = self.attempts.iter().map(|(_, error)| error);
        attempts.chain(&self.of_connector)
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// A name may have hundreds of addresses.
        const SHOWN: usize = 4;
        write!(f, "{}: ", self.host)?;
        let mut errors = self.errors();
        if let (Some(error), None) = (errors.next(), errors.next()) {
            return f.write_str(&words(error));
        }
        for (index, (address, error)) in self.attempts.iter().take(SHOWN).enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{}: {}", address.ip(), words(error))?;
        }
        match self.attempts.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "; and {more} more addresses"),
        }
    }
}

impl std::error::Error for ConnectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.errors().next().map(|error| error as _)
    }
}

/// An error of the operating system without its number.
pub(crate) fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".into(),
        io::ErrorKind::ConnectionReset => "connection reset".into(),
        io::ErrorKind::HostUnreachable => "host unreachable".into(),
        io::ErrorKind::NetworkUnreachable => "network unreachable".into(),
        io::ErrorKind::TimedOut => "no answer".into(),
        _ => error.to_string(),
    }
}

/// From where on this machine connections are made.
#[derive(Debug, Clone, Default)]
pub(crate) struct LocalEnd {
    /// `None`: the operating system's choice.
    pub(crate) address: Option<IpAddr>,
    /// Its network interface; `None`: the one that the system's routes lead through.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(crate) device: Option<String>,
}

/// Connects to the first address that answers, from `local`.
///
/// # Errors
/// All failed.
///
/// # Cancel safety
/// Dropping the future ends all attempts.
pub(crate) async fn connect(
    host: String,
    addresses: Vec<SocketAddr>,
    local: &LocalEnd,
) -> Result<TcpStream, ConnectError> {
    race(addresses, |address| open(address, local.clone()))
        .await
        .map_err(|attempts| ConnectError {
            host,
            attempts,
            of_connector: None,
        })
}

async fn open(address: SocketAddr, local: LocalEnd) -> io::Result<TcpStream> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    local.bind(&socket, address)?;
    let stream = socket.connect(address).await?;
    // Messages leave when they are flushed: waiting for more (RFC 896) only adds delay.
    stream.set_nodelay(true)?;
    Ok(stream)
}

impl LocalEnd {
    fn bind(&self, socket: &TcpSocket, address: SocketAddr) -> io::Result<()> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if let Some(device) = &self.device {
            socket
                .bind_device(Some(device.as_bytes()))
                .map_err(|error| {
                    let why = format!("the network interface {device} cannot be used: {error}");
                    io::Error::new(error.kind(), why)
                })?;
        }
        let Some(local) = self.address else {
            return Ok(());
        };
        if local.is_ipv4() != address.is_ipv4() {
            let why = format!("the local address {local} is of another family");
            return Err(io::Error::new(io::ErrorKind::AddrNotAvailable, why));
        }
        socket.bind(SocketAddr::new(local, 0)).map_err(|error| {
            let why = format!("the local address {local} cannot be used: {error}");
            io::Error::new(error.kind(), why)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::race::ATTEMPT_DELAY;
    use super::*;

    #[tokio::test]
    async fn an_address_that_refuses_gives_way_to_the_next() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = listener.local_addr().unwrap();
        let closed = {
            let other = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            other.local_addr().unwrap()
        };

        let stream = connect("test".into(), vec![closed, good], &LocalEnd::default())
            .await
            .unwrap();

        assert_eq!(stream.peer_addr().unwrap(), good);
        assert!(stream.nodelay().unwrap());
    }

    /// RFC 8305, 5.
    #[tokio::test]
    async fn an_address_that_is_silent_does_not_hold_up_the_next() {
        // A listener whose queue is full is not answered for.
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let full = socket.listen(0).unwrap();
        let silent = full.local_addr().unwrap();
        let mut queue = Vec::new();
        while let Ok(Ok(stream)) =
            tokio::time::timeout(ATTEMPT_DELAY, TcpStream::connect(silent)).await
        {
            queue.push(stream);
        }
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = listener.local_addr().unwrap();

        let stream = connect(
            "test".into(),
            vec![silent, silent, good],
            &LocalEnd::default(),
        )
        .await
        .unwrap();

        assert_eq!(stream.peer_addr().unwrap(), good);
    }

    #[tokio::test]
    async fn when_all_addresses_fail_the_error_names_each_with_its_cause() {
        let closed = {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            listener.local_addr().unwrap()
        };

        let one = connect("name:1".into(), vec![closed], &LocalEnd::default())
            .await
            .unwrap_err();
        assert_eq!(one.to_string(), "name:1: connection refused");
        assert_eq!(one.kind(), io::ErrorKind::ConnectionRefused);

        let six = connect("name:1".into(), vec![closed; 6], &LocalEnd::default())
            .await
            .unwrap_err();
        assert_eq!(six.attempts().len(), 6);
        assert!(
            six.to_string()
                .starts_with("name:1: 127.0.0.1: connection refused; 127.0.0.1: "),
            "{six}"
        );
        assert!(six.to_string().ends_with("; and 2 more addresses"), "{six}");
    }
}
