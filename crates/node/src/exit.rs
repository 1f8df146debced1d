//! The end of the process.
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use arkws_netstack::Network;

/// Has what was sent leave before the process ends.
#[cfg(unix)]
pub(crate) fn leave_at_exit() {
    crate::napi::at_exit(leave);
}

#[cfg(unix)]
extern "C" fn leave() {
    let _ = std::panic::catch_unwind(|| Network::leave_process(time_left()));
}

/// How long the end of the process may still wait. The time runs from the first call.
pub(crate) fn time_left() -> Duration {
    static BEGIN: OnceLock<Instant> = OnceLock::new();
    let passed = BEGIN.get_or_init(Instant::now).elapsed();
    Network::DEFAULT_LEAVE_LIMIT.saturating_sub(passed)
}
