//! The open connections of a server, which it asks to close when it stops.
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arkws_proto::{CloseCode, CloseFrame};
use tokio::sync::Notify;

use crate::socket::CloseRequest;

#[derive(Debug, Default)]
pub(super) struct OpenConnections {
    state: Mutex<ConnectionTable>,
    stopped: Notify,
}

#[derive(Debug, Default)]
struct ConnectionTable {
    stopping: bool,
    requests: HashMap<u64, Arc<CloseRequest>>,
    last: u64,
}

/// An open connection; over when dropped.
pub(super) struct OpenConnection<'a> {
    connections: &'a OpenConnections,
    number: u64,
}

impl OpenConnections {
    /// A connection is open, and is to be asked to close by what is returned.
    pub(super) fn add(&self) -> (OpenConnection<'_>, Arc<CloseRequest>) {
        let request = Arc::<CloseRequest>::default();
        let mut state = self.lock();
        if state.stopping {
            request.close(going_away());
        }
        state.last += 1;
        let number = state.last;
        state.requests.insert(number, Arc::clone(&request));
        let connection = OpenConnection {
            connections: self,
            number,
        };
        (connection, request)
    }

    /// Asks all to close, and whoever comes later.
    pub(super) fn stop(&self) {
        let mut state = self.lock();
        state.stopping = true;
        let requests: Vec<_> = state.requests.values().cloned().collect();
        // Those who wake may look here at once.
        drop(state);
        self.stopped.notify_waiters();
        for request in requests {
            request.close(going_away());
        }
    }

    /// Ready when the server has begun to stop.
    pub(super) async fn stopping(&self) {
        // Made first, so that it misses nothing.
        let stopped = self.stopped.notified();
        if !self.lock().stopping {
            stopped.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, ConnectionTable> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for OpenConnection<'_> {
    fn drop(&mut self) {
        self.connections.lock().requests.remove(&self.number);
    }
}

fn going_away() -> CloseFrame {
    CloseFrame::new(CloseCode::GOING_AWAY, "server is going away")
}
