//! The functions of `arkws.h` that tell of the last error and the version; the header documents
//! them.
use std::ffi::{CStr, c_char, c_int};

use crate::boundary::guard;
use crate::code::Code;
use crate::last_error::{self, ErrorView};

/// Why the last call that failed on this thread did so. Returns its code, or 0.
///
/// # Safety
/// `error` is NULL, or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkws_last_error(error: *mut ErrorView) -> c_int {
    guard(|| {
        let last = last_error::last();
        if !error.is_null() {
            // SAFETY: the caller's promise.
            unsafe { error.write(last) };
        }
        Ok(last.code)
    })
    .unwrap_or_else(Code::number)
}

/// The version of the library.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_version() -> *const c_char {
    const VERSION: &CStr =
        match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
            Ok(version) => version,
            Err(_) => panic!("a version has no NUL in it"),
        };
    VERSION.as_ptr()
}
