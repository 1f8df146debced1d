//! Whether to try again, and when: exponential back-off with full jitter.
use std::time::Duration;

use arkws::Cause;
use rand::RngExt;

use super::failure::Failure;
use crate::Reconnect;

/// Whatever the options say, the next attempt is not later: what timers in JavaScript can wait, too.
const MAX_DELAY: Duration = Duration::from_secs(24 * 24 * 60 * 60);

/// What `retry_on` may name.
const CAUSES: [&str; 17] = [
    Cause::Invalid.as_str(),
    Cause::Dns.as_str(),
    Cause::Refused.as_str(),
    Cause::Unreachable.as_str(),
    Cause::Timeout.as_str(),
    Cause::Tls.as_str(),
    Cause::Proxy.as_str(),
    Cause::Handshake.as_str(),
    Cause::Redirect.as_str(),
    Cause::Protocol.as_str(),
    Cause::TooBig.as_str(),
    Cause::Heartbeat.as_str(),
    Cause::Reset.as_str(),
    Cause::Io.as_str(),
    "closed",
    "policy",
    "internal",
];

/// What is wrong with the options, if anything is.
pub(super) fn check(options: &Reconnect) -> Result<(), String> {
    let factor = options.factor;
    if !factor.is_finite() || factor < 0.0 {
        return Err(format!(
            "reconnect.factor is {factor}, not a finite number from 0"
        ));
    }
    match options.retry_on.iter().find(|&it| !CAUSES.contains(&&**it)) {
        None => Ok(()),
        Some(unknown) => Err(format!(
            "reconnect.retryOn has {unknown:?}, which is no cause; the causes are {}",
            CAUSES.join(", ")
        )),
    }
}

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
        let mut retries = Retries::new(options());
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
        assert_eq!(delays(&mut Retries::new(endless), 2), [days, days]);

        let mut retries = Retries::new(Reconnect {
            initial_delay: Duration::ZERO,
            ..options()
        });
        retries.attempts = u32::MAX - 1;
        assert_eq!(retries.next(&lost()), Some(Duration::ZERO));
    }

    #[test]
    fn every_cause_can_be_named_and_nothing_else() {
        let naming = |cause: &str| Reconnect {
            retry_on: vec!["dns".to_owned(), cause.to_owned()],
            ..options()
        };
        for cause in CAUSES {
            assert_eq!(check(&naming(cause)), Ok(()));
        }
        for cause in ["", "DNS", "timedout"] {
            let why = check(&naming(cause)).unwrap_err();
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
            assert_eq!(check(&options).is_ok(), right, "{factor}");
        }
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
