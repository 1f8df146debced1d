//! UTF-8 validation, at once and incrementally (RFC 6455, 8.1), and the checked text types.
mod checked;
mod validator;

pub use checked::{Text, Utf8Bytes};
pub use validator::{InvalidUtf8, Validator};

/// Below this length the standard library is as fast as SIMD code behind a function pointer.
const SIMD_FROM: usize = 64;

/// Is all of `bytes` UTF-8?
#[inline]
pub fn is_valid(bytes: &[u8]) -> bool {
    if bytes.len() < SIMD_FROM {
        // Most short texts are ASCII.
        bytes.is_ascii() || std::str::from_utf8(bytes).is_ok()
    } else {
        simdutf8::basic::from_utf8(bytes).is_ok()
    }
}
