//! When each message is due.
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::plan::{Plan, SendPace};

/// The messages of a run in their order. A connection takes the next one when it has sent the one
/// before: so a rate is held by as many connections as are open, and by those that are not held up.
#[derive(Debug)]
pub(super) struct Schedule {
    began: OnceLock<Instant>,
    /// Messages a second; `None`: each is due at once.
    rate: Option<f64>,
    most: u64,
    taken: AtomicU64,
}

impl Schedule {
    /// One that has not begun.
    pub(super) fn new(plan: &Plan) -> Schedule {
        let rate = match plan.pace {
            SendPace::Rate(rate) => Some(rate),
            _ => None,
        };
        // What would be due after the end is not taken, so that nobody waits for it.
        let in_time = rate.map(|rate| (plan.duration.as_secs_f64() * rate).ceil());
        let in_time = in_time.map_or(u64::MAX, |messages| (messages as u64).max(1));
        Schedule {
            began: OnceLock::new(),
            rate,
            most: plan.messages.unwrap_or(u64::MAX).min(in_time),
            taken: AtomicU64::new(0),
        }
    }

    /// When it began: now, if it has not.
    pub(super) fn began(&self) -> Instant {
        *self.began.get_or_init(Instant::now)
    }

    /// How many messages there are; `u64::MAX`: no end.
    pub(super) fn most(&self) -> u64 {
        self.most
    }

    /// How many were due by then, if there is a rate.
    pub(super) fn due_by(&self, then: Instant) -> Option<u64> {
        let seconds = then.saturating_duration_since(self.began()).as_secs_f64();
        let due = self.rate.map(|rate| (seconds * rate).ceil() as u64)?;
        Some(due.min(self.most))
    }

    /// Whether what is due is sent, however late that is.
    pub(super) fn has_rate(&self) -> bool {
        self.rate.is_some()
    }

    /// Takes the next message. `None`: there are no more.
    pub(super) fn take(&self) -> Option<Due> {
        if self.most == u64::MAX {
            return Some(Due::Now);
        }
        // Beyond the end it is counted on, at most once by each connection and look.
        let number = self.taken.fetch_add(1, Ordering::Relaxed);
        if number >= self.most {
            return None;
        }
        Some(match self.rate {
            None => Due::Now,
            Some(rate) => {
                let after = Duration::from_secs_f64(number as f64 / rate);
                Due::At(self.began() + after)
            }
        })
    }
}

/// When a message is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// When there is room for it.
    Now,
    /// At this time.
    At(Instant),
}
