//! What time it is, read once per poll.
use tokio::time::Instant;

/// The time of one poll: that of tokio's clock, which tests can pause, when it is asked for first.
/// A poll that needs no time, as that of a message which has been read already, reads no clock.
#[derive(Debug, Default)]
pub(super) struct Clock {
    read: Option<Instant>,
}

impl Clock {
    pub(super) fn now(&mut self) -> Instant {
        *self.read.get_or_insert_with(Instant::now)
    }
}
