//! What JavaScript has to know of the contract by value.
use arkws_netstack::{BusinessError, CloseOptions, ConnectionCause, MAX_SEND};
use napi_derive::napi;

/// Handed over when the module is loaded, so that each value stands in Rust alone.
#[napi(object, object_from_js = false)]
pub struct Contract {
    /// The code of a mistake in the arguments of a call.
    pub parameter: i32,
    /// The code of a call without the permission.
    pub permission: i32,
    /// The cause of what is refused because too much waits already.
    pub queue_full: &'static str,
    /// The code with which a connection is closed that nobody listens to any more.
    pub going_away: u32,
    /// Bytes of the longest message that can be sent.
    pub max_send: f64,
}

impl Contract {
    pub(crate) fn new() -> Contract {
        Contract {
            parameter: BusinessError::PARAMETER,
            permission: BusinessError::PERMISSION,
            queue_full: ConnectionCause::QueueFull.as_str(),
            going_away: CloseOptions::GOING_AWAY,
            max_send: MAX_SEND as f64,
        }
    }
}
