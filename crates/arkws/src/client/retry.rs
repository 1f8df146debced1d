//! Whether to try again, and when: exponential back-off with full jitter.
use std::time::Duration;

use arkws_proto::Entropy;

use crate::Error;

/// How to try again: exponential back-off with full jitter.
#[derive(Debug, Clone)]
pub struct Retry {
    /// The first delay. Default: [`DEFAULT_INITIAL_DELAY`](Self::DEFAULT_INITIAL_DELAY).
    pub initial_delay: Duration,
    /// The longest delay, unless the server asks for a longer one. Default:
    /// [`DEFAULT_MAX_DELAY`](Self::DEFAULT_MAX_DELAY).
    pub max_delay: Duration,
    /// Each delay is so many times the one before; less than 1 counts as 1. Default:
    /// [`DEFAULT_FACTOR`](Self::DEFAULT_FACTOR).
    pub factor: f64,
    /// Full jitter: the delay is drawn from between 0 and what it would be, so that the clients of
    /// a server that was restarted do not come back all at once. Default: true.
    pub jitter: bool,
    /// After so many failures in a row the last one is told; `None` (default): never.
    pub max_attempts: Option<u32>,
    /// Whether another attempt is made after this failure. Default: [`Error::is_transient`].
    pub retries: fn(&Error) -> bool,
}

impl Retry {
    /// What [`initial_delay`](Self::initial_delay) is by default: 1 s. Our choice: a server that
    /// was restarted is often there by then.
    pub const DEFAULT_INITIAL_DELAY: Duration = Duration::from_secs(1);

    /// What [`max_delay`](Self::max_delay) is by default: 30 s. Our choice.
    pub const DEFAULT_MAX_DELAY: Duration = Duration::from_secs(30);

    /// What [`factor`](Self::factor) is by default: each delay is twice the one before.
    pub const DEFAULT_FACTOR: f64 = 2.0;

    /// For how long a server is believed that asks for patience (`Retry-After` with 429 or 503): 10
    /// minutes. Our choice: longer than a restart takes, and short enough that a slip of a server
    /// does not keep its clients away for days.
    pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(600);
}

impl Default for Retry {
    fn default() -> Retry {
        Retry {
            initial_delay: Self::DEFAULT_INITIAL_DELAY,
            max_delay: Self::DEFAULT_MAX_DELAY,
            factor: Self::DEFAULT_FACTOR,
            jitter: true,
            max_attempts: None,
            retries: Error::is_transient,
        }
    }
}

/// The delays of one series of connections.
#[derive(Debug)]
pub(super) struct Backoff {
    retry: Retry,
    /// Delays since a connection last held.
    delays: u32,
    /// Failures since the last connection.
    failures: u32,
    /// Before jitter, the last one.
    delay: Duration,
    /// Where jitter comes from, and how often it was asked.
    entropy: Entropy,
    drawn: u64,
}

impl Backoff {
    pub(super) fn new(retry: Retry, entropy: Entropy) -> Backoff {
        Backoff {
            retry,
            delays: 0,
            failures: 0,
            delay: Duration::ZERO,
            entropy,
            drawn: 0,
        }
    }

    /// Failures since the last connection.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    /// The connection was there for this long, and is over: how long to wait before the next. If it
    /// has held for longer than it was waited for, the trouble is over; a server that accepts and
    /// then drops everybody must not be hammered.
    pub(super) fn ended(&mut self, held: Duration) -> Duration {
        self.failures = 0;
        if held >= self.delay.max(self.retry.initial_delay) {
            self.delays = 0;
        }
        self.next(Duration::ZERO)
    }

    /// An attempt has failed: how long to wait before the next; `None`: there is none.
    pub(super) fn failed(&mut self, error: &Error) -> Option<Duration> {
        self.failures = self.failures.saturating_add(1);
        let is_last = self
            .retry
            .max_attempts
            .is_some_and(|most| self.failures >= most);
        if is_last || !(self.retry.retries)(error) {
            return None;
        }
        let asked = error.retry_after().unwrap_or_default();
        Some(self.next(asked.min(Retry::MAX_RETRY_AFTER)))
    }

    fn next(&mut self, asked: Duration) -> Duration {
        let growth = self.retry.factor.max(1.0).powf(f64::from(self.delays));
        // Not infinite: no delay times that would not be a number.
        let delay = self.retry.initial_delay.as_secs_f64() * growth.min(f64::MAX);
        self.delay = Duration::try_from_secs_f64(delay)
            .unwrap_or(Duration::MAX)
            .min(self.retry.max_delay);
        self.delays = self.delays.saturating_add(1);
        match self.retry.jitter {
            // Not before the server wants it, and not all clients at once.
            true => asked.saturating_add(self.delay.mul_f64(self.fraction())),
            false => self.delay.max(asked),
        }
    }

    /// At random, from 0 to 1.
    fn fraction(&mut self) -> f64 {
        self.drawn += 1;
        // As many bits as a number of this kind has.
        (self.entropy.number(self.drawn) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn without_jitter() -> Retry {
        Retry {
            jitter: false,
            max_delay: Duration::from_secs(10),
            ..Retry::default()
        }
    }

    fn failed(backoff: &mut Backoff) -> Option<u64> {
        let error = Error::Io(io::ErrorKind::ConnectionRefused.into());
        backoff.failed(&error).map(|delay| delay.as_secs())
    }

    #[test]
    fn delays_double_up_to_the_longest_until_a_connection_has_held() {
        let mut backoff = Backoff::new(without_jitter(), Entropy::System);
        let seconds = |backoff: &mut Backoff| failed(backoff).unwrap();
        assert_eq!(
            [(); 6].map(|()| seconds(&mut backoff)),
            [1, 2, 4, 8, 10, 10]
        );

        // Accepted and dropped.
        assert_eq!(backoff.ended(Duration::from_secs(9)).as_secs(), 10);
        assert_eq!(seconds(&mut backoff), 10);
        assert_eq!(backoff.ended(Duration::from_secs(10)).as_secs(), 1);
        assert_eq!(seconds(&mut backoff), 2);

        // Far out nothing overflows.
        backoff.delays = u32::MAX;
        assert_eq!(seconds(&mut backoff), 10);
    }

    #[test]
    fn failures_count_from_the_last_connection() {
        let limited = Retry {
            max_attempts: Some(3),
            ..without_jitter()
        };
        let mut backoff = Backoff::new(limited, Entropy::System);
        assert!(failed(&mut backoff).is_some());
        assert!(failed(&mut backoff).is_some());
        backoff.ended(Duration::ZERO);
        assert!(failed(&mut backoff).is_some());
        assert!(failed(&mut backoff).is_some());
        assert!(failed(&mut backoff).is_none());
    }

    #[test]
    fn jitter_draws_from_all_of_the_delay() {
        for entropy in [Entropy::System, Entropy::Seed(1)] {
            let mut backoff = Backoff::new(Retry::default(), entropy);
            let drawn: Vec<f64> = (0..1000).map(|_| backoff.fraction()).collect();
            assert!(drawn.iter().all(|drawn| (0.0..1.0).contains(drawn)));
            for tenth in 0..10 {
                let tenth = f64::from(tenth) / 10.0;
                let count = drawn
                    .iter()
                    .filter(|drawn| (tenth..tenth + 0.1).contains(*drawn));
                assert!(count.count() > 50, "{tenth}");
            }
        }
    }
}
