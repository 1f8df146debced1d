//! What a call that fails returns to JavaScript, which makes the error of it.
use arkws_netstack::BusinessError;
use napi::Result;
use napi_derive::napi;

use crate::call::Call;
use crate::napi::Value;

/// A [`BusinessError`] on its way to JavaScript.
#[napi(object, object_from_js = false)]
pub struct Failure {
    pub code: i32,
    pub message: String,
    pub data: Option<String>,
    pub cause: Option<&'static str>,
    /// See [`BusinessError::event_follows`]; `None`: no.
    pub event_follows: Option<bool>,
}

impl From<BusinessError> for Failure {
    fn from(error: BusinessError) -> Failure {
        Failure {
            cause: error.cause_name(),
            code: error.code,
            message: error.message,
            data: error.data,
            event_follows: error.event_follows.then_some(true),
        }
    }
}

/// `parameterError(detail)`: the failure for a mistake in the arguments that JavaScript has found.
pub(crate) fn parameter(call: Call<'_>) -> Result<Value<'_>> {
    coded(call, BusinessError::PARAMETER)
}

/// `otherError(detail)`: the same where the contract has code 2302999 for it.
pub(crate) fn other(call: Call<'_>) -> Result<Value<'_>> {
    coded(call, BusinessError::OTHER)
}

fn coded(call: Call<'_>, code: i32) -> Result<Value<'_>> {
    let detail = call.string(0)?.unwrap_or_default();
    call.env
        .convert(Failure::from(BusinessError::new(code, detail)))
}
