//! What a call from JavaScript brings: its arguments, texts and buffers.
use std::ffi::c_void;
use std::ops::Range;
use std::ptr;

use napi::bindgen_prelude::{FromNapiValue, Object};
use napi::{Result, sys};

use super::env::Value;
use super::status::check;

/// More arguments than any function of this module takes.
const MAX_ARGUMENTS: usize = 6;

/// What an argument is converted to for good: nothing of it is a value of JavaScript, as napi's
/// `Object` is, which has whatever lifetime its user asks for.
pub trait Owned: FromNapiValue + owned::Sealed {}

impl<T: FromNapiValue + owned::Sealed> Owned for T {}

/// Which types are [`Owned`] is said here only.
mod owned {
    pub trait Sealed {}

    impl Sealed for bool {}
    impl Sealed for u32 {}
    impl Sealed for f64 {}
    impl Sealed for String {}
    impl<T: Sealed> Sealed for Option<T> {}
    impl<T: Sealed> Sealed for Vec<T> {}
}

/// The arguments of one call from JavaScript. Made by [`Arguments::of_call`] only, and lent for as
/// long as the call lasts: its environment and its values are current.
pub struct Arguments {
    env: sys::napi_env,
    values: [sys::napi_value; MAX_ARGUMENTS],
}

impl Arguments {
    /// The arguments of a call, and the data of the function.
    ///
    /// # Safety
    /// Node-API is calling a function of ours with both, and the result is dropped, and lent only,
    /// before that returns.
    pub(super) unsafe fn of_call(
        env: sys::napi_env,
        info: sys::napi_callback_info,
    ) -> Result<(Arguments, *mut c_void)> {
        let mut values = [ptr::null_mut(); MAX_ARGUMENTS];
        let mut count = MAX_ARGUMENTS;
        let mut data = ptr::null_mut();
        // SAFETY: as the caller promises. Node-API writes `count` values, which is the length of
        // the array: `undefined` for those that are missing, so that none stays null.
        check(unsafe {
            sys::napi_get_cb_info(
                env,
                info,
                &mut count,
                values.as_mut_ptr(),
                ptr::null_mut(),
                &mut data,
            )
        })?;
        Ok((Arguments { env, values }, data))
    }

    /// Argument `index`, converted by napi-rs to what is kept as long as one likes. Of an array
    /// JavaScript may run.
    pub fn get<T: Owned>(&self, index: usize) -> Result<T> {
        // SAFETY: environment and values of `Arguments` are current, which is all that napi-rs
        // asks; a value of another type is an error.
        unsafe { T::from_napi_value(self.env, self.values[index]) }
    }

    /// Argument `index`, an object, for as long as the call lasts. JavaScript may run when its
    /// properties are read.
    pub fn object(&self, index: usize) -> Result<Object<'_>> {
        // SAFETY: as above; and the values live as long as the call, for which they are lent.
        unsafe { Object::from_napi_value(self.env, self.values[index]) }
    }

    /// A number argument that is an object's, or a request's.
    pub fn number(&self, index: usize) -> Result<u64> {
        let mut number = 0;
        // SAFETY: environment and values of `Arguments` are current; what is no number is an error.
        check(unsafe { sys::napi_get_value_int64(self.env, self.values[index], &mut number) })?;
        // Nothing has a number below zero, or so large a one.
        Ok(number.cast_unsigned())
    }

    /// Argument `index` as it is.
    pub fn value(&self, index: usize) -> Value<'_> {
        // SAFETY: the values of `Arguments` live as long as the call, for which they are lent.
        unsafe { Value::from_raw(self.values[index]) }
    }

    /// Reads a string argument, with a zero behind it, as far as `into` has room for both; how many
    /// units that were, without the zero.
    pub fn read_text(&self, index: usize, into: &mut [u16]) -> Result<usize> {
        let mut length = 0;
        // SAFETY: environment and values of `Arguments` are current. Node-API writes to
        // `into.len()` units at most, the terminating zero among them. What is no string is an
        // error: nothing is converted, so that no JavaScript runs.
        check(unsafe {
            sys::napi_get_value_string_utf16(
                self.env,
                self.values[index],
                into.as_mut_ptr(),
                into.len(),
                &mut length,
            )
        })?;
        Ok(length)
    }

    /// Units of a string argument.
    pub fn text_length(&self, index: usize) -> Result<usize> {
        let mut length = 0;
        // SAFETY: environment and values of `Arguments` are current. Without a buffer Node-API only
        // counts.
        check(unsafe {
            sys::napi_get_value_string_utf16(
                self.env,
                self.values[index],
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
    pub fn array_buffer<T>(
        &self,
        index: usize,
        with: impl FnOnce(&[u8]) -> T,
    ) -> Result<Option<T>> {
        self.bytes(self.values[index], None, with)
    }

    /// As [`array_buffer`](Self::array_buffer), of a typed array, a DataView or a Buffer; `None`:
    /// it is something else, or the buffer under it is detached or shared between threads.
    pub fn view<T>(&self, index: usize, with: impl FnOnce(&[u8]) -> T) -> Result<Option<T>> {
        let (env, value) = (self.env, self.values[index]);
        let (mut is_array, mut is_data_view) = (false, false);
        let (mut kind, mut length, mut offset) = (-1, 0, 0);
        let mut buffer = ptr::null_mut();
        // SAFETY: environment and values of `Arguments` are current; where the bytes are is not
        // asked here.
        unsafe {
            check(sys::napi_is_typedarray(env, value, &mut is_array))?;
            if is_array {
                check(sys::napi_get_typedarray_info(
                    env,
                    value,
                    &mut kind,
                    &mut length,
                    ptr::null_mut(),
                    &mut buffer,
                    &mut offset,
                ))?;
                let Some(size) = element_size(kind) else {
                    return Ok(None);
                };
                length *= size;
            } else {
                check(sys::napi_is_dataview(env, value, &mut is_data_view))?;
                if !is_data_view {
                    return Ok(None);
                }
                check(sys::napi_get_dataview_info(
                    env,
                    value,
                    &mut length,
                    ptr::null_mut(),
                    &mut buffer,
                    &mut offset,
                ))?;
            }
        }
        self.bytes(buffer, Some(offset..offset + length), with)
    }

    /// The bytes of an ArrayBuffer of this call, or a part of them; `None`: it is something else,
    /// or detached, or has no such part.
    fn bytes<T>(
        &self,
        value: sys::napi_value,
        part: Option<Range<usize>>,
        with: impl FnOnce(&[u8]) -> T,
    ) -> Result<Option<T>> {
        let env = self.env;
        let mut is = false;
        let (mut data, mut length) = (ptr::null_mut(), 0);
        // SAFETY: environment and values of `Arguments` are current, and so is the buffer of a
        // view among them.
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
            // batches, `to_vec`): it copies the old ones or the new ones.
            let bytes = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), length) };
            return Ok(match part {
                None => Some(with(bytes)),
                Some(part) => bytes.get(part).map(with),
            });
        }
        // An empty one may have a null pointer, which no slice has.
        let mut detached = false;
        // SAFETY: as above.
        check(unsafe { sys::napi_is_detached_arraybuffer(env, value, &mut detached) })?;
        Ok((!detached).then(|| with(&[])))
    }
}

/// Bytes of an element of a typed array of this kind; `None`: nobody knows.
fn element_size(kind: sys::napi_typedarray_type) -> Option<usize> {
    use sys::TypedarrayType as Kind;
    match kind {
        Kind::int8_array | Kind::uint8_array | Kind::uint8_clamped_array => Some(1),
        Kind::int16_array | Kind::uint16_array | FLOAT16_ARRAY => Some(2),
        Kind::int32_array | Kind::uint32_array | Kind::float32_array => Some(4),
        Kind::float64_array | Kind::bigint64_array | Kind::biguint64_array => Some(8),
        _ => None,
    }
}

/// Of newer versions of Node.js.
const FLOAT16_ARRAY: sys::napi_typedarray_type = 11;
