//! What is made for JavaScript, and how long it is kept.
use std::ffi::c_char;
use std::ptr;

use napi::bindgen_prelude::ToNapiValue;
use napi::{Result, sys};

use super::status::check;

/// A JavaScript environment as Node-API knows it. It is current: see the [module](super).
#[derive(Clone, Copy)]
pub(crate) struct Env(pub(super) sys::napi_env);

/// A value of JavaScript; lives as long as the call or [`Scope`] in which it was made.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Value(pub(super) sys::napi_value);

impl Env {
    pub(crate) fn undefined(self) -> Result<Value> {
        // SAFETY: an `Env` is current; `make` gives a place to write to.
        self.make(|env, value| unsafe { sys::napi_get_undefined(env, value) })
    }

    /// A whole number, exact up to 2^53.
    pub(crate) fn number(self, number: impl Into<u64>) -> Result<Value> {
        let number = number.into();
        self.make(|env, value| {
            if let Ok(number) = u32::try_from(number) {
                // SAFETY: an `Env` is current; `make` gives a place to write to.
                unsafe { sys::napi_create_uint32(env, number, value) }
            } else {
                // SAFETY: as above.
                unsafe { sys::napi_create_double(env, number as f64, value) }
            }
        })
    }

    /// A string of ASCII, or of Latin-1.
    pub(crate) fn latin1(self, bytes: &[u8]) -> Result<Value> {
        let (data, length) = (bytes.as_ptr().cast::<c_char>(), signed(bytes.len()));
        // SAFETY: an `Env` is current. Node-API reads `length` bytes, those of the slice, and
        // copies them; more than a string holds are an error.
        self.make(|env, value| unsafe { sys::napi_create_string_latin1(env, data, length, value) })
    }

    /// A string of UTF-16.
    pub(crate) fn utf16(self, units: &[u16]) -> Result<Value> {
        let (data, length) = (units.as_ptr(), signed(units.len()));
        // SAFETY: an `Env` is current. Node-API reads `length` units, those of the slice, and
        // copies them; more than a string holds are an error.
        self.make(|env, value| unsafe { sys::napi_create_string_utf16(env, data, length, value) })
    }

    /// An ArrayBuffer with a copy of `bytes`, which are few: where memory is short, Node-API ends
    /// the process. (See [`Function::make_array_buffer`](super::Function::make_array_buffer).)
    ///
    /// JavaScript owns its memory, whatever the size: Node-API cannot keep memory of ours alive
    /// past the environment, and a program may hand a buffer to another one.
    pub(crate) fn copied_array_buffer(self, bytes: &[u8]) -> Result<Value> {
        let mut data = ptr::null_mut();
        // SAFETY: an `Env` is current; `make` gives a place to write to, and `data` is one.
        let value = self.make(|env, value| unsafe {
            sys::napi_create_arraybuffer(env, bytes.len(), &mut data, value)
        })?;
        if !bytes.is_empty() {
            // SAFETY: there was no error, so Node-API has made new memory for exactly so many
            // bytes, which overlaps nothing of ours. JavaScript does not know the buffer yet, nor
            // is it collected: `value` keeps it.
            unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), data.cast::<u8>(), bytes.len()) };
        }
        Ok(value)
    }

    /// Whether a value is `true`.
    pub(crate) fn is_true(self, Value(value): Value) -> Result<bool> {
        let mut is = false;
        // SAFETY: an `Env` and a `Value` are current. What is no boolean is an error.
        let status = unsafe { sys::napi_get_value_bool(self.0, value, &mut is) };
        match status {
            sys::Status::napi_boolean_expected => Ok(false),
            status => check(status).map(|()| is),
        }
    }

    /// Anything else, converted by napi-rs. Of an object JavaScript may run.
    pub(crate) fn convert(self, value: impl ToNapiValue) -> Result<Value> {
        // SAFETY: an `Env` is current, which is all that napi-rs asks.
        unsafe { ToNapiValue::to_napi_value(self.0, value) }.map(Value)
    }

    /// The exception that is pending, if one is; it is not any more.
    ///
    /// # Errors
    /// Node-API cannot tell: the environment is being terminated.
    pub(crate) fn take_exception(self) -> Result<Option<Value>> {
        let mut pending = false;
        // SAFETY: an `Env` is current. This may be called while an exception is pending.
        check(unsafe { sys::napi_is_exception_pending(self.0, &mut pending) })?;
        if !pending {
            return Ok(None);
        }
        // SAFETY: as above; `make` gives a place to write to.
        self.make(|env, value| unsafe { sys::napi_get_and_clear_last_exception(env, value) })
            .map(Some)
    }

    /// Raises `uncaughtException` with `value`, then goes on. JavaScript runs.
    ///
    /// # Errors
    /// No JavaScript can run: the environment is being terminated.
    pub(crate) fn uncaught(self, Value(value): Value) -> Result<()> {
        // SAFETY: an `Env` and a `Value` are current.
        check(unsafe { sys::napi_fatal_exception(self.0, value) })
    }

    /// `make` writes a value to the place that it gets, unless it returns an error.
    pub(super) fn make(
        self,
        make: impl FnOnce(sys::napi_env, *mut sys::napi_value) -> sys::napi_status,
    ) -> Result<Value> {
        let mut value = ptr::null_mut();
        check(make(self.0, &mut value))?;
        Ok(Value(value))
    }
}

fn signed(length: usize) -> isize {
    isize::try_from(length).expect("no allocation is larger")
}

/// While it lives, values made in the environment are kept; then they may be collected.
pub(crate) struct Scope {
    env: sys::napi_env,
    scope: sys::napi_handle_scope,
}

impl Scope {
    pub(crate) fn open(Env(env): Env) -> Result<Scope> {
        let mut scope = ptr::null_mut();
        // SAFETY: an `Env` is current.
        check(unsafe { sys::napi_open_handle_scope(env, &mut scope) })?;
        Ok(Scope { env, scope })
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        // SAFETY: the scope was opened by `open` and is closed once. It is closed within the call
        // of Node-API in which it was opened, and in the opposite order of the opening: `delivery`
        // has the only one of a call of `drain`, in a local, and closes it before it opens the
        // next; a `drain` inside a listener opens and closes its own meanwhile. A pending exception
        // does not matter.
        unsafe { sys::napi_close_handle_scope(self.env, self.scope) };
    }
}
