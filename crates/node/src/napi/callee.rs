//! Functions of ours that JavaScript calls.
use std::ffi::{CStr, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use napi::{Error, JsError, Result, Status, sys};

use super::arguments::Arguments;
use super::env::{Env, Value};
use super::status::check;

/// The length of a name that ends with a zero.
const NAPI_AUTO_LENGTH: isize = -1;

/// What a JavaScript function of ours carries with it, and does.
///
/// Each call is of a clone, so that JavaScript, whatever it does meanwhile, does not end it.
pub trait Callee: Clone + 'static {
    /// JavaScript calls.
    fn call<'e>(&'e self, env: &'e mut Env, arguments: &'e Arguments) -> Result<Value<'e>>;
}

/// Puts a function into the module's exports.
///
/// # Safety
/// Node-API is calling with both, to load the module.
pub unsafe fn export(
    env: sys::napi_env,
    exports: sys::napi_value,
    name: &CStr,
    callee: impl Callee,
) -> Result<()> {
    let env = Env(env);
    let function = env.callee(name, callee)?;
    // SAFETY: as the caller promises.
    let exports = unsafe { Value::from_raw(exports) };
    env.define(exports, &[(name, function.into())])
}

impl Env {
    /// A function that calls `callee`, and keeps it until it is collected, or the environment ends.
    pub fn callee<C: Callee>(&self, name: &CStr, callee: C) -> Result<Value<'_>> {
        let env = self.0;
        let callee = Box::into_raw(Box::new(callee)).cast::<c_void>();
        let mut function = ptr::null_mut();
        // SAFETY: an `Env` is current. `enter` is called with `callee`, a `C`, as long as there is
        // the function: Node-API calls the finalizer when there is not any more, once, and not
        // while the function runs.
        let made = unsafe {
            let (name, length) = (name.as_ptr(), NAPI_AUTO_LENGTH);
            check(sys::napi_create_function(
                env,
                name,
                length,
                Some(enter::<C>),
                callee,
                &mut function,
            ))
            .and_then(|()| {
                check(sys::napi_add_finalizer(
                    env,
                    function,
                    callee,
                    Some(free_callee::<C>),
                    ptr::null_mut(),
                    ptr::null_mut(),
                ))
            })
        };
        if made.is_err() {
            // SAFETY: there is no finalizer, and nobody calls a function that nobody gets.
            unsafe { free_callee::<C>(env, callee, ptr::null_mut()) };
        }
        // SAFETY: it was made just now, by `self`.
        made.map(|()| unsafe { Value::from_raw(function) })
    }
}

unsafe extern "C" fn free_callee<C: Callee>(_: sys::napi_env, callee: *mut c_void, _: *mut c_void) {
    // SAFETY: this is what `callee` made of a box of a `C`; it is called once.
    let callee = unsafe { Box::from_raw(callee.cast::<C>()) };
    let _ = catch_unwind(AssertUnwindSafe(|| drop(callee)));
}

/// Every call of a function of ours.
unsafe extern "C" fn enter<C: Callee>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    guard(env, || {
        // SAFETY: Node-API is calling us with both; the arguments are dropped before this returns.
        let (arguments, callee) = unsafe { Arguments::of_call(env, info) }?;
        // SAFETY: `callee` gave the function that is called its `C`, which it keeps. It is only
        // read, here.
        let callee = unsafe { &*callee.cast::<C>() }.clone();
        let mut env = Env(env);
        let value = callee.call(&mut env, &arguments)?;
        Ok(value.0)
    })
}

/// Neither a panic nor an error crosses into JavaScript but as an exception. `env` is current: only
/// what Node-API calls uses this.
fn guard(env: sys::napi_env, body: impl FnOnce() -> Result<sys::napi_value>) -> sys::napi_value {
    let error = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(value)) => return value,
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
