//! The flood rule (the platform's): who tries too often is refused for a while.
//!
//! A state machine with time as a parameter. All memory is bounded, by [`MAX_ADDRESSES`].
use std::collections::HashMap;
use std::time::Duration;

use arkws::ClientAddress;
use tokio::time::Instant;

/// Attempts are counted over this long, from the first of them.
pub(super) const WINDOW: Duration = Duration::from_secs(60);
/// An address that made too many attempts is refused for this long.
const BAN: Duration = Duration::from_secs(60);
/// Attempts of at most so many addresses are counted, and at most so many are banned. The entry
/// that would end first makes room.
const MAX_ADDRESSES: usize = 4096;

/// The flood rule: an address may make so many attempts within 60 s of the first; the next one bans
/// it for 60 s.
///
/// Counts and bans have separate tables, so that addresses that are only counted push no ban out.
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
    /// Counts an attempt, of which `max` pass within one [`WINDOW`].
    ///
    /// # Errors
    /// It is one too many: what is left of the ban.
    pub(super) fn attempt(
        &mut self,
        address: ClientAddress,
        max: u32,
        now: Instant,
    ) -> Result<(), Duration> {
        if let Some(until) = self.bans.get(&address).filter(|until| now < **until) {
            return Err(*until - now);
        }
        match self.counts.get_mut(&address) {
            // A window restarts with an attempt that comes *more* than 60 s after its beginning.
            Some(attempts) if now <= attempts.since + WINDOW => {
                if attempts.number < max {
                    attempts.number += 1;
                    return Ok(());
                }
                self.counts.remove(&address);
                make_room(&mut self.bans, |until| now < *until, |until| *until);
                self.bans.insert(address, now + BAN);
                Err(BAN)
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

/// Removes entries that have ended, before a table grows. If it is full all the same, the entry
/// that would end first goes as well.
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

    fn ip(last: u8) -> ClientAddress {
        IpAddr::from(Ipv4Addr::new(192, 0, 2, last)).into()
    }

    /// A network of its own for each number.
    fn network(number: usize) -> ClientAddress {
        IpAddr::from(Ipv6Addr::from_bits((number as u128) << 64)).into()
    }

    fn attempts(flood: &mut FloodRule, count: u32, now: Instant) -> u32 {
        (0..count)
            .filter(|_| flood.attempt(ip(1), 51, now).is_ok())
            .count() as u32
    }

    #[test]
    fn fifty_one_attempts_pass_and_the_next_bans_for_a_minute() {
        let mut flood = FloodRule::default();
        let start = Instant::now();
        assert_eq!(attempts(&mut flood, 51, start), 51);

        let banned = start + Duration::from_secs(60);
        assert_eq!(flood.attempt(ip(1), 51, banned), Err(BAN));
        let almost = banned + BAN - Duration::from_millis(1);
        assert_eq!(
            flood.attempt(ip(1), 51, almost),
            Err(Duration::from_millis(1))
        );
        assert_eq!(flood.attempt(ip(2), 51, almost), Ok(()), "another address");

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
    fn the_addresses_of_an_ipv6_network_are_one() {
        let mut flood = FloodRule::default();
        let now = Instant::now();
        let passed = (0..100u128).filter(|n| {
            let ip = IpAddr::from(Ipv6Addr::from_bits(0x2001_0db8 << 96 | *n));
            flood.attempt(ip.into(), 51, now).is_ok()
        });
        assert_eq!(passed.count(), 51);
    }

    #[test]
    fn memory_is_bounded_and_expired_addresses_are_forgotten() {
        let mut flood = FloodRule::default();
        let start = Instant::now();
        for n in 0..2 * MAX_ADDRESSES {
            for _ in 0..52 {
                let _ = flood.attempt(network(n), 51, start + Duration::from_millis(n as u64));
            }
        }
        assert_eq!(flood.bans.len(), MAX_ADDRESSES);
        let now = start + Duration::from_secs(10);
        for n in 0..2 * MAX_ADDRESSES {
            flood.attempt(network(1_000_000 + n), 51, now).unwrap();
        }
        assert_eq!(flood.counts.len(), MAX_ADDRESSES);

        let later = now + 2 * WINDOW;
        flood.attempt(ip(2), 51, later).unwrap();
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
            flood.attempt(network(n), 51, now).unwrap();
        }
        assert_eq!(attempts(&mut flood, 1, now), 0);
    }
}
