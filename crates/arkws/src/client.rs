//! Making connections.
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arkws_proto::deflate::DeflateConfig;
use arkws_proto::handshake::{ClientHandshake, ClientRequest, ClientResponse, HandshakeError};
use arkws_proto::{Limits, Role};
use http::header::{AUTHORIZATION, ORIGIN};
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tracing::Instrument;
use url::Url;

use crate::dial::tls::Connector;
use crate::dial::url::{Endpoint, shown};
use crate::dial::{self, Deadline, redirect};
use crate::{
    Config, Error, Heartbeat, Phase, Proxy, RedirectError, TlsConfig, TlsError, TlsVersion,
    Transport, UnfinishedBudget, WebSocket,
};

/// Connects with the default settings.
///
/// ```no_run
/// # async fn run() -> Result<(), arkws::Error> {
/// use arkws::Message;
/// use futures_util::StreamExt;
///
/// let (mut socket, response) = arkws::connect("wss://echo.example/").await?;
/// println!("{} {}", response.status.as_str(), response.reason);
/// socket.send(Message::Text("hello".into())).await?;
/// while let Some(message) = socket.next().await {
///     println!("{:?}", message?);
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`Client::connect`].
///
/// # Cancel safety
/// As [`Client::connect`].
pub async fn connect(url: &str) -> Result<(WebSocket<Transport>, ClientResponse), Error> {
    static DEFAULT: OnceLock<Client> = OnceLock::new();
    let client = match DEFAULT.get() {
        Some(client) => client,
        None => {
            let client = Client::builder().build()?;
            DEFAULT.get_or_init(|| client)
        }
    };
    client.connect(url).await
}

/// A client's settings, made once and cheap to clone. TLS sessions are resumed among its connections.
///
/// ```no_run
/// # async fn run() -> Result<(), arkws::Error> {
/// use arkws::http::header::{HeaderValue, ORIGIN};
/// use arkws::{Client, DeflateConfig, Roots, TlsConfig};
///
/// let client = Client::builder()
///     .header(ORIGIN, HeaderValue::from_static("https://app.example"))
///     .protocols(["chat.v2", "chat.v1"])
///     .deflate(DeflateConfig::default())
///     .tls(TlsConfig { roots: vec![Roots::Path("ca.pem".into())], ..TlsConfig::default() })
///     .build()?;
/// let (socket, response) = client.connect("wss://chat.example/rooms/1").await?;
/// println!("{:?} over {:?}", response.negotiated.protocol, socket.get_ref().tls_version());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    settings: Arc<Settings>,
}

struct Settings {
    headers: HeaderMap,
    protocols: Vec<String>,
    deflate: Option<DeflateConfig>,
    config: Config,
    proxy: Proxy,
    connector: Arc<Connector>,
    connect_timeout: Duration,
    handshake_timeout: Duration,
    page_origin: Option<PageOrigin>,
    max_redirects: usize,
    redirects: RedirectCheck,
}

// Headers are not shown: they hold tokens and cookies.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("protocols", &self.settings.protocols)
            .field("proxy", &self.settings.proxy)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("protocols", &self.protocols)
            .field("proxy", &self.proxy)
            .finish_non_exhaustive()
    }
}

/// The caller's opinion on redirects.
#[derive(Clone, Default)]
struct RedirectCheck(Option<Arc<Check>>);

type Check = dyn Fn(&Url) -> Result<(), String> + Send + Sync;

impl RedirectCheck {
    fn check(&self, url: &Url) -> Result<(), RedirectError> {
        let Some(check) = &self.0 else {
            return Ok(());
        };
        check(url).map_err(|reason| RedirectError::Forbidden {
            location: shown(url.as_str()),
            reason,
        })
    }
}

impl fmt::Debug for RedirectCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedirectCheck")
            .field(&self.0.is_some())
            .finish()
    }
}

/// Builds a [`Client`].
#[derive(Clone)]
#[must_use]
pub struct ClientBuilder {
    headers: HeaderMap,
    protocols: Vec<String>,
    deflate: Option<DeflateConfig>,
    config: Config,
    proxy: Proxy,
    tls: TlsConfig,
    connect_timeout: Duration,
    handshake_timeout: Duration,
    page_origin: Option<PageOrigin>,
    max_redirects: usize,
    redirects: RedirectCheck,
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

impl ClientBuilder {
    /// Adds a header field to the requests. `Host` replaces the URL's; the handshake's own fields are refused by
    /// [`build`](Self::build).
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> ClientBuilder {
        self.headers.append(name, value);
        self
    }

    /// Adds header fields to the requests, as [`header`](Self::header).
    pub fn headers(mut self, headers: HeaderMap) -> ClientBuilder {
        for (name, value) in &headers {
            self.headers.append(name, value.clone());
        }
        self
    }

    /// Adds the `Origin` field that a page on the host of the URL would have, unless a header says
    /// another. After a redirect it is that of the new host. Default: none, as programs are no pages.
    pub fn page_origin(mut self, origin: impl Into<Option<PageOrigin>>) -> ClientBuilder {
        self.page_origin = origin.into();
        self
    }

    /// Offers sub-protocols, in this order of preference (RFC 6455, 1.9). Default: none.
    pub fn protocols(
        mut self,
        protocols: impl IntoIterator<Item = impl Into<String>>,
    ) -> ClientBuilder {
        self.protocols = protocols.into_iter().map(Into::into).collect();
        self
    }

    /// Offers compression (RFC 7692). Default: none.
    pub fn deflate(mut self, deflate: impl Into<Option<DeflateConfig>>) -> ClientBuilder {
        self.deflate = deflate.into();
        self
    }

    /// Settings of the established connection; [`limits`](Self::limits) and [`heartbeat`](Self::heartbeat) are part of
    /// them.
    pub fn config(mut self, config: Config) -> ClientBuilder {
        self.config = config;
        self
    }

    /// What is accepted from the server, in the handshake and after it.
    pub fn limits(mut self, limits: Limits) -> ClientBuilder {
        self.config.limits = limits;
        self
    }

    /// Pings to a silent server. Default: none.
    pub fn heartbeat(mut self, heartbeat: impl Into<Option<Heartbeat>>) -> ClientBuilder {
        self.config.heartbeat = heartbeat.into();
        self
    }

    /// How long the server may take to answer a close frame and to end TCP. Default: 5 s.
    pub fn close_timeout(mut self, limit: Duration) -> ClientBuilder {
        self.config.close_timeout = limit;
        self
    }

    /// How long the server may take nothing of what waits for it; `None`: for ever. Default: 30 s.
    pub fn write_timeout(mut self, limit: impl Into<Option<Duration>>) -> ClientBuilder {
        self.config.write_timeout = limit.into();
        self
    }

    /// How long a message of the server may be incomplete while nothing of it comes; `None`: for ever. Default: for ever.
    pub fn message_timeout(mut self, limit: impl Into<Option<Duration>>) -> ClientBuilder {
        self.config.message_timeout = limit.into();
        self
    }

    /// What bounds the memory of incomplete messages, instead of a budget of 256 MiB for the connections of this
    /// client alone.
    pub fn unfinished_budget(mut self, budget: UnfinishedBudget) -> ClientBuilder {
        self.config.unfinished_budget = Some(budget);
        self
    }

    /// The proxy. Default: [`Proxy::System`].
    pub fn proxy(mut self, proxy: Proxy) -> ClientBuilder {
        self.proxy = proxy;
        self
    }

    /// How `wss` is secured.
    pub fn tls(mut self, tls: TlsConfig) -> ClientBuilder {
        self.tls = tls;
        self
    }

    /// How long it may take to resolve the name and to connect, through the proxy if there is one. Default: 20 s.
    pub fn connect_timeout(mut self, limit: Duration) -> ClientBuilder {
        self.connect_timeout = limit;
        self
    }

    /// How long TLS and the WebSocket handshake may take together. Default: 15 s.
    pub fn handshake_timeout(mut self, limit: Duration) -> ClientBuilder {
        self.handshake_timeout = limit;
        self
    }

    /// How many redirects are followed; with 0 a redirect is a refusal like any other status. Default: 4.
    ///
    /// Never from `wss` to `ws`. To another origin only `User-Agent` goes along, no other header and no
    /// sub-protocol: each of them may be a secret.
    pub fn max_redirects(mut self, limit: usize) -> ClientBuilder {
        self.max_redirects = limit;
        self
    }

    /// Asks `check` whether a redirect to this URL may be followed; `Err` says why not. Default: any may.
    pub fn check_redirects<F>(mut self, check: F) -> ClientBuilder
    where
        F: Fn(&Url) -> Result<(), String> + Send + Sync + 'static,
    {
        self.redirects = RedirectCheck(Some(Arc::new(check)));
        self
    }

    /// Checks the settings and reads the files that they name; blocks while it reads.
    ///
    /// # Errors
    /// A header that cannot be set, a sub-protocol that is not a token, a window out of range, a certificate or key that
    /// cannot be used.
    pub fn build(mut self) -> Result<Client, Error> {
        self.config.unfinished_budget.get_or_insert_default();
        let settings = Settings {
            headers: self.headers,
            protocols: self.protocols,
            deflate: self.deflate,
            config: self.config,
            proxy: self.proxy,
            connector: Connector::new(self.tls)?,
            connect_timeout: self.connect_timeout,
            handshake_timeout: self.handshake_timeout,
            page_origin: self.page_origin,
            max_redirects: self.max_redirects,
            redirects: self.redirects,
        };
        // A request to nowhere shows now what would fail for every URL.
        let request = settings.request("localhost".into(), "/".into(), settings.fields());
        ClientHandshake::new(request, &settings.config.limits)?;
        Ok(Client {
            settings: Arc::new(settings),
        })
    }
}

impl Client {
    /// A builder with the default settings.
    pub fn builder() -> ClientBuilder {
        ClientBuilder {
            headers: HeaderMap::new(),
            protocols: Vec::new(),
            deflate: None,
            config: Config::default(),
            proxy: Proxy::System,
            tls: TlsConfig::default(),
            connect_timeout: Duration::from_secs(20),
            handshake_timeout: Duration::from_secs(15),
            page_origin: None,
            max_redirects: 4,
            redirects: RedirectCheck::default(),
        }
    }

    /// Connects to a `ws` or `wss` URL.
    ///
    /// User name and password in the URL become Basic authorization, unless an `Authorization` header is set.
    ///
    /// # Errors
    /// Every phase has its own: [`Error::Url`], [`Error::Dns`], [`Error::Connect`], [`Error::Proxy`], [`Error::Tls`],
    /// [`Error::Handshake`], [`Error::NoAnswer`], [`Error::Redirect`], [`Error::DialTimeout`]. A status other than 101 is
    /// [`HandshakeError::Refused`] with the server's headers.
    ///
    /// # Cancel safety
    /// Dropping the future ends the attempt.
    pub async fn connect(
        &self,
        url: &str,
    ) -> Result<(WebSocket<Transport>, ClientResponse), Error> {
        let mut endpoint = Endpoint::parse(url)?;
        let mut fields = self.settings.fields();
        let mut redirects = 0;
        loop {
            // Boxed: what dialling and TLS need on the way does not swell the caller's future.
            let span = tracing::debug_span!(target: "arkws", "connect", to = endpoint.authority());
            let attempt = self.attempt(&endpoint, &fields).instrument(span.clone());
            let answer = match Box::pin(attempt).await {
                Err(Error::Handshake(HandshakeError::Refused(answer))) => answer,
                done => return done,
            };
            let limit = self.settings.max_redirects;
            let next = if limit == 0 {
                None
            } else {
                redirect::next(&endpoint, &answer)?
            };
            let Some(next) = next else {
                return Err(HandshakeError::Refused(answer).into());
            };
            if redirects == limit {
                let location = shown(next.url().as_str());
                return Err(RedirectError::TooMany { limit, location }.into());
            }
            span.in_scope(|| {
                let (status, to) = (answer.status().as_u16(), next.authority());
                tracing::debug!(target: "arkws", status, to, "redirected");
            });
            self.settings.redirects.check(next.url())?;
            redirects += 1;
            let Fields { headers, protocols } = &mut fields;
            redirect::keep_what_is_no_secret(endpoint.url(), next.url(), headers, protocols);
            endpoint = next;
        }
    }

    /// The WebSocket handshake with the server of `url` over a connection that exists already, such as a Unix socket. No
    /// proxy, no TLS, no redirects.
    ///
    /// # Errors
    /// [`Error::Url`], [`Error::Handshake`], [`Error::NoAnswer`], [`Error::DialTimeout`].
    ///
    /// # Cancel safety
    /// The connection is lost with the future.
    pub async fn connect_over<S>(
        &self,
        url: &str,
        io: S,
    ) -> Result<(WebSocket<S>, ClientResponse), Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let endpoint = Endpoint::parse(url)?;
        let deadline = Deadline::after(self.settings.handshake_timeout);
        self.handshake(&endpoint, &self.settings.fields(), &deadline, io)
            .await
    }

    async fn attempt(
        &self,
        endpoint: &Endpoint,
        fields: &Fields,
    ) -> Result<(WebSocket<Transport>, ClientResponse), Error> {
        let settings = &self.settings;
        let (limit, limits) = (settings.connect_timeout, &settings.config.limits);
        let tcp = dial::connect(endpoint, &settings.proxy, limit, limits).await?;
        let deadline = Deadline::after(settings.handshake_timeout);
        let transport = dial::secure(endpoint, tcp, &settings.connector, &deadline).await?;
        // RFC 8446, 2: by now the server has not judged the client's certificate yet.
        let may_be_judged =
            transport.tls_version() == Some(TlsVersion::Tls13) && settings.connector.has_identity();
        let result = self.handshake(endpoint, fields, &deadline, transport).await;
        match result {
            Err(Error::NoAnswer { source, .. }) if may_be_judged => {
                Err(settings.connector.ended(endpoint, source).into())
            }
            result => result,
        }
    }

    async fn handshake<S>(
        &self,
        endpoint: &Endpoint,
        fields: &Fields,
        deadline: &Deadline,
        io: S,
    ) -> Result<(WebSocket<S>, ClientResponse), Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let mut fields = fields.clone();
        if let Some(authorization) = endpoint.authorization() {
            fields.headers.entry(AUTHORIZATION).or_insert(authorization);
        }
        if let Some(origin) = self.settings.page_origin {
            let origin = endpoint.page_origin(origin == PageOrigin::Full);
            fields.headers.entry(ORIGIN).or_insert(origin);
        }
        let request = self
            .settings
            .request(endpoint.host_field(), endpoint.target(), fields);
        let exchange = exchange(endpoint, request, &self.settings.config, io);
        let target = || endpoint.authority();
        deadline.run(Phase::Handshake, target, exchange).await
    }
}

/// What a request has of the program.
#[derive(Clone)]
struct Fields {
    headers: HeaderMap,
    protocols: Vec<String>,
}

impl Settings {
    /// What a request has of the program, before any redirect.
    fn fields(&self) -> Fields {
        Fields {
            headers: self.headers.clone(),
            protocols: self.protocols.clone(),
        }
    }

    fn request(&self, host: String, target: String, fields: Fields) -> ClientRequest {
        ClientRequest {
            host,
            target,
            protocols: fields.protocols,
            deflate: self.deflate.clone(),
            headers: fields.headers,
            entropy: self.config.entropy,
        }
    }
}

/// Sends the request, reads the answer.
async fn exchange<S>(
    endpoint: &Endpoint,
    request: ClientRequest,
    config: &Config,
    mut io: S,
) -> Result<(WebSocket<S>, ClientResponse), Error>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let failed = |error| match TlsError::from_io(endpoint.authority(), error) {
        Ok(error) => Error::Tls(error),
        Err(source) => Error::NoAnswer {
            target: endpoint.authority(),
            source,
        },
    };
    let (mut handshake, bytes) = ClientHandshake::new(request, &config.limits)?;
    // A server that does not want the request may end the connection while it is being written. What it said before
    // (a status, a TLS alert) can still be read, and says more than the error of writing.
    let written = async {
        io.write_all(&bytes).await?;
        io.flush().await
    }
    .await;
    let mut buffer = vec![0; 4096];
    loop {
        let count = match io.read(&mut buffer).await {
            Ok(0) => {
                let ended =
                    || std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "end of stream");
                return Err(failed(written.err().unwrap_or_else(ended)));
            }
            Ok(count) => count,
            Err(error) => return Err(failed(error)),
        };
        if let Some((response, consumed)) = handshake.recv(&buffer[..count])? {
            written.map_err(failed)?;
            let leftover = &buffer[consumed..count];
            let negotiated = response.negotiated.clone();
            let socket =
                WebSocket::from_handshake(io, Role::Client, config.clone(), negotiated, leftover);
            return Ok((socket, response));
        }
    }
}
