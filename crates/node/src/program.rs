//! The one program of the process: its API level and policy, and what its objects share.
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use arkws_netstack::{ApiLevel, BusinessError, Context, Program};
use napi::{Error, Result};

use crate::call::Call;
use crate::failure::Failure;
use crate::napi::Value;

/// What a `send` that has not been answered costs in JavaScript: a promise, its functions and its
/// place in a queue. Bytes.
const SEND_COST: usize = 512;

static PROGRAM: Mutex<Program> = Mutex::new(Program::new());

fn program() -> MutexGuard<'static, Program> {
    PROGRAM.lock().unwrap_or_else(PoisonError::into_inner)
}

/// See [`Program::context`], for the object that `call` is to make: its arguments are the program's
/// main module and the name of the module that was imported.
///
/// # Errors
/// There is no module of that name.
pub(crate) fn context(call: &Call<'_>) -> Result<Context> {
    let main: Option<String> = call.get(0)?;
    let import: String = call.get(1)?;
    let default = ApiLevel::of_import(&import)
        .ok_or_else(|| Error::from_reason(format!("arkws: there is no module '{import}'")))?;
    let context = program().context(main.as_deref().map(Path::new), default);
    Ok(context
        .with_message_cost(SEND_COST)
        .with_language_limits(call.environment.limits))
}

/// See [`Program::refuse_long_text`].
pub(crate) fn too_long(units: usize) -> BusinessError {
    program().refuse_long_text(units)
}

/// `levelWarning()`: why the API level that the environment asks for is ignored, or null.
pub(crate) fn level_warning(call: Call<'_>) -> Result<Value<'_>> {
    call.env.convert(ApiLevel::from_environment().err())
}

/// `setApiVersion(level | undefined)`: a failure, or null.
pub(crate) fn set_api_version(call: Call<'_>) -> Result<Value<'_>> {
    let number: Option<f64> = call.get(0)?;
    let failure = program().set_api_version(number).err().map(Failure::from);
    call.env.convert(failure)
}

/// `setPolicy(main, internet | undefined, allowedHosts | undefined)`: a failure, or null.
pub(crate) fn set_policy(call: Call<'_>) -> Result<Value<'_>> {
    let main: Option<String> = call.get(0)?;
    let internet: Option<bool> = call.get(1)?;
    let hosts: Option<Vec<String>> = call.get(2)?;

    let main = main.as_deref().map(Path::new);
    let result = program().set_policy(main, internet, hosts);
    // The lock is free again: to make the failure may run JavaScript.
    call.env.convert(result.err().map(Failure::from))
}
