//! A run over time.
use std::time::{Duration, Instant};

use serde::Serialize;

use super::numbers::Numbers;

/// What happened since the moment before.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Moment {
    /// Seconds since the first connection was open.
    pub(super) at: f64,
    pub(super) sent_per_second: f64,
    pub(super) answered_per_second: f64,
    /// In seconds.
    pub(super) median: f64,
    /// In seconds.
    pub(super) p99: f64,
}

/// The totals of a run so far, and how it came to them.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    last: Option<Instant>,
    pub(super) total: Numbers,
    pub(super) moments: Vec<Moment>,
}

/// Between two looks.
const LONGEST: Duration = Duration::from_secs(1);
const SHORTEST: Duration = Duration::from_millis(100);
/// Looks at a run, roughly. Those at an hour are one a second.
const LOOKS: u32 = 60;

impl Timeline {
    /// How long to wait between two looks at a run of this duration.
    pub(super) fn interval(duration: Duration) -> Duration {
        (duration / LOOKS).clamp(SHORTEST, LONGEST)
    }

    /// Adds what was counted since the last time. A short time is no moment of its own: what
    /// happened in it would stand out.
    pub(super) fn add(&mut self, numbers: &Numbers, began: Instant, now: Instant) {
        let since = now - self.last.unwrap_or(began);
        self.total += numbers;
        self.last = Some(now);
        if since < SHORTEST / 2 && !self.moments.is_empty() || since.is_zero() {
            return;
        }
        let seconds = since.as_secs_f64();
        self.moments.push(Moment {
            at: (now - began).as_secs_f64(),
            sent_per_second: numbers.sent as f64 / seconds,
            answered_per_second: numbers.answered as f64 / seconds,
            median: numbers.latency.percentile(50.0),
            p99: numbers.latency.percentile(99.0),
        });
    }
}
