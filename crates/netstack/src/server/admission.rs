//! Who may come in: limits by client address, and the flood rule (the platform's).
//!
//! State machines with time as a parameter. A "client" of the contract is a [`ClientAddress`]; one
//! client may have several connections. All memory is bounded: the occupancy by the limits, the flood rule's
//! by [`MAX_ADDRESSES`].
use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::address::{ClientAddress, CountByAddress};
use crate::Cause;

/// Attempts of one address that pass within one [`WINDOW`].
const MAX_ATTEMPTS: u32 = 51;
/// Attempts are counted over this long, from the first of them.
const WINDOW: Duration = Duration::from_secs(60);
/// An address that made too many attempts is refused for this long.
const BAN: Duration = Duration::from_secs(60);
/// Addresses whose attempts are counted at most, and that are banned at most; the one that would be
/// forgotten first makes room.
const MAX_ADDRESSES: usize = 4096;

/// Why a client was not let in; the text goes to the client and into the server's `error` event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// The server was stopped.
    #[error("the server is going away")]
    Stopping,
    /// Too many handshakes are in progress, and all wait for the program.
    #[error("too many opening handshakes wait for the program's answer")]
    Busy,
    /// It was the oldest of too many handshakes.
    #[error("too many opening handshakes are in progress, and this was the oldest")]
    Replaced,
    /// Its address and port are taken, which is all that tells connections apart.
    #[error("a client with this address and port is connected already")]
    Duplicate,
    /// `maxConcurrentClientsNumber`.
    #[error(
        "the server is full: it serves {0} client address(es) at a time (maxConcurrentClientsNumber)"
    )]
    TooManyClients(usize),
    /// `maxConnectionsForOneClient`.
    #[error(
        "too many connections: a client address may have {0} at a time (maxConnectionsForOneClient)"
    )]
    TooManyConnections(usize),
    /// The flood rule.
    #[error(
        "too many attempts: {MAX_ATTEMPTS} are allowed within {} s; try again in {} s",
        WINDOW.as_secs(),
        seconds(.retry_after)
    )]
    Flood {
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
            | Refusal::TooManyConnections(_) => Cause::Limit,
            Refusal::Flood { .. } => Cause::Flood,
        }
    }

    /// In seconds, when it is known.
    pub(super) fn retry_after(&self) -> Option<u64> {
        match self {
            Refusal::Flood { retry_after } => Some(seconds(retry_after)),
            _ => None,
        }
    }
}

/// Rounded up.
fn seconds(duration: &Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// Both limits of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// Most distinct client addresses.
    pub(super) clients: usize,
    /// Most connections of one client address.
    pub(super) per_client: usize,
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
        let connections = self.taken.of(address);
        if connections == 0 && self.taken.addresses() >= self.limits.clients {
            return Err(Refusal::TooManyClients(self.limits.clients));
        }
        if connections >= self.limits.per_client {
            return Err(Refusal::TooManyConnections(self.limits.per_client));
        }
        flood.attempt(address, now)?;
        self.taken.add(address);
        Ok(())
    }

    /// A connection of `address` is over.
    pub(super) fn leave(&mut self, address: ClientAddress) {
        self.taken.remove(address);
    }
}

/// The flood rule: an address may make 51 attempts within 60 s of the first; the 52nd bans it for 60 s.
///
/// Counts and bans are kept apart, so that no number of addresses that are merely counted pushes a
/// ban out.
#[derive(Debug, Default)]
pub(super) struct FloodRule {
    counts: HashMap<ClientAddress, Attempts>,
    /// Until when.
    bans: HashMap<ClientAddress, Instant>,
}

/// Those of one address.
#[derive(Debug, Clone, Copy)]
struct Attempts {
    since: Instant,
    number: u32,
}

impl FloodRule {
    fn attempt(&mut self, address: ClientAddress, now: Instant) -> Result<(), Refusal> {
        if let Some(until) = self.bans.get(&address).filter(|until| now < **until) {
            return Err(Refusal::Flood {
                retry_after: *until - now,
            });
        }
        match self.counts.get_mut(&address) {
            // A window restarts with an attempt that comes *more* than 60 s after its beginning.
            Some(attempts) if now <= attempts.since + WINDOW => {
                if attempts.number < MAX_ATTEMPTS {
                    attempts.number += 1;
                    return Ok(());
                }
                self.counts.remove(&address);
                make_room(&mut self.bans, |until| now < *until, |until| *until);
                self.bans.insert(address, now + BAN);
                Err(Refusal::Flood { retry_after: BAN })
            }
            _ => {
                let counts = |attempts: &Attempts| now <= attempts.since + WINDOW;
                make_room(&mut self.counts, counts, |attempts| attempts.since);
                let first = Attempts {
                    since: now,
                    number: 1,
                };
                self.counts.insert(address, first);
                Ok(())
            }
        }
    }
}

/// Forgets what means nothing any more, before a table grows; at its cap also what would be forgotten
/// next.
fn make_room<T>(
    table: &mut HashMap<ClientAddress, T>,
    means_something: impl Fn(&T) -> bool,
    age: impl Fn(&T) -> Instant,
) {
    if table.len() < table.capacity().min(MAX_ADDRESSES) {
        return;
    }
    table.retain(|_, entry| means_something(entry));
    if table.len() >= MAX_ADDRESSES {
        let oldest = table.iter().min_by_key(|(_, entry)| age(entry));
        if let Some(address) = oldest.map(|(address, _)| *address) {
            table.remove(&address);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    use super::*;

    const LIMITS: Limits = Limits {
        clients: 2,
        per_client: 3,
    };

    fn ip(last: u8) -> ClientAddress {
        IpAddr::from(Ipv4Addr::new(192, 0, 2, last)).into()
    }

    /// A network of its own for each number.
    fn network(number: usize) -> ClientAddress {
        IpAddr::from(Ipv6Addr::from_bits((number as u128) << 64)).into()
    }

    fn attempts(flood: &mut FloodRule, count: u32, now: Instant) -> u32 {
        (0..count)
            .filter(|_| flood.attempt(ip(1), now).is_ok())
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
            Err(Refusal::TooManyConnections(3))
        );
        occupancy.leave(ip(1));
        assert_eq!(occupancy.enter(ip(1), &mut flood, now), Ok(()));
    }

    #[test]
    fn a_limit_of_zero_lets_nobody_in() {
        let mut flood = FloodRule::default();
        for (clients, per_client) in [(0, 10), (10, 0)] {
            let mut occupancy = Occupancy::new(Limits {
                clients,
                per_client,
            });
            assert!(occupancy.enter(ip(1), &mut flood, Instant::now()).is_err());
        }
    }

    #[test]
    fn fifty_one_attempts_pass_and_the_next_bans_for_a_minute() {
        let mut flood = FloodRule::default();
        let start = Instant::now();
        assert_eq!(attempts(&mut flood, 51, start), 51);

        let banned = start + Duration::from_secs(60);
        assert_eq!(
            flood.attempt(ip(1), banned),
            Err(Refusal::Flood { retry_after: BAN })
        );
        let almost = banned + BAN - Duration::from_millis(1);
        assert_eq!(
            flood.attempt(ip(1), almost),
            Err(Refusal::Flood {
                retry_after: Duration::from_millis(1)
            })
        );
        assert_eq!(flood.attempt(ip(2), almost), Ok(()), "another address");

        assert_eq!(attempts(&mut flood, 60, banned + BAN), 51, "a new window");
    }

    #[test]
    fn a_window_restarts_only_after_more_than_a_minute() {
        let start = Instant::now();
        let end = start + WINDOW;

        let mut flood = FloodRule::default();
        attempts(&mut flood, 51, start);
        assert_eq!(attempts(&mut flood, 1, end), 0);

        let mut flood = FloodRule::default();
        attempts(&mut flood, 51, start);
        assert_eq!(attempts(&mut flood, 60, end + Duration::from_nanos(1)), 51);
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

    #[test]
    fn the_addresses_of_an_ipv6_network_are_one() {
        let mut flood = FloodRule::default();
        let now = Instant::now();
        let passed = (0..100u128).filter(|n| {
            let ip = IpAddr::from(Ipv6Addr::from_bits(0x2001_0db8 << 96 | *n));
            flood.attempt(ip.into(), now).is_ok()
        });
        assert_eq!(passed.count(), 51);
    }

    #[test]
    fn memory_is_bounded_and_expired_addresses_are_forgotten() {
        let mut flood = FloodRule::default();
        let start = Instant::now();
        for n in 0..2 * MAX_ADDRESSES {
            for _ in 0..52 {
                let _ = flood.attempt(network(n), start + Duration::from_millis(n as u64));
            }
        }
        assert_eq!(flood.bans.len(), MAX_ADDRESSES);
        let now = start + Duration::from_secs(10);
        for n in 0..2 * MAX_ADDRESSES {
            flood.attempt(network(1_000_000 + n), now).unwrap();
        }
        assert_eq!(flood.counts.len(), MAX_ADDRESSES);

        let later = now + 2 * WINDOW;
        flood.attempt(ip(2), later).unwrap();
        assert_eq!(flood.counts.len(), 1);
        assert_eq!(attempts(&mut flood, 52, later), 51);
        assert_eq!(flood.bans.len(), 1);
    }

    #[test]
    fn a_ban_outlives_any_number_of_counts() {
        let mut flood = FloodRule::default();
        let start = Instant::now();
        attempts(&mut flood, 52, start);
        let now = start + BAN - Duration::from_secs(1);
        for n in 0..2 * MAX_ADDRESSES {
            flood.attempt(network(n), now).unwrap();
        }
        assert_eq!(attempts(&mut flood, 1, now), 0);
    }
}
