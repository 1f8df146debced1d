//! From a host to a TCP connection: all of its addresses, raced (RFC 8305).
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::Instrument;
use url::Host;

/// RFC 8305, 5: how long an attempt may stay unanswered before the next address is tried as well.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

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

/// A host's addresses, in the resolver's order.
///
/// # Errors
/// The name does not resolve.
pub(crate) async fn resolve(host: &Host<String>, port: u16) -> io::Result<Vec<SocketAddr>> {
    match host {
        Host::Ipv4(ip) => Ok(vec![SocketAddr::new(IpAddr::V4(*ip), port)]),
        Host::Ipv6(ip) => Ok(vec![SocketAddr::new(IpAddr::V6(*ip), port)]),
        Host::Domain(name) => {
            let addresses: Vec<SocketAddr> = lookup_host((name.as_str(), port)).await?.collect();
            if addresses.is_empty() {
                return Err(io::Error::new(
                    io::ErrorKind::NotFound,
                    "the name has no addresses",
                ));
            }
            Ok(addresses)
        }
    }
}

/// Connects to the first address that answers.
///
/// # Errors
/// All failed.
///
/// # Cancel safety
/// Dropping the future ends all attempts.
pub(crate) async fn connect(
    host: String,
    addresses: Vec<SocketAddr>,
) -> Result<TcpStream, ConnectError> {
    race(addresses, open)
        .await
        .map_err(|attempts| ConnectError { host, attempts })
}

/// Opens something at the first address that answers (RFC 8305, 5): a new attempt starts when the
/// last one has failed or has been silent for 250 ms. Those that come too late are dropped.
///
/// # Errors
/// All failed: each address, and why.
pub(crate) async fn race<T, E, F>(
    addresses: Vec<SocketAddr>,
    open: impl Fn(SocketAddr) -> F,
) -> Result<T, Vec<(SocketAddr, E)>>
where
    T: Send + 'static,
    E: fmt::Display + Send + 'static,
    F: Future<Output = Result<T, E>> + Send + 'static,
{
    let mut waiting = interleave(addresses).into_iter().peekable();
    let mut running = JoinSet::new();
    let mut attempts = Vec::new();
    loop {
        if let Some(address) = waiting.next() {
            let attempt = open(address).in_current_span();
            running.spawn(async move { (address, attempt.await) });
        }
        let finished = if waiting.peek().is_some() {
            match timeout(ATTEMPT_DELAY, running.join_next()).await {
                Ok(finished) => finished,
                Err(_silent) => continue,
            }
        } else {
            running.join_next().await
        };
        match finished {
            Some(Ok((address, Ok(stream)))) => {
                tracing::debug!(target: "arkws", %address, "TCP connected");
                return Ok(stream);
            }
            Some(Ok((address, Err(error)))) => {
                tracing::debug!(target: "arkws", %address, %error, "TCP attempt failed");
                attempts.push((address, error));
            }
            // An attempt never panics, and only our own drop cancels it.
            Some(Err(_)) => {}
            None => return Err(attempts),
        }
    }
}

async fn open(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    // Messages leave when they are flushed: waiting for more (RFC 896) only adds delay.
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// RFC 8305, 4: the families take turns, beginning with the resolver's favourite.
fn interleave(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let Some(favourite) = addresses.first().map(SocketAddr::is_ipv6) else {
        return addresses;
    };
    let (first, second): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == favourite);
    let mut second = second.into_iter();
    let mut order = Vec::new();
    for address in first {
        order.push(address);
        order.extend(second.next());
    }
    order.extend(second);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts
            .iter()
            .map(|text| SocketAddr::new(text.parse().unwrap(), 1))
            .collect()
    }

    #[test]
    fn families_take_turns_beginning_with_the_resolvers_favourite() {
        for (resolved, expected) in [
            (vec![], vec![]),
            (
                vec!["::1", "::2", "::3", "1.1.1.1"],
                vec!["::1", "1.1.1.1", "::2", "::3"],
            ),
            (
                vec!["1.1.1.1", "1.1.1.2", "::1", "::2", "::3"],
                vec!["1.1.1.1", "::1", "1.1.1.2", "::2", "::3"],
            ),
        ] {
            assert_eq!(interleave(addresses(&resolved)), addresses(&expected));
        }
    }

    #[tokio::test]
    async fn an_address_that_refuses_gives_way_to_the_next() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = listener.local_addr().unwrap();
        let closed = {
            let other = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            other.local_addr().unwrap()
        };

        let stream = connect("test".into(), vec![closed, good]).await.unwrap();

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

        let stream = connect("test".into(), vec![silent, silent, good])
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

        let one = connect("name:1".into(), vec![closed]).await.unwrap_err();
        assert_eq!(one.to_string(), "name:1: connection refused");
        assert_eq!(one.kind(), io::ErrorKind::ConnectionRefused);

        let six = connect("name:1".into(), vec![closed; 6]).await.unwrap_err();
        assert_eq!(six.attempts().len(), 6);
        assert!(
            six.to_string()
                .starts_with("name:1: 127.0.0.1: connection refused; 127.0.0.1: "),
            "{six}"
        );
        assert!(six.to_string().ends_with("; and 2 more addresses"), "{six}");
    }
}
