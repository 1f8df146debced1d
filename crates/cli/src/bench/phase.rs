//! How far a run is.
use tokio::sync::watch;

/// The phases of a run, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Connections are opened, and nothing is sent.
    Opening,
    /// Messages are sent.
    Sending,
    /// Nothing more is sent; answers are waited for.
    Waiting,
    /// All connections are closed.
    Closing,
}

impl Phase {
    /// All of them in which a connection is used.
    pub(super) const OF_CONNECTION: [Phase; 3] = [Phase::Opening, Phase::Sending, Phase::Waiting];

    /// What follows.
    pub(super) fn next(self) -> Option<Phase> {
        match self {
            Phase::Opening => Some(Phase::Sending),
            Phase::Sending => Some(Phase::Waiting),
            Phase::Waiting => Some(Phase::Closing),
            Phase::Closing => None,
        }
    }
}

/// Where the phase is looked at, and waited for.
#[derive(Debug, Clone)]
pub(super) struct Phases(watch::Receiver<Phase>);

impl Phases {
    /// The phase, and who decides on it.
    pub(super) fn new() -> (watch::Sender<Phase>, Phases) {
        let (sender, receiver) = watch::channel(Phase::Opening);
        (sender, Phases(receiver))
    }

    pub(super) fn now(&self) -> Phase {
        *self.0.borrow()
    }

    /// Waits for this phase, or a later one.
    ///
    /// # Cancel safety
    /// Safe.
    pub(super) async fn reached(&self, phase: Phase) {
        // Without whoever decides, the run is over.
        _ = self.0.clone().wait_for(|now| *now >= phase).await;
    }
}
