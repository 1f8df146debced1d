//! Whether to try again, and when: exponential back-off with full jitter.
use std::time::Duration;

use rand::RngExt;

use super::failure::Failure;
use crate::Cause;

/// How to reconnect: exponential back-off with full jitter.
#[derive(Debug, Clone, PartialEq)]
pub struct Reconnect {
    /// Before the first attempt. Default: 1 s.
    pub initial_delay: Duration,
    /// Cap, itself at most 24 days. Default: 30 s.
    pub max_delay: Duration,
    /// Growth; finite and not negative (401), less than 1 counts as 1. Default: 2.
    pub factor: f64,
    /// Full jitter: the delay is drawn from 0..=delay. Default: true.
    pub jitter: bool,
    /// In a row. `None` (default): for ever.
    pub max_attempts: Option<u32>,
    /// Which failures are followed by another attempt: names of causes, as
    /// [`Cause::as_str`](crate::Cause::as_str) has them; `"closed"` stands for a server that closed
    /// with 1001 or 1011 to 1014. `connect` fails with 401 if one is no cause that a connection can
    /// end with. Empty (default): all that can pass, so not a certificate, a refusal with 4xx, or a
    /// protocol error.
    pub retry_on: Vec<String>,
    /// Sends made meanwhile are queued up to this many bytes, then refused. Default: 16 MiB.
    /// [`RequestOptions::max_queued_bytes`](crate::RequestOptions::max_queued_bytes) holds as well.
    pub max_queued_bytes: usize,
}

impl Default for Reconnect {
    fn default() -> Reconnect {
        Reconnect {
            initial_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(30),
            factor: 2.0,
            jitter: true,
            max_attempts: None,
            retry_on: Vec::new(),
            max_queued_bytes: 16 << 20,
        }
    }
}

/// The longest delay, whatever the options say: timers in JavaScript can wait for so long, too.
const MAX_DELAY: Duration = Duration::from_secs(24 * 24 * 60 * 60);

/// Which failures are followed by another attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
enum RetryOn {
    /// Those that may be different next time.
    Transient,
    /// Those with one of these causes: a set of few, looked through.
    Causes(Vec<Cause>),
}

impl RetryOn {
    /// Reads [`Reconnect::retry_on`].
    ///
    /// # Errors
    /// A name is no cause that a connection can end with: which, and what the causes are.
    fn parse(names: &[String]) -> Result<RetryOn, String> {
        if names.is_empty() {
            return Ok(RetryOn::Transient);
        }
        let known = || Cause::all().filter(|cause| cause.ends_connections());
        let causes = names.iter().map(|name| {
            known().find(|cause| cause.as_str() == name).ok_or_else(|| {
                let known: Vec<_> = known().map(Cause::as_str).collect();
                format!(
                    "reconnect.retryOn has {name:?}, which is no cause; the causes are {}",
                    known.join(", ")
                )
            })
        });
        causes.collect::<Result<_, _>>().map(RetryOn::Causes)
    }

    fn includes(&self, failure: &Failure) -> bool {
        match self {
            RetryOn::Transient => failure.transient,
            RetryOn::Causes(causes) => causes.contains(&failure.cause),
        }
    }
}

/// The retries of one `connect`.
#[derive(Debug)]
pub(super) struct Retries {
    options: Reconnect,
    retry_on: RetryOn,
    /// Attempts since the connection last held.
    attempts: u32,
    /// Before jitter, of the last attempt.
    delay: Duration,
}

impl Retries {
    /// # Errors
    /// An option is wrong: which, and why.
    pub(super) fn new(options: Reconnect) -> Result<Retries, String> {
        let factor = options.factor;
        if !factor.is_finite() || factor < 0.0 {
            return Err(format!(
                "reconnect.factor is {factor}, not a finite number from 0"
            ));
        }
        Ok(Retries {
            retry_on: RetryOn::parse(&options.retry_on)?,
            options,
            attempts: 0,
            delay: Duration::ZERO,
        })
    }

    /// How many attempts it took to get here.
    pub(super) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// A connection was open for this long. If that is longer than the wait for it was, the trouble
    /// is over; a server that accepts and then drops everybody must not be hammered.
    pub(super) fn held(&mut self, time: Duration) {
        if time >= self.delay.max(self.options.initial_delay) {
            self.attempts = 0;
        }
    }

    /// After how long to try again; `None`: not at all.
    pub(super) fn next(&mut self, failure: &Failure) -> Option<Duration> {
        let options = &self.options;
        if !self.retry_on.includes(failure)
            || options.max_attempts.is_some_and(|max| self.attempts >= max)
        {
            return None;
        }
        let growth = options.factor.max(1.0).powf(f64::from(self.attempts));
        // Not infinite: no delay times that would not be a number.
        let delay = options.initial_delay.as_secs_f64() * growth.min(f64::MAX);
        self.delay = Duration::try_from_secs_f64(delay)
            .unwrap_or(MAX_DELAY)
            .min(options.max_delay.min(MAX_DELAY));
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
        let mut retries = Retries::new(options()).unwrap();
        assert_eq!(delays(&mut retries, 6), [1, 2, 4, 8, 10, 10]);
        // Far out nothing overflows.
        retries.attempts = u32::MAX - 1;
        assert_eq!(delays(&mut retries, 1), [10]);
    }

    #[test]
    fn a_delay_is_never_longer_than_24_days_and_none_stays_none() {
        let endless = Reconnect {
            initial_delay: Duration::MAX,
            max_delay: Duration::MAX,
            ..options()
        };
        let days = 24 * 24 * 60 * 60;
        assert_eq!(delays(&mut Retries::new(endless).unwrap(), 2), [days, days]);

        let mut retries = Retries::new(Reconnect {
            initial_delay: Duration::ZERO,
            ..options()
        })
        .unwrap();
        retries.attempts = u32::MAX - 1;
        assert_eq!(retries.next(&lost()), Some(Duration::ZERO));
    }

    #[test]
    fn every_cause_can_be_named_and_nothing_else() {
        let naming = |cause: &str| Reconnect {
            retry_on: vec!["dns".to_owned(), cause.to_owned()],
            ..options()
        };
        for cause in Cause::all().filter(|cause| cause.ends_connections()) {
            assert!(Retries::new(naming(cause.as_str())).is_ok(), "{cause}");
        }
        for cause in ["", "DNS", "timedout", "queue-full", "flood"] {
            let why = Retries::new(naming(cause)).unwrap_err();
            assert!(why.contains(&format!("{cause:?}")), "{why}");
            assert!(why.contains("dns, refused, "), "{why}");
        }
    }

    #[test]
    fn the_factor_must_be_a_number_that_can_be_calculated_with() {
        for (factor, right) in [
            (0.0, true),
            (1.5, true),
            (-1.0, false),
            (f64::NAN, false),
            (f64::INFINITY, false),
        ] {
            let options = Reconnect {
                factor,
                ..options()
            };
            assert_eq!(Retries::new(options).is_ok(), right, "{factor}");
        }
    }

    #[test]
    fn attempts_are_limited_and_a_connection_that_holds_starts_them_anew() {
        let mut retries = Retries::new(Reconnect {
            max_attempts: Some(2),
            ..options()
        })
        .unwrap();
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
                })
                .unwrap();
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
        let with = |causes: &[&str]| {
            let retry_on = causes.iter().map(|&cause| cause.to_owned()).collect();
            let options = Reconnect {
                retry_on,
                ..options()
            };
            Retries::new(options).unwrap()
        };
        let fatal = Failure {
            transient: false,
            cause: arkws::Cause::Tls.into(),
            ..lost()
        };
        assert!(with(&[]).next(&lost()).is_some());
        assert!(with(&[]).next(&fatal).is_none());
        assert!(with(&["tls"]).next(&fatal).is_some());
        assert!(with(&["tls"]).next(&lost()).is_none());
    }
}
