//! Whether to try again, and when: exponential back-off with full jitter.
use std::time::Duration;

use rand::RngExt;

use super::failure::Failure;
use super::renewal::Renewal;
use crate::Cause;

/// How to reconnect: exponential back-off with full jitter.
///
/// Where the machine's network changes meanwhile, and a client hears of it (see
/// [`Network::notify_changed`](crate::Network::notify_changed)), the wait ends sooner: within a
/// second, drawn at random with [`jitter`](Self::jitter). Only not within
/// [`CHANGE_PAUSE`](Self::CHANGE_PAUSE) of the last attempt, which doubles with each wait that was
/// cut short in a row; nor before the server wants it.
#[derive(Debug, Clone, PartialEq)]
pub struct Reconnect {
    /// Before the first attempt. Default:
    /// [`DEFAULT_INITIAL_DELAY`](Self::DEFAULT_INITIAL_DELAY).
    pub initial_delay: Duration,
    /// Cap, itself at most 24 days. Default: [`DEFAULT_MAX_DELAY`](Self::DEFAULT_MAX_DELAY).
    pub max_delay: Duration,
    /// Growth; finite and not negative (401), less than 1 counts as 1. Default:
    /// [`DEFAULT_FACTOR`](Self::DEFAULT_FACTOR).
    pub factor: f64,
    /// Full jitter: the delay is drawn from 0..=delay. Default: true.
    pub jitter: bool,
    /// In a row. `None` (default): for ever.
    pub max_attempts: Option<u32>,
    /// The set of causes that are followed by another attempt, in any order;
    /// [`Closed`](crate::ConnectionCause::Closed) stands for a server that closed with 1001 or 1011
    /// to 1014. `connect` fails with 401 if one is a cause that no connection ends with. Empty
    /// (default): all that can pass, so not a certificate, a refusal with 4xx, or a protocol error.
    // A `Vec` and no set: there are about twenty causes, and it is searched once per attempt.
    pub retry_on: Vec<Cause>,
    /// Sends made meanwhile are queued up to this many bytes, then refused.
    /// [`RequestOptions::max_queued_bytes`](crate::RequestOptions::max_queued_bytes) holds as well.
    /// Default: [`DEFAULT_MAX_QUEUED_BYTES`](Self::DEFAULT_MAX_QUEUED_BYTES).
    pub max_queued_bytes: usize,
    /// Asked before each attempt but the first. `None` (default): URL and header fields stay what
    /// they are.
    pub renewal: Option<Renewal>,
    /// [`renewal`](Self::renewal) is asked before the first attempt, too, as number 0. Default:
    /// false, the first attempt is made with what `connect` got.
    pub renews_first: bool,
}

impl Reconnect {
    /// What [`initial_delay`](Self::initial_delay) is by default: 1 s. Ours: a server that was
    /// restarted is often there by then.
    pub const DEFAULT_INITIAL_DELAY: Duration = Duration::from_secs(1);

    /// What [`max_delay`](Self::max_delay) is by default: 30 s. Ours: as long as the heartbeat
    /// needs to notice a loss.
    pub const DEFAULT_MAX_DELAY: Duration = Duration::from_secs(30);

    /// What [`factor`](Self::factor) is by default: each delay is twice the one before.
    pub const DEFAULT_FACTOR: f64 = 2.0;

    /// What [`max_queued_bytes`](Self::max_queued_bytes) is by default: 16 MiB. Ours: three
    /// messages of the longest kind, and as many small ones as fit.
    pub const DEFAULT_MAX_QUEUED_BYTES: usize = 16 << 20;

    /// For how long a server is believed that asks for patience (`Retry-After` with 429 or 503).
    pub const MAX_RETRY_AFTER: Duration = arkws::Retry::MAX_RETRY_AFTER;

    /// For how long no change of the network is followed by an attempt: 1 s. Ours: a network that
    /// comes and goes makes a client no busier than a back-off that starts anew.
    pub const CHANGE_PAUSE: Duration = Duration::from_secs(1);

    /// # Errors
    /// An option is wrong: which, and why.
    fn check(&self) -> Result<(), String> {
        if self.factor.is_nan() || self.factor < 0.0 {
            return Err("factor is not a number from 0".to_owned());
        }
        if self.factor.is_infinite() {
            return Err("factor is not a finite number".to_owned());
        }
        let Some(cause) = self.retry_on.iter().find(|cause| !cause.ends_connections()) else {
            return Ok(());
        };
        let ends = Cause::all().filter(|cause| cause.ends_connections());
        let ends: Vec<_> = ends.map(Cause::as_str).collect();
        Err(format!(
            "retryOn has \"{cause}\", which no connection ends with; the causes are {}",
            ends.join(", ")
        ))
    }
}

impl Default for Reconnect {
    fn default() -> Reconnect {
        Reconnect {
            initial_delay: Self::DEFAULT_INITIAL_DELAY,
            max_delay: Self::DEFAULT_MAX_DELAY,
            factor: Self::DEFAULT_FACTOR,
            jitter: true,
            max_attempts: None,
            retry_on: Vec::new(),
            max_queued_bytes: Self::DEFAULT_MAX_QUEUED_BYTES,
            renewal: None,
            renews_first: false,
        }
    }
}

/// The longest delay, whatever the options say: what timers of languages can wait (2^31-1 ms), in
/// whole days.
const MAX_DELAY: Duration = Duration::from_secs(24 * 24 * 60 * 60);

/// Clients that the same change of the network wakes up begin their attempts within this time.
const CHANGE_JITTER: Duration = Duration::from_secs(1);

/// The retries of one `connect`.
#[derive(Debug)]
pub(super) struct Retries {
    options: Reconnect,
    /// Attempts since the connection last held.
    attempts: u32,
    /// Before jitter, of the last attempt.
    delay: Duration,
    /// What the server asked for when it refused the last attempt.
    asked: Duration,
    /// The next wait that a change of the network cuts short lasts this long at least.
    change_pause: Duration,
}

impl Retries {
    /// # Errors
    /// An option is wrong: which, and why.
    pub(super) fn new(options: Reconnect) -> Result<Retries, String> {
        options.check()?;
        Ok(Retries {
            options,
            attempts: 0,
            delay: Duration::ZERO,
            asked: Duration::ZERO,
            change_pause: Reconnect::CHANGE_PAUSE,
        })
    }

    /// The program's function that is asked before attempts.
    pub(super) fn renewal(&self) -> Option<&Renewal> {
        self.options.renewal.as_ref()
    }

    /// Whether that function is asked before the next attempt.
    pub(super) fn renews_next(&self) -> bool {
        self.attempts > 0 || self.options.renews_first
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
            self.change_pause = Reconnect::CHANGE_PAUSE;
        }
    }

    /// Whether a wait is longer than one that a change of the network cuts short.
    pub(super) fn can_be_cut_short(&self, delay: Duration) -> bool {
        delay > self.change_pause.max(self.asked)
    }

    /// The network has changed when this much of the `delay` had passed: how long to wait now, in
    /// all.
    pub(super) fn cut_short(&mut self, delay: Duration, passed: Duration) -> Duration {
        let least = self.change_pause.max(self.asked);
        self.change_pause = self.change_pause.saturating_mul(2);
        // Not all clients of a network at once.
        let jitter = match self.options.jitter {
            true => CHANGE_JITTER.mul_f64(rand::rng().random()),
            false => Duration::ZERO,
        };
        (passed.max(least) + jitter).min(delay)
    }

    /// After how long to try again; `None`: not at all.
    pub(super) fn next(&mut self, failure: &Failure) -> Option<Duration> {
        let options = &self.options;
        let retried = match options.retry_on.as_slice() {
            [] => failure.transient,
            causes => causes.contains(&failure.cause),
        };
        if !retried || options.max_attempts.is_some_and(|max| self.attempts >= max) {
            return None;
        }
        let growth = options.factor.max(1.0).powf(f64::from(self.attempts));
        // Not infinite: no delay times that would not be a number.
        let delay = options.initial_delay.as_secs_f64() * growth.min(f64::MAX);
        self.delay = Duration::try_from_secs_f64(delay)
            .unwrap_or(MAX_DELAY)
            .min(options.max_delay.min(MAX_DELAY));
        self.attempts += 1;
        let asked = failure.retry_after.unwrap_or_default();
        let asked = asked.min(Reconnect::MAX_RETRY_AFTER);
        self.asked = asked;
        Some(if options.jitter {
            // Not before the server wants it, and not all clients at once.
            asked + self.delay.mul_f64(rand::rng().random())
        } else {
            self.delay.max(asked)
        })
    }
}

#[cfg(test)]
mod tests {
    use arkws::{Error, HandshakeError};

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

    /// The network is watched only for waits that a change may end sooner.
    #[test]
    fn a_wait_that_is_short_anyway_is_not_cut_short() {
        let mut retries = Retries::new(options()).unwrap();
        let pause = Reconnect::CHANGE_PAUSE;
        assert!(!retries.can_be_cut_short(pause));
        assert!(retries.can_be_cut_short(pause + Duration::from_millis(1)));
        let _ = retries.cut_short(pause * 3, Duration::ZERO);
        assert!(!retries.can_be_cut_short(pause * 2));
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
    fn every_cause_that_ends_connections_can_be_named() {
        let naming = |cause: Cause| Reconnect {
            retry_on: vec![arkws::Cause::Dns.into(), cause],
            ..options()
        };
        for cause in Cause::all() {
            let result = Retries::new(naming(cause));
            match cause.as_str() {
                "queue-full" | "limit" | "flood" | "system" => {
                    let why = result.unwrap_err();
                    let words = format!("\"{cause}\", which no connection ends with; the causes ");
                    assert!(why.contains(&words), "{why}");
                    assert!(why.contains("dns, refused, "), "{why}");
                }
                _ => assert!(result.is_ok(), "{cause}"),
            }
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
        let with = |causes: &[Cause]| {
            let options = Reconnect {
                retry_on: causes.to_vec(),
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
        assert!(with(&[arkws::Cause::Tls.into()]).next(&fatal).is_some());
        assert!(with(&[arkws::Cause::Tls.into()]).next(&lost()).is_none());
    }

    fn refused(status: u16, after: &str) -> Failure {
        let response = arkws::http::Response::builder().status(status);
        let response = response.header("retry-after", after);
        let response = Box::new(response.body(Vec::new().into()).unwrap());
        Failure {
            retry_after: Failure::from(Error::from(HandshakeError::Refused(response))).retry_after,
            ..lost()
        }
    }

    #[test]
    fn a_server_that_asks_for_patience_gets_it_within_bounds() {
        for (status, after, seconds) in [
            (503, "7", 7),
            (429, " 7 ", 7),
            (503, "0", 1),
            (503, "99999", 600),
            (503, "99999999999999999999999", 600),
            (503, "Fri, 31 Dec 9999 23:59:59 GMT", 600),
            (503, "-1", 1),
            (503, "+7", 1),
            (503, "7, 8", 1),
            (503, "Fri, 31 Dec 1999 23:59:59 GMT", 1),
            (500, "7", 1),
        ] {
            let delay = Retries::new(options())
                .unwrap()
                .next(&refused(status, after));
            assert_eq!(
                delay,
                Some(Duration::from_secs(seconds)),
                "{status} {after}"
            );
            let jitter = Reconnect {
                jitter: true,
                ..options()
            };
            let delay = Retries::new(jitter).unwrap().next(&refused(status, after));
            let asked = if seconds > 1 { seconds } else { 0 };
            assert!(delay.unwrap() >= Duration::from_secs(asked), "{after}");
        }
    }
}
