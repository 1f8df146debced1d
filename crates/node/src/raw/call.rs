//! What a call from JavaScript brings: its arguments, texts and buffers.
use std::borrow::Cow;
use std::ffi::c_void;
use std::ptr;
use std::rc::Rc;

use arkws_netstack::MAX_SEND;
use napi::bindgen_prelude::FromNapiValue;
use napi::{Result, sys};

use super::{Env, Value, check};
use crate::environment::Environment;
use crate::utf16::{self, UTF8_PER_UNIT};

/// More arguments than any function of this module takes.
const MAX_ARGUMENTS: usize = 6;

/// Text of so many UTF-16 units is read with one call, into a buffer that is kept; longer text into
/// one of its own.
const USUAL_TEXT: usize = 4096;

/// One call from JavaScript. Made by `enter` only, and lent for as long as the call lasts: its
/// environment and its arguments are current.
pub(crate) struct Call<'a> {
    pub(crate) env: Env,
    pub(crate) environment: &'a Rc<Environment>,
    pub(super) arguments: Arguments,
}

pub(super) type Arguments = [sys::napi_value; MAX_ARGUMENTS];

/// The arguments of a call, and the data of the function.
///
/// # Safety
/// Node-API is calling a function of ours with both.
pub(super) unsafe fn arguments(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> Result<(Arguments, *mut c_void)> {
    let mut arguments = [ptr::null_mut(); MAX_ARGUMENTS];
    let mut count = MAX_ARGUMENTS;
    let mut data = ptr::null_mut();
    // SAFETY: as the caller promises. Node-API writes `count` values, which is the length of the
    // array: `undefined` for those that are missing, so that none stays null.
    check(unsafe {
        sys::napi_get_cb_info(
            env,
            info,
            &mut count,
            arguments.as_mut_ptr(),
            ptr::null_mut(),
            &mut data,
        )
    })?;
    Ok((arguments, data))
}

impl Call<'_> {
    /// Argument `index`, converted by napi-rs. Of an object JavaScript may run.
    pub(crate) fn get<T: FromNapiValue>(&self, index: usize) -> Result<T> {
        // SAFETY: environment and arguments of a `Call` are current, which is all that napi-rs
        // asks; a value of another type is an error.
        unsafe { T::from_napi_value(self.env.0, self.arguments[index]) }
    }

    /// A number argument that is an object's, or a request's.
    pub(crate) fn number(&self, index: usize) -> Result<u64> {
        let mut number = 0;
        // SAFETY: environment and arguments of a `Call` are current; what is no number is an error.
        check(unsafe {
            sys::napi_get_value_int64(self.env.0, self.arguments[index], &mut number)
        })?;
        // Nothing has a number below zero, or so large a one.
        Ok(number.cast_unsigned())
    }

    /// Argument `index` as it is.
    pub(crate) fn value(&self, index: usize) -> Value {
        Value(self.arguments[index])
    }

    /// Calls `with` with a string argument. A lone surrogate becomes U+FFFD; U+0000 is a character
    /// like any other. `None`: it is longer than a message may be, and was not converted.
    ///
    /// JavaScript must not run inside `with`: the text is in a buffer that all calls use. (It would
    /// panic.)
    pub(crate) fn text<T>(
        &self,
        index: usize,
        with: impl FnOnce(Cow<'_, str>) -> T,
    ) -> Result<Option<T>> {
        let TextBuffer { units, utf8 } = &mut *self.environment.text.borrow_mut();
        units.resize(USUAL_TEXT, 0);
        let length = self.read_text(index, units)?;
        if length + 1 < USUAL_TEXT {
            utf8.resize(UTF8_PER_UNIT * USUAL_TEXT, 0);
            let text = utf16::to_utf8(&units[..length], utf8);
            return Ok(Some(with(Cow::Borrowed(text))));
        }
        // Full to the terminating zero: there may be more.
        let length = self.text_length(index)?;
        if length > MAX_SEND {
            return Ok(None);
        }
        let mut units = vec![0; length + 1];
        let length = self.read_text(index, &mut units)?;
        Ok(Some(with(Cow::Owned(to_utf8(&units[..length])))))
    }

    /// A string argument; see [`text`](Self::text).
    pub(crate) fn string(&self, index: usize) -> Result<Option<String>> {
        self.text(index, |text| text.into_owned())
    }

    /// Reads a string argument, with a zero behind it, as far as `into` has room for both; how many
    /// units that were, without the zero.
    fn read_text(&self, index: usize, into: &mut [u16]) -> Result<usize> {
        let mut length = 0;
        // SAFETY: environment and arguments of a `Call` are current. Node-API writes to
        // `into.len()` units at most, the terminating zero among them. What is no string is an
        // error: nothing is converted, so that no JavaScript runs.
        check(unsafe {
            sys::napi_get_value_string_utf16(
                self.env.0,
                self.arguments[index],
                into.as_mut_ptr(),
                into.len(),
                &mut length,
            )
        })?;
        Ok(length)
    }

    /// Units of a string argument.
    pub(crate) fn text_length(&self, index: usize) -> Result<usize> {
        let mut length = 0;
        // SAFETY: environment and arguments of a `Call` are current. Without a buffer Node-API only
        // counts.
        check(unsafe {
            sys::napi_get_value_string_utf16(
                self.env.0,
                self.arguments[index],
                ptr::null_mut(),
                0,
                &mut length,
            )
        })?;
        Ok(length)
    }

    /// Calls `with` with the bytes of an ArrayBuffer argument; `None`: it is something else, or
    /// detached.
    ///
    /// JavaScript must not run inside `with`. It copies the bytes and decides nothing by them:
    /// another thread may be writing them.
    pub(crate) fn array_buffer<T>(
        &self,
        index: usize,
        with: impl FnOnce(&[u8]) -> T,
    ) -> Result<Option<T>> {
        let (env, value) = (self.env.0, self.arguments[index]);
        let mut is = false;
        let (mut data, mut length) = (ptr::null_mut(), 0);
        // SAFETY: environment and arguments of a `Call` are current.
        unsafe {
            // Some versions of Node.js give the bytes of a SharedArrayBuffer as well, which
            // JavaScript of other threads may change.
            check(sys::napi_is_arraybuffer(env, value, &mut is))?;
            if !is {
                return Ok(None);
            }
            check(sys::napi_get_arraybuffer_info(
                env,
                value,
                &mut data,
                &mut length,
            ))?;
        }
        if length > 0 {
            // SAFETY: Node-API has just told where the buffer's bytes are, and how many; of a
            // detached one none. Only JavaScript of this thread can detach, resize or collect it,
            // and none runs before `with` returns: all callers pass what calls `arkws-netstack`,
            // which knows nothing of JavaScript, or copies. Nor does JavaScript write to it
            // meanwhile. What may is an operation that the program has started on the buffer and
            // has not waited for: a thread of libuv's that reads a file into it. No check could
            // find that out. So `with` asks for nothing of the bytes, but copies them (netstack's
            // `Parcel`, `to_vec`): it copies the old ones or the new ones.
            return Ok(Some(with(unsafe {
                std::slice::from_raw_parts(data.cast::<u8>(), length)
            })));
        }
        // An empty one may have a null pointer, which no slice has.
        let mut detached = false;
        // SAFETY: as above.
        check(unsafe { sys::napi_is_detached_arraybuffer(env, value, &mut detached) })?;
        Ok((!detached).then(|| with(&[])))
    }
}

/// Memory that texts pass through.
#[derive(Default)]
pub(crate) struct TextBuffer {
    units: Vec<u16>,
    /// As long as the UTF-8 of all units may become.
    utf8: Vec<u8>,
}

/// Long text, in memory of its own.
fn to_utf8(units: &[u16]) -> String {
    if units.iter().fold(0, |all, unit| all | unit) < 0x80 {
        let ascii = units.iter().map(|unit| *unit as u8).collect();
        // SAFETY: no unit has a bit above the lowest seven: each is an ASCII character, and so
        // valid UTF-8.
        return unsafe { String::from_utf8_unchecked(ascii) };
    }
    let mut utf8 = vec![0; UTF8_PER_UNIT * units.len()];
    utf16::to_utf8(units, &mut utf8).to_owned()
}
