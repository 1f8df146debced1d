//! The one program of the process: its API level and policy, and what the objects of a thread
//! share.
use std::path::Path;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use arkws_netstack::{
    ApiLevel, BusinessError, Context, ExtraRoots, Network, Program, WebSocket, WebSocketServer,
};
use napi::{Error, Result};

use crate::call::Call;
use crate::failure::failure;
use crate::napi::{Content, Env, Value};

/// What a `send` that has not been answered costs in JavaScript: a promise, its functions and its
/// place in a queue. Bytes.
const SEND_COST: usize = 512;

/// What the web's own API is imported by.
const WEB: &str = "arkws/web";

static PROGRAM: Mutex<Program> = Mutex::new(Program::new());

fn program() -> MutexGuard<'static, Program> {
    PROGRAM.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The authorities that Node.js trusts besides its own: those of the file that the environment
/// variable `NODE_EXTRA_CA_CERTS` names. As there, the variable is read once.
fn extra_roots() -> Option<&'static ExtraRoots> {
    static ROOTS: OnceLock<Option<ExtraRoots>> = OnceLock::new();
    let find = || {
        let path = std::env::var_os("NODE_EXTRA_CA_CERTS")?;
        (!path.is_empty()).then(|| ExtraRoots::new(path.into()))
    };
    ROOTS.get_or_init(find).as_ref()
}

/// See [`Program::context`], for the object that `call` is to make: its arguments are the file that
/// imports, else the program's main module, and the name of the module that is imported.
///
/// # Errors
/// There is no module of that name.
pub(crate) fn context(call: &Call<'_>) -> Result<Context> {
    let importer: Option<String> = call.get(0)?;
    let import: String = call.get(1)?;
    let importer = importer.as_deref().map(Path::new);
    let context = if import == WEB {
        program().web_context(importer)
    } else {
        let default = ApiLevel::of_import(&import)
            .ok_or_else(|| Error::from_reason(format!("arkws: there is no module '{import}'")))?;
        program().context(importer, default)
    };
    let context = context
        .with_message_cost(SEND_COST)
        .with_language_limits(call.environment.limits)
        .with_unfinished_budget(call.environment.unfinished.clone());
    Ok(match extra_roots() {
        Some(roots) => context.with_extra_roots(roots.clone()),
        None => context,
    })
}

/// `apiVersion(importer, import)`: the level that a new object would have.
pub(crate) fn api_version(call: Call<'_>) -> Result<Value<'_>> {
    let level = context(&call)?.level;
    call.env.number(level.get())
}

/// `apiVersionOf(object)`: the level that an object has.
pub(crate) fn api_version_of(call: Call<'_>) -> Result<Value<'_>> {
    let level = call.environment.client_or_server(
        call.object()?,
        WebSocket::level,
        WebSocketServer::level,
    )?;
    call.env.number(level.get())
}

/// `levelWarning()`: why the API level that the environment asks for is ignored, or null.
pub(crate) fn level_warning(call: Call<'_>) -> Result<Value<'_>> {
    match ApiLevel::from_environment() {
        Ok(_) => call.env.convert(Content::Null),
        Err(warning) => call.env.text(&warning),
    }
}

/// `setApiVersion(level | undefined)`: a failure, or null.
pub(crate) fn set_api_version(call: Call<'_>) -> Result<Value<'_>> {
    let number: Option<f64> = call.get(0)?;
    let result = program().set_api_version(number);
    failure_or_null(call.env, result)
}

/// `setPolicy(internet | undefined, allowedHosts | undefined)`: a failure, or null.
pub(crate) fn set_policy(call: Call<'_>) -> Result<Value<'_>> {
    let internet: Option<bool> = call.get(0)?;
    let hosts: Option<Vec<String>> = call.get(1)?;
    let result = program().set_policy(internet, hosts);
    failure_or_null(call.env, result)
}

/// The lock of the program is free again: to make the failure may run JavaScript.
fn failure_or_null(env: &Env, result: std::result::Result<(), BusinessError>) -> Result<Value<'_>> {
    match result {
        Ok(()) => env.convert(Content::Null),
        Err(error) => failure(env, &error),
    }
}

/// `networkChanged()`: the platform has told so, or the program.
pub(crate) fn network_changed(call: Call<'_>) -> Result<Value<'_>> {
    Network::process().notify_changed();
    call.env.undefined()
}
