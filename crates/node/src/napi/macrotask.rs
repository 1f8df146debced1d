//! A call after a turn of the event loop, by what no test's fake timers replace.
use std::ptr;

use napi::{Result, sys};

use super::env::{Env, Value};
use super::status::check;

impl Env {
    /// Calls `function` once, when timers and sockets have had their turn.
    pub fn macrotask(&self, function: Value<'_>) -> Result<()> {
        let name = self.latin1(b"arkws")?;
        let mut task = ptr::null_mut();
        // SAFETY: an `Env` and a `Value` are current, and so is `name`; what is no function is an
        // error. Without a callback of ours Node-API calls the function itself: it has nothing of
        // ours that it could outlive. The call that waits is the only one, so that it ends when
        // that has been made: with `release` this thread gives up what it has counted as using it,
        // and does not use it again.
        unsafe {
            check(sys::napi_create_threadsafe_function(
                self.0,
                function.0,
                ptr::null_mut(),
                name.0,
                0,
                1,
                ptr::null_mut(),
                None,
                ptr::null_mut(),
                None,
                &mut task,
            ))?;
            let called = sys::napi_call_threadsafe_function(
                task,
                ptr::null_mut(),
                sys::ThreadsafeFunctionCallMode::nonblocking,
            );
            sys::napi_release_threadsafe_function(
                task,
                sys::ThreadsafeFunctionReleaseMode::release,
            );
            check(called)
        }
    }
}
