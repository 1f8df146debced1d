//! One direction of a slow line.
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// Lets so many bytes a second pass, a twentieth of them at once.
pub(super) struct Throttle {
    rate: u32,
    next: Pin<Box<Sleep>>,
}

impl Throttle {
    /// `rate`: bytes a second, at least 1.
    pub(super) fn new(rate: u32) -> Throttle {
        Throttle {
            rate,
            next: Box::pin(sleep_until(Instant::now())),
        }
    }

    /// How many bytes may pass now.
    pub(super) fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<usize> {
        ready!(self.next.as_mut().poll(cx));
        Poll::Ready((self.rate / 20).max(1) as usize)
    }

    /// So many have passed.
    pub(super) fn passed(&mut self, bytes: usize) {
        let takes = Duration::from_secs_f64(bytes as f64 / f64::from(self.rate));
        self.next.as_mut().reset(Instant::now() + takes);
    }
}
