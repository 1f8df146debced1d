//! What a client object shares with the tasks of its connects.
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use arkws::Transport;
use futures_util::future::BoxFuture;

use super::options::QueueLimits;
use super::stats::Stats;
use crate::connection::driver::ConnectionEnd;
use crate::connection::mailbox::Mailbox;
use crate::connection::send_queue::SendNumbers;
use crate::connection::shared_socket::SharedSocket;
use crate::process_exit::OpenConnection;
use crate::{BusinessError, Cause, Context, Event, Listener};

/// What the object shares with the tasks of its connects.
pub(super) struct Object {
    pub(super) context: Context,
    pub(super) listener: Arc<dyn ErasedListener>,
    pub(super) state: Mutex<ObjectState>,
    /// The program has let go of the object: no more events.
    pub(super) dropped: AtomicBool,
    /// The program wants to be told of pings and pongs.
    pub(super) observes_pings: AtomicBool,
}

pub(super) struct ObjectState {
    /// The `connect` that is not over yet.
    pub(super) link: Option<Arc<Link>>,
    /// How the last `connect` that is over ended.
    pub(super) last_end: Option<LastEnd>,
    /// Where the numbers of its sends go on.
    pub(super) numbers: SendNumbers,
    /// Of the current connection, else of the last one.
    pub(super) stats: Stats,
    /// How many pings the program has sent.
    pub(super) pings: u64,
    /// The program wants nothing to be read for the time being.
    pub(super) held: bool,
}

/// Why there is no connection any more.
pub(super) struct LastEnd {
    /// For people.
    pub(super) why: String,
    /// For programs.
    pub(super) cause: Cause,
}

impl ObjectState {
    /// Why a call fails that needs a connection.
    pub(super) fn not_connected(&self, error: impl FnOnce(&str) -> BusinessError) -> BusinessError {
        match &self.last_end {
            None => error("not connected"),
            Some(end) => error(&format!("not connected: {}", end.why)).with_cause(end.cause),
        }
    }
}

/// One `connect`, from the call to its last event.
pub(super) struct Link {
    pub(super) mailbox: Mailbox,
    pub(super) socket: SharedSocket<Transport>,
    pub(super) limits: QueueLimits,
    pub(super) open: AtomicBool,
    /// It was, at least once.
    pub(super) was_open: AtomicBool,
    /// Why the program gave the attempt up, if it did.
    pub(super) aborted: OnceLock<String>,
    /// Sends that may or may not have reached the peer when the network thread ended.
    pub(super) in_doubt: Mutex<Range<u64>>,
}

/// A listener of a type that the compiler knows when it compiles the loop that receives.
///
/// So no message costs a virtual call. And that loop, with the socket under it, is compiled in the
/// crate that has the listener, for speed, while this crate is optimised for size.
pub(super) trait ErasedListener: Listener {
    /// [`drive`](crate::connection::driver::drive), with the events to this listener.
    fn drive<'a>(
        &'a self,
        object: &'a Object,
        link: &'a Link,
        reconnects: bool,
    ) -> BoxFuture<'a, (ConnectionEnd, Range<u64>)>;
    /// [`linger`](crate::connection::driver::linger), here because it polls the socket, too. The
    /// socket has functions that are never inlined, and rustc takes such a function as the first
    /// crate that uses it has compiled it, even if that crate is optimised for size.
    fn linger(&self, socket: SharedSocket<Transport>) -> BoxFuture<'static, ()>;
}

impl Object {
    #[inline]
    pub(super) fn link(&self) -> Option<Arc<Link>> {
        self.lock().link.clone()
    }

    #[inline]
    pub(super) fn lock(&self) -> MutexGuard<'_, ObjectState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn emit(&self, event: Event<'_>) {
        if !self.is_dropped() {
            self.listener.on_event(event);
        }
    }

    /// These sends have failed, if there are any.
    pub(super) fn send_failed(&self, sends: Range<u64>, error: impl FnOnce() -> BusinessError) {
        if !sends.is_empty() {
            self.emit(Event::SendFailed {
                from: sends.start,
                through: sends.end - 1,
                error: error(),
            });
        }
    }

    pub(super) fn refused(&self, error: BusinessError) {
        if !self.is_dropped() {
            self.listener.on_refused(error);
        }
    }

    pub(super) fn flush(&self) {
        if !self.is_dropped() {
            self.listener.flush();
        }
    }

    pub(super) fn observes_pings(&self) -> bool {
        self.observes_pings.load(Ordering::Relaxed)
    }

    #[inline]
    pub(super) fn is_dropped(&self) -> bool {
        self.dropped.load(Ordering::Acquire)
    }
}

impl OpenConnection for Link {
    fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }
}

impl Link {
    pub(super) fn in_doubt(&self) -> MutexGuard<'_, Range<u64>> {
        self.in_doubt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What keeps the object from connecting.
    pub(super) fn occupation(&self) -> &'static str {
        if !self.mailbox.is_open() {
            "the connection is closing"
        } else if self.open.load(Ordering::Acquire) {
            "the connection is open"
        } else {
            "a connection is being made"
        }
    }
}
