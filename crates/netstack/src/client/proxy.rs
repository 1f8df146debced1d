//! The option of `connect` that is about proxies.
use std::fmt;

use arkws::{ProxyEnvironment, ProxyError, ProxyProtocol};
use zeroize::Zeroizing;

use crate::BusinessError;
use crate::shared_limits::whole;

/// `ProxyConfiguration`: what `connect` goes through.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Proxy {
    /// `'system'`: what the environment names (`https_proxy`, `http_proxy`, `all_proxy`,
    /// `no_proxy`). It is read once, by the call of `connect`, on its thread: attempts to reconnect
    /// and redirects go by what it said then.
    #[default]
    System,
    /// `'no-proxy'`: servers are reached directly.
    None,
    /// This one. Without a host it is none, as on the platform.
    Server(ProxyServer),
}

/// `HttpProxy`: an HTTP proxy, or one that speaks SOCKS5. Its `Debug` form shows no credentials.
/// What may be a password is wiped before its memory is freed.
#[derive(Clone, Default, PartialEq)]
pub struct ProxyServer {
    /// Host; it may also be `user:password@host[:port]`, or a URL (`socks5://`, `http://`).
    pub host: Zeroizing<String>,
    /// Port, a whole number from 0 to 65535 (else 401). One in `host` counts before it; 0: the
    /// scheme's default.
    pub port: f64,
    /// User name, if there is none in `host`; empty: none.
    pub username: String,
    /// Password of that user.
    pub password: Zeroizing<String>,
    /// Hosts that are reached directly. Default: none.
    pub exclusion_list: Vec<String>,
}

impl fmt::Debug for ProxyServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What is not understood may be a password as well as a host.
        let server = self.parse().ok().flatten();
        f.debug_struct("ProxyServer")
            .field("address", &server.map(|server| server.to_string()))
            .field("exclusion_list", &self.exclusion_list)
            .finish_non_exhaustive()
    }
}

impl Proxy {
    /// The proxy as `arkws` takes it. Reads the environment, which the program may change from its
    /// threads: not for the network thread.
    ///
    /// # Errors
    /// 401: an address that cannot be understood.
    pub(super) fn parse(&self) -> Result<arkws::Proxy, BusinessError> {
        match self {
            Proxy::System => Ok(arkws::Proxy::Environment(ProxyEnvironment::read())),
            Proxy::None => Ok(arkws::Proxy::None),
            Proxy::Server(given) => Ok(given
                .parse()?
                .map_or(arkws::Proxy::None, arkws::Proxy::Server)),
        }
    }
}

impl ProxyServer {
    /// The server as `arkws` takes it; `None`: there is no host, which the platform takes for no
    /// proxy.
    ///
    /// # Errors
    /// 401: an address that cannot be understood.
    fn parse(&self) -> Result<Option<arkws::ProxyServer>, BusinessError> {
        let port = whole(self.port, u16::MAX).ok_or_else(|| {
            BusinessError::parameter(format!("{} is not a port of a proxy", self.port))
        })?;
        let host = self.host.trim();
        if host.is_empty() {
            return Ok(None);
        }
        let mut server = arkws::ProxyServer::parse(host, (port != 0).then_some(port))
            .map_err(BusinessError::parameter)?;
        if server.protocol == ProxyProtocol::Https {
            let reason = "proxies that are spoken to over TLS are not supported".to_owned();
            return Err(BusinessError::parameter(ProxyError::Address { reason }));
        }
        if server.credentials.is_none() && !self.username.is_empty() {
            server.credentials = Some((self.username.clone(), self.password.clone()));
        }
        server.exclusions.clone_from(&self.exclusion_list);
        Ok(Some(server))
    }
}
