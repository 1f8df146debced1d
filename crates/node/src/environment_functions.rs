//! The functions that concern the JavaScript environment as a whole: `npm/core/runtime.mjs` calls
//! them.
use napi::Result;

use crate::call::Call;
use crate::napi::Value;

/// `keepAlive(isOpen, isRef, resource)`: whether events may come, and whether the process, or the
/// worker thread, stays alive to be told of them. The resource is an object by which tools know
/// what waits for them.
pub(crate) fn keep_alive(call: Call<'_>) -> Result<Value<'_>> {
    match call.get(0)? {
        true => {
            let is_ref: Option<bool> = call.get(1)?;
            call.environment
                .wait_for_events(call.env, is_ref.unwrap_or(true), call.value(2))?;
        }
        false => call.environment.rest(),
    }
    call.env.undefined()
}

/// `macrotask(function)`: calls it once, when timers and sockets have had their turn.
pub(crate) fn macrotask(call: Call<'_>) -> Result<Value<'_>> {
    call.env.macrotask(call.value(0))?;
    call.env.undefined()
}

/// `wakeAgain()`: has `wake` called once more, if anything is open.
pub(crate) fn wake_again(call: Call<'_>) -> Result<Value<'_>> {
    call.environment.wake_again();
    call.env.undefined()
}

/// `uncaught(error)`: a listener has thrown it.
pub(crate) fn uncaught(call: Call<'_>) -> Result<Value<'_>> {
    call.env.uncaught(call.value(0))?;
    call.env.undefined()
}

/// `free(object)`: JavaScript has no use for it any more.
pub(crate) fn free(call: Call<'_>) -> Result<Value<'_>> {
    call.environment.drop_object(call.object()?);
    call.env.undefined()
}
