//! One timer per connection, made when it is first needed.
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::runtime::Handle;
use tokio::time::{Instant, Sleep, sleep_until};

use super::clock::Clock;

/// Wakes the task at a deadline that may change at any time.
#[derive(Debug, Default)]
pub(super) struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timer {
    /// As [`poll`](Self::poll), but outside of a runtime, where there are no timers, the task is
    /// not woken.
    pub(super) fn poll_if_possible(
        &mut self,
        cx: &mut Context<'_>,
        deadline: Instant,
        clock: &mut Clock,
    ) -> Poll<()> {
        if self.sleep.is_none() && Handle::try_current().is_err() {
            return match clock.now() < deadline {
                true => Poll::Pending,
                false => Poll::Ready(()),
            };
        }
        self.poll(cx, Some(deadline))
    }

    /// `Ready` once the deadline has passed; never without one.
    ///
    /// A deadline that moves into the future, as a heartbeat's does with each byte, costs nothing:
    /// the timer is left as it is, fires early and is then set anew.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, deadline: Option<Instant>) -> Poll<()> {
        let Some(deadline) = deadline else {
            return Poll::Pending;
        };
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if sleep.deadline() > deadline {
            sleep.as_mut().reset(deadline);
        }
        loop {
            ready!(sleep.as_mut().poll(cx));
            if sleep.deadline() >= deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
    }
}

/// The earlier of two points in time, of which there may be none.
pub(super) fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
