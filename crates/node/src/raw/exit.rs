//! The end of the process.
use std::ffi::c_int;
use std::panic::catch_unwind;
use std::sync::Once;
use std::time::Duration;

use arkws_netstack::Network;

/// How long the end of a process waits for what was sent to leave.
const LIMIT: Duration = Duration::from_millis(500);

/// Has what was sent leave before the process ends, however it ends, unless a signal kills it.
///
/// Node.js ends a process by C's `exit`, when its `exit` listeners have run and its workers are gone. A
/// listener of ours would come before those of the program, and a test runner may give us a `process`
/// that is a copy, of which none is ever called; the clean-up hooks of the main thread's environment do
/// not run on `process.exit()`.
pub(crate) fn leave_at_exit() {
    static ONCE: Once = Once::new();
    // SAFETY: `leave` stays where it is: this library is never unloaded (`-z nodelete`, build.rs).
    // It does not unwind, and uses no variables of the thread's own, which are gone by then. If there
    // is no memory to remember it, nothing is remembered.
    ONCE.call_once(|| unsafe {
        atexit(leave);
    });
}

unsafe extern "C" {
    fn atexit(function: extern "C" fn()) -> c_int;
}

extern "C" fn leave() {
    let _ = catch_unwind(|| Network::leave_process(LIMIT));
}
