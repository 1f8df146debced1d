//! Proxies: which one, for which hosts, and the tunnel through it.
mod error;
mod exclusion;
#[cfg(not(feature = "proxy"))]
mod no_tunnel;
mod server;
mod system;
#[cfg(feature = "proxy")]
mod tunnel;

pub use error::ProxyError;
#[cfg(not(feature = "proxy"))]
pub(crate) use no_tunnel::open;
pub use server::{ProxyProtocol, ProxyServer};
pub use system::ProxyEnvironment;
#[cfg(feature = "proxy")]
pub(crate) use tunnel::open;

use crate::WebSocketUrl;

/// Whether connections go through a proxy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Proxy {
    /// The one that the environment names: `http_proxy` for `ws`, `https_proxy` for `wss`, else
    /// `all_proxy`; not for the hosts in `no_proxy`. Lower case is looked for before upper case.
    ///
    /// The environment is read for each attempt, on the thread that polls it.
    #[default]
    System,
    /// The one that the environment named when it was read; else as [`System`](Self::System).
    Environment(ProxyEnvironment),
    /// None at all, whatever the environment says.
    None,
    /// This one.
    Server(ProxyServer),
}

impl Proxy {
    /// The proxy for a URL; `None`: it is connected to directly.
    ///
    /// # Errors
    /// The environment names a proxy that cannot be understood.
    pub(crate) fn for_url(&self, url: &WebSocketUrl) -> Result<Option<ProxyServer>, ProxyError> {
        match self {
            Proxy::None => Ok(None),
            Proxy::System => ProxyEnvironment::read().for_url(url),
            Proxy::Environment(environment) => environment.for_url(url),
            Proxy::Server(server) if server.excludes(url) => Ok(None),
            Proxy::Server(server) => Ok(Some(server.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excluded_hosts_are_connected_to_directly() {
        let mut server = ProxyServer::parse("a", None).unwrap();
        server.exclusions = vec!["*.Internal".into(), "::1".into()];
        let proxy = Proxy::Server(server.clone());
        let direct = |url| {
            proxy
                .for_url(&WebSocketUrl::parse(url).unwrap())
                .unwrap()
                .is_none()
        };

        assert!(direct("ws://db.internal:8080/x"));
        assert!(direct("wss://[::1]"));
        assert!(!direct("ws://internal"));
        assert!(
            Proxy::None
                .for_url(&WebSocketUrl::parse("ws://a").unwrap())
                .unwrap()
                .is_none()
        );
    }
}
