//! From a URL to a stream to its server: name, addresses, proxy; and where redirects lead to.
pub(crate) mod connector;
pub(crate) mod deadline;
pub(crate) mod proxy;
mod race;
pub(crate) mod redirect;
mod resolve;
pub(crate) mod route;
pub(crate) mod tcp;

use crate::{Error, Limits, Phase, Transport, WebSocketUrl};
use deadline::Deadline;
use proxy::Proxy;
use route::Route;

/// A stream to the server of `url`, through the proxy if there is one for it. `deadline`
/// is for all of it, `heads` for a proxy's answer.
pub(crate) async fn connect(
    url: &WebSocketUrl,
    proxy: &Proxy,
    route: &Route,
    deadline: &Deadline,
    heads: &Limits,
) -> Result<Transport, Error> {
    let Some(server) = proxy.for_url(url)? else {
        return connect_directly(url, route, deadline).await;
    };
    proxy::open(&server, url, route, deadline, heads).await
}

async fn connect_directly(
    url: &WebSocketUrl,
    route: &Route,
    deadline: &Deadline,
) -> Result<Transport, Error> {
    let target = || url.authority();
    let addresses = deadline.run(Phase::Lookup, target, async {
        let addresses = route.find(url.host(), url.port()).await;
        addresses.map_err(|source| Error::Dns {
            host: url.host().to_string(),
            source,
        })
    });
    let addresses = addresses.await?;
    let connect = async {
        let stream = route.connect(url.host(), url.port(), addresses, url.authority());
        Ok(stream.await?)
    };
    deadline.run(Phase::Connect, target, connect).await
}
