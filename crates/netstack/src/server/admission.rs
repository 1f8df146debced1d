//! Who may come in: limits by client address, which `arkws` counts, then the flood rule.
//!
//! A "client" of the contract is a [`ClientAddress`]; one client may have several connections. The
//! memory is bounded by the limits and, without them, by the connections that there are.
use std::time::Duration;

use arkws::{AdmissionError, ClientAddress, ConnectionPermit, HandshakePermit};
use tokio::time::Instant;

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

/// The clients that are in, or on their way in.
#[derive(Debug)]
pub(super) struct Admission {
    limits: Limits,
    counts: arkws::Admission,
}

impl Admission {
    pub(super) fn new(limits: Limits) -> Admission {
        Admission {
            limits,
            counts: arkws::Admission::new(limits.counts()),
        }
    }

    /// An opening handshake begins.
    pub(super) fn begin_handshake(
        &self,
        address: ClientAddress,
    ) -> Result<HandshakePermit, Refusal> {
        self.counts
            .begin_handshake(Some(address))
            .map_err(|error| self.refusal(error))
    }

    /// A connection that is in, or waits for the program's answer. An attempt that the limits
    /// refuse does not count as one for the flood rule.
    pub(super) fn begin_connection(
        &self,
        address: ClientAddress,
        flood: &mut FloodRule,
        now: Instant,
    ) -> Result<ConnectionPermit, Refusal> {
        let permit = self
            .counts
            .begin_connection(Some(address))
            .map_err(|error| self.refusal(error))?;
        if let Some(limit) = self.limits.attempts_per_minute {
            flood
                .attempt(address, limit, now)
                .map_err(|retry_after| Refusal::Flood { limit, retry_after })?;
        }
        Ok(permit)
    }

    /// In the words of the contract's options.
    fn refusal(&self, error: AdmissionError) -> Refusal {
        match error {
            AdmissionError::Busy => Refusal::Busy,
            AdmissionError::Replaced => Refusal::Replaced,
            AdmissionError::Addresses(limit) => Refusal::TooManyClients(limit),
            AdmissionError::Connections(limit) => Refusal::Full(limit),
            AdmissionError::ConnectionsPerAddress(limit) => Refusal::TooManyConnections {
                limit,
                option: self.limits.per_address_option,
            },
        }
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
    fn a_wait_is_told_in_seconds_rounded_up() {
        for (millis, told) in [(0, 0), (1, 1), (2000, 2), (2001, 3)] {
            assert_eq!(seconds(&Duration::from_millis(millis)), told);
        }
    }

    #[test]
    fn who_is_refused_is_told_the_option_that_says_so() {
        let (admission, mut flood) = (Admission::new(LIMITS), FloodRule::default());
        let mut enter = |last| admission.begin_connection(ip(last), &mut flood, Instant::now());
        let _open = [enter(1), enter(1), enter(1), enter(2)].map(Result::unwrap);
        assert_eq!(enter(3).unwrap_err(), Refusal::TooManyClients(2));
        let per_address = Refusal::TooManyConnections {
            limit: 3,
            option: "maxConnectionsForOneClient",
        };
        assert_eq!(enter(1).unwrap_err(), per_address);
    }

    #[test]
    fn who_floods_takes_no_place() {
        let (admission, mut flood) = (Admission::new(LIMITS), FloodRule::default());
        let now = Instant::now();
        attempts(&mut flood, 52, now);
        for _ in 0..10 {
            let refusal = admission.begin_connection(ip(1), &mut flood, now);
            assert!(matches!(refusal, Err(Refusal::Flood { .. })));
        }
        assert_eq!(admission.counts.connections(), 0);
    }

    #[test]
    fn attempts_that_the_limits_refuse_do_not_count() {
        let (admission, mut flood) = (Admission::new(LIMITS), FloodRule::default());
        let now = Instant::now();
        let mut enter = || admission.begin_connection(ip(1), &mut flood, now);
        let _open = [enter(), enter(), enter()].map(Result::unwrap);
        for _ in 0..100 {
            enter().unwrap_err();
        }
        assert_eq!(attempts(&mut flood, 60, now), 51 - 3);
    }
}
