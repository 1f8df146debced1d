//! Options, read from JavaScript once.
//!
//! `npm/core/options.mjs` has made the objects: a property that is there has the right type, and is
//! not checked otherwise. One that is missing means the default, which `arkws-netstack` knows.
use std::cell::OnceCell;
use std::path::PathBuf;
#[cfg(unix)]
use std::sync::Arc;
use std::time::Duration;

use arkws_netstack::{
    BusinessError, Cause, CertificateSource, ClientCert, CustomLimits, IdentityPem, ListenOn,
    Proxy, ProxyServer, Reconnect, RequestOptions, ServerCertificate, ServerConfig, ServerLimits,
    StopOptions, TlsProtocol, TrustProxy, UnknownCause,
};
use napi::bindgen_prelude::{Either, FromNapiValue, Object};
use napi::{Error, Result};

use crate::asker::Asker;
use crate::header_fields::pairs;

#[cfg(unix)]
use crate::descriptor;

/// In what form JavaScript gets binary messages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum BinaryType {
    ArrayBuffer,
    Uint8Array,
}

impl BinaryType {
    /// That of a name, as programs write it; without one the contract's.
    ///
    /// # Errors
    /// 401: there is none of that name.
    fn new(name: Option<&str>) -> std::result::Result<BinaryType, BusinessError> {
        match name {
            None | Some("arraybuffer") => Ok(BinaryType::ArrayBuffer),
            Some("uint8array") => Ok(BinaryType::Uint8Array),
            Some(_) => Err(BusinessError::parameter(
                "binaryType is neither 'arraybuffer' nor 'uint8array'",
            )),
        }
    }
}

/// Options of `connect`.
pub(crate) fn connect_options(object: Object<'_>, asker: &Asker) -> Result<RequestOptions> {
    read(object, |options| RequestOptions {
        headers: pairs(options.texts("headers").unwrap_or_default()),
        ca_path: options.path("caPath"),
        client_cert: options.object("clientCert").map(Options::certificate),
        ca: options.pem_list("ca"),
        identity: options.object("identity").map(Options::identity),
        server_name: options.text("servername"),
        local_address: options.text("localAddress"),
        lookup: options.flag("lookup").then(|| asker.lookup()),
        connector: None,
        skip_server_cert_verification: options.flag("skipServerCertVerification"),
        min_support_tls_protocol: options
            .number("minSupportTlsProtocol")
            .and_then(TlsProtocol::new),
        proxy: match options.object("proxy") {
            Some(server) => Proxy::Server(server.proxy_server()),
            None if options.flag("noProxy") => Proxy::None,
            None => Proxy::System,
        },
        protocol: options.text_or_empty("protocol"),
        omit_origin: options.flag("omitOrigin"),
        ping_interval: options.number("pingInterval"),
        pong_timeout: options.number("pongTimeout"),
        support_origin_port: options.flag("supportOriginPort"),
        connect_timeout: options.milliseconds("connectTimeout"),
        handshake_timeout: options.milliseconds("handshakeTimeout"),
        write_timeout: options.milliseconds("writeTimeout"),
        message_timeout: options.milliseconds("messageTimeout"),
        max_redirects: options.size("maxRedirects"),
        max_header_bytes: options.size("maxHeaderBytes"),
        max_headers: options.size("maxHeaders"),
        max_message_size: options.size("maxMessageSize"),
        max_fragments: options.count("maxFragments"),
        max_queued_bytes: options.size("maxQueuedBytes"),
        per_message_deflate: options.flag("perMessageDeflate"),
        aborted: options.text("aborted"),
        reconnect: options
            .object("reconnect")
            .map(|reconnect| reconnect.reconnect(asker)),
    })
}

/// The option of `connect` that is the binding's own: in what form binary messages are given. The
/// inner error: see [`BinaryType::new`].
pub(crate) fn binary_type(
    object: Object<'_>,
) -> Result<std::result::Result<BinaryType, BusinessError>> {
    let name = read(object, |options| options.text("binaryType"))?;
    Ok(BinaryType::new(name.as_deref()))
}

/// The option of `connect` that is the binding's own: whether `send` takes typed arrays.
pub(crate) fn accept_views(object: Object<'_>) -> Result<bool> {
    read(object, |options| options.flag("acceptViews"))
}

/// Options of a server's `start`.
pub(crate) fn server_options(object: Object<'_>) -> Result<ServerConfig> {
    read(object, |options| ServerConfig {
        server_ip: options.text_or_empty("serverIP"),
        server_port: options.number("serverPort").unwrap_or(0.0),
        listen_on: options.listen_on(),
        reuse_port: options.flag("reusePort"),
        server_cert: options
            .object("serverCert")
            .map(Options::server_certificate),
        max_concurrent_clients_number: options.number("maxConcurrentClientsNumber"),
        max_connections_for_one_client: options.number("maxConnectionsForOneClient"),
        limits: options.limits(),
        trust_proxy: match options.get::<Either<bool, Vec<String>>>("trustProxy") {
            None | Some(Either::A(false)) => TrustProxy::Nobody,
            Some(Either::A(true)) => TrustProxy::Private,
            Some(Either::B(entries)) => TrustProxy::Listed(entries),
        },
        protocol: options.text_or_empty("protocol"),
        ping_interval: options.number("pingInterval").map(duration),
        // A listener for `request` may be added at any time; JavaScript says yes while there is
        // none.
        ask_request: true,
        ask_http: true,
        per_message_deflate: options.flag("perMessageDeflate"),
        max_message_size: options.size("maxMessageSize"),
        max_fragments: options.count("maxFragments"),
        max_header_bytes: options.size("maxHeaderBytes"),
        max_headers: options.size("maxHeaders"),
        handshake_timeout: options.milliseconds("handshakeTimeout"),
        request_timeout: options.milliseconds("requestTimeout"),
        write_timeout: options.milliseconds("writeTimeout"),
        message_timeout: options.milliseconds("messageTimeout"),
        max_unfinished_bytes: options.size("maxUnfinishedBytes"),
        max_queued_bytes: options.size("maxQueuedBytes"),
        allowed_origins: options.texts("allowedOrigins"),
    })
}

/// Options of a server's `stop`.
pub(crate) fn stop_options(object: Object<'_>) -> Result<StopOptions> {
    read(object, |options| StopOptions {
        code: options.number("code"),
        reason: options.text("reason"),
        timeout: options.milliseconds("timeout"),
    })
}

/// The argument of `setCertificate`.
pub(crate) fn server_certificate(object: Object<'_>) -> Result<ServerCertificate> {
    read(object, |options| options.server_certificate())
}

/// What `with` makes of an object with options.
///
/// # Errors
/// The first mistake that it has met.
fn read<T>(object: Object<'_>, with: impl FnOnce(Options<'_>) -> T) -> Result<T> {
    let mistake = OnceCell::new();
    let made = with(Options {
        object,
        mistake: &mistake,
    });
    match mistake.into_inner() {
        None => Ok(made),
        Some(error) => Err(error),
    }
}

/// An object with options. Numbers that are read as they are, such as `pingInterval` of clients,
/// are checked by `arkws-netstack`; of the others, what is negative or NaN counts as 0, and
/// fractions are rounded up: what is over 0 stays so.
///
/// An option that cannot be read is as good as missing, and [`read`] fails in the end: a check
/// after each of them would be most of the code here.
#[derive(Clone, Copy)]
struct Options<'a> {
    object: Object<'a>,
    /// The first that was met.
    mistake: &'a OnceCell<Error>,
}

impl<'a> Options<'a> {
    fn get<T: FromNapiValue>(self, name: &str) -> Option<T> {
        self.object.get(name).unwrap_or_else(|error| {
            self.fail(error);
            None
        })
    }

    fn fail(self, error: Error) {
        // Only the first counts.
        let _ = self.mistake.set(error);
    }

    fn object(self, name: &str) -> Option<Options<'a>> {
        let object = self.get(name)?;
        Some(Options { object, ..self })
    }

    fn flag(self, name: &str) -> bool {
        self.get(name).unwrap_or(false)
    }

    fn text(self, name: &str) -> Option<String> {
        self.get(name)
    }

    fn text_or_empty(self, name: &str) -> String {
        self.text(name).unwrap_or_default()
    }

    fn texts(self, name: &str) -> Option<Vec<String>> {
        self.get(name)
    }

    fn path(self, name: &str) -> Option<PathBuf> {
        self.text(name).map(PathBuf::from)
    }

    fn pem(self, name: &str) -> Option<Vec<u8>> {
        self.text(name).map(String::into_bytes)
    }

    fn pem_list(self, name: &str) -> Vec<Vec<u8>> {
        let list = self.texts(name).unwrap_or_default();
        list.into_iter().map(String::into_bytes).collect()
    }

    fn number(self, name: &str) -> Option<f64> {
        self.get(name)
    }

    fn milliseconds(self, name: &str) -> Option<Duration> {
        self.number(name).map(|number| duration(number / 1000.0))
    }

    fn size(self, name: &str) -> Option<usize> {
        self.number(name).map(|number| number.ceil() as usize)
    }

    fn count(self, name: &str) -> Option<u32> {
        self.number(name).map(|number| number.ceil() as u32)
    }

    fn certificate(self) -> ClientCert {
        ClientCert {
            cert_path: self.path("certPath").unwrap_or_default(),
            key_path: self.path("keyPath").unwrap_or_default(),
            key_password: self.text_or_empty("keyPassword").into(),
        }
    }

    /// A name that is none is thrown, as in [`causes`](Self::causes).
    fn limits(self) -> ServerLimits {
        match self.get::<Either<String, Object<'a>>>("limits") {
            None => ServerLimits::default(),
            Some(Either::A(name)) => ServerLimits::named(&name).unwrap_or_else(|| {
                let why = "limits is neither 'platform' nor 'none' nor an object";
                self.fail(Error::from_reason(why));
                ServerLimits::default()
            }),
            Some(Either::B(object)) => {
                let limits = Options { object, ..self };
                ServerLimits::Custom(CustomLimits {
                    connections: limits.size("connections"),
                    per_address: limits.size("perAddress"),
                    attempts_per_minute: limits.count("attemptsPerMinute"),
                    handshakes: limits.size("handshakes"),
                })
            }
        }
    }

    /// With `cert` and `key` in PEM, or their paths.
    fn server_certificate(self) -> ServerCertificate {
        let source = match self.pem("cert") {
            Some(certificate) => CertificateSource::Pem {
                certificate,
                key: self.pem("key").unwrap_or_default().into(),
            },
            None => CertificateSource::Files {
                certificate: self.path("certPath").unwrap_or_default(),
                key: self.path("keyPath").unwrap_or_default(),
            },
        };
        ServerCertificate {
            source,
            client_ca: self.pem("clientCa"),
            require_client_certificate: self.flag("requireClientCert"),
        }
    }

    /// A descriptor that is not open is thrown, and becomes a mistake of the call (401).
    fn listen_on(self) -> ListenOn {
        if self.flag("noServer") {
            return ListenOn::Nowhere;
        }
        if let Some(path) = self.path("path") {
            return ListenOn::Path(path);
        }
        match self.get::<i32>("fd") {
            Some(number) => socket(number).unwrap_or_else(|error| {
                self.fail(error);
                ListenOn::Port
            }),
            None => ListenOn::Port,
        }
    }

    fn identity(self) -> IdentityPem {
        IdentityPem {
            cert: self.pem("cert").unwrap_or_default(),
            key: self.pem("key").unwrap_or_default().into(),
            password: self.text_or_empty("password").into(),
        }
    }

    fn proxy_server(self) -> ProxyServer {
        ProxyServer {
            host: self.text_or_empty("host").into(),
            port: self.number("port").unwrap_or(0.0),
            username: self.text_or_empty("username"),
            password: self.text_or_empty("password").into(),
            exclusion_list: self.texts("exclusionList").unwrap_or_default(),
        }
    }

    /// What is no cause is thrown, and becomes a mistake of the call (401).
    fn causes(self, name: &str) -> Vec<Cause> {
        let names = self.texts(name).unwrap_or_default();
        let causes = names.iter().map(|cause| cause.parse());
        causes
            .collect::<std::result::Result<_, UnknownCause>>()
            .unwrap_or_else(|error| {
                self.fail(Error::from_reason(format!("{name}: {error}")));
                Vec::new()
            })
    }

    fn reconnect(self, asker: &Asker) -> Reconnect {
        let default = Reconnect::default();
        Reconnect {
            initial_delay: self
                .milliseconds("initialDelay")
                .unwrap_or(default.initial_delay),
            max_delay: self.milliseconds("maxDelay").unwrap_or(default.max_delay),
            factor: self.number("factor").unwrap_or(default.factor),
            jitter: self.get("jitter").unwrap_or(default.jitter),
            max_attempts: self.count("maxAttempts"),
            retry_on: self.causes("retryOn"),
            max_queued_bytes: self
                .size("maxQueuedBytes")
                .unwrap_or(default.max_queued_bytes),
            renewal: self.flag("renews").then(|| asker.renewal()),
            renews_first: self.flag("renewsFirst"),
        }
    }
}

#[cfg(unix)]
fn socket(number: i32) -> Result<ListenOn> {
    match descriptor::duplicate(number) {
        Ok(socket) => Ok(ListenOn::Socket(Arc::new(socket))),
        Err(error) => Err(Error::from_reason(format!("fd {number}: {error}"))),
    }
}

#[cfg(not(unix))]
fn socket(_: i32) -> Result<ListenOn> {
    Err(Error::from_reason(
        "fd: sockets have no numbers on this system",
    ))
}

/// More seconds than a `Duration` holds are as good as for ever; what is negative or NaN is zero,
/// which means something else than the shortest time that there is.
fn duration(seconds: f64) -> Duration {
    if seconds > 0.0 {
        let duration = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        duration.max(Duration::from_nanos(1))
    } else {
        Duration::ZERO
    }
}
