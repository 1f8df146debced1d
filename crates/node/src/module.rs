//! The module: how it starts, and its functions.
use std::ffi::CStr;
use std::rc::Rc;

use arkws_netstack::{LanguageLimits, log_to_stderr};
use napi::JsValue;
use napi::Result;
use napi::bindgen_prelude::Object;
use napi_derive::napi;

use crate::call::{Call, Entry};
use crate::contract::contract;
use crate::environment::Environment;
use crate::napi::{Arguments, Callee, Content, Env, Function, Value, export};
use crate::operation::Operation;
use crate::{answer, client, delivery, environment_functions, handover, program, server};

/// All functions that JavaScript gets from `start`.
static FUNCTIONS: &[(&CStr, Entry)] = &[
    (c"drain", delivery::drain),
    (c"macrotask", environment_functions::macrotask),
    (c"wakeAgain", environment_functions::wake_again),
    (c"keepAlive", environment_functions::keep_alive),
    (c"uncaught", environment_functions::uncaught),
    (c"free", environment_functions::free),
    (c"levelWarning", program::level_warning),
    (c"apiVersion", program::api_version),
    (c"apiVersionOf", program::api_version_of),
    (c"setApiVersion", program::set_api_version),
    (c"setPolicy", program::set_policy),
    (c"networkChanged", program::network_changed),
    (c"createClient", client::create),
    (c"connect", client::connect),
    (c"sendText", client::send_text),
    (c"sendBinary", client::send_binary),
    (c"sendUtf8", client::send_utf8),
    (c"flush", client::flush),
    (c"closeClient", client::close),
    (c"terminate", client::terminate),
    (c"abort", client::abort),
    (c"hold", client::hold),
    (c"ping", client::ping),
    (c"observePings", client::observe_pings),
    (c"closeWith", client::close_with),
    (c"answerQuestion", client::answer_question),
    (c"readyState", client::ready_state),
    (c"bufferedAmount", client::buffered_amount),
    (c"bytesAccepted", client::bytes_accepted),
    (c"bytesHandedOver", client::bytes_handed_over),
    (c"stats", client::stats),
    (c"createServer", server::create),
    (c"startServer", server::start),
    (c"stopServer", server::stop),
    (c"stopServerWith", server::stop_with),
    (c"listConnections", server::list_connections),
    (c"listAddress", server::list_address),
    (c"setCertificate", server::set_certificate),
    (c"handOverSocket", handover::hand_over_socket),
    (c"handOverStream", handover::hand_over_stream),
    (c"streamPush", handover::push),
    (c"streamWritten", handover::written),
    (c"streamEnded", handover::ended),
    (c"streamLost", handover::lost),
    (c"leaveStreams", handover::leave),
    (c"sendTextTo", server::send_text),
    (c"sendBinaryTo", server::send_binary),
    (c"broadcast", server::broadcast),
    (c"joinRoom", server::join_room),
    (c"leaveRoom", server::leave_room),
    (c"refuseText", answer::refuse_text),
    (c"parameterError", answer::parameter_error),
    (c"otherError", answer::other_error),
    (c"closeConnection", server::close),
    (c"acceptRequest", server::accept_request),
    (c"refuseRequest", server::refuse_request),
    (c"failRequest", server::fail_request),
    (c"respondHttp", server::respond_http),
    (c"rejectHttp", server::reject_http),
];

/// Runs once per environment that loads the module.
#[napi(module_exports)]
pub fn init(exports: Object<'_>, env: napi::Env) -> Result<()> {
    log_to_stderr();
    #[cfg(unix)]
    crate::exit::leave_at_exit();
    // SAFETY: Node-API calls this to load the module, through napi-rs, which sets no instance data.
    #[expect(unsafe_code, reason = "this is where Node-API enters")]
    unsafe {
        export(env.raw(), exports.raw(), c"start", Start)
    }
}

/// `start(wake, deliver, makeBuffer, maxTextUnits, maxBinaryBytes)` returns an object with the
/// [`FUNCTIONS`], the names of the [`Operation`]s and the [`contract`]: `wake()` will be called
/// when events lie ready, and calls `drain()`; `deliver(...)` with what they are, see
/// [`crate::delivery`]; `makeBuffer(n)` makes an ArrayBuffer of `n` bytes, or returns undefined.
/// The numbers are the largest strings and buffers of the runtime, undefined if it tells none.
///
/// A test runner that loads our JavaScript afresh for each test calls it for each. What it makes is
/// let go when that JavaScript is collected: while nothing is open, no reference of ours leads
/// there.
#[derive(Clone)]
struct Start;

impl Callee for Start {
    fn call<'e>(&'e self, env: &'e mut Env, arguments: &'e Arguments) -> Result<Value<'e>> {
        let [wake, deliver, make_buffer] = [0, 1, 2].map(|index| arguments.value(index));
        let limits = LanguageLimits {
            max_text_units: largest(arguments, 3)?,
            max_binary_bytes: largest(arguments, 4)?,
        };
        let environment = Rc::new(Environment::new(
            Function::new(env, wake)?,
            Function::new(env, deliver)?,
            Function::new(env, make_buffer)?,
            limits,
        ));
        let mut exports = vec![
            (
                c"operations",
                env.array(Operation::NAMES.iter().copied())?.into(),
            ),
            (c"contract", contract(env)?.into()),
            // They live as long as who calls ours: it has its functions from there.
            (c"wake", wake.into()),
            (c"deliver", deliver.into()),
            (c"makeBuffer", make_buffer.into()),
        ];
        for (name, entry) in FUNCTIONS {
            let bound = Bound {
                environment: Rc::clone(&environment),
                entry: *entry,
            };
            exports.push((name, Content::from(env.callee(name, bound)?)));
        }
        env.record(&exports)
    }
}

/// A size that JavaScript knows, or any if it knows none.
fn largest(arguments: &Arguments, index: usize) -> Result<usize> {
    let size: Option<f64> = arguments.get(index)?;
    Ok(size.map_or(usize::MAX, |size| size as usize))
}

/// What each of the [`FUNCTIONS`] carries with it.
#[derive(Clone)]
struct Bound {
    environment: Rc<Environment>,
    entry: Entry,
}

impl Callee for Bound {
    fn call<'e>(&'e self, env: &'e mut Env, arguments: &'e Arguments) -> Result<Value<'e>> {
        (self.entry)(Call {
            env,
            environment: &self.environment,
            arguments,
        })
    }
}
