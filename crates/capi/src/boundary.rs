//! Where C calls: no panic leaves, and what C hands over is read with care.
use std::any::Any;
use std::borrow::Cow;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::code::Code;
use crate::failure::Failure;
use crate::last_error;

/// The body of every function of the headers: remembers the failure, and a panic is one.
pub(crate) fn guard<T>(call: impl FnOnce() -> Result<T, Failure>) -> Result<T, Code> {
    let result = catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| {
        let why = format!("a defect of the library: {}", words(panic.as_ref()));
        Err(Failure::new(Code::Internal, why))
    });
    result.map_err(|failure| {
        last_error::remember(&failure);
        failure.code
    })
}

/// The body of a function that returns how it went.
pub(crate) fn status(call: impl FnOnce() -> Result<(), Failure>) -> c_int {
    guard(call).map_or_else(Code::number, |()| Code::OK)
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic")
}

/// A string of the caller's; `None`: NULL.
///
/// # Errors
/// [`Code::Invalid`]: it is not UTF-8.
///
/// # Safety
/// NULL, or a string that ends with a NUL and is not changed during the call.
pub(crate) unsafe fn text<'a>(
    what: &str,
    pointer: *const c_char,
) -> Result<Option<&'a str>, Failure> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's promise.
    let bytes = unsafe { CStr::from_ptr(pointer) };
    let text = bytes
        .to_str()
        .map_err(|error| Failure::new(Code::Invalid, format!("{what} is not UTF-8: {error}")))?;
    Ok(Some(text))
}

/// The path of a file; `None`: NULL. An empty one would be none to netstack: verification with
/// other authorities, or no TLS.
///
/// # Errors
/// [`Code::Invalid`]: it is empty, or not UTF-8.
///
/// # Safety
/// As [`text`].
pub(crate) unsafe fn path<'a>(
    what: &str,
    pointer: *const c_char,
) -> Result<Option<&'a str>, Failure> {
    // SAFETY: the caller's promise.
    match unsafe { text(what, pointer)? } {
        Some("") => Err(Failure::new(Code::Invalid, format!("{what} is empty"))),
        path => Ok(path),
    }
}

/// A URL of the caller's, as text.
///
/// # Errors
/// [`Code::Url`]: it is NULL, or not UTF-8.
///
/// # Safety
/// As [`text`].
pub(crate) unsafe fn url<'a>(pointer: *const c_char) -> Result<&'a str, Failure> {
    // SAFETY: the caller's promise.
    let url = unsafe { text("the URL", pointer) }.map_err(|failure| Failure {
        code: Code::Url,
        ..failure
    })?;
    url.ok_or_else(|| Failure::new(Code::Url, "the URL is NULL"))
}

/// The parts of a list with commas.
pub(crate) fn list(text: &str) -> Vec<String> {
    let parts = text.split(',').map(str::trim);
    parts
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The reason of a close; what is no UTF-8 in it is replaced. `None`: NULL. A reason that cannot be
/// told is nothing that should keep a connection open.
///
/// # Safety
/// As [`text`].
pub(crate) unsafe fn reason<'a>(pointer: *const c_char) -> Option<Cow<'a, str>> {
    // SAFETY: the caller's promise.
    (!pointer.is_null()).then(|| unsafe { CStr::from_ptr(pointer) }.to_string_lossy())
}

/// The bytes of a message of `limit` bytes at most; NULL stands for none if there are none. What is
/// longer is not looked at: its length may be a mistake.
///
/// # Errors
/// [`Code::DataNull`], [`Code::TooLong`].
///
/// # Safety
/// NULL, or `length` bytes that are not changed during the call.
pub(crate) unsafe fn bytes<'a>(
    data: *const c_void,
    length: usize,
    limit: usize,
) -> Result<&'a [u8], Failure> {
    if length == 0 {
        return Ok(&[]);
    }
    if data.is_null() {
        let why = format!("the message has {length} bytes, and its data is NULL");
        return Err(Failure::new(Code::DataNull, why));
    }
    if length > limit {
        let why = format!("{length} bytes are more than the limit of {limit}");
        return Err(Failure::new(Code::TooLong, why));
    }
    // SAFETY: the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(data.cast(), length) })
}

/// What is UTF-8 is text.
///
/// # Errors
/// [`Code::Invalid`].
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str, Failure> {
    std::str::from_utf8(bytes)
        .map_err(|error| Failure::new(Code::Invalid, format!("the text is not UTF-8: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_failure_with_its_words() {
        let result: Result<(), Code> = guard(|| panic!("no {}", "way"));
        assert_eq!(result, Err(Code::Internal));
        let view = last_error::last();
        // SAFETY: a string of the library's.
        let message = unsafe { CStr::from_ptr(view.message) };
        assert_eq!(message.to_str().unwrap(), "a defect of the library: no way");
        assert_eq!(view.code, 1199);
    }

    #[test]
    fn the_last_error_is_each_threads_own_and_stays_after_a_success() {
        assert_eq!(last_error::last().code, 0);
        let failed = status(|| Err(Failure::new(Code::TooLong, "long")));
        assert_eq!((failed, last_error::last().code), (1012, 1012));
        assert_eq!(status(|| Ok(())), 0);
        assert_eq!(last_error::last().code, 1012);
        std::thread::spawn(|| assert_eq!(last_error::last().code, 0))
            .join()
            .unwrap();
    }
}
