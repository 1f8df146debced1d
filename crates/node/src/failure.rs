//! What a call that fails returns to JavaScript, which makes the error of it.
use arkws_netstack::{BusinessError, RefusalResponse};
use napi_derive::napi;

use crate::header_fields::flat;
use crate::text::byte_string::latin1;

/// A [`BusinessError`] on its way to JavaScript.
#[napi(object, object_from_js = false)]
pub struct Failure {
    pub code: i32,
    pub message: String,
    pub data: Option<String>,
    pub cause: Option<&'static str>,
    /// See [`BusinessError::response`].
    pub response: Option<Response>,
    /// See [`BusinessError::event_follows`]; `None`: no.
    pub event_follows: Option<bool>,
}

/// What a server answered that refused the handshake.
#[napi(object, object_from_js = false)]
pub struct Response {
    pub status: u32,
    /// `[name, value, name, value, ...]`.
    pub headers: Vec<String>,
    /// A byte per character.
    pub body: String,
}

impl From<&RefusalResponse> for Response {
    fn from(response: &RefusalResponse) -> Response {
        Response {
            status: response.status.into(),
            headers: flat(&response.headers),
            body: latin1(&response.body),
        }
    }
}

impl From<BusinessError> for Failure {
    fn from(error: BusinessError) -> Failure {
        Failure {
            cause: error.cause_name(),
            response: error.response.as_deref().map(Response::from),
            code: error.code,
            message: error.message,
            data: error.data,
            event_follows: error.event_follows.then_some(true),
        }
    }
}
