//! Options as JavaScript passes them: already of the right types, which is `npm/lib/options.js`'s
//! work; not yet checked.
use std::path::PathBuf;
use std::time::Duration;

use arkws_netstack::{
    ClientCert, Header, Proxy, ProxyServer, Reconnect, RequestOptions, ServerConfig, TlsProtocol,
};
use napi_derive::napi;

/// Options of `connect`.
#[napi(object, object_to_js = false)]
pub struct ConnectOptions {
    /// `[name, value, name, value, ...]`
    pub headers: Vec<String>,
    pub ca_path: Option<String>,
    pub client_cert: Option<ClientCertOptions>,
    pub skip_server_cert_verification: Option<bool>,
    pub min_support_tls_protocol: Option<f64>,
    pub proxy: Option<ProxyOptions>,
    pub no_proxy: Option<bool>,
    pub protocol: Option<String>,
    pub ping_interval: Option<f64>,
    pub pong_timeout: Option<f64>,
    pub support_origin_port: Option<bool>,
    pub connect_timeout: Option<f64>,
    pub handshake_timeout: Option<f64>,
    pub write_timeout: Option<f64>,
    pub message_timeout: Option<f64>,
    pub max_redirects: Option<f64>,
    pub max_header_bytes: Option<f64>,
    pub max_headers: Option<f64>,
    pub max_message_size: Option<f64>,
    pub max_fragments: Option<f64>,
    pub max_queued_bytes: Option<f64>,
    pub per_message_deflate: Option<bool>,
    pub reconnect: Option<ReconnectOptions>,
    /// `arraybuffer` or `uint8array`.
    pub binary_type: Option<String>,
}

impl ConnectOptions {
    /// In what form binary messages are given.
    pub(crate) fn binary_type(&self) -> BinaryType {
        match self.binary_type.as_deref() {
            Some("uint8array") => BinaryType::Uint8Array,
            _ => BinaryType::ArrayBuffer,
        }
    }
}

/// In what form JavaScript gets binary messages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum BinaryType {
    ArrayBuffer,
    Uint8Array,
}

/// `ClientCert`, and a server's certificate, which has no password.
#[napi(object, object_to_js = false)]
pub struct ClientCertOptions {
    pub cert_path: String,
    pub key_path: String,
    pub key_password: String,
}

/// `HttpProxy`.
#[napi(object, object_to_js = false)]
pub struct ProxyOptions {
    pub host: String,
    pub port: u32,
    pub username: String,
    pub password: String,
    pub exclusion_list: Vec<String>,
}

/// `reconnect`; what is missing has its default.
#[napi(object, object_to_js = false)]
pub struct ReconnectOptions {
    pub initial_delay: Option<f64>,
    pub max_delay: Option<f64>,
    pub factor: Option<f64>,
    pub jitter: Option<bool>,
    pub max_attempts: Option<f64>,
    pub retry_on: Option<Vec<String>>,
    pub max_queued_bytes: Option<f64>,
}

/// Options of a server's `start`.
#[napi(object, object_to_js = false)]
pub struct ServerOptions {
    #[napi(js_name = "serverIP")]
    pub server_ip: Option<String>,
    pub server_port: Option<f64>,
    pub server_cert: Option<ClientCertOptions>,
    pub max_concurrent_clients_number: Option<f64>,
    pub max_connections_for_one_client: Option<f64>,
    pub protocol: Option<String>,
    pub ping_interval: Option<f64>,
    pub max_message_size: Option<f64>,
    pub max_fragments: Option<f64>,
    pub max_header_bytes: Option<f64>,
    pub max_headers: Option<f64>,
    pub per_message_deflate: Option<bool>,
    pub handshake_timeout: Option<f64>,
    pub request_timeout: Option<f64>,
    pub write_timeout: Option<f64>,
    pub message_timeout: Option<f64>,
    pub max_unfinished_bytes: Option<f64>,
    pub max_queued_bytes: Option<f64>,
    pub allowed_origins: Option<Vec<String>>,
}

impl From<ConnectOptions> for RequestOptions {
    fn from(options: ConnectOptions) -> RequestOptions {
        RequestOptions {
            headers: pairs(options.headers),
            ca_path: path(options.ca_path),
            client_cert: options.client_cert.and_then(client_cert),
            skip_server_cert_verification: options.skip_server_cert_verification.unwrap_or(false),
            min_support_tls_protocol: options.min_support_tls_protocol.and_then(tls_protocol),
            proxy: match options.proxy {
                Some(server) => Proxy::Server(proxy_server(server)),
                None if options.no_proxy == Some(true) => Proxy::None,
                None => Proxy::System,
            },
            protocol: options.protocol.unwrap_or_default(),
            ping_interval: options.ping_interval,
            pong_timeout: options.pong_timeout,
            support_origin_port: options.support_origin_port.unwrap_or(false),
            connect_timeout: options.connect_timeout.map(milliseconds),
            handshake_timeout: options.handshake_timeout.map(milliseconds),
            write_timeout: options.write_timeout.map(milliseconds),
            message_timeout: options.message_timeout.map(milliseconds),
            max_redirects: options.max_redirects.map(size),
            max_header_bytes: options.max_header_bytes.map(size),
            max_headers: options.max_headers.map(size),
            max_message_size: options.max_message_size.map(size),
            max_fragments: options.max_fragments.map(count),
            max_queued_bytes: options.max_queued_bytes.map(size),
            per_message_deflate: options.per_message_deflate.unwrap_or(false),
            reconnect: options.reconnect.map(reconnect),
        }
    }
}

impl From<ServerOptions> for ServerConfig {
    fn from(options: ServerOptions) -> ServerConfig {
        ServerConfig {
            server_ip: options.server_ip.unwrap_or_default(),
            server_port: options.server_port.unwrap_or(0.0),
            server_cert: options
                .server_cert
                .and_then(client_cert)
                .map(|cert| (cert.cert_path, cert.key_path)),
            max_concurrent_clients_number: options.max_concurrent_clients_number,
            max_connections_for_one_client: options.max_connections_for_one_client,
            protocol: options.protocol.unwrap_or_default(),
            // 0 is the documented way to write "never".
            ping_interval: options
                .ping_interval
                .filter(|seconds| *seconds > 0.0)
                .map(seconds),
            // A listener for `request` may be added at any time; JavaScript says yes while there is
            // none.
            ask_request: true,
            per_message_deflate: options.per_message_deflate.unwrap_or(false),
            max_message_size: options.max_message_size.map(size),
            max_fragments: options.max_fragments.map(count),
            max_header_bytes: options.max_header_bytes.map(size),
            max_headers: options.max_headers.map(size),
            handshake_timeout: options.handshake_timeout.map(milliseconds),
            write_timeout: options.write_timeout.map(milliseconds),
            message_timeout: options.message_timeout.map(milliseconds),
            max_unfinished_bytes: options.max_unfinished_bytes.map(size),
            max_queued_bytes: options.max_queued_bytes.map(size),
            request_timeout: options.request_timeout.map(milliseconds),
            allowed_origins: options.allowed_origins,
        }
    }
}

fn pairs(flat: Vec<String>) -> Vec<Header> {
    let mut flat = flat.into_iter();
    let mut headers = Vec::with_capacity(flat.len() / 2);
    while let (Some(name), Some(value)) = (flat.next(), flat.next()) {
        headers.push(Header { name, value });
    }
    headers
}

fn path(path: Option<String>) -> Option<PathBuf> {
    path.filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// A certificate without a path is none, as on the platform.
fn client_cert(options: ClientCertOptions) -> Option<ClientCert> {
    Some(ClientCert {
        cert_path: path(Some(options.cert_path))?,
        key_path: PathBuf::from(options.key_path),
        key_password: options.key_password,
    })
}

fn tls_protocol(number: f64) -> Option<TlsProtocol> {
    match number {
        0.0 => Some(TlsProtocol::Tls10),
        1.0 => Some(TlsProtocol::Tls11),
        2.0 => Some(TlsProtocol::Tls12),
        3.0 => Some(TlsProtocol::Tls13),
        _ => None,
    }
}

fn proxy_server(options: ProxyOptions) -> ProxyServer {
    ProxyServer {
        host: options.host,
        port: u16::try_from(options.port).unwrap_or(u16::MAX),
        username: options.username,
        password: options.password,
        exclusion_list: options.exclusion_list,
    }
}

fn reconnect(options: ReconnectOptions) -> Reconnect {
    let default = Reconnect::default();
    Reconnect {
        initial_delay: options
            .initial_delay
            .map_or(default.initial_delay, milliseconds),
        max_delay: options.max_delay.map_or(default.max_delay, milliseconds),
        factor: options.factor.unwrap_or(default.factor),
        jitter: options.jitter.unwrap_or(default.jitter),
        max_attempts: options.max_attempts.map(count),
        retry_on: options.retry_on.unwrap_or(default.retry_on),
        max_queued_bytes: options
            .max_queued_bytes
            .map_or(default.max_queued_bytes, size),
    }
}

/// A number that JavaScript has checked: not negative, not NaN. More than a `Duration` holds is as
/// good as for ever.
fn milliseconds(number: f64) -> Duration {
    seconds(number / 1000.0)
}

fn seconds(number: f64) -> Duration {
    Duration::try_from_secs_f64(number).unwrap_or(Duration::MAX)
}

fn size(number: f64) -> usize {
    number as usize
}

fn count(number: f64) -> u32 {
    number as u32
}
