//! What a call that fails returns to JavaScript, which makes the error of it.
use arkws_netstack::BusinessError;
use napi_derive::napi;

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
