//! A call after a turn of the event loop, by what no test's fake timers replace.
use std::ptr;

use napi::{Result, sys};

use super::{Call, Env, Value, check};

/// `afterTurn(function)`: calls it once, when timers and sockets have had their turn.
pub(crate) fn after_turn(call: &Call<'_>) -> Result<Value> {
    let Env(env) = call.env;
    let Value(name) = call.env.latin1(b"arkws")?;
    let mut function = ptr::null_mut();
    // SAFETY: an `Env` is current, and so are the arguments of the call and `name`; what is no
    // function is an error. Without a callback of ours Node-API calls the function itself: it has
    // nothing of ours that it could outlive. The call that waits is the only one, so that it ends
    // when that has been made: with `release` this thread gives up what it has counted as using it,
    // and does not use it again.
    unsafe {
        check(sys::napi_create_threadsafe_function(
            env,
            call.value(0).0,
            ptr::null_mut(),
            name,
            0,
            1,
            ptr::null_mut(),
            None,
            ptr::null_mut(),
            None,
            &mut function,
        ))?;
        let called = sys::napi_call_threadsafe_function(
            function,
            ptr::null_mut(),
            sys::ThreadsafeFunctionCallMode::nonblocking,
        );
        sys::napi_release_threadsafe_function(
            function,
            sys::ThreadsafeFunctionReleaseMode::release,
        );
        check(called)?;
    }
    call.env.undefined()
}
