//! The end of the process.
use std::ffi::c_int;
use std::sync::Once;

/// Has `function` called when the process ends, however it ends, unless a signal kills it. Only the
/// first call counts. The function uses no variables of its thread's own: they are gone by then.
///
/// Node.js ends a process by C's `exit`, when its `exit` listeners have run and its workers are
/// gone. A listener of ours would come before those of the program, and a test runner may give us a
/// `process` that is a copy, of which none is ever called; the clean-up hooks of the main thread's
/// environment do not run on `process.exit()`.
pub fn at_exit(function: extern "C" fn()) {
    static ONCE: Once = Once::new();
    // SAFETY: `function` stays where it is: this library is never unloaded (`-z nodelete`,
    // build.rs). It does not unwind: no `extern "C"` function does. If there is no memory to
    // remember it, nothing is remembered.
    ONCE.call_once(|| unsafe {
        atexit(function);
    });
}

unsafe extern "C" {
    fn atexit(function: extern "C" fn()) -> c_int;
}
