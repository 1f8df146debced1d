//! To a TCP connection: the addresses of a host are tried, and the error says how each failed.
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};

use tokio::net::{TcpSocket, TcpStream};

use super::race::race;

/// Why no address of a host could be connected to.
#[derive(Debug)]
pub struct ConnectError {
    host: String,
    attempts: Vec<(SocketAddr, io::Error)>,
}

impl ConnectError {
    /// Each address that was tried, and why it failed.
    pub fn attempts(&self) -> &[(SocketAddr, io::Error)] {
        &self.attempts
    }

    /// The kind that says most: that of a refusal, if there is one, since it shows that the host is
    /// there.
    pub(crate) fn kind(&self) -> io::ErrorKind {
        let kinds = || self.attempts.iter().map(|(_, error)| error.kind());
        kinds()
            .find(|kind| *kind == io::ErrorKind::ConnectionRefused)
            .or_else(|| kinds().next())
            .unwrap_or(io::ErrorKind::Other)
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// A name may have hundreds of addresses.
        const SHOWN: usize = 4;
        write!(f, "{}: ", self.host)?;
        if let [(_, error)] = self.attempts.as_slice() {
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
        self.attempts.first().map(|(_, error)| error as _)
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

/// Connects to the first address that answers, from the address `local` if there is one.
///
/// # Errors
/// All failed.
///
/// # Cancel safety
/// Dropping the future ends all attempts.
pub(crate) async fn connect(
    host: String,
    addresses: Vec<SocketAddr>,
    local: Option<IpAddr>,
) -> Result<TcpStream, ConnectError> {
    race(addresses, |address| open(address, local))
        .await
        .map_err(|attempts| ConnectError { host, attempts })
}

async fn open(address: SocketAddr, local: Option<IpAddr>) -> io::Result<TcpStream> {
    let stream = match local {
        None => TcpStream::connect(address).await?,
        Some(local) => open_from(local, address).await?,
    };
    // Messages leave when they are flushed: waiting for more (RFC 896) only adds delay.
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn open_from(local: IpAddr, address: SocketAddr) -> io::Result<TcpStream> {
    if local.is_ipv4() != address.is_ipv4() {
        let why = format!("the local address {local} is of another family");
        return Err(io::Error::new(io::ErrorKind::AddrNotAvailable, why));
    }
    let socket = match local {
        IpAddr::V4(_) => TcpSocket::new_v4()?,
        IpAddr::V6(_) => TcpSocket::new_v6()?,
    };
    let failed = |error: io::Error| {
        let why = format!("the local address {local} cannot be used: {error}");
        io::Error::new(error.kind(), why)
    };
    socket.bind(SocketAddr::new(local, 0)).map_err(failed)?;
    socket.connect(address).await
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

        let stream = connect("test".into(), vec![closed, good], None)
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

        let stream = connect("test".into(), vec![silent, silent, good], None)
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

        let one = connect("name:1".into(), vec![closed], None)
            .await
            .unwrap_err();
        assert_eq!(one.to_string(), "name:1: connection refused");
        assert_eq!(one.kind(), io::ErrorKind::ConnectionRefused);

        let six = connect("name:1".into(), vec![closed; 6], None)
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
