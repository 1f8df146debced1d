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
//! - **An [`Env`] is current.** One is made by `enter`, of the `napi_env` that Node-API calls with:
//!   always on the environment's thread, while Node-API calls us. It holds a pointer, so that the
//!   compiler keeps it on its thread, and nothing that outlives a call stores one.
//! - **A [`Value`] is current**, for the same reasons, until the call returns or the [`Scope`]
//!   closes in which it was made. Values are in locals, and in `delivery`'s list, which is emptied
//!   before its scope is replaced. Values cannot come from another environment: its objects are of
//!   another isolate.
//! - **An exception that is pending, or an environment that is being terminated, needs no care.**
//!   What runs JavaScript then returns an error instead, which [`check`] makes a `Result` of, and
//!   writes no result; what does not run JavaScript works as ever.
//! - **JavaScript runs** in [`Function::call`], [`Env::uncaught`], [`Env::convert`] and
//!   [`Call::get`] of objects (accessors of prototypes), in [`Wakeup::new`] (`async_hooks`), and when
//!   `guard` makes an exception; nowhere else. It may call any
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

use std::ffi::{CStr, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::Rc;

use arkws_netstack::RuntimeLimits;
use napi::bindgen_prelude::FromNapiValue;
use napi::{Error, JsError, Result, Status, sys};

use crate::FUNCTIONS;
use crate::environment::Environment;
use call::arguments;

/// The length of a name that ends with a zero.
const NAPI_AUTO_LENGTH: isize = -1;

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

/// What a JavaScript function of this module carries with it.
struct Bound {
    environment: Rc<Environment>,
    entry: Entry,
}

/// Puts `start(wake, deliver, makeBuffer, maxTextUnits, maxBinaryBytes)` into the module's exports.
/// It returns an object with the [`FUNCTIONS`]: `wake()` will be called when events lie ready, and
/// calls `drain()`; `deliver(...)` with what they are, see [`crate::delivery`]; `makeBuffer(n)`
/// makes an ArrayBuffer of `n` bytes, or returns undefined. The numbers are the largest strings and
/// buffers of the runtime, undefined if it tells none.
///
/// A test runner that loads our JavaScript afresh for each test calls it for each. What it makes is
/// let go when that JavaScript is collected: while nothing is open, no reference of ours leads there.
///
/// # Safety
/// Node-API is calling with both, to load the module.
pub(crate) unsafe fn export_start(env: sys::napi_env, exports: sys::napi_value) -> Result<()> {
    let mut function = ptr::null_mut();
    // SAFETY: both are current, as the caller promises; `enter_start` needs no data.
    unsafe {
        check(sys::napi_create_function(
            env,
            c"start".as_ptr(),
            NAPI_AUTO_LENGTH,
            Some(enter_start),
            ptr::null_mut(),
            &mut function,
        ))?;
        define(env, exports, c"start", function)
    }
}

/// Gives `object` a property. It is defined, not set: no setter of a prototype takes it, no
/// JavaScript runs.
///
/// # Safety
/// All are current.
unsafe fn define(
    env: sys::napi_env,
    object: sys::napi_value,
    name: &'static CStr,
    value: sys::napi_value,
) -> Result<()> {
    use sys::PropertyAttributes::{configurable, enumerable, writable};
    let property = sys::napi_property_descriptor {
        utf8name: name.as_ptr(),
        name: ptr::null_mut(),
        method: None,
        getter: None,
        setter: None,
        value,
        attributes: writable | enumerable | configurable,
        data: ptr::null_mut(),
    };
    // SAFETY: as the caller promises. Node-API reads one property, whose name ends with a zero
    // (`CStr`).
    check(unsafe { sys::napi_define_properties(env, object, 1, &raw const property) })
}

/// A function of this module. It is called with `bound`, and keeps that until it is collected, or
/// the environment ends.
///
/// # Safety
/// `env` is current.
unsafe fn function(
    env: sys::napi_env,
    name: &'static CStr,
    bound: Bound,
) -> Result<sys::napi_value> {
    let bound = Box::into_raw(Box::new(bound)).cast::<c_void>();
    let mut function = ptr::null_mut();
    // SAFETY: as the caller promises. `enter` is called with `bound` as long as there is the function:
    // Node-API calls the finalizer when there is not any more, once, and not while the function runs.
    let made = unsafe {
        let (name, length) = (name.as_ptr(), NAPI_AUTO_LENGTH);
        check(sys::napi_create_function(
            env,
            name,
            length,
            Some(enter),
            bound,
            &mut function,
        ))
        .and_then(|()| {
            check(sys::napi_add_finalizer(
                env,
                function,
                bound,
                Some(free_bound),
                ptr::null_mut(),
                ptr::null_mut(),
            ))
        })
    };
    if made.is_err() {
        // SAFETY: there is no finalizer, and nobody calls a function that nobody gets.
        unsafe { free_bound(env, bound, ptr::null_mut()) };
    }
    made.map(|()| function)
}

unsafe extern "C" fn free_bound(_: sys::napi_env, bound: *mut c_void, _: *mut c_void) {
    // SAFETY: this is what `function` made of a box; it is called once.
    let bound = unsafe { Box::from_raw(bound.cast::<Bound>()) };
    let _ = catch_unwind(AssertUnwindSafe(|| drop(bound)));
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
    let [
        wake,
        deliver,
        make_buffer,
        max_text_units,
        max_binary_bytes,
        ..,
    ] = arguments;
    // SAFETY: `env` is current, and so are the arguments of the call.
    let environment = unsafe {
        let limits = RuntimeLimits {
            max_text_units: largest(env, max_text_units)?,
            max_binary_bytes: largest(env, max_binary_bytes)?,
        };
        Rc::new(Environment::new(
            Function::new(env, wake)?,
            Function::new(env, deliver)?,
            Function::new(env, make_buffer)?,
            limits,
        ))
    };
    let mut exports = ptr::null_mut();
    // SAFETY: as above, and what is made here is current as well.
    unsafe {
        check(sys::napi_create_object(env, &mut exports))?;
        for (name, entry) in FUNCTIONS {
            let bound = Bound {
                environment: Rc::clone(&environment),
                entry: *entry,
            };
            define(env, exports, name, function(env, name, bound)?)?;
        }
        // They live as long as who calls ours: it has its functions from there.
        define(env, exports, c"wake", wake)?;
        define(env, exports, c"deliver", deliver)?;
        define(env, exports, c"makeBuffer", make_buffer)?;
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

/// Every call of every function but `start`.
unsafe extern "C" fn enter(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    guard(env, || {
        // SAFETY: Node-API is calling us with both.
        let (arguments, bound) = unsafe { arguments(env, info) }?;
        // SAFETY: `function` gave the function that is called its `Bound`, which it keeps. It is
        // only read; what changes in an `Environment` is in cells.
        let bound = unsafe { &*bound.cast::<Bound>() };
        let entry = bound.entry;
        // Kept until this call is over, whatever JavaScript does meanwhile.
        let environment = Rc::clone(&bound.environment);
        entry(&Call {
            env: Env(env),
            environment: &environment,
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
