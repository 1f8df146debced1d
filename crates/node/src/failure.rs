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
}

impl From<BusinessError> for Failure {
    fn from(error: BusinessError) -> Failure {
        Failure {
            code: error.code,
            message: error.message,
            data: error.data,
            cause: error.cause,
        }
    }
}
