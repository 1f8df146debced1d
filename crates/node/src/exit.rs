//! The end of the process.
use std::panic::catch_unwind;
use std::time::Duration;

use arkws_netstack::Network;

use crate::napi;

/// How long the end of a process waits for what was sent to leave.
const LIMIT: Duration = Duration::from_millis(500);

/// Has what was sent leave before the process ends.
pub(crate) fn leave_at_exit() {
    napi::at_exit(leave);
}

extern "C" fn leave() {
    let _ = catch_unwind(|| Network::leave_process(LIMIT));
}
