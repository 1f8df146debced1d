//! How far a run has come, from `start` to the end of its listening socket.
use std::sync::OnceLock;

use tokio::sync::watch;
use tokio::time::Instant;

use super::stop::Goodbye;

use super::listen_on::ListenAddress;

/// The stages follow each other in this order; some may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Starting,
    Listening,
    /// `stop` was called.
    Stopping,
    /// The listening socket is gone; clients may still be closing.
    Unbound,
}

/// The stage of a run, who waits for it, and how it stops.
#[derive(Debug)]
pub(super) struct Lifecycle {
    stage: watch::Sender<Stage>,
    /// From when it listens on.
    address: OnceLock<ListenAddress>,
    goodbye: OnceLock<Goodbye>,
}

impl Lifecycle {
    pub(super) fn new() -> Lifecycle {
        Lifecycle {
            stage: watch::Sender::new(Stage::Starting),
            address: OnceLock::new(),
            goodbye: OnceLock::new(),
        }
    }

    pub(super) fn stage(&self) -> Stage {
        *self.stage.borrow()
    }

    /// Started or starting, and not told to stop.
    pub(super) fn is_on(&self) -> bool {
        self.stage() < Stage::Stopping
    }

    /// Started, and not told to stop.
    pub(super) fn is_listening(&self) -> bool {
        self.stage() == Stage::Listening
    }

    /// While the server is listening.
    pub(super) fn address(&self) -> Option<&ListenAddress> {
        match self.is_listening() {
            true => self.address.get(),
            false => None,
        }
    }

    /// The server listens here from now on; `false`: it was told to stop before.
    pub(super) fn listening(&self, address: ListenAddress) -> bool {
        // A run listens once.
        let _ = self.address.set(address);
        self.advance(Stage::Listening)
    }

    /// Ready when the run has been told to stop.
    pub(super) async fn stopping(&self) {
        self.reached(Stage::Stopping).await;
    }

    /// Tells the run to stop, for one thread at a time; `false` if that is done.
    pub(super) fn stop(&self, goodbye: Goodbye) -> bool {
        if !self.is_on() {
            return false;
        }
        let _ = self.goodbye.set(goodbye);
        self.advance(Stage::Stopping)
    }

    /// What its clients are told.
    pub(super) fn goodbye(&self) -> Goodbye {
        self.goodbye.get().cloned().unwrap_or_default()
    }

    /// Why a client whose connection ends now without its close frame is given up; `None`: not
    /// because the run has stopped.
    pub(super) fn given_up(&self) -> Option<String> {
        self.goodbye.get()?.given_up(Instant::now())
    }

    /// `false` if it has come as far already.
    pub(super) fn advance(&self, next: Stage) -> bool {
        self.stage.send_if_modified(|stage| {
            let later = *stage < next;
            if later {
                *stage = next;
            }
            later
        })
    }

    pub(super) async fn reached(&self, stage: Stage) {
        // The sender lives as long as `self`.
        let _ = self.stage.subscribe().wait_for(|now| *now >= stage).await;
    }
}
