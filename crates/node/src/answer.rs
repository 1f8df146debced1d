//! What a call that can fail returns: its result or a [`Failure`], of which `npm/lib` makes the
//! error.
use arkws_netstack::BusinessError;
use napi::Result;

use crate::call::Call;
use crate::failure::Failure;
use crate::napi::Value;
use crate::settings;

/// Nothing after a success, and nothing is made for it: this is the path of every `send`.
pub(crate) fn answer(
    call: &Call<'_>,
    result: std::result::Result<(), BusinessError>,
) -> Result<Value> {
    match result {
        Ok(()) => call.env.undefined(),
        Err(error) => call.env.convert(Failure::from(error)),
    }
}

/// Why the text of argument `index` is not sent.
pub(crate) fn too_long(call: &Call<'_>, index: usize) -> BusinessError {
    settings::too_long(call.text_length(index).unwrap_or(usize::MAX))
}

pub(crate) fn not_data() -> BusinessError {
    BusinessError::parameter("data is neither a string nor an ArrayBuffer")
}

/// The token of a send, which a later event names.
pub(crate) fn token(
    call: &Call<'_>,
    result: std::result::Result<u64, BusinessError>,
) -> Result<Value> {
    match result {
        Ok(token) => call.env.convert(token as f64),
        Err(error) => call.env.convert(Failure::from(error)),
    }
}
