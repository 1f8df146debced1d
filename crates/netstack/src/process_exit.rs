//! The end of the process: what was sent leaves before.
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use arkws::{CloseCode, CloseFrame};

use crate::connection::mailbox::Mailbox;

/// How long a peer has for its answer to a close before which little was sent.
const ANSWER: Duration = Duration::from_millis(100);
/// More than this is much: no peer's system takes so much before the peer reads it. Bytes.
const LITTLE: usize = 64 << 10;

/// A connection of the process's network thread.
pub(crate) trait OpenConnection: Send + Sync + 'static {
    fn mailbox(&self) -> &Mailbox;
}

static OPEN: Mutex<Open> = Mutex::new(Open {
    last: 0,
    connections: BTreeMap::new(),
});

/// All open connections.
struct Open {
    last: u64,
    connections: BTreeMap<u64, Weak<dyn OpenConnection>>,
}

fn open() -> MutexGuard<'static, Open> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The place of an open connection in the list of all; given back when dropped.
pub(crate) struct OpenEntry(u64);

impl OpenEntry {
    pub(crate) fn new(connection: &Arc<impl OpenConnection>) -> OpenEntry {
        let connection = Arc::downgrade(connection);
        let mut open = open();
        open.last += 1;
        let number = open.last;
        open.connections.insert(number, connection);
        OpenEntry(number)
    }
}

impl Drop for OpenEntry {
    fn drop(&mut self) {
        open().connections.remove(&self.0);
    }
}

fn all_open() -> Vec<Arc<dyn OpenConnection>> {
    open()
        .connections
        .values()
        .filter_map(Weak::upgrade)
        .collect()
}

/// See [`Network::hand_over`](crate::Network::hand_over).
pub(crate) fn hand_over(limit: Duration) {
    let deadline = Instant::now() + limit;
    let signal = Arc::<Signal>::default();
    let connections = all_open();
    // What was fed, and waits for the end of the program's turn, which does not come.
    for connection in &connections {
        connection.mailbox().wake_driver();
    }
    for connection in &connections {
        signal.wait(deadline, |cx| connection.mailbox().poll_handed_over(cx));
    }
}

/// See [`Network::leave_process`](crate::Network::leave_process).
pub(crate) fn leave(limit: Duration) {
    let start = Instant::now();
    let deadline = start + limit;
    let connections = all_open();
    let leaving: Vec<_> = connections
        .iter()
        .map(|connection| {
            let mailbox = connection.mailbox();
            let bytes = mailbox.bytes();
            mailbox.close(CloseFrame::new(CloseCode::GOING_AWAY, ""), true);
            (mailbox, bytes)
        })
        .collect();
    let signal = Arc::<Signal>::default();
    // They all make progress meanwhile: to wait for one after the other is to wait for all.
    for (mailbox, _) in &leaving {
        signal.wait(deadline, |cx| mailbox.poll_handed_over(cx));
    }
    for much in [true, false] {
        let deadline = start + if much { limit } else { limit.min(ANSWER) };
        for (mailbox, _) in leaving
            .iter()
            .filter(|(_, bytes)| (*bytes > LITTLE) == much)
        {
            signal.wait(deadline, |cx| mailbox.poll_ended(cx));
        }
    }
}

/// Wakes a thread at the end of its process, when all of its thread-local variables may be gone
/// already.
#[derive(Default)]
struct Signal {
    woken: Mutex<bool>,
    changed: Condvar,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        *self.lock() = true;
        self.changed.notify_one();
    }
}

impl Signal {
    /// Waits until `poll` is ready, until `deadline` at most.
    fn wait(
        self: &Arc<Self>,
        deadline: Instant,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<()>,
    ) {
        let waker = Waker::from(Arc::clone(self));
        while poll(&mut Context::from_waker(&waker)).is_pending() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self
                .changed
                .wait_timeout_while(self.lock(), left, |woken| !*woken);
            *waited.unwrap_or_else(PoisonError::into_inner).0 = false;
        }
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.woken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
