//! The options of `connect`: what each is, and what it means to `arkws`.
//!
//! A new option is a field of [`RequestOptions`] and a line in one of the functions that make the
//! builder of the connection from them.
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arkws::http::header::{self, HeaderMap, HeaderValue};
use arkws::{
    Client, ClientBuilder, Config, Connector, DeflateConfig, Heartbeat, Limits, Lookup, PageOrigin,
    Roots, TlsConfig, TlsVersion,
};

use super::proxy::Proxy;
use super::reconnect::Reconnect;
use super::tls::{ClientCert, IdentityPem, TlsOptions, TlsProtocol};
use crate::shared_limits::{refuse_zero, write_timeout};
use crate::{BusinessError, Context, Header};

/// What a `pingInterval` may be, in seconds: the platform's.
const PING_INTERVALS: std::ops::RangeInclusive<f64> = 0.0..=30_000.0;

/// What identifies us to servers, unless the program says something else.
const USER_AGENT: &str = concat!("arkws/", env!("CARGO_PKG_VERSION"));

/// `WebSocketRequestOptions`. `Default` is what a call without options means.
///
/// Those that the contract does not have are marked "arkws". Of these, `None` means the default; a
/// time-out is a [`Duration`] of any length.
///
/// Its `Debug` form shows neither sub-protocols nor values of header fields.
#[derive(Clone, Default)]
pub struct RequestOptions {
    /// Header fields of the request, in order. One with an empty value is skipped. `connect` fails
    /// with 401 if a name is no token, a value has control characters, a field is one of the
    /// handshake's own, or there are more than [`MAX_HEADERS`](Self::MAX_HEADERS). Default: none.
    pub headers: Vec<Header>,
    /// PEM bundle, or a directory of such, whose authorities are trusted instead of the system's.
    /// An empty path is none. `connect` fails with 2302002 if it is not there. Default: none.
    pub ca_path: Option<PathBuf>,
    /// Client certificate, for a server that asks for one. Without a
    /// [`cert_path`](ClientCert::cert_path) it is none. `connect` fails with 2302002 if one of its
    /// files is not there. Default: none.
    pub client_cert: Option<ClientCert>,
    /// arkws: PEM with authorities that are trusted instead of the system's, together with those of
    /// [`ca_path`](field@Self::ca_path). Default: none.
    pub ca: Vec<Vec<u8>>,
    /// arkws: client certificate from memory; [`client_cert`](field@Self::client_cert) is used
    /// before it. Default: none.
    pub identity: Option<IdentityPem>,
    /// arkws: the name that the server is asked for, and that its certificate has to be for; or an
    /// address. Default: the URL's host.
    pub server_name: Option<String>,
    /// arkws: the address of this machine that is connected from; `connect` fails with 401 if it is
    /// none. Default: the operating system's choice.
    pub local_address: Option<String>,
    /// arkws: resolves names in place of the operating system. Default: that does.
    pub lookup: Option<Lookup>,
    /// arkws: makes the streams to the server or the proxy in place of TCP, for a test or a
    /// simulated network, say: `lookup` and `local_address` do not apply then. A `wss` URL needs
    /// the feature `nested-tls` of the crate `arkws`. Default: none.
    pub connector: Option<Arc<dyn Connector>>,
    /// Accepts any certificate of the server. Default: `false`.
    pub skip_server_cert_verification: bool,
    /// Lowest version of TLS. Default: 1.2.
    pub min_support_tls_protocol: Option<TlsProtocol>,
    /// The proxy. `connect` fails with 401 if its address cannot be understood. Default: the
    /// system's.
    pub proxy: Proxy,
    /// Sub-protocols to offer: one name, or several separated by commas. `connect` fails with 401
    /// if one is no token. Default: none.
    pub protocol: String,
    /// arkws: sends no `Origin`, unless [`headers`](Self::headers) have one: as programs that are
    /// no page of a browser. Default: `false`, the server's own, as the platform sends it.
    pub omit_origin: bool,
    /// Seconds of silence before a ping, whole ones (fractions are cut), up to 30,000; 0: no pings.
    /// `None`, or out of range: [`DEFAULT_HEARTBEAT`](Self::DEFAULT_HEARTBEAT).
    pub ping_interval: Option<f64>,
    /// Seconds that the answer to a ping may take, whole ones, no more than the interval unless it
    /// is the default; 0: any time. They run from when the ping has left: before,
    /// [`write_timeout`](Self::write_timeout) alone applies. `None`:
    /// [`DEFAULT_HEARTBEAT`](Self::DEFAULT_HEARTBEAT).
    pub pong_timeout: Option<f64>,
    /// Whether `Origin` has the port, if it is not the scheme's default. Default: `false`.
    pub support_origin_port: bool,
    /// arkws: how long it may take to resolve the name and to connect, through the proxy if there
    /// is one; over zero (401). Default:
    /// [`DEFAULT_CONNECT_TIMEOUT`](Client::DEFAULT_CONNECT_TIMEOUT).
    pub connect_timeout: Option<Duration>,
    /// arkws: how long TLS and the WebSocket handshake may take together; over zero (401).
    /// Default:
    /// [`DEFAULT_HANDSHAKE_TIMEOUT`](Client::DEFAULT_HANDSHAKE_TIMEOUT).
    pub handshake_timeout: Option<Duration>,
    /// arkws: largest head of an answer, the server's or a proxy's, in bytes; over 0 (401).
    /// Default: [`Limits::max_header_bytes`].
    pub max_header_bytes: Option<usize>,
    /// arkws: most header fields of an answer; over 0 (401). Default:
    /// [`Limits::max_headers`].
    pub max_headers: Option<usize>,
    /// arkws: longest message that the server may send, in bytes, after decompression; over 0
    /// (401). A longer one ends the connection with 1009. Default: [`Limits::max_message_size`].
    pub max_message_size: Option<usize>,
    /// arkws: most frames that a message of the server may come in; over 0 (401). More end the
    /// connection with 1009. Default: [`Limits::max_fragments`].
    pub max_fragments: Option<u32>,
    /// arkws: bytes of messages that may wait to be sent before `send` is refused. While a
    /// connection is being made that reconnects by itself, [`Reconnect::max_queued_bytes`] bounds
    /// them, too. Default:
    /// [`DEFAULT_MAX_QUEUED_BYTES`](Self::DEFAULT_MAX_QUEUED_BYTES).
    pub max_queued_bytes: Option<usize>,
    /// arkws: how long the server may take nothing of what waits to be sent, before it is given up;
    /// zero: for ever. Default: [`DEFAULT_WRITE_TIMEOUT`](Config::DEFAULT_WRITE_TIMEOUT).
    pub write_timeout: Option<Duration>,
    /// arkws: how many redirects are followed; 0: none. To another origin no header of the
    /// program's goes along but `User-Agent`, and no sub-protocol. Default:
    /// [`DEFAULT_MAX_REDIRECTS`](Client::DEFAULT_MAX_REDIRECTS).
    pub max_redirects: Option<usize>,
    /// arkws: how long a message of the server may be incomplete while no frame comes, nor 64 KiB
    /// of a long one. `None` or zero: for ever.
    pub message_timeout: Option<Duration>,
    /// arkws: offers compression, permessage-deflate (RFC 7692). Default: `false`.
    pub per_message_deflate: bool,
    /// arkws: the program has given the attempt up before it began, for this reason: `connect`
    /// fails with -1. Default: it has not.
    pub aborted: Option<String>,
    /// arkws: connects again by itself when the connection is lost. Default: it does not.
    pub reconnect: Option<Reconnect>,
}

impl fmt::Debug for RequestOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Some clients put a token into a sub-protocol.
        let protocol = match self.protocol.is_empty() {
            true => "",
            false => "…",
        };
        f.debug_struct("RequestOptions")
            .field("headers", &self.headers)
            .field("ca_path", &self.ca_path)
            .field("client_cert", &self.client_cert)
            .field("ca", &self.ca.len())
            .field("identity", &self.identity)
            .field("server_name", &self.server_name)
            .field("local_address", &self.local_address)
            .field("lookup", &self.lookup)
            .field("connector", &self.connector.is_some())
            .field(
                "skip_server_cert_verification",
                &self.skip_server_cert_verification,
            )
            .field("min_support_tls_protocol", &self.min_support_tls_protocol)
            .field("proxy", &self.proxy)
            .field("protocol", &protocol)
            .field("omit_origin", &self.omit_origin)
            .field("ping_interval", &self.ping_interval)
            .field("pong_timeout", &self.pong_timeout)
            .field("support_origin_port", &self.support_origin_port)
            .field("connect_timeout", &self.connect_timeout)
            .field("handshake_timeout", &self.handshake_timeout)
            .field("max_header_bytes", &self.max_header_bytes)
            .field("max_headers", &self.max_headers)
            .field("max_message_size", &self.max_message_size)
            .field("max_fragments", &self.max_fragments)
            .field("max_queued_bytes", &self.max_queued_bytes)
            .field("write_timeout", &self.write_timeout)
            .field("max_redirects", &self.max_redirects)
            .field("message_timeout", &self.message_timeout)
            .field("per_message_deflate", &self.per_message_deflate)
            .field("aborted", &self.aborted)
            .field("reconnect", &self.reconnect)
            .finish()
    }
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

impl RequestOptions {
    /// Most header fields of a request: the platform's limit. A [`HeaderMap`] panics over three
    /// times as many.
    pub const MAX_HEADERS: usize = 8192;

    /// What [`ping_interval`](Self::ping_interval) and [`pong_timeout`](Self::pong_timeout) are by
    /// default, in seconds: 30, the platform's.
    pub const DEFAULT_HEARTBEAT: u64 = 30;

    /// What [`max_queued_bytes`](Self::max_queued_bytes) is by default: 256 MiB. Ours: much, as the
    /// contract knows no limit, and little enough that a program which never stops sending is told
    /// before its memory is full.
    pub const DEFAULT_MAX_QUEUED_BYTES: usize = 256 << 20;

    /// What all attempts at a connection have in common, but for TLS and what depends on a host.
    /// `proxy` is what the option of that name [comes to](Proxy::parse).
    ///
    /// # Errors
    /// 401: an option cannot be used.
    pub(super) fn builder(
        &self,
        proxy: Result<arkws::Proxy, BusinessError>,
        context: &Context,
    ) -> Result<ClientBuilder, BusinessError> {
        self.check_limits()?;
        let (headers, protocols) = self.headers_and_protocols()?;
        let mut builder = Client::builder()
            .headers(headers)
            .protocols(protocols)
            .deflate(self.per_message_deflate.then(DeflateConfig::default))
            .proxy(proxy?)
            .config(self.config(context))
            .page_origin(match (self.omit_origin, self.support_origin_port) {
                (true, _) => None,
                (false, true) => Some(PageOrigin::Full),
                (false, false) => Some(PageOrigin::WithoutPort),
            });
        if let Some(address) = &self.local_address {
            let parsed = address.parse().map_err(|_| {
                BusinessError::parameter(format!(
                    "localAddress {} is no IP address",
                    crate::header_field::shown(address)
                ))
            })?;
            builder = builder.local_address(parsed);
        }
        if let Some(lookup) = &self.lookup {
            builder = builder.lookup(lookup.clone());
        }
        if let Some(connector) = &self.connector {
            builder = builder.connector(Arc::clone(connector));
        }
        if let Some(limit) = self.connect_timeout {
            builder = builder.connect_timeout(limit);
        }
        if let Some(limit) = self.handshake_timeout {
            builder = builder.handshake_timeout(limit);
        }
        if let Some(limit) = self.max_redirects {
            builder = builder.max_redirects(limit);
        }
        Ok(builder)
    }

    /// # Errors
    /// 401: a limit is zero, which would let nothing through.
    fn check_limits(&self) -> Result<(), BusinessError> {
        let zero = Some(Duration::ZERO);
        refuse_zero(&[
            ("connectTimeout", self.connect_timeout == zero),
            ("handshakeTimeout", self.handshake_timeout == zero),
            ("maxHeaderBytes", self.max_header_bytes == Some(0)),
            ("maxHeaders", self.max_headers == Some(0)),
            ("maxMessageSize", self.max_message_size == Some(0)),
            ("maxFragments", self.max_fragments == Some(0)),
        ])
    }

    /// What an open connection is made with.
    fn config(&self, context: &Context) -> Config {
        let mut limits = Limits::default();
        let wanted = self.max_message_size.unwrap_or(limits.max_message_size);
        limits.max_message_size = context.language_limits().cap(wanted);
        limits.max_frame_size = limits.max_message_size as u64;
        limits.max_fragments = self.max_fragments.unwrap_or(limits.max_fragments);
        limits.max_header_bytes = self.max_header_bytes.unwrap_or(limits.max_header_bytes);
        limits.max_headers = self.max_headers.unwrap_or(limits.max_headers);
        Config {
            limits,
            heartbeat: heartbeat(self.ping_interval, self.pong_timeout),
            write_timeout: write_timeout(self.write_timeout),
            message_timeout: self.message_timeout.filter(|limit| !limit.is_zero()),
            unfinished_budget: Some(context.unfinished_budget().clone()),
            ..Config::default()
        }
    }

    /// How `wss` is secured.
    pub(super) fn tls(&self, context: &Context) -> TlsOptions {
        let mut config = TlsConfig::default();
        let path = self.ca_path().map(|path| Roots::Path(path.to_owned()));
        let given: Vec<Roots> = path
            .into_iter()
            .chain(self.ca.iter().cloned().map(Roots::Pem))
            .collect();
        let extra_roots = context.extra_roots().filter(|_| given.is_empty());
        if !given.is_empty() {
            config.roots = given;
        }
        config.server_name.clone_from(&self.server_name);
        if self.min_support_tls_protocol == Some(TlsProtocol::Tls13) {
            config.min_version = TlsVersion::Tls13;
        }
        config.dangerous_accept_any_certificate = self.skip_server_cert_verification;
        TlsOptions {
            config,
            client_cert: self.client_cert().cloned(),
            pem: self.identity.clone(),
            extra_roots: extra_roots.cloned(),
        }
    }

    /// How many bytes of messages may wait to be sent.
    pub(super) fn queue_limits(&self) -> QueueLimits {
        let open = self
            .max_queued_bytes
            .unwrap_or(Self::DEFAULT_MAX_QUEUED_BYTES);
        let (connecting, connecting_option) = match &self.reconnect {
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

    /// The program's headers and sub-protocols.
    ///
    /// # Errors
    /// 401: a name or value that cannot be in a header, or too many of them.
    fn headers_and_protocols(&self) -> Result<(HeaderMap, Vec<String>), BusinessError> {
        let count = self.headers.len();
        if count > Self::MAX_HEADERS {
            return Err(BusinessError::parameter(format!(
                "the request has {count} header fields, {} are allowed",
                Self::MAX_HEADERS
            )));
        }
        let mut headers = HeaderMap::new();
        let mut protocols: Vec<String> = Vec::new();
        let mut offer = |list: &str| {
            for name in list.split(',').map(str::trim) {
                if !name.is_empty() && !protocols.iter().any(|known| known == name) {
                    protocols.push(name.to_owned());
                }
            }
        };
        offer(&self.protocol);
        for given in &self.headers {
            let value = &given.value;
            // The platform skips them.
            if value.is_empty() {
                continue;
            }
            let (key, field) = given.parse()?;
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

    /// Whether the files are there. What is in them shows later, and only for `wss`.
    ///
    /// # Errors
    /// 2302002: one is not.
    pub(super) fn check_files(&self) -> Result<(), BusinessError> {
        let ca = self.ca_path().map(|path| (path, "caPath"));
        let cert = self.client_cert();
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
    fn ca_path(&self) -> Option<&Path> {
        let path = self.ca_path.as_deref()?;
        (!path.as_os_str().is_empty()).then_some(path)
    }

    /// One without a certificate is none.
    fn client_cert(&self) -> Option<&ClientCert> {
        let cert = self.client_cert.as_ref()?;
        (!cert.cert_path.as_os_str().is_empty()).then_some(cert)
    }
}

/// The platform's rules: whole seconds; what is out of range means the default; an interval of 0
/// switches pings off; a time-out is not longer than the interval, unless it is the default. (On
/// the platform a time-out of 0 ends every connection at its first ping. Here it means that no
/// answer is waited for.)
fn heartbeat(interval: Option<f64>, timeout: Option<f64>) -> Option<Heartbeat> {
    const DEFAULT_HEARTBEAT: u64 = RequestOptions::DEFAULT_HEARTBEAT;
    let interval = match interval {
        Some(seconds) if PING_INTERVALS.contains(&seconds) => seconds as u64,
        _ => DEFAULT_HEARTBEAT,
    };
    let timeout = match timeout {
        // Negative numbers are huge ones on the platform.
        Some(seconds) if seconds >= 0.0 => seconds as u64,
        Some(seconds) if seconds < 0.0 => u64::MAX,
        _ => DEFAULT_HEARTBEAT,
    };
    let timeout = match timeout {
        0 => Duration::MAX,
        DEFAULT_HEARTBEAT => Duration::from_secs(DEFAULT_HEARTBEAT),
        other => Duration::from_secs(other.min(interval)),
    };
    (interval > 0).then(|| Heartbeat {
        interval: Duration::from_secs(interval),
        timeout,
    })
}
