//! The checks of `connect`, in the platform's order, and what they make of its arguments.
use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

use arkws::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use arkws::{
    Client, ClientBuilder, ClientResponse, Config, DeflateConfig, Error, Heartbeat, Identity,
    Limits, PageOrigin, Roots, TlsConfig, TlsError, TlsVersion, Transport, UrlError,
};
use tokio::task::spawn_blocking;
use url::Url;

use super::reconnect::Retries;
use crate::defaults::write_timeout;
use crate::{
    ApiLevel, BusinessError, Cause, ClientCert, Context, Header, Proxy, ProxyServer, Reconnect,
    RequestOptions, TlsProtocol,
};

/// Most bytes of messages that wait to be sent.
const MAX_QUEUED: usize = 256 << 20;

/// What identifies us to servers, unless the program says something else.
const USER_AGENT: &str = concat!("arkws/", env!("CARGO_PKG_VERSION"));

/// The arguments of `connect` after the checks that need no free object.
pub(super) struct Request<'a> {
    text: &'a str,
    url: Result<Url, UrlError>,
    options: RequestOptions,
    retries: Option<Retries>,
    builder: ClientBuilder,
}

/// All that attempts at a connection need.
pub(super) struct Plan {
    url: Url,
    builder: ClientBuilder,
    tls: Option<TlsOptions>,
    /// Made by the first attempt.
    client: Option<Client>,
    pub(super) retries: Option<Retries>,
    pub(super) queue_limits: QueueLimits,
}

/// How many bytes of messages may wait to be sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct QueueLimits {
    /// While the connection is open.
    pub(super) open: usize,
    /// While it is being made...
    pub(super) connecting: usize,
    /// ...and the option that says so.
    pub(super) connecting_option: &'static str,
}

/// What `wss` needs beside the defaults.
#[derive(Clone)]
struct TlsOptions {
    config: TlsConfig,
    client_cert: Option<ClientCert>,
}

impl<'a> Request<'a> {
    /// Domain, headers and other values, files.
    ///
    /// # Errors
    /// 2302998, 401, 2302002.
    pub(super) fn check(
        context: &Context,
        text: &'a str,
        options: RequestOptions,
    ) -> Result<Request<'a>, BusinessError> {
        let url = arkws::parse_url(text);
        if let Ok(url) = &url {
            // A URL that cannot be connected to has no domain; its turn comes later.
            context.policy().allows(&origin(url)).map_err(|why| {
                BusinessError::new(BusinessError::DOMAIN, why).and_event(Cause::Policy)
            })?;
        }
        let (headers, protocols) = headers(&options)?;
        let mut builder = Client::builder()
            .headers(headers)
            .protocols(protocols)
            .deflate(options.per_message_deflate.then(DeflateConfig::default))
            .proxy(proxy(&options.proxy)?)
            .check_redirects({
                let context = context.clone();
                move |url| context.policy().allows(&origin(url))
            })
            .config(config(context, &options))
            .connect_timeout(options.connect_timeout.unwrap_or(Duration::from_secs(20)))
            .handshake_timeout(options.handshake_timeout.unwrap_or(Duration::from_secs(15)))
            .page_origin(match options.support_origin_port {
                true => PageOrigin::Full,
                false => PageOrigin::WithoutPort,
            });
        if let Some(limit) = options.max_redirects {
            builder = builder.max_redirects(limit);
        }
        // What a request to any URL would fail with, such as a header that is the handshake's own.
        builder.clone().build().map_err(BusinessError::parameter)?;
        let retries = options.reconnect.clone().map(Retries::new).transpose();
        let retries = retries.map_err(BusinessError::parameter)?;
        check_files(&options)?;
        Ok(Request {
            text,
            url,
            options,
            retries,
            builder,
        })
    }

    /// The URL, the last of the checks.
    ///
    /// # Errors
    /// 2302001 (401 before level 12), -1.
    pub(super) fn plan(self, level: ApiLevel) -> Result<Plan, BusinessError> {
        let rules = level.differences();
        let length = self.text.chars().count();
        if length > rules.url_limit {
            let error = BusinessError::new(
                rules.url_error,
                format!(
                    "the URL has {length} characters, and the limit at API level {} is {}",
                    level.get(),
                    rules.url_limit
                ),
            );
            return Err(error.and_event(arkws::Cause::Invalid));
        }
        let url = self.url.map_err(|error| {
            let code = match error {
                UrlError::NoHost(_) => BusinessError::FAILED,
                _ => rules.url_error,
            };
            BusinessError::new(code, error.to_string()).and_event(arkws::Cause::Invalid)
        })?;
        Ok(Plan {
            tls: (url.scheme() == "wss")
                .then(|| tls(&self.options))
                .flatten(),
            url,
            builder: self.builder,
            client: None,
            queue_limits: queue_limits(&self.options),
            retries: self.retries,
        })
    }
}

impl Plan {
    /// `ws://host[:port]`, for the log.
    pub(super) fn target(&self) -> String {
        origin(&self.url)
    }

    /// One attempt. The socket is boxed: it moves several times, and tasks hold a place for each.
    pub(super) async fn connect(
        &mut self,
    ) -> Result<(Box<arkws::WebSocket<Transport>>, ClientResponse), Error> {
        let client = match &self.client {
            Some(client) => client,
            None => {
                let client = build(self.builder.clone(), self.tls.clone()).await?;
                self.client.insert(client)
            }
        };
        let (socket, response) = client.connect(self.url.as_str()).await?;
        Ok((Box::new(socket), response))
    }
}

/// Files are read, and keys decrypted, where that holds up nobody.
async fn build(builder: ClientBuilder, tls: Option<TlsOptions>) -> Result<Client, Error> {
    let Some(tls) = tls else {
        return builder.build();
    };
    let span = tracing::Span::current();
    let build = move || {
        let _span = span.enter();
        let config = tls.read()?;
        builder.tls(config).build()
    };
    match spawn_blocking(build).await {
        Ok(result) => result,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

impl TlsOptions {
    fn read(self) -> Result<TlsConfig, TlsError> {
        let identity = match &self.client_cert {
            None => None,
            Some(cert) => {
                let password = (!cert.key_password.is_empty()).then_some(&*cert.key_password);
                Some(Identity::from_files(
                    &cert.cert_path,
                    &cert.key_path,
                    password,
                )?)
            }
        };
        Ok(TlsConfig {
            identity,
            ..self.config
        })
    }
}

/// `None`: the defaults.
fn tls(options: &RequestOptions) -> Option<TlsOptions> {
    let mut config = TlsConfig::default();
    if let Some(path) = ca_path(options) {
        config.roots = vec![Roots::Path(path.to_owned())];
    }
    if options.min_support_tls_protocol == Some(TlsProtocol::Tls13) {
        config.min_version = TlsVersion::Tls13;
    }
    config.dangerous_accept_any_certificate = options.skip_server_cert_verification;
    Some(TlsOptions {
        config,
        client_cert: client_cert(options).cloned(),
    })
}

/// The program's headers and sub-protocols.
///
/// # Errors
/// 401: a name or value that cannot be in a header.
fn headers(options: &RequestOptions) -> Result<(HeaderMap, Vec<String>), BusinessError> {
    let mut headers = HeaderMap::new();
    let mut protocols: Vec<String> = Vec::new();
    let mut offer = |list: &str| {
        for name in list.split(',').map(str::trim) {
            if !name.is_empty() && !protocols.iter().any(|known| known == name) {
                protocols.push(name.to_owned());
            }
        }
    };
    offer(&options.protocol);
    for Header { name, value } in &options.headers {
        // The platform skips them.
        if value.is_empty() {
            continue;
        }
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
            BusinessError::parameter(format!(
                "{} cannot be the name of a header: it is not a token (RFC 9110, 5.1)",
                shown(name)
            ))
        })?;
        let field = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| {
            BusinessError::parameter(format!(
                "the value of the header {key} has a line break, NUL or another control character"
            ))
        })?;
        if key == header::SEC_WEBSOCKET_PROTOCOL {
            offer(value);
        } else if matches!(key, header::HOST | header::ORIGIN | header::USER_AGENT) {
            headers.insert(key, field);
        } else {
            headers.append(key, field);
        }
    }
    headers
        .entry(header::USER_AGENT)
        .or_insert(HeaderValue::from_static(USER_AGENT));
    Ok((headers, protocols))
}

fn config(context: &Context, options: &RequestOptions) -> Config {
    let mut limits = Limits::default();
    let wanted = options.max_message_size.unwrap_or(limits.max_message_size);
    limits.max_message_size = context.runtime_limits().cap(wanted);
    limits.max_frame_size = limits.max_message_size as u64;
    limits.max_fragments = options.max_fragments.unwrap_or(limits.max_fragments);
    limits.max_header_bytes = options.max_header_bytes.unwrap_or(limits.max_header_bytes);
    limits.max_headers = options.max_headers.unwrap_or(limits.max_headers);
    Config {
        limits,
        heartbeat: heartbeat(options.ping_interval, options.pong_timeout),
        write_timeout: write_timeout(options.write_timeout),
        message_timeout: options.message_timeout.filter(|limit| !limit.is_zero()),
        unfinished_budget: Some(context.unfinished_budget().clone()),
        ..Config::default()
    }
}

fn queue_limits(options: &RequestOptions) -> QueueLimits {
    let open = options.max_queued_bytes.unwrap_or(MAX_QUEUED);
    let (connecting, connecting_option) = match &options.reconnect {
        Some(Reconnect {
            max_queued_bytes, ..
        }) if *max_queued_bytes < open => (*max_queued_bytes, "reconnect.maxQueuedBytes"),
        _ => (open, "maxQueuedBytes"),
    };
    QueueLimits {
        open,
        connecting,
        connecting_option,
    }
}

/// The platform's rules: whole seconds; what is out of range means the default; an interval of 0 switches pings off; a
/// time-out is not longer than the interval, unless it is the default. (There, a time-out of 0 ended every connection at
/// its first ping; here it means that a missing answer is not punished.)
fn heartbeat(interval: Option<f64>, timeout: Option<f64>) -> Option<Heartbeat> {
    const DEFAULT: u64 = 30;
    const RANGE: std::ops::RangeInclusive<f64> = 0.0..=30_000.0;
    let interval = match interval {
        Some(seconds) if RANGE.contains(&seconds) => seconds as u64,
        _ => DEFAULT,
    };
    let timeout = match timeout {
        // Negative numbers are huge ones there.
        Some(seconds) if seconds >= 0.0 => seconds as u64,
        Some(seconds) if seconds < 0.0 => u64::MAX,
        _ => DEFAULT,
    };
    let timeout = match timeout {
        0 => Duration::MAX,
        DEFAULT => Duration::from_secs(DEFAULT),
        other => Duration::from_secs(other.min(interval)),
    };
    (interval > 0).then(|| Heartbeat {
        interval: Duration::from_secs(interval),
        timeout,
    })
}

/// # Errors
/// 401: an address that cannot be understood.
fn proxy(proxy: &Proxy) -> Result<arkws::Proxy, BusinessError> {
    match proxy {
        Proxy::System => Ok(arkws::Proxy::System),
        Proxy::None => Ok(arkws::Proxy::None),
        // The platform takes it for none.
        Proxy::Server(ProxyServer { host, .. }) if host.trim().is_empty() => Ok(arkws::Proxy::None),
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

/// Whether the files are there. What is in them shows later, and only for `wss`.
fn check_files(options: &RequestOptions) -> Result<(), BusinessError> {
    let ca = ca_path(options).map(|path| (path, "caPath"));
    let cert = client_cert(options);
    let cert = cert.into_iter().flat_map(|cert| {
        [
            (cert.cert_path.as_path(), "clientCert.certPath"),
            (cert.key_path.as_path(), "clientCert.keyPath"),
        ]
    });
    for (path, option) in ca.into_iter().chain(cert) {
        std::fs::metadata(path).map_err(|error| {
            let path = path.display();
            let why = format!("{path} ({option}): {error}");
            BusinessError::new(BusinessError::CERTIFICATE_FILE, why)
                .and_event(arkws::Cause::Invalid)
        })?;
    }
    Ok(())
}

/// An empty path means the system's roots.
fn ca_path(options: &RequestOptions) -> Option<&Path> {
    let path = options.ca_path.as_deref()?;
    (!path.as_os_str().is_empty()).then_some(path)
}

/// One without a certificate is none.
fn client_cert(options: &RequestOptions) -> Option<&ClientCert> {
    let cert = options.client_cert.as_ref()?;
    (!cert.cert_path.as_os_str().is_empty()).then_some(cert)
}

/// `ws://host`, with a port if it is not the scheme's default: what a policy is asked about.
fn origin(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{}://{host}:{port}", url.scheme()),
        None => format!("{}://{host}", url.scheme()),
    }
}

/// What a program gave, bounded and escaped.
fn shown(text: &str) -> String {
    const MAX: usize = 64;
    let cut: Cow<'_, str> = match text.char_indices().nth(MAX) {
        None => text.into(),
        Some((end, _)) => format!("{}...", &text[..end]).into(),
    };
    format!("{cut:?}")
}
