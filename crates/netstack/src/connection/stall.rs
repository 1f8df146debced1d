//! Whether a server reads from a peer that does not take what waits for it: who asks and does not
//! read the answers shall not go on asking.
use std::pin::Pin;
use std::task::Context;

use tokio::time::{Duration, Instant, Sleep, sleep};

use crate::connection::receive_window::Amount;

/// The data of a peer is left in the transport when more than this waits for that peer, and it has
/// taken nothing for [`PATIENCE`], until half of this is left.
const MOST_WAITING: Amount = Amount {
    events: 4096,
    bytes: 1 << 20,
};
const PATIENCE: Duration = Duration::from_millis(100);

/// What waits to be sent to a peer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waiting {
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
    /// More than a quarter of what may wait does. Then the peer is not read from, whatever it
    /// takes: it may ask faster than it reads, and the answers would fill the rest before
    /// [`PATIENCE`] is over; it would be closed for that.
    pub(crate) is_quarter_full: bool,
}

impl Waiting {
    fn exceeds(&self, share: usize) -> bool {
        self.messages > MOST_WAITING.events as usize / share
            || self.bytes > MOST_WAITING.bytes as usize / share
    }
}

/// Watches whether a peer takes what waits for it.
#[derive(Debug)]
pub(crate) struct Stall {
    /// When it took something last.
    since: Instant,
    /// How much it had taken then; `None`: nothing has waited meanwhile.
    bytes_sent: Option<u64>,
    /// It takes nothing, and much waits for it.
    held: bool,
    timer: Pin<Box<Sleep>>,
}

impl Stall {
    pub(crate) fn new() -> Stall {
        Stall {
            since: Instant::now(),
            bytes_sent: None,
            held: false,
            timer: Box::pin(sleep(PATIENCE)),
        }
    }

    /// Nothing waits for the peer.
    pub(crate) fn rest(&mut self) {
        self.bytes_sent = None;
        self.held = false;
    }

    /// Something waits for the peer, which has taken so many bytes so far: whether it is not read
    /// from for the time being. The caller looks again when it has taken something, or when it is
    /// woken.
    pub(crate) fn poll(&mut self, bytes_sent: u64, waiting: Waiting, cx: &mut Context<'_>) -> bool {
        let now = Instant::now();
        if self.bytes_sent != Some(bytes_sent) {
            self.bytes_sent = Some(bytes_sent);
            self.since = now;
        }
        let patient = now.duration_since(self.since) < PATIENCE;
        let share = if self.held { 2 } else { 1 };
        self.held = waiting.exceeds(share) && (self.held || !patient);
        if patient {
            let next = self.since + PATIENCE;
            // One that is set already may fire early, and is then set anew.
            if self.timer.is_elapsed() || self.timer.deadline() > next {
                self.timer.as_mut().reset(next);
            }
            if self.timer.as_mut().poll(cx).is_ready() {
                cx.waker().wake_by_ref();
            }
        }
        self.held || waiting.is_quarter_full
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use tokio::time::advance;

    use super::*;

    const MIB: usize = 1 << 20;

    /// A peer, and what a server may have waiting for it.
    struct Peer {
        stall: Stall,
        taken: u64,
        limit: usize,
    }

    impl Peer {
        fn new(limit: usize) -> Peer {
            Peer {
                stall: Stall::new(),
                taken: 0,
                limit,
            }
        }

        /// Whether it is read from while so many messages, and bytes of them, wait for it.
        fn is_read_from(&mut self, messages: usize, bytes: usize) -> bool {
            let waiting = Waiting {
                messages,
                bytes,
                is_quarter_full: bytes > self.limit / 4,
            };
            let mut cx = Context::from_waker(Waker::noop());
            !self.stall.poll(self.taken, waiting, &mut cx)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_is_not_read_from_until_half_is_left() {
        for (messages, bytes) in [(4096, 0), (1, MIB)] {
            let mut peer = Peer::new(usize::MAX);
            assert!(peer.is_read_from(messages + 1, bytes + 1));
            advance(PATIENCE / 2).await;
            assert!(peer.is_read_from(messages + 1, bytes + 1));
            // It has taken something in time.
            peer.taken += 1;
            assert!(peer.is_read_from(messages + 1, bytes + 1));
            advance(PATIENCE).await;
            assert!(peer.is_read_from(messages.min(4096), bytes.min(MIB)));
            assert!(!peer.is_read_from(messages + 1, bytes + 1));
            peer.taken += 1;
            assert!(!peer.is_read_from(messages / 2 + 1, bytes / 2 + 1));
            assert!(peer.is_read_from(messages / 2, bytes / 2));
            // From now on it takes something all the time.
            assert!(peer.is_read_from(messages + 1, bytes + 1));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn for_whom_a_quarter_of_what_may_wait_does_is_not_read_from_until_it_does_not() {
        let mut peer = Peer::new(16 * MIB);
        assert!(peer.is_read_from(1, 4 * MIB));
        assert!(!peer.is_read_from(1, 4 * MIB + 1));
        // It takes what it gets, and may be waiting for nothing else.
        peer.taken += 1;
        assert!(peer.is_read_from(1, 4 * MIB));
        advance(PATIENCE).await;
        assert!(!peer.is_read_from(1, 4 * MIB));
    }
}
