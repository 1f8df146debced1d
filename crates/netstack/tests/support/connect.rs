//! Options of `connect` that do not depend on the machine.
use arkws_netstack::{Proxy, RequestOptions};

/// The defaults, but without a proxy, whatever the environment says.
pub(crate) fn without_proxy() -> RequestOptions {
    RequestOptions {
        proxy: Proxy::None,
        ..RequestOptions::default()
    }
}
