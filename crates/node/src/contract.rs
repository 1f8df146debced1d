//! What JavaScript has to know of the contract by value.
use arkws_netstack::{BusinessError, CloseOptions, ConnectionCause, MAX_SEND};
use napi::Result;

use crate::napi::{Env, Value};

/// Handed over when the module is loaded, so that each value stands in Rust alone.
pub(crate) fn contract(env: &Env) -> Result<Value<'_>> {
    env.record(&[
        // The code of a mistake in the arguments of a call.
        (c"parameter", BusinessError::PARAMETER.into()),
        // The code of a call without the permission.
        (c"permission", BusinessError::PERMISSION.into()),
        // The cause of what is refused because too much waits already.
        (c"queueFull", ConnectionCause::QueueFull.as_str().into()),
        // The code with which a connection is closed that nobody listens to any more.
        (c"goingAway", CloseOptions::GOING_AWAY.into()),
        // Bytes of the longest message that can be sent.
        (c"maxSend", (MAX_SEND as f64).into()),
    ])
}
