//! What holds for the whole process: the API level and the policy of the program.
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use arkws_netstack::{ApiLevel, BusinessError, Context, Program};
use napi::Result;

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

/// See [`Program::context`].
pub(crate) fn context(main: Option<PathBuf>, default: u32) -> Context {
    let context = program().context(main.as_deref(), default);
    context.with_message_cost(SEND_COST)
}

/// See [`Program::refuse_long_text`].
pub(crate) fn too_long(units: usize) -> BusinessError {
    program().refuse_long_text(units)
}

/// `refuseText(units)`: the failure of a `send` of so long a text, which need not be looked at.
pub(crate) fn refuse_text(call: Call<'_>) -> Result<Value<'_>> {
    let units: f64 = call.get(0)?;
    call.env.convert(Failure::from(too_long(units as usize)))
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
