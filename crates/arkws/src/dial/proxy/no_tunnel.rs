//! What stands in the place of a tunnel where proxies are switched off.
use super::server::ProxyServer;
use crate::dial::deadline::Deadline;
use crate::dial::route::Route;
use crate::{Error, Limits, Transport, WebSocketUrl};

/// # Errors
/// A connection that must not be direct cannot be made.
pub(crate) async fn open(
    server: &ProxyServer,
    _: &WebSocketUrl,
    _: &Route,
    _: &Deadline,
    _: &Limits,
) -> Result<Transport, Error> {
    Err(Error::MissingFeature {
        what: format!("a connection through the proxy {server}"),
        feature: "proxy",
    })
}
