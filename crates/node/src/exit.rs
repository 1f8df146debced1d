//! The end of the process.
use std::panic::catch_unwind;

use arkws_netstack::Network;

use crate::napi;

/// Has what was sent leave before the process ends.
pub(crate) fn leave_at_exit() {
    napi::at_exit(leave);
}

extern "C" fn leave() {
    let _ = catch_unwind(|| Network::leave_process(Network::DEFAULT_LEAVE_LIMIT));
}
