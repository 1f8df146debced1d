//! Raw N-API: the module's functions, and the few conversions that every message passes through.
//!
//! napi-rs converts everything else; here its conversions would cost several times what the work
//! itself does.
//!
//! | file | what |
//! |---|---|
//! | this one | how the module starts, is called, and ends |
//! | `call` | what a call brings: its arguments, texts and buffers |
//! | `value` | what is made for JavaScript, and how long it is kept |
//! | `turn` | a call after a turn of the event loop |
//! | `outside` | how what the environment keeps is made |
//! | `kept` | what outlives a call: functions, and the wake-up from other threads |
//! | `exit` | what is done when the process ends |
//!
//! # Safety
//! All `unsafe` of this crate is here, and in [`utf16`](crate::utf16): the compiler refuses it
//! elsewhere. It rests on these:
//!
//! - **An [`Env`] is current.** One is made by `enter` and under `start`, of the `napi_env` that
//!   Node-API calls with, and by [`Wakeup::env`], for the environment's clean-up hook: always on
//!   the environment's thread, while Node-API calls us. It holds a pointer, so that the compiler
//!   keeps it on its thread, and nothing that outlives a call stores one.
//! - **A [`Value`] is current**, for the same reasons, until the call returns or the [`Scope`]
//!   closes in which it was made. Values are in locals, and in `delivery`'s list, which is emptied
//!   before its scope is replaced. Values cannot come from another environment: its objects are of
//!   another isolate.
//! - **An exception that is pending, or an environment that is being terminated, needs no care.**
//!   What runs JavaScript then returns an error instead, which [`check`] makes a `Result` of, and
//!   writes no result; what does not run JavaScript works as ever.
//! - **JavaScript runs** in [`Function::call`], [`Env::uncaught`], [`Env::convert`] and
//!   [`Call::get`] of objects (accessors of prototypes), when a thread-safe function is made
//!   (`async_hooks`), and when `guard` makes an exception; nowhere else. It may call any
//!   function of this module. So across these nothing of the environment's cells or locks is
//!   borrowed, nor memory that JavaScript owns.
mod call;
#[cfg(unix)]
mod exit;
mod kept;
mod outside;
mod turn;
mod value;

pub(crate) use call::{Call, TextBuffer};
#[cfg(unix)]
pub(crate) use exit::leave_at_exit;
pub(crate) use kept::{Function, Wakeup};
pub(crate) use turn::after_turn;
pub(crate) use value::{Env, Scope, Value};

use std::cell::RefCell;
use std::ffi::{CStr, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use arkws_netstack::RuntimeLimits;
use napi::bindgen_prelude::FromNapiValue;
use napi::{Error, JsError, Result, Status, sys};

use crate::FUNCTIONS;
use crate::environment::Environment;
use call::arguments;

fn check(status: sys::napi_status) -> Result<()> {
    match status {
        sys::Status::napi_ok => Ok(()),
        status => {
            let status = Status::from(status);
            Err(Error::new(status, format!("arkws: Node-API says {status}")))
        }
    }
}

/// A function of the module.
pub(crate) type Entry = fn(&Call<'_>) -> Result<Value>;

/// What one call of `start` made.
struct Instance {
    environment: Environment,
    functions: Vec<Bound>,
}

/// What a JavaScript function of this module carries with it.
struct Bound {
    environment: *const Environment,
    entry: Entry,
}

/// All instances of one environment. Usually one; a test runner that loads our JavaScript afresh
/// for each test makes more. Each is a box that only this list owns.
#[derive(Default)]
struct Instances(RefCell<Vec<*mut Instance>>);

impl Drop for Instances {
    fn drop(&mut self) {
        for instance in self.0.take() {
            // SAFETY: `start` made it of a box and gave it to this list alone. The list is dropped
            // by `free_instances` only, when nothing that points into an instance is called any
            // more.
            drop(unsafe { Box::from_raw(instance) });
        }
    }
}

/// Puts `start(wake, deliver, makeBuffer, maxTextUnits, maxBinaryBytes)` into the module's exports.
/// It returns an object with the [`FUNCTIONS`]: `wake()` will be called when events lie ready, and
/// calls `drain()`; `deliver(...)` with what they are, see [`crate::delivery`]; `makeBuffer(n)`
/// makes an ArrayBuffer of `n` bytes, or returns undefined. The numbers are the largest strings and
/// buffers of the runtime, undefined if it tells none.
///
/// # Safety
/// Node-API is calling with both, to load the module. Nothing else sets the environment's instance
/// data.
pub(crate) unsafe fn export_start(env: sys::napi_env, exports: sys::napi_value) -> Result<()> {
    let instances = Box::into_raw(Box::<Instances>::default());
    // SAFETY: `env` is current, as the caller promises. Node-API passes `instances` to
    // `free_instances` once, when it frees `env`, which is after the clean-up hooks: no JavaScript
    // can run any more.
    check(unsafe {
        sys::napi_set_instance_data(env, instances.cast(), Some(free_instances), ptr::null_mut())
    })?;
    // SAFETY: both are current, as the caller promises; `enter_start` needs no data, but what was
    // set above.
    unsafe { define(env, exports, c"start", enter_start, ptr::null_mut()) }
}

unsafe extern "C" fn free_instances(_: sys::napi_env, instances: *mut c_void, _: *mut c_void) {
    // SAFETY: this is what `export_start` made of a box; Node-API calls this once.
    let instances = unsafe { Box::from_raw(instances.cast::<Instances>()) };
    let _ = catch_unwind(AssertUnwindSafe(|| drop(instances)));
}

/// Gives `object` a function. It is defined, not set: no setter of a prototype takes it, no
/// JavaScript runs.
///
/// # Safety
/// `env` and `object` are current. `data` is what `callback` expects, for as long as JavaScript can
/// run.
unsafe fn define(
    env: sys::napi_env,
    object: sys::napi_value,
    name: &'static CStr,
    callback: unsafe extern "C" fn(sys::napi_env, sys::napi_callback_info) -> sys::napi_value,
    data: *mut c_void,
) -> Result<()> {
    use sys::PropertyAttributes::{configurable, enumerable, writable};
    let property = sys::napi_property_descriptor {
        utf8name: name.as_ptr(),
        name: ptr::null_mut(),
        method: Some(callback),
        getter: None,
        setter: None,
        value: ptr::null_mut(),
        attributes: writable | enumerable | configurable,
        data,
    };
    // SAFETY: as the caller promises. Node-API reads one property, whose name ends with a zero
    // (`CStr`).
    check(unsafe { sys::napi_define_properties(env, object, 1, &raw const property) })
}

unsafe extern "C" fn enter_start(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    // SAFETY: Node-API is calling us with both.
    guard(env, || unsafe { start(env, info) })
}

/// # Safety
/// Node-API is calling `enter_start` with both.
unsafe fn start(env: sys::napi_env, info: sys::napi_callback_info) -> Result<Value> {
    // SAFETY: as the caller promises.
    let (arguments, _) = unsafe { arguments(env, info) }?;
    // SAFETY: `env` is current, and so are the arguments of the call.
    let (wakeup, deliver, make_buffer) = unsafe {
        (
            Wakeup::new(env, arguments[0])?,
            Function::new(env, arguments[1])?,
            Function::new(env, arguments[2])?,
        )
    };
    // SAFETY: as above.
    let limits = unsafe {
        RuntimeLimits {
            max_text_units: largest(env, arguments[3])?,
            max_binary_bytes: largest(env, arguments[4])?,
        }
    };
    let mut instance = Box::new(Instance {
        environment: Environment::new(wakeup, deliver, make_buffer, limits),
        functions: Vec::new(),
    });
    let environment = &raw const instance.environment;
    instance
        .functions
        .extend(FUNCTIONS.iter().map(|(_, entry)| Bound {
            environment,
            entry: *entry,
        }));
    let instance = Box::into_raw(instance);
    let (mut instances, mut exports) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: `env` is current. Its instance data is what `export_start` set, before there was a
    // `start` to call. `instance` lives until `free_instances`, and nothing changes its list of
    // functions: what points into it is valid as long as it can be called.
    //
    // The hook comes before the functions. With them JavaScript can open connections, of which the
    // network thread tells through the thread-safe function, until the hook has run. Node-API runs
    // hooks in the opposite order of their adding, and a thread-safe function ends in such a one:
    // `Wakeup::new` has added that before.
    unsafe {
        check(sys::napi_get_instance_data(env, &mut instances))?;
        let Instances(instances) = &*instances.cast::<Instances>();
        instances.borrow_mut().push(instance);
        let environment = &raw const (*instance).environment;
        check(sys::napi_add_env_cleanup_hook(
            env,
            Some(close_environment),
            environment.cast_mut().cast(),
        ))?;
        check(sys::napi_create_object(env, &mut exports))?;
        for ((name, _), bound) in FUNCTIONS.iter().zip(&(*instance).functions) {
            let bound = ptr::from_ref(bound).cast_mut();
            define(env, exports, name, enter, bound.cast())?;
        }
    }
    Ok(Value(exports))
}

/// A size that JavaScript knows, or any if it knows none.
///
/// # Safety
/// Both are current.
unsafe fn largest(env: sys::napi_env, value: sys::napi_value) -> Result<usize> {
    // SAFETY: as the caller promises.
    let size = unsafe { Option::<f64>::from_napi_value(env, value) }?;
    Ok(size.map_or(usize::MAX, |size| size as usize))
}

unsafe extern "C" fn close_environment(environment: *mut c_void) {
    // SAFETY: `start` added this hook with the environment of an instance, which `free_instances`
    // frees later: Node-API runs the hooks of an environment before it frees what belongs to it.
    let environment = unsafe { &*environment.cast::<Environment>() };
    let _ = catch_unwind(AssertUnwindSafe(|| environment.close()));
}

/// Every call of every function but `start`.
unsafe extern "C" fn enter(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    guard(env, || {
        // SAFETY: Node-API is calling us with both.
        let (arguments, bound) = unsafe { arguments(env, info) }?;
        // SAFETY: `start` gave every function its `Bound`, which lies in an instance beside the
        // environment. An instance is freed by `free_instances` only, when JavaScript neither runs
        // nor can be called: not while this call lasts. Both are only read; what changes in an
        // `Environment` is in cells.
        let (environment, entry) = unsafe {
            let bound = &*bound.cast::<Bound>();
            (&*bound.environment, bound.entry)
        };
        entry(&Call {
            env: Env(env),
            environment,
            arguments,
        })
    })
}

/// Neither a panic nor an error crosses into JavaScript but as an exception. `env` is current: only
/// what Node-API calls uses this.
fn guard(env: sys::napi_env, body: impl FnOnce() -> Result<Value>) -> sys::napi_value {
    let error = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(Value(value))) => return value,
        Ok(Err(error)) => error,
        Err(_) => Error::new(
            Status::GenericFailure,
            "arkws: internal error (a panic; its message is on stderr)",
        ),
    };
    // SAFETY: `env` is current. If an exception is pending, napi-rs throws that one again; if none
    // can be thrown, since the environment ends, it does nothing.
    unsafe { JsError::from(error).throw_into(env) };
    ptr::null_mut()
}
