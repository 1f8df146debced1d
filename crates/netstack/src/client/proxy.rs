//! The option of `connect` that is about proxies.
use std::fmt;

use crate::BusinessError;

/// `ProxyConfiguration`: what `connect` goes through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Proxy {
    /// `'system'`: what the environment names (`https_proxy`, `http_proxy`, `all_proxy`,
    /// `no_proxy`).
    #[default]
    System,
    /// `'no-proxy'`: servers are reached directly.
    None,
    /// This one. Without a host it is none, as on the platform.
    Server(ProxyServer),
}

/// `HttpProxy`: an HTTP proxy, or one that speaks SOCKS5. Its `Debug` form shows no credentials.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ProxyServer {
    /// Host; it may also be `user:password@host[:port]`, or a URL (`socks5://`, `http://`).
    pub host: String,
    /// Port; 0: that in `host`, else the scheme's default.
    pub port: u16,
    /// User name, if there is none in `host`; empty: none.
    pub username: String,
    /// Password of that user.
    pub password: String,
    /// Hosts that are reached directly. Default: none.
    pub exclusion_list: Vec<String>,
}

impl fmt::Debug for ProxyServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What is not understood may be a password as well as a host.
        let server = arkws::ProxyServer::parse(&self.host, Some(self.port)).ok();
        f.debug_struct("ProxyServer")
            .field("address", &server.map(|server| server.to_string()))
            .field("exclusion_list", &self.exclusion_list)
            .finish_non_exhaustive()
    }
}

impl Proxy {
    /// The proxy as `arkws` takes it.
    ///
    /// # Errors
    /// 401: an address that cannot be understood.
    pub(super) fn parse(&self) -> Result<arkws::Proxy, BusinessError> {
        match self {
            Proxy::System => Ok(arkws::Proxy::System),
            Proxy::None => Ok(arkws::Proxy::None),
            // The platform takes it for none.
            Proxy::Server(ProxyServer { host, .. }) if host.trim().is_empty() => {
                Ok(arkws::Proxy::None)
            }
            Proxy::Server(given) => {
                let port = (given.port != 0).then_some(given.port);
                let mut server = arkws::ProxyServer::parse(given.host.trim(), port)
                    .map_err(BusinessError::parameter)?;
                if server.credentials.is_none() && !given.username.is_empty() {
                    server.credentials = Some((given.username.clone(), given.password.clone()));
                }
                server.exclusions.clone_from(&given.exclusion_list);
                Ok(arkws::Proxy::Server(server))
            }
        }
    }
}
