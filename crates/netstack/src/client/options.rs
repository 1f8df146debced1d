//! Options of `connect`, after a binding has converted their types.
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// One header as the program gave it. Its `Debug` form does not show the value.
#[derive(Clone, PartialEq, Eq)]
pub struct Header {
    /// The field's name.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Header")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// `WebSocketRequestOptions`. `Default` is what a call without options means.
#[derive(Debug, Clone, Default)]
pub struct RequestOptions {
    /// Header fields, in order. Checked by `connect` (401).
    pub headers: Vec<Header>,
    /// PEM bundle or directory used instead of the system's roots.
    pub ca_path: Option<PathBuf>,
    /// Client certificate.
    pub client_cert: Option<ClientCert>,
    /// Accept any certificate.
    pub skip_server_cert_verification: bool,
    /// Lowest TLS version.
    pub min_support_tls_protocol: Option<TlsProtocol>,
    /// Proxy; default: the system's.
    pub proxy: Proxy,
    /// `Sec-WebSocket-Protocol`, verbatim: one name or several separated by commas.
    pub protocol: String,
    /// Whole seconds up to 30,000; 0: no pings. `None`, or out of range: 30, as on the platform.
    pub ping_interval: Option<f64>,
    /// Seconds; `None`: 30.
    pub pong_timeout: Option<f64>,
    /// `Origin` with a non-default port.
    pub support_origin_port: bool,
    /// arkws: default 20 s.
    pub connect_timeout: Option<Duration>,
    /// arkws: default 15 s.
    pub handshake_timeout: Option<Duration>,
    /// arkws: bytes of the largest head of an answer, the server's or a proxy's; default 16 KiB.
    pub max_header_bytes: Option<usize>,
    /// arkws: most header fields of an answer; default 128.
    pub max_headers: Option<usize>,
    /// arkws: bytes; default 64 MiB.
    pub max_message_size: Option<usize>,
    /// arkws: most frames that a message may come in; default 1,048,576.
    pub max_fragments: Option<u32>,
    /// arkws: bytes of messages that may wait to be sent before `send` is refused; default 256 MiB. While a connection is being made
    /// that reconnects by itself, [`Reconnect::max_queued_bytes`] bounds them, too.
    pub max_queued_bytes: Option<usize>,
    /// arkws: how long the server may take nothing of what waits to be sent, before it is given up. Default:
    /// 30 s; zero: for ever.
    pub write_timeout: Option<Duration>,
    /// arkws: how many redirects are followed; 0: none. To another origin no header of the program's
    /// goes along but `User-Agent`, and no sub-protocol. Default: 4.
    pub max_redirects: Option<usize>,
    /// arkws: how long a message of the server may be incomplete while no frame comes, nor 64 KiB of a long one.
    /// `None` or zero: for ever.
    pub message_timeout: Option<Duration>,
    /// arkws: offer permessage-deflate.
    pub per_message_deflate: bool,
    /// arkws: reconnect by itself.
    pub reconnect: Option<Reconnect>,
}

/// `ClientCert`. Its `Debug` form does not show the password.
#[derive(Clone, Default)]
pub struct ClientCert {
    /// PEM certificate chain.
    pub cert_path: PathBuf,
    /// PEM key.
    pub key_path: PathBuf,
    /// Its password.
    pub key_password: String,
}

impl fmt::Debug for ClientCert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCert")
            .field("cert_path", &self.cert_path)
            .field("key_path", &self.key_path)
            .finish_non_exhaustive()
    }
}

/// `TlsProtocol`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsProtocol {
    /// TLS 1.0: served as 1.2.
    Tls10 = 0,
    /// TLS 1.1: served as 1.2.
    Tls11 = 1,
    /// TLS 1.2.
    Tls12 = 2,
    /// TLS 1.3.
    Tls13 = 3,
}

/// `ProxyConfiguration`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Proxy {
    /// `'system'`: the environment's.
    #[default]
    System,
    /// `'no-proxy'`.
    None,
    /// As given.
    Server(ProxyServer),
}

/// `HttpProxy`. Its `Debug` form shows no credentials.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ProxyServer {
    /// Host, optionally `user:password@host[:port]` or a URL (`socks5://`, `http://`).
    pub host: String,
    /// Port, 0–65535.
    pub port: u16,
    /// User name, if not in `host`.
    pub username: String,
    /// Password, if not in `host`.
    pub password: String,
    /// Hosts that are reached directly.
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

/// How to reconnect: exponential back-off with full jitter.
#[derive(Debug, Clone, PartialEq)]
pub struct Reconnect {
    /// Before the first attempt. Default: 1 s.
    pub initial_delay: Duration,
    /// Cap, itself at most 24 days. Default: 30 s.
    pub max_delay: Duration,
    /// Growth; finite and not negative (401), less than 1 counts as 1. Default: 2.
    pub factor: f64,
    /// Full jitter: the delay is drawn from 0..=delay. Default: true.
    pub jitter: bool,
    /// In a row. `None` (default): for ever.
    pub max_attempts: Option<u32>,
    /// What to retry on: names of causes (401 if it is none; see [`BusinessError::cause`](crate::BusinessError::cause)), and `"closed"` for a server that closed with 1001 or 1011 to 1014.
    /// Empty: all that can pass, so not on a certificate, a refusal with 4xx, or a protocol error.
    pub retry_on: Vec<String>,
    /// Sends made meanwhile are queued up to this many bytes, then refused. Default: 16 MiB.
    /// [`RequestOptions::max_queued_bytes`] holds as well.
    pub max_queued_bytes: usize,
}

impl Default for Reconnect {
    fn default() -> Reconnect {
        Reconnect {
            initial_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(30),
            factor: 2.0,
            jitter: true,
            max_attempts: None,
            retry_on: Vec::new(),
            max_queued_bytes: 16 << 20,
        }
    }
}
