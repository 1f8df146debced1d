//! What a call that can fail returns: its result or a [`failure`], of which `npm/core` makes the
//! error.
use arkws_netstack::BusinessError;
use napi::Result;

use crate::call::Call;
use crate::failure::failure;
use crate::napi::{Env, Value};

/// Nothing after a success, and nothing is made for it: this is the path of every `send` of a
/// client, whose numbers JavaScript counts by itself.
pub(crate) fn answer<T>(
    env: &Env,
    result: std::result::Result<T, BusinessError>,
) -> Result<Value<'_>> {
    match result {
        Ok(_) => env.undefined(),
        Err(error) => failure(env, &error),
    }
}

/// Why the text of argument `index` is not sent.
pub(crate) fn too_long(call: &Call<'_>, index: usize) -> Result<BusinessError> {
    refuse_units(call, call.text_length(index).unwrap_or(usize::MAX))
}

/// `refuseText(object, units)`: the failure of a `send` of so long a text, which need not be looked
/// at.
pub(crate) fn refuse_text(call: Call<'_>) -> Result<Value<'_>> {
    let units: f64 = call.get(1)?;
    let error = refuse_units(&call, units as usize)?;
    failure(call.env, &error)
}

fn refuse_units(call: &Call<'_>, units: usize) -> Result<BusinessError> {
    call.environment.client_or_server(
        call.object()?,
        |client| client.refuse_long_text(units),
        |server| server.refuse_long_text(units),
    )
}

pub(crate) fn not_data() -> BusinessError {
    BusinessError::parameter(
        "data is neither a string nor an ArrayBuffer: of a typed array, a DataView or a Buffer \
         send view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength); objects made \
         through import 'arkws' take it as it is if they connect with acceptViews: true",
    )
}

/// The number of a client or of a call.
pub(crate) fn number<T: Into<u64>>(
    env: &Env,
    result: std::result::Result<T, BusinessError>,
) -> Result<Value<'_>> {
    match result {
        Ok(number) => env.number(number),
        Err(error) => failure(env, &error),
    }
}

/// `parameterError(detail)`: the failure for a mistake in the arguments that JavaScript has found.
pub(crate) fn parameter_error(call: Call<'_>) -> Result<Value<'_>> {
    coded(call, BusinessError::PARAMETER)
}

/// `otherError(detail)`: the same where the contract has code 2302999 for it.
pub(crate) fn other_error(call: Call<'_>) -> Result<Value<'_>> {
    coded(call, BusinessError::OTHER)
}

fn coded(call: Call<'_>, code: i32) -> Result<Value<'_>> {
    let detail = call.string(0)?.unwrap_or_default();
    failure(call.env, &BusinessError::new(code, detail))
}
