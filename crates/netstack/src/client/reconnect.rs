//! Whether to try again, and when: exponential back-off with full jitter.
use std::time::Duration;

use rand::RngExt;

use super::failure::Failure;
use crate::Reconnect;

/// The retries of one `connect`.
#[derive(Debug)]
pub(super) struct Retries {
    options: Reconnect,
    /// Attempts since the connection last held.
    attempts: u32,
    /// Before jitter, of the last attempt.
    delay: Duration,
}

impl Retries {
    pub(super) fn new(options: Reconnect) -> Retries {
        Retries {
            options,
            attempts: 0,
            delay: Duration::ZERO,
        }
    }

    /// How many attempts it took to get here.
    pub(super) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// A connection was open for this long. If that is longer than the wait for it was, the trouble is over; a server that
    /// accepts and then drops everybody must not be hammered.
    pub(super) fn held(&mut self, time: Duration) {
        if time >= self.delay.max(self.options.initial_delay) {
            self.attempts = 0;
        }
    }

    /// After how long to try again; `None`: not at all.
    pub(super) fn next(&mut self, failure: &Failure) -> Option<Duration> {
        let options = &self.options;
        let wanted = if options.retry_on.is_empty() {
            failure.transient
        } else {
            options.retry_on.iter().any(|cause| cause == failure.cause)
        };
        if !wanted || options.max_attempts.is_some_and(|max| self.attempts >= max) {
            return None;
        }
        let factor = options.factor.max(1.0).powf(f64::from(self.attempts));
        let delay = options.initial_delay.as_secs_f64() * factor;
        self.delay = Duration::try_from_secs_f64(delay)
            .unwrap_or(Duration::MAX)
            .min(options.max_delay);
        self.attempts += 1;
        Some(if options.jitter {
            self.delay.mul_f64(rand::rng().random())
        } else {
            self.delay
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Reconnect {
        Reconnect {
            initial_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(10),
            jitter: false,
            ..Reconnect::default()
        }
    }

    fn lost() -> Failure {
        Failure::closed(1012, "restart")
    }

    fn delays(retries: &mut Retries, count: usize) -> Vec<u64> {
        let delays = (0..count).map_while(|_| retries.next(&lost()));
        delays.map(|delay| delay.as_secs()).collect()
    }

    #[test]
    fn the_delay_doubles_up_to_the_cap() {
        let mut retries = Retries::new(options());
        assert_eq!(delays(&mut retries, 6), [1, 2, 4, 8, 10, 10]);
        // Far out nothing overflows.
        retries.attempts = u32::MAX - 1;
        assert_eq!(delays(&mut retries, 1), [10]);
    }

    #[test]
    fn attempts_are_limited_and_a_connection_that_holds_starts_them_anew() {
        let mut retries = Retries::new(Reconnect {
            max_attempts: Some(2),
            ..options()
        });
        assert_eq!(delays(&mut retries, 5), [1, 2]);

        retries.held(Duration::from_millis(1999));
        assert_eq!(delays(&mut retries, 5), [] as [u64; 0]);

        retries.held(Duration::from_secs(2));
        assert_eq!(delays(&mut retries, 5), [1, 2]);
    }

    #[test]
    fn full_jitter_draws_from_zero_to_the_delay() {
        let draws: Vec<Duration> = (0..200)
            .map(|_| {
                let mut retries = Retries::new(Reconnect {
                    jitter: true,
                    ..options()
                });
                retries.next(&lost()).unwrap()
            })
            .collect();
        assert!(draws.iter().all(|delay| *delay <= Duration::from_secs(1)));
        assert!(
            draws
                .iter()
                .any(|delay| *delay < Duration::from_millis(300))
        );
        assert!(
            draws
                .iter()
                .any(|delay| *delay > Duration::from_millis(700))
        );
    }

    #[test]
    fn only_what_can_pass_is_retried_unless_causes_are_named() {
        let with = |causes: &[&str]| Reconnect {
            retry_on: causes.iter().map(|&cause| cause.to_owned()).collect(),
            ..options()
        };
        let fatal = Failure {
            transient: false,
            cause: "tls",
            ..lost()
        };
        assert!(Retries::new(with(&[])).next(&lost()).is_some());
        assert!(Retries::new(with(&[])).next(&fatal).is_none());
        assert!(Retries::new(with(&["tls"])).next(&fatal).is_some());
        assert!(Retries::new(with(&["tls"])).next(&lost()).is_none());
    }
}
