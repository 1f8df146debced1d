//! All addresses of a host, raced (RFC 8305).
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::log::{self, Instrument};

/// RFC 8305, 5: how long an attempt may stay unanswered before the next address is tried as well.
pub(super) const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

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
                log::debug!(%address, "TCP connected");
                return Ok(stream);
            }
            Some(Ok((address, Err(error)))) => {
                log::debug!(%address, %error, "TCP attempt failed");
                attempts.push((address, error));
            }
            // An attempt never panics, and only our own drop cancels it.
            Some(Err(_)) => {}
            None => return Err(attempts),
        }
    }
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
}
