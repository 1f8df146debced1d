//! Who may come in: limits by client address, then the flood rule.
//!
//! A state machine with time as a parameter. A "client" of the contract is a [`ClientAddress`]; one
//! client may have several connections. Its memory is bounded by the limits and, without them, by
//! the connections that there are.
use std::time::Duration;

use tokio::time::Instant;

use super::address::{ClientAddress, CountByAddress};
use super::flood::{FloodRule, WINDOW};
use super::limits::Limits;
use crate::Cause;

/// Why a client was not let in; the text goes to the client and into the server's `error` event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// The server was stopped.
    #[error("the server is going away")]
    Stopping,
    /// Too many handshakes are in progress, and all wait for the program.
    #[error("too many opening handshakes wait for the program's answer (limits.handshakes)")]
    Busy,
    /// It was the oldest of too many handshakes.
    #[error(
        "too many opening handshakes are in progress, and this was the oldest (limits.handshakes)"
    )]
    Replaced,
    /// Another client has this address and port, and programs tell clients apart by nothing else.
    #[error("a client with this address and port is connected already")]
    Duplicate,
    /// `maxConcurrentClientsNumber`.
    #[error(
        "the server is full: it serves {0} client address(es) at a time (maxConcurrentClientsNumber)"
    )]
    TooManyClients(usize),
    /// `limits.connections`.
    #[error("the server is full: it serves {0} connection(s) at a time (limits.connections)")]
    Full(usize),
    /// `maxConnectionsForOneClient` or `limits.perAddress`.
    #[error("too many connections: a client address may have {limit} at a time ({option})")]
    TooManyConnections {
        /// How many it may have.
        limit: usize,
        /// Which option says so.
        option: &'static str,
    },
    /// The flood rule.
    #[error(
        "too many attempts: {limit} are allowed within {} s (limits.attemptsPerMinute); try again \
         in {} s",
        WINDOW.as_secs(),
        seconds(.retry_after)
    )]
    Flood {
        /// Attempts that pass.
        limit: u32,
        /// What is left of the ban.
        retry_after: Duration,
    },
}

impl Refusal {
    /// For programs, in the `error` event.
    pub(super) fn cause(&self) -> Cause {
        match self {
            Refusal::Stopping => arkws::Cause::Closed.into(),
            Refusal::Busy
            | Refusal::Replaced
            | Refusal::Duplicate
            | Refusal::TooManyClients(_)
            | Refusal::Full(_)
            | Refusal::TooManyConnections { .. } => Cause::Limit,
            Refusal::Flood { .. } => Cause::Flood,
        }
    }

    /// In seconds, when it is known.
    pub(super) fn retry_after(&self) -> Option<u64> {
        match self {
            Refusal::Flood { retry_after, .. } => Some(seconds(retry_after)),
            _ => None,
        }
    }
}

/// Rounded up.
fn seconds(duration: &Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// The connections that are in, or wait for the program's answer, by client address.
#[derive(Debug)]
pub(super) struct Occupancy {
    limits: Limits,
    taken: CountByAddress,
}

impl Occupancy {
    pub(super) fn new(limits: Limits) -> Occupancy {
        Occupancy {
            limits,
            taken: CountByAddress::default(),
        }
    }

    /// Counts a connection of `address`, until it [leaves](Self::leave). An attempt that the limits
    /// refuse does not count as one for the flood rule.
    pub(super) fn enter(
        &mut self,
        address: ClientAddress,
        flood: &mut FloodRule,
        now: Instant,
    ) -> Result<(), Refusal> {
        let limits = &self.limits;
        let connections = self.taken.of(address);
        if connections == 0 && self.taken.addresses() >= limits.addresses {
            return Err(Refusal::TooManyClients(limits.addresses));
        }
        if self.taken.total() >= limits.connections {
            return Err(Refusal::Full(limits.connections));
        }
        if connections >= limits.per_address {
            return Err(Refusal::TooManyConnections {
                limit: limits.per_address,
                option: limits.per_address_option,
            });
        }
        if let Some(limit) = limits.attempts_per_minute {
            flood
                .attempt(address, limit, now)
                .map_err(|retry_after| Refusal::Flood { limit, retry_after })?;
        }
        self.taken.add(address);
        Ok(())
    }

    /// A connection of `address` is over.
    pub(super) fn leave(&mut self, address: ClientAddress) {
        self.taken.remove(address);
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    const LIMITS: Limits = Limits {
        addresses: 2,
        per_address: 3,
        ..Limits::PLATFORM
    };

    fn ip(last: u8) -> ClientAddress {
        IpAddr::from(Ipv4Addr::new(192, 0, 2, last)).into()
    }

    fn attempts(flood: &mut FloodRule, count: u32, now: Instant) -> u32 {
        (0..count)
            .filter(|_| flood.attempt(ip(1), 51, now).is_ok())
            .count() as u32
    }

    #[test]
    fn distinct_addresses_are_limited_and_a_known_one_may_come_again() {
        let (mut occupancy, mut flood) = (Occupancy::new(LIMITS), FloodRule::default());
        let now = Instant::now();
        assert_eq!(occupancy.enter(ip(1), &mut flood, now), Ok(()));
        assert_eq!(occupancy.enter(ip(2), &mut flood, now), Ok(()));
        assert_eq!(
            occupancy.enter(ip(3), &mut flood, now),
            Err(Refusal::TooManyClients(2))
        );
        assert_eq!(occupancy.enter(ip(1), &mut flood, now), Ok(()));
        occupancy.leave(ip(2));
        assert_eq!(occupancy.enter(ip(3), &mut flood, now), Ok(()));
    }

    #[test]
    fn connections_of_one_address_are_limited() {
        let (mut occupancy, mut flood) = (Occupancy::new(LIMITS), FloodRule::default());
        let now = Instant::now();
        for _ in 0..3 {
            assert_eq!(occupancy.enter(ip(1), &mut flood, now), Ok(()));
        }
        assert_eq!(
            occupancy.enter(ip(1), &mut flood, now),
            Err(Refusal::TooManyConnections {
                limit: 3,
                option: "maxConnectionsForOneClient"
            })
        );
        occupancy.leave(ip(1));
        assert_eq!(occupancy.enter(ip(1), &mut flood, now), Ok(()));
    }

    #[test]
    fn a_limit_of_zero_lets_nobody_in() {
        let mut flood = FloodRule::default();
        for (addresses, per_address) in [(0, 10), (10, 0)] {
            let mut occupancy = Occupancy::new(Limits {
                addresses,
                per_address,
                ..LIMITS
            });
            assert!(occupancy.enter(ip(1), &mut flood, Instant::now()).is_err());
        }
    }

    #[test]
    fn attempts_that_the_limits_refuse_do_not_count() {
        let (mut occupancy, mut flood) = (Occupancy::new(LIMITS), FloodRule::default());
        let now = Instant::now();
        for _ in 0..3 {
            occupancy.enter(ip(1), &mut flood, now).unwrap();
        }
        for _ in 0..100 {
            occupancy.enter(ip(1), &mut flood, now).unwrap_err();
        }
        assert_eq!(attempts(&mut flood, 60, now), 51 - 3);
    }
}
