//! A JavaScript environment: the values that are made in it, and its exceptions.
use std::ffi::c_char;
use std::marker::PhantomData;
use std::ptr;

use napi::{Result, sys};

use super::status::check;

/// From this size on, in bytes, filling memory with zeros takes longer than making one more object.
/// (In OpenHarmony's runtime a Buffer is something else.)
const NOT_ZEROED: usize = if cfg!(feature = "ark") {
    usize::MAX
} else {
    32 << 10
};

/// A JavaScript environment as Node-API knows it, while it is current: see the [module](super).
///
/// It is lent, never owned, by what is not of this folder; and it cannot be copied, so that
/// nobody makes values by it while a [`Scope`](super::Scope) is open in it.
pub struct Env(pub(super) sys::napi_env);

/// A value of JavaScript. It lives as long as the call or the [`Scope`](super::Scope) in which it
/// was made, by the [`Env`] that it borrows from.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Value<'e>(pub(super) sys::napi_value, PhantomData<&'e Env>);

impl Value<'_> {
    /// # Safety
    /// The value lives as long as what its lifetime is bound to.
    pub(super) unsafe fn from_raw(value: sys::napi_value) -> Self {
        Value(value, PhantomData)
    }
}

impl Env {
    /// The value `undefined`.
    pub fn undefined(&self) -> Result<Value<'_>> {
        // SAFETY: an `Env` is current; `make` gives a place to write to.
        self.make(|env, value| unsafe { sys::napi_get_undefined(env, value) })
    }

    /// A whole number, exact up to 2^53.
    pub fn number(&self, number: impl Into<u64>) -> Result<Value<'_>> {
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
    pub fn latin1(&self, bytes: &[u8]) -> Result<Value<'_>> {
        let (data, length) = (bytes.as_ptr().cast::<c_char>(), signed(bytes.len()));
        // SAFETY: an `Env` is current. Node-API reads `length` bytes, those of the slice, and
        // copies them; more than a string holds are an error.
        self.make(|env, value| unsafe { sys::napi_create_string_latin1(env, data, length, value) })
    }

    /// A string of UTF-16.
    pub fn utf16(&self, units: &[u16]) -> Result<Value<'_>> {
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
    pub fn copied_array_buffer(&self, bytes: &[u8]) -> Result<Value<'_>> {
        if bytes.len() >= NOT_ZEROED
            && let Some(value) = self.array_buffer_not_zeroed(bytes)?
        {
            return Ok(value);
        }
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

    /// The same by way of a Buffer, the one kind of memory that Node-API does not fill with zeros
    /// first. `None`: the Buffer is a part of a larger ArrayBuffer.
    fn array_buffer_not_zeroed(&self, bytes: &[u8]) -> Result<Option<Value<'_>>> {
        let buffer = self.buffer(bytes)?;
        // SAFETY: an `Env` is current; `make` gives a place to write to. The Buffer, a typed array,
        // was made just now, in the scope that is open; of it nothing else is asked.
        let whole = self.make(|env, value| unsafe {
            let (no, none, nothing) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
            sys::napi_get_typedarray_info(env, buffer.0, no, none, nothing, value, none)
        })?;
        let (mut start, mut room) = (ptr::null_mut(), 0);
        // SAFETY: an `Env` is current, and so is the value.
        check(unsafe { sys::napi_get_arraybuffer_info(self.0, whole.0, &mut start, &mut room) })?;
        Ok((room == bytes.len()).then_some(whole))
    }

    /// Whether a value is `true`.
    pub fn is_true(&self, value: Value<'_>) -> Result<bool> {
        let mut is = false;
        // SAFETY: an `Env` and a `Value` are current. What is no boolean is an error.
        let status = unsafe { sys::napi_get_value_bool(self.0, value.0, &mut is) };
        match status {
            sys::Status::napi_boolean_expected => Ok(false),
            status => check(status).map(|()| is),
        }
    }

    /// The exception that is pending, if one is; it is not any more.
    ///
    /// # Errors
    /// Node-API cannot tell: the environment is being terminated.
    pub fn take_exception(&self) -> Result<Option<Value<'_>>> {
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
    pub fn uncaught(&self, value: Value<'_>) -> Result<()> {
        // SAFETY: an `Env` and a `Value` are current.
        check(unsafe { sys::napi_fatal_exception(self.0, value.0) })
    }

    /// `make` writes a value to the place that it gets, unless it returns an error.
    pub(super) fn make(
        &self,
        make: impl FnOnce(sys::napi_env, *mut sys::napi_value) -> sys::napi_status,
    ) -> Result<Value<'_>> {
        let mut value = ptr::null_mut();
        check(make(self.0, &mut value))?;
        Ok(Value(value, PhantomData))
    }
}

pub(super) fn signed(length: usize) -> isize {
    isize::try_from(length).expect("no allocation is larger")
}
