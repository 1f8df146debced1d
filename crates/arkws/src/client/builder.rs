//! The options of a client: what each is called, its default, and how it is set.
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use arkws_proto::Limits;
use arkws_proto::deflate::DeflateConfig;
use arkws_proto::handshake::{ClientHandshake, ClientRequest};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::Client;
use crate::dial::connector::Connector;
use crate::dial::route::{Lookup, Route};
use crate::own_headers;
#[cfg(feature = "tls")]
use crate::tls::{ClientTls, TlsConfig};
use crate::url::shown;
use crate::{Config, Error, Heartbeat, Proxy, RedirectError, UnfinishedBudget, WebSocketUrl};

/// The options of a client, without those of TLS.
#[derive(Clone)]
pub(super) struct ClientOptions {
    headers: HeaderMap,
    protocols: Vec<String>,
    deflate: Option<DeflateConfig>,
    pub(super) config: Config,
    pub(super) proxy: Proxy,
    pub(super) route: Route,
    pub(super) connect_timeout: Duration,
    pub(super) handshake_timeout: Duration,
    pub(super) page_origin: Option<PageOrigin>,
    pub(super) max_redirects: usize,
    pub(super) redirects: RedirectCheck,
}

impl Default for ClientOptions {
    fn default() -> ClientOptions {
        ClientOptions {
            headers: HeaderMap::new(),
            protocols: Vec::new(),
            deflate: None,
            config: Config::default(),
            proxy: Proxy::System,
            route: Route::default(),
            connect_timeout: Client::DEFAULT_CONNECT_TIMEOUT,
            handshake_timeout: Client::DEFAULT_HANDSHAKE_TIMEOUT,
            page_origin: None,
            max_redirects: Client::DEFAULT_MAX_REDIRECTS,
            redirects: RedirectCheck::default(),
        }
    }
}

/// Header fields and sub-protocols of a request, as the program has given them.
#[derive(Clone)]
pub(super) struct Fields {
    pub(super) headers: HeaderMap,
    pub(super) protocols: Vec<String>,
}

impl ClientOptions {
    /// Those of the first request; a redirect may take some away.
    pub(super) fn fields(&self) -> Fields {
        Fields {
            headers: self.headers.clone(),
            protocols: self.protocols.clone(),
        }
    }

    pub(super) fn request(&self, host: String, target: &str, fields: Fields) -> ClientRequest {
        ClientRequest {
            host,
            target: target.to_owned(),
            protocols: fields.protocols,
            deflate: self.deflate.clone(),
            headers: fields.headers,
            entropy: self.config.entropy,
        }
    }
}

// Neither headers nor sub-protocols are shown: they hold tokens and cookies.
impl fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("config", &self.config)
            .field("deflate", &self.deflate)
            .field("protocols", &self.protocols.len())
            .field("proxy", &self.proxy)
            .finish_non_exhaustive()
    }
}

/// The program's check of redirects.
#[derive(Clone, Default)]
pub(super) struct RedirectCheck(Option<Arc<Check>>);

type Check = dyn Fn(&WebSocketUrl) -> Result<(), String> + Send + Sync;

impl RedirectCheck {
    pub(super) fn check(&self, url: &WebSocketUrl) -> Result<(), RedirectError> {
        let Some(check) = &self.0 else {
            return Ok(());
        };
        check(url).map_err(|reason| RedirectError::Forbidden {
            location: shown(url.as_str()),
            reason,
        })
    }
}

/// Builds a [`Client`].
#[derive(Clone)]
#[must_use]
pub struct ClientBuilder {
    options: ClientOptions,
    #[cfg(feature = "tls")]
    tls: TlsConfig,
    #[cfg(feature = "nested-tls")]
    proxy_tls: TlsConfig,
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.options.fmt(f)
    }
}

/// The `Origin` field of a page on the server's own host (RFC 6454).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PageOrigin {
    /// Scheme, host, and the port if it is not the scheme's default.
    Full,
    /// Scheme and host, whatever the port: what some servers expect.
    WithoutPort,
}

impl Client {
    /// How long it may take to resolve a name and to connect: as long as libwebsockets waits.
    pub const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
    /// How long TLS and the WebSocket handshake may take together: as long as libwebsockets waits.
    pub const DEFAULT_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(15);
    /// How many redirects are followed. Our choice: more than a site needs that has moved.
    pub const DEFAULT_MAX_REDIRECTS: usize = 4;

    /// So many bytes are kept of the body of an answer that refuses the handshake. Our choice: more
    /// than a page that says why, and little enough to be kept with an error.
    pub const MAX_REFUSAL_BODY: usize = 64 << 10;

    /// A builder with the default options.
    pub fn builder() -> ClientBuilder {
        ClientBuilder {
            options: ClientOptions::default(),
            #[cfg(feature = "tls")]
            tls: TlsConfig::default(),
            #[cfg(feature = "nested-tls")]
            proxy_tls: TlsConfig::default(),
        }
    }
}

impl ClientBuilder {
    /// Adds a header field to the requests. `Host` replaces the URL's; one that is no host, and the
    /// handshake's own fields, are refused by [`build`](Self::build).
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> ClientBuilder {
        own_headers::append(&mut self.options.headers, name, value);
        self
    }

    /// Adds header fields to the requests, as [`header`](Self::header).
    pub fn headers(mut self, headers: HeaderMap) -> ClientBuilder {
        for (name, value) in &headers {
            own_headers::append(&mut self.options.headers, name.clone(), value.clone());
        }
        self
    }

    /// Adds the `Origin` field that a page on the host of the URL would have, unless a header says
    /// another. After a redirect it is that of the new host. Default: none, as programs are no
    /// pages.
    pub fn page_origin(mut self, origin: impl Into<Option<PageOrigin>>) -> ClientBuilder {
        self.options.page_origin = origin.into();
        self
    }

    /// Offers sub-protocols, in this order of preference (RFC 6455, 1.9). Default: none.
    pub fn protocols(
        mut self,
        protocols: impl IntoIterator<Item = impl Into<String>>,
    ) -> ClientBuilder {
        self.options.protocols = protocols.into_iter().map(Into::into).collect();
        self
    }

    /// Offers compression (RFC 7692). Default: none.
    #[cfg(feature = "deflate")]
    pub fn deflate(mut self, deflate: impl Into<Option<DeflateConfig>>) -> ClientBuilder {
        self.options.deflate = deflate.into();
        self
    }

    /// All options of the established connection at once. [`limits`](Self::limits),
    /// [`heartbeat`](Self::heartbeat) and the time-outs behind them set single fields of it.
    pub fn config(mut self, config: Config) -> ClientBuilder {
        self.options.config = config;
        self
    }

    /// What is accepted from the server, in the handshake and after it.
    pub fn limits(mut self, limits: Limits) -> ClientBuilder {
        self.options.config.limits = limits;
        self
    }

    /// Pings to a silent server. Default: none.
    pub fn heartbeat(mut self, heartbeat: impl Into<Option<Heartbeat>>) -> ClientBuilder {
        self.options.config.heartbeat = heartbeat.into();
        self
    }

    /// How long the server may take to answer a close frame and to end TCP. Default:
    /// [`Config::DEFAULT_CLOSE_TIMEOUT`].
    pub fn close_timeout(mut self, limit: Duration) -> ClientBuilder {
        self.options.config.close_timeout = limit;
        self
    }

    /// How long the server may take nothing of what waits for it; `None`: for ever. Default:
    /// [`Config::DEFAULT_WRITE_TIMEOUT`].
    pub fn write_timeout(mut self, limit: impl Into<Option<Duration>>) -> ClientBuilder {
        self.options.config.write_timeout = limit.into();
        self
    }

    /// How long a message of the server may be incomplete: see [`Config::message_timeout`];
    /// `None`: for ever. Default: for ever.
    pub fn message_timeout(mut self, limit: impl Into<Option<Duration>>) -> ClientBuilder {
        self.options.config.message_timeout = limit.into();
        self
    }

    /// Bounds the memory of incomplete messages, instead of a budget of
    /// [`UnfinishedBudget::DEFAULT_LIMIT`] bytes for the connections of this client alone.
    pub fn unfinished_budget(mut self, budget: UnfinishedBudget) -> ClientBuilder {
        self.options.config.unfinished_budget = Some(budget);
        self
    }

    /// The proxy. Default: [`Proxy::System`].
    pub fn proxy(mut self, proxy: Proxy) -> ClientBuilder {
        self.options.proxy = proxy;
        self
    }

    /// Resolves names, the servers' and the proxies', in place of the operating system.
    pub fn lookup(mut self, lookup: Lookup) -> ClientBuilder {
        self.options.route.lookup = Some(lookup);
        self
    }

    /// A host that has these addresses, to be tried in this order: it is not looked up.
    pub fn resolve(
        mut self,
        host: &str,
        addresses: impl IntoIterator<Item = IpAddr>,
    ) -> ClientBuilder {
        let addresses = addresses.into_iter().collect();
        let known = &mut self.options.route.known;
        known.insert(host.to_ascii_lowercase(), addresses);
        self
    }

    /// The address of this machine that connections are made from. Default: the operating system's
    /// choice.
    pub fn local_address(mut self, address: IpAddr) -> ClientBuilder {
        self.options.route.local.address = Some(address);
        self
    }

    /// The network interface that connections are made through, `"eth0"` say (`SO_BINDTODEVICE`).
    /// Default: the one that the system's routes lead through. Linux and Android only.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub fn device(mut self, name: impl Into<String>) -> ClientBuilder {
        self.options.route.local.device = Some(name.into());
        self
    }

    /// Makes the streams to servers and proxies in place of this crate, which then neither resolves
    /// their names nor opens TCP connections.
    pub fn connector(mut self, connector: impl Connector + 'static) -> ClientBuilder {
        self.options.route.connector = Some(Arc::new(connector));
        self
    }

    /// How `wss` is secured.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: TlsConfig) -> ClientBuilder {
        self.tls = tls;
        self
    }

    /// How proxies over TLS are secured (`https` in their URL). Default: [`TlsConfig::default`],
    /// whatever [`tls`](Self::tls) is.
    #[cfg(feature = "nested-tls")]
    pub fn proxy_tls(mut self, tls: TlsConfig) -> ClientBuilder {
        self.proxy_tls = tls;
        self
    }

    /// How long it may take to resolve the name and to connect, through the proxy if there is one.
    /// Default: [`Client::DEFAULT_CONNECT_TIMEOUT`].
    pub fn connect_timeout(mut self, limit: Duration) -> ClientBuilder {
        self.options.connect_timeout = limit;
        self
    }

    /// How long TLS and the WebSocket handshake may take together. Default:
    /// [`Client::DEFAULT_HANDSHAKE_TIMEOUT`].
    pub fn handshake_timeout(mut self, limit: Duration) -> ClientBuilder {
        self.options.handshake_timeout = limit;
        self
    }

    /// How many redirects are followed; with 0 a redirect is a refusal like any other status.
    /// Default: [`Client::DEFAULT_MAX_REDIRECTS`].
    ///
    /// Never from `wss` to `ws`. To another origin only `User-Agent` goes along, no other header
    /// and no sub-protocol: each of them may be a secret.
    pub fn max_redirects(mut self, limit: usize) -> ClientBuilder {
        self.options.max_redirects = limit;
        self
    }

    /// Asks `check` whether a redirect to this URL may be followed; `Err` says why not. Default:
    /// any may.
    pub fn check_redirects<F>(mut self, check: F) -> ClientBuilder
    where
        F: Fn(&WebSocketUrl) -> Result<(), String> + Send + Sync + 'static,
    {
        self.options.redirects = RedirectCheck(Some(Arc::new(check)));
        self
    }

    /// Checks the options and reads the files that they name; blocks while it reads.
    ///
    /// # Errors
    /// A header that cannot be set, a sub-protocol that is not a token, a window out of range, a
    /// certificate or key that cannot be used.
    pub fn build(mut self) -> Result<Client, Error> {
        self.options
            .config
            .unfinished_budget
            .get_or_insert_default();
        // A request to nowhere shows now what would fail for every URL.
        let fields = self.options.fields();
        let request = self.options.request("localhost".into(), "/", fields);
        #[cfg(feature = "tls")]
        let tls = ClientTls::new(self.tls)?;
        #[cfg(feature = "nested-tls")]
        let proxy_tls = ClientTls::new(self.proxy_tls)?;
        #[cfg(feature = "nested-tls")]
        self.options.route.proxy_tls.replace(proxy_tls);
        ClientHandshake::new(request, &self.options.config.limits)?;
        Ok(Client {
            options: Arc::new(self.options),
            #[cfg(feature = "tls")]
            tls,
        })
    }
}
