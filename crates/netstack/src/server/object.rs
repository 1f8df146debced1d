//! What a server object shares with its runs: how events reach its listener, and what outlasts a
//! run.
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arkws::Transport;
use futures_util::future::BoxFuture;
use tracing::error;

use super::event::{ServerEvent, ServerListener};
use super::flood::FloodRule;
use super::identity::IdCounter;
use super::peer::Peer;
use crate::Context;
use crate::connection::driver::ConnectionEnd;
use crate::connection::shared_socket::SharedSocket;

/// What the object shares with its runs.
pub(super) struct ServerObject {
    pub(super) context: Context,
    pub(super) listener: Arc<dyn ErasedServerListener>,
    /// The object was dropped.
    pub(super) muted: AtomicBool,
    /// The run that was started last listens on a port; true before the first.
    pub(super) opens_sockets: AtomicBool,
    pub(super) clients: IdCounter,
    pub(super) stops: IdCounter,
    pub(super) flood: Mutex<FloodRule>,
}

/// A listener of a type that the compiler knows when it compiles the loop that receives: as for
/// clients.
pub(super) trait ErasedServerListener: ServerListener {
    /// [`drive`](crate::connection::driver::drive), with the events to this listener.
    fn drive<'a>(
        &'a self,
        object: &'a ServerObject,
        peer: &'a Peer,
        socket: &'a SharedSocket<Transport>,
    ) -> BoxFuture<'a, (ConnectionEnd, Range<u64>)>;
    /// [`linger`](crate::connection::driver::linger).
    fn linger<'a>(&self, socket: &'a SharedSocket<Transport>) -> BoxFuture<'a, ()>;
}

impl ServerObject {
    pub(super) fn emit(&self, event: ServerEvent<'_>) {
        self.call(|| self.listener.on_event(event));
    }

    pub(super) fn flush(&self) {
        self.call(|| self.listener.flush());
    }

    /// A listener that panics touches neither the client whose event it was nor any other.
    pub(super) fn call(&self, call: impl FnOnce()) {
        if !self.muted.load(Ordering::Relaxed) && catch_unwind(AssertUnwindSafe(call)).is_err() {
            error!(target: "arkws", "the server's listener panicked");
        }
    }

    pub(super) fn flood(&self) -> MutexGuard<'_, FloodRule> {
        self.flood.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
