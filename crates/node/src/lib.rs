//! The N-API binding of arkws: for Node.js and, compiled for it, OpenHarmony's ArkTS runtime.
//!
//! It converts; what a call means is decided in `arkws-netstack`, and which listener is called in `npm/lib`. Events come
//! from the one network thread of the process through a `queue`, and are made values by `delivery`.
#![warn(missing_docs)]
#![deny(unsafe_code)]
#![expect(unreachable_pub, reason = "napi-rs converts public structs only")]

mod client;
mod delivery;
mod environment;
mod event;
mod latin1;
mod log;
mod numbers;
mod options;
mod queue;
#[expect(unsafe_code, reason = "it calls Node-API; see its notes on safety")]
mod raw;
mod server;
mod settings;
mod sync;
#[expect(
    unsafe_code,
    reason = "vector instructions, and text that is known to be valid"
)]
mod utf16;

use std::ffi::CStr;

use napi::JsValue;
use napi::bindgen_prelude::{Env, Object, Result};
use napi_derive::napi;

/// All functions that JavaScript gets from `start`.
static FUNCTIONS: &[(&CStr, raw::Entry)] = &[
    (c"drain", delivery::drain),
    (c"afterTurn", raw::after_turn),
    (c"keepAlive", environment::keep_alive),
    (c"uncaught", environment::uncaught),
    (c"free", environment::free),
    (c"setApiVersion", settings::set_api_version),
    (c"setPolicy", settings::set_policy),
    (c"createClient", client::create),
    (c"connect", client::connect),
    (c"sendText", client::send_text),
    (c"sendBinary", client::send_binary),
    (c"flush", client::flush),
    (c"closeClient", client::close),
    (c"readyState", client::ready_state),
    (c"bufferedAmount", client::buffered_amount),
    (c"stats", client::stats),
    (c"createServer", server::create),
    (c"startServer", server::start),
    (c"stopServer", server::stop),
    (c"listConnections", server::list_connections),
    (c"listAddress", server::list_address),
    (c"sendTextTo", server::send_text),
    (c"sendBinaryTo", server::send_binary),
    (c"broadcast", server::broadcast),
    (c"refuseText", settings::refuse_text),
    (c"closeConnection", server::close),
    (c"answerRequest", server::answer_request),
];

/// Runs once per environment that loads the module.
#[napi(module_exports)]
pub fn init(exports: Object<'_>, env: Env) -> Result<()> {
    log::init();
    #[cfg(unix)]
    raw::leave_at_exit();
    // SAFETY: Node-API calls this to load the module, through napi-rs, which sets no instance data.
    #[expect(unsafe_code, reason = "this is where Node-API enters")]
    unsafe {
        raw::export_start(env.raw(), exports.raw())
    }
}
