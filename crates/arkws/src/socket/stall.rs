//! The write time-out: for how long has the peer taken nothing of what waits for it?
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::coop;
use tokio::time::Instant;

use super::WebSocket;
use super::engine::UNKNOWN;
use super::timeouts::GivenUp;

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// The transport did not take all that waited, now or the last time. `before` is how many bytes
    /// had been sent before this write.
    #[cold]
    pub(super) fn note_stall(
        &mut self,
        before: u64,
        pending: bool,
        cx: &mut Context<'_>,
        now: Instant,
    ) {
        let was_stalled = self.engine.stalled.is_some();
        let sent = self.engine.stats.bytes_sent;
        let progress = !pending || sent != before;
        if let Some(monitor) = &mut self.heartbeat {
            // A transport that holds bytes back, as TLS does, has a flush that waits.
            let has_left = !pending
                || self.engine.connection.queued() > 0
                    && matches!(Pin::new(&mut self.io).poll_flush(cx), Poll::Ready(Ok(())));
            let left = match (has_left, was_stalled) {
                (true, _) => sent,
                // All of it had been flushed.
                (false, false) => before,
                (false, true) => 0,
            };
            monitor.written(left, now);
        }
        if progress || !was_stalled {
            self.engine.stalled = pending.then_some(now);
            // Where the transport knows no more than that, it need not be asked.
            self.engine.taken = match self.probe {
                Some(_) => UNKNOWN,
                None => self.engine.stats.bytes_sent,
            };
        }
    }

    /// Writing is pending: for how long has the peer taken nothing?
    pub(super) fn check_stall(&mut self, now: Instant) {
        if let Some((deadline, limit)) = self.engine.write_deadline()
            && deadline <= now
            // Otherwise the transport was not asked: this task is to let others run first.
            && coop::has_budget_remaining()
        {
            let taken = self.taken();
            let before = std::mem::replace(&mut self.engine.taken, taken);
            if before == UNKNOWN {
                // The program may not have looked at it for a while.
                if now.duration_since(deadline) > limit / 2 {
                    self.engine.stalled = Some(now);
                }
            } else if before < taken {
                self.engine.stalled = Some(now);
            } else {
                self.give_up(GivenUp::Stalled(limit), now);
            }
        }
    }
}
