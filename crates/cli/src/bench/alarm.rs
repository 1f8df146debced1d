//! Waiting for a time. The timers of tokio are right to a millisecond, which is longer than a
//! server nearby takes to answer; those of a thread are right to some 60 microseconds.
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::thread;
use std::time::Instant;

/// Wakes tasks at their times, on a thread that ends with this.
#[derive(Debug)]
pub(super) struct Alarm(Arc<Sleepers>);

#[derive(Debug, Default)]
struct Sleepers {
    state: Mutex<Waits>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waits {
    waiting: BinaryHeap<Reverse<Waiting>>,
    is_over: bool,
}

/// Ordered by time alone.
#[derive(Debug)]
struct Waiting {
    at: Instant,
    waker: Waker,
}

impl Alarm {
    pub(super) fn start() -> Alarm {
        let shared = Arc::new(Sleepers::default());
        let of_thread = Arc::clone(&shared);
        thread::spawn(move || {
            be_punctual();
            of_thread.wake_all();
        });
        Alarm(shared)
    }

    /// Wakes it then.
    pub(super) fn wake_at(&self, at: Instant, waker: Waker) {
        let mut state = self.0.lock();
        let is_next = state.waiting.peek().is_none_or(|next| at < next.0.at);
        state.waiting.push(Reverse(Waiting { at, waker }));
        drop(state);
        if is_next {
            self.0.changed.notify_one();
        }
    }
}

/// Linux may wake a thread later than it asks for, by 50 microseconds unless it asks for less.
fn be_punctual() {
    #[cfg(target_os = "linux")]
    {
        // Without it, it is late by that.
        _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.0.lock().is_over = true;
        self.0.changed.notify_one();
    }
}

impl Sleepers {
    fn lock(&self) -> MutexGuard<'_, Waits> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake_all(&self) {
        let mut state = self.lock();
        while !state.is_over {
            let now = Instant::now();
            let left = match state.waiting.peek() {
                Some(Reverse(next)) => next.at.saturating_duration_since(now),
                None => {
                    let waited = self.changed.wait(state);
                    state = waited.unwrap_or_else(PoisonError::into_inner);
                    continue;
                }
            };
            if !left.is_zero() {
                let waited = self.changed.wait_timeout(state, left);
                (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            if let Some(Reverse(Waiting { waker, .. })) = state.waiting.pop() {
                // Whoever is woken may come back at once.
                drop(state);
                waker.wake();
                state = self.lock();
            }
        }
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Waiting) -> bool {
        self.at == other.at
    }
}

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Waiting) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Waiting) -> std::cmp::Ordering {
        self.at.cmp(&other.at)
    }
}
