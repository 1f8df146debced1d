//! What names a connection in every line of the log: its number in this process, and who is at the
//! other end.
use std::fmt::Display;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::{Span, debug_span};

/// A client's `connect`, with all its attempts and connections.
pub(crate) fn client(to: &str) -> Span {
    debug_span!(target: "arkws", "client", number = next(), to)
}

/// A client of a server, from its TCP connection on.
pub(crate) fn peer(peer: &impl Display) -> Span {
    debug_span!(target: "arkws", "client", number = next(), %peer)
}

fn next() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}
