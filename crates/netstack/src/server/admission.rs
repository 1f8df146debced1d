//! Who may come in: limits by client address, and the flood rule (the platform's).
//!
//! State machines with time as a parameter. A "client" of the contract is a remote IP address; one client may have several
//! connections. All memory is bounded: seats by the limits, the flood rule's by [`MAX_VISITORS`].
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::Instant;

/// Attempts of one address that pass within one [`WINDOW`].
const MAX_ATTEMPTS: u32 = 51;
/// Attempts are counted over this long, from the first of them.
const WINDOW: Duration = Duration::from_secs(60);
/// An address that made too many attempts is refused for this long.
const BAN: Duration = Duration::from_secs(60);
/// Addresses that the flood rule remembers at most; the one whose memory would end first makes room.
const MAX_VISITORS: usize = 4096;
/// Opening handshakes that may be in progress at a time: in all, and of one address. Enough for the flood rule to be the one that is
/// met first.
const MAX_ARRIVALS: usize = 256;
const MAX_ARRIVALS_OF_ONE: usize = 64;

/// Why a client was not let in; the text goes to the client and into the server's `error` event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// The server was stopped.
    #[error("the server is going away")]
    Stopping,
    /// Too many handshakes are in progress.
    #[error("too many opening handshakes are in progress")]
    Busy,
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
    pub(super) fn cause(&self) -> &'static str {
        match self {
            Refusal::Stopping => "closed",
            Refusal::Busy
            | Refusal::Duplicate
            | Refusal::TooManyClients(_)
            | Refusal::TooManyConnections(_) => "limit",
            Refusal::Flood { .. } => "flood",
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

/// Who is inside, and who is on the doorstep.
#[derive(Debug)]
pub(super) struct Seats {
    limits: Limits,
    /// Connections per address.
    taken: Tally,
    /// Handshakes in progress per address.
    arriving: Tally,
}

impl Seats {
    pub(super) fn new(limits: Limits) -> Seats {
        Seats {
            limits,
            taken: Tally::default(),
            arriving: Tally::default(),
        }
    }

    /// A TCP connection has come; to be followed by [`arrived`](Self::arrived).
    pub(super) fn arrive(&mut self, ip: IpAddr) -> Result<(), Refusal> {
        if self.arriving.total >= MAX_ARRIVALS || self.arriving.of(ip) >= MAX_ARRIVALS_OF_ONE {
            return Err(Refusal::Busy);
        }
        self.arriving.add(ip);
        Ok(())
    }

    /// Its handshake is over, one way or the other.
    pub(super) fn arrived(&mut self, ip: IpAddr) {
        self.arriving.remove(ip);
    }

    /// Gives `ip` a seat, to be given back with [`leave`](Self::leave). An attempt that the limits refuse does not count as one
    /// for the flood rule.
    pub(super) fn enter(
        &mut self,
        ip: IpAddr,
        flood: &mut FloodRule,
        now: Instant,
    ) -> Result<(), Refusal> {
        let connections = self.taken.of(ip);
        if connections == 0 && self.taken.addresses() >= self.limits.clients {
            return Err(Refusal::TooManyClients(self.limits.clients));
        }
        if connections >= self.limits.per_client {
            return Err(Refusal::TooManyConnections(self.limits.per_client));
        }
        flood.attempt(ip, now)?;
        self.taken.add(ip);
        Ok(())
    }

    /// Gives a seat back.
    pub(super) fn leave(&mut self, ip: IpAddr) {
        self.taken.remove(ip);
    }
}

/// A count per address, of those that have any.
#[derive(Debug, Default)]
struct Tally {
    by_address: HashMap<IpAddr, usize>,
    total: usize,
}

impl Tally {
    fn of(&self, ip: IpAddr) -> usize {
        self.by_address.get(&ip).copied().unwrap_or(0)
    }

    fn addresses(&self) -> usize {
        self.by_address.len()
    }

    fn add(&mut self, ip: IpAddr) {
        *self.by_address.entry(ip).or_default() += 1;
        self.total += 1;
    }

    fn remove(&mut self, ip: IpAddr) {
        if let Some(count) = self.by_address.get_mut(&ip) {
            self.total -= 1;
            *count -= 1;
            if *count == 0 {
                self.by_address.remove(&ip);
            }
        }
    }
}

/// The flood rule: an address may make 51 attempts within 60 s of the first; the 52nd bans it for 60 s.
#[derive(Debug, Default)]
pub(super) struct FloodRule {
    visitors: HashMap<IpAddr, Visitor>,
}

/// What the flood rule remembers of one address.
#[derive(Debug, Clone, Copy)]
enum Visitor {
    /// Its attempts are counted.
    Counted { since: Instant, attempts: u32 },
    /// It made too many.
    Banned { until: Instant },
}

impl Visitor {
    /// Whether this memory still means something.
    fn counts(&self, now: Instant) -> bool {
        match *self {
            // A window restarts with an attempt that comes *more* than 60 s after its beginning.
            Visitor::Counted { since, .. } => now <= since + WINDOW,
            Visitor::Banned { until } => now < until,
        }
    }

    fn ends(&self) -> Instant {
        match *self {
            Visitor::Counted { since, .. } => since + WINDOW,
            Visitor::Banned { until } => until,
        }
    }
}

impl FloodRule {
    fn attempt(&mut self, ip: IpAddr, now: Instant) -> Result<(), Refusal> {
        match self
            .visitors
            .get_mut(&ip)
            .filter(|visitor| visitor.counts(now))
        {
            None => {
                self.make_room(now);
                let first = Visitor::Counted {
                    since: now,
                    attempts: 1,
                };
                self.visitors.insert(ip, first);
                Ok(())
            }
            Some(Visitor::Counted { attempts, .. }) if *attempts < MAX_ATTEMPTS => {
                *attempts += 1;
                Ok(())
            }
            Some(visitor @ Visitor::Counted { .. }) => {
                *visitor = Visitor::Banned { until: now + BAN };
                Err(Refusal::Flood { retry_after: BAN })
            }
            Some(Visitor::Banned { until }) => Err(Refusal::Flood {
                retry_after: *until - now,
            }),
        }
    }

    /// Forgets what means nothing any more, before the table grows; at the cap also the address that would be forgotten next.
    fn make_room(&mut self, now: Instant) {
        if self.visitors.len() < self.visitors.capacity().min(MAX_VISITORS) {
            return;
        }
        self.visitors.retain(|_, visitor| visitor.counts(now));
        if self.visitors.len() >= MAX_VISITORS {
            let next = self
                .visitors
                .iter()
                .min_by_key(|(_, visitor)| visitor.ends());
            if let Some(ip) = next.map(|(ip, _)| *ip) {
                self.visitors.remove(&ip);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    const LIMITS: Limits = Limits {
        clients: 2,
        per_client: 3,
    };

    fn ip(last: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, last).into()
    }

    fn attempts(flood: &mut FloodRule, count: u32, now: Instant) -> u32 {
        (0..count)
            .filter(|_| flood.attempt(ip(1), now).is_ok())
            .count() as u32
    }

    #[test]
    fn distinct_addresses_are_limited_and_a_known_one_may_come_again() {
        let (mut seats, mut flood) = (Seats::new(LIMITS), FloodRule::default());
        let now = Instant::now();
        assert_eq!(seats.enter(ip(1), &mut flood, now), Ok(()));
        assert_eq!(seats.enter(ip(2), &mut flood, now), Ok(()));
        assert_eq!(
            seats.enter(ip(3), &mut flood, now),
            Err(Refusal::TooManyClients(2))
        );
        assert_eq!(seats.enter(ip(1), &mut flood, now), Ok(()));
        seats.leave(ip(2));
        assert_eq!(seats.enter(ip(3), &mut flood, now), Ok(()));
    }

    #[test]
    fn connections_of_one_address_are_limited() {
        let (mut seats, mut flood) = (Seats::new(LIMITS), FloodRule::default());
        let now = Instant::now();
        for _ in 0..3 {
            assert_eq!(seats.enter(ip(1), &mut flood, now), Ok(()));
        }
        assert_eq!(
            seats.enter(ip(1), &mut flood, now),
            Err(Refusal::TooManyConnections(3))
        );
        seats.leave(ip(1));
        assert_eq!(seats.enter(ip(1), &mut flood, now), Ok(()));
    }

    #[test]
    fn a_limit_of_zero_lets_nobody_in() {
        let mut flood = FloodRule::default();
        for (clients, per_client) in [(0, 10), (10, 0)] {
            let mut seats = Seats::new(Limits {
                clients,
                per_client,
            });
            assert!(seats.enter(ip(1), &mut flood, Instant::now()).is_err());
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
        let (mut seats, mut flood) = (Seats::new(LIMITS), FloodRule::default());
        let now = Instant::now();
        for _ in 0..3 {
            seats.enter(ip(1), &mut flood, now).unwrap();
        }
        for _ in 0..100 {
            seats.enter(ip(1), &mut flood, now).unwrap_err();
        }
        assert_eq!(attempts(&mut flood, 60, now), 51 - 3);
    }

    #[test]
    fn memory_is_bounded_and_expired_addresses_are_forgotten() {
        let mut flood = FloodRule::default();
        let start = Instant::now();
        attempts(&mut flood, 52, start);
        for n in 0..2 * MAX_VISITORS as u128 {
            let now = start + Duration::from_millis(1);
            flood.attempt(Ipv6Addr::from(n).into(), now).unwrap();
        }
        assert_eq!(flood.visitors.len(), MAX_VISITORS);

        let later = start + 2 * WINDOW;
        flood.attempt(ip(2), later).unwrap();
        assert_eq!(flood.visitors.len(), 1);
    }

    #[test]
    fn handshakes_in_progress_are_bounded_per_address_and_in_all() {
        let mut seats = Seats::new(LIMITS);
        for _ in 0..MAX_ARRIVALS_OF_ONE {
            seats.arrive(ip(0)).unwrap();
        }
        assert_eq!(seats.arrive(ip(0)), Err(Refusal::Busy));
        for n in 0..(MAX_ARRIVALS - MAX_ARRIVALS_OF_ONE) {
            seats.arrive(ip(1 + (n / 50) as u8)).unwrap();
        }
        assert_eq!(seats.arrive(ip(200)), Err(Refusal::Busy));
        seats.arrived(ip(0));
        assert_eq!(seats.arrive(ip(200)), Ok(()));
    }
}
