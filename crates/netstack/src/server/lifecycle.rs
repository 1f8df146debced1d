//! How far a run has come, from `start` to the end of its listening socket.
use std::net::SocketAddr;

use tokio::sync::watch;

/// The stages follow each other in this order; some may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Starting,
    Listening(SocketAddr),
    /// `stop` was called.
    Stopping,
    /// The listening socket is gone; clients may still be closing.
    Unbound,
}

/// The stage of a run, and who waits for it.
#[derive(Debug)]
pub(super) struct Lifecycle(watch::Sender<Stage>);

impl Lifecycle {
    pub(super) fn new() -> Lifecycle {
        Lifecycle(watch::Sender::new(Stage::Starting))
    }

    pub(super) fn stage(&self) -> Stage {
        *self.0.borrow()
    }

    /// Started or starting, and not told to stop.
    pub(super) fn is_on(&self) -> bool {
        self.stage() < Stage::Stopping
    }

    /// While the server is listening.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        match self.stage() {
            Stage::Listening(address) => Some(address),
            _ => None,
        }
    }

    /// Ready when the run has been told to stop.
    pub(super) async fn stopping(&self) {
        self.reached(Stage::Stopping).await;
    }

    /// `false` if it has come as far already.
    pub(super) fn advance(&self, next: Stage) -> bool {
        self.0.send_if_modified(|stage| {
            let later = *stage < next;
            if later {
                *stage = next;
            }
            later
        })
    }

    pub(super) async fn reached(&self, stage: Stage) {
        // The sender lives as long as `self`.
        let _ = self.0.subscribe().wait_for(|now| *now >= stage).await;
    }
}
