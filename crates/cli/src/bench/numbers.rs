//! What is counted of all connections.
use std::mem;
use std::ops::AddAssign;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

/// What a run, or a part of it, has come to.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    pub(super) sent: u64,
    /// Of payload, as in all that follows.
    pub(super) bytes_sent: u64,
    pub(super) last_sent: Option<Instant>,
    /// Answers; where messages are only received, all of those.
    pub(super) answered: u64,
    pub(super) bytes_answered: u64,
    pub(super) last_answered: Option<Instant>,
    /// Messages that came while none waited for an answer.
    pub(super) unasked: u64,
    /// Messages that waited for an answer when their connection ended.
    pub(super) unanswered: u64,
    /// From when a message was to be sent to its answer.
    pub(super) latency: Times,
    /// From when a message was to be sent to when it was.
    pub(super) lateness: Times,
}

/// Durations, with three digits each.
#[derive(Debug, Clone)]
pub(super) struct Times(Histogram<u64>);

/// In nanoseconds.
const HOUR: u64 = 3_600_000_000_000;

impl Default for Times {
    fn default() -> Times {
        let histogram = Histogram::new_with_bounds(1, HOUR, 3);
        Times(histogram.expect("bounds that such a histogram may have"))
    }
}

impl Times {
    pub(super) fn record(&mut self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        // More than an hour counts as one.
        self.0.saturating_record(nanos.max(1));
    }

    /// In nanoseconds.
    pub(super) fn histogram(&self) -> &Histogram<u64> {
        &self.0
    }

    /// The time that so many of a hundred took at most, in seconds.
    pub(super) fn percentile(&self, percentile: f64) -> f64 {
        self.0.value_at_percentile(percentile) as f64 / 1e9
    }
}

impl Numbers {
    /// A message of this size has been sent, so late if it had its time.
    pub(super) fn note_sent(&mut self, size: usize, now: Instant, late: Option<Duration>) {
        self.sent += 1;
        self.bytes_sent += size as u64;
        self.last_sent = Some(now);
        if let Some(late) = late {
            self.lateness.record(late);
        }
    }

    /// An answer of this size has come, after so long if it is one to a message.
    pub(super) fn note_answer(&mut self, size: usize, now: Instant, latency: Option<Duration>) {
        self.answered += 1;
        self.bytes_answered += size as u64;
        self.last_answered = Some(now);
        if let Some(latency) = latency {
            self.latency.record(latency);
        }
    }
}

impl AddAssign<&Numbers> for Numbers {
    fn add_assign(&mut self, other: &Numbers) {
        self.sent += other.sent;
        self.bytes_sent += other.bytes_sent;
        self.last_sent = self.last_sent.max(other.last_sent);
        self.answered += other.answered;
        self.bytes_answered += other.bytes_answered;
        self.last_answered = self.last_answered.max(other.last_answered);
        self.unasked += other.unasked;
        self.unanswered += other.unanswered;
        self.latency.0 += &other.latency.0;
        self.lateness.0 += &other.lateness.0;
    }
}

/// Where the connections count, some of them at each place, so that they seldom wait for each
/// other and memory does not grow with their number.
#[derive(Debug)]
pub(super) struct Counters(Vec<Mutex<Numbers>>);

const PLACES: u32 = 8;

impl Counters {
    pub(super) fn new(connections: u32) -> Counters {
        let places = 0..PLACES.min(connections);
        Counters(places.map(|_| Mutex::default()).collect())
    }

    /// Where this connection counts.
    pub(super) fn of(&self, connection: u32) -> MutexGuard<'_, Numbers> {
        let place = connection as usize % self.0.len();
        lock(&self.0[place])
    }

    /// What was counted since the last time.
    pub(super) fn take(&self) -> Numbers {
        let mut taken = Numbers::default();
        for place in &self.0 {
            taken += &mem::take(&mut *lock(place));
        }
        taken
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
