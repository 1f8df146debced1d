//! Functions of JavaScript that outlive a call.
use std::ptr;

use napi::{Error, Result, Status, sys};

use super::env::{Env, Value};
use super::status::check;

/// A JavaScript function that somebody else keeps: it can be collected all the same.
pub struct Function {
    env: sys::napi_env,
    reference: sys::napi_ref,
}

impl Function {
    /// It is dropped in a call, or a finalizer, of its environment, at the latest when that ends.
    pub fn new(env: &Env, function: Value<'_>) -> Result<Function> {
        let env = env.0;
        let mut reference = ptr::null_mut();
        // SAFETY: an `Env` and a `Value` are current. A count of 0 does not keep the function from
        // being collected.
        check(unsafe { sys::napi_create_reference(env, function.0, 0, &mut reference) })?;
        Ok(Function { env, reference })
    }

    /// The function itself.
    ///
    /// # Errors
    /// It has been collected.
    pub(super) fn value<'e>(&self, env: &'e Env) -> Result<Value<'e>> {
        let mut function = ptr::null_mut();
        // SAFETY: an `Env` is current. The reference is deleted when `self` is dropped.
        check(unsafe { sys::napi_get_reference_value(env.0, self.reference, &mut function) })?;
        if function.is_null() {
            let why = "arkws: the functions that `start` was given are gone";
            return Err(Error::new(Status::GenericFailure, why));
        }
        // SAFETY: it was made just now, by `env`.
        Ok(unsafe { Value::from_raw(function) })
    }

    /// Calls it, and returns what it does. JavaScript runs.
    ///
    /// # Errors
    /// It has thrown: see [`Env::take_exception`]. Or no JavaScript can run any more.
    pub fn call<'e>(&self, env: &'e Env, arguments: &[Value<'_>]) -> Result<Value<'e>> {
        let function = self.value(env)?;
        let (mut receiver, mut result) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: an `Env` and a `Value` are current, and the latter is a `napi_value`
        // (`repr(transparent)`).
        unsafe {
            check(sys::napi_get_undefined(env.0, &mut receiver))?;
            check(sys::napi_call_function(
                env.0,
                receiver,
                function.0,
                arguments.len(),
                arguments.as_ptr().cast(),
                &mut result,
            ))?;
        }
        // SAFETY: it was made just now, by `env`.
        Ok(unsafe { Value::from_raw(result) })
    }

    /// An ArrayBuffer that it makes when it is called with a length, with a copy of `bytes`;
    /// `None`: there is no memory for it, or the function is not what it was.
    pub fn make_array_buffer<'e>(&self, env: &'e Env, bytes: &[u8]) -> Result<Option<Value<'e>>> {
        let length = env.number(bytes.len() as u64)?;
        let buffer = self.call(env, &[length])?;
        let mut is = false;
        let (mut data, mut room) = (ptr::null_mut(), 0);
        // SAFETY: an `Env` is current, and `buffer` was made just now, in the scope that is open.
        unsafe {
            check(sys::napi_is_arraybuffer(env.0, buffer.0, &mut is))?;
            if !is {
                return Ok(None);
            }
            check(sys::napi_get_arraybuffer_info(
                env.0, buffer.0, &mut data, &mut room,
            ))?;
        }
        if room != bytes.len() || bytes.is_empty() {
            return Ok(None);
        }
        // SAFETY: Node-API has just told that the buffer's memory begins at `data` and has so many
        // bytes: it is not detached, even if a program has put its own in the place of
        // `ArrayBuffer`. `buffer` keeps it from being collected, and JavaScript, which alone could
        // detach it or write to it, runs on this thread only, that is, not now. It overlaps nothing
        // of ours: none of our memory is ever given to JavaScript.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), data.cast::<u8>(), room) };
        Ok(Some(buffer))
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        // SAFETY: a `Function` is on its environment's thread (it holds pointers, so that the
        // compiler keeps it there), and what owns it ends in a call or a finalizer, where the
        // `napi_env` is valid: a `Callee` does. This is the only copy of the reference.
        unsafe { sys::napi_delete_reference(self.env, self.reference) };
    }
}
