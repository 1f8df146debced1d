//! Limits and defaults that clients and servers share.
use std::time::Duration;

use arkws::Config;

use crate::BusinessError;

/// Longest message that may be sent, in bytes: 5 MiB less 16. The platform's; no option changes it.
pub const MAX_SEND: usize = 5 * 1024 * 1024 - 16;

/// # Errors
/// 401: a message of so many bytes is longer than `limit`.
#[inline]
pub(crate) fn check_length(bytes: usize, limit: usize) -> Result<(), BusinessError> {
    match bytes <= limit {
        true => Ok(()),
        false => Err(BusinessError::parameter(format!(
            "a message of {bytes} bytes is longer than the limit of {limit}"
        ))),
    }
}

/// 401: a text of so many units of UTF-16, each at least a byte, is longer than [`MAX_SEND`].
pub(crate) fn too_long_in_utf16(units: usize) -> BusinessError {
    BusinessError::parameter(format!(
        "a text of {units} UTF-16 units is longer than a message may be: {MAX_SEND} bytes"
    ))
}

/// Options that must not be zero: the name of each, and whether it is.
///
/// # Errors
/// 401: one is.
pub(crate) fn refuse_zero(options: &[(&str, bool)]) -> Result<(), BusinessError> {
    match options.iter().find(|(_, is_zero)| *is_zero) {
        Some((name, _)) => Err(BusinessError::parameter(format!(
            "{name} is not a number over 0"
        ))),
        None => Ok(()),
    }
}

/// `number` if it is one of 0, 1, .. `max`; NaN is not.
pub(crate) fn whole(number: f64, max: u16) -> Option<u16> {
    (number.fract() == 0.0 && (0.0..=f64::from(max)).contains(&number)).then_some(number as u16)
}

/// The program's `writeTimeout`, or the default; `None`: for ever.
pub(crate) fn write_timeout(given: Option<Duration>) -> Option<Duration> {
    Some(given.unwrap_or(Config::DEFAULT_WRITE_TIMEOUT)).filter(|limit| !limit.is_zero())
}
