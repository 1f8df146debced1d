//! Options, read from JavaScript once.
//!
//! `npm/core/options.mjs` has made the objects: a property that is there has the right type, and is
//! not checked otherwise. One that is missing means the default, which `arkws-netstack` knows.
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
    let options = Options(object);
    Ok(RequestOptions {
        headers: pairs(options.get("headers")?.unwrap_or_default()),
        ca_path: options.get::<String>("caPath")?.map(PathBuf::from),
        client_cert: options.certificate("clientCert")?,
        ca: options.pem_list("ca")?,
        identity: options.identity()?,
        server_name: options.get("servername")?,
        local_address: options.get("localAddress")?,
        lookup: options.flag("lookup")?.then(|| asker.lookup()),
        skip_server_cert_verification: options.flag("skipServerCertVerification")?,
        min_support_tls_protocol: options
            .get("minSupportTlsProtocol")?
            .and_then(TlsProtocol::new),
        proxy: match options.object("proxy")? {
            Some(server) => Proxy::Server(server.proxy_server()?),
            None if options.flag("noProxy")? => Proxy::None,
            None => Proxy::System,
        },
        protocol: options.text("protocol")?,
        omit_origin: options.flag("omitOrigin")?,
        ping_interval: options.get("pingInterval")?,
        pong_timeout: options.get("pongTimeout")?,
        support_origin_port: options.flag("supportOriginPort")?,
        connect_timeout: options.milliseconds("connectTimeout")?,
        handshake_timeout: options.milliseconds("handshakeTimeout")?,
        write_timeout: options.milliseconds("writeTimeout")?,
        message_timeout: options.milliseconds("messageTimeout")?,
        max_redirects: options.size("maxRedirects")?,
        max_header_bytes: options.size("maxHeaderBytes")?,
        max_headers: options.size("maxHeaders")?,
        max_message_size: options.size("maxMessageSize")?,
        max_fragments: options.count("maxFragments")?,
        max_queued_bytes: options.size("maxQueuedBytes")?,
        per_message_deflate: options.flag("perMessageDeflate")?,
        aborted: options.get("aborted")?,
        reconnect: match options.object("reconnect")? {
            Some(reconnect) => Some(reconnect.reconnect(asker)?),
            None => None,
        },
    })
}

/// The option of `connect` that is the binding's own: in what form binary messages are given. The
/// inner error: see [`BinaryType::new`].
pub(crate) fn binary_type(
    object: Object<'_>,
) -> Result<std::result::Result<BinaryType, BusinessError>> {
    let name: Option<String> = object.get("binaryType")?;
    Ok(BinaryType::new(name.as_deref()))
}

/// The option of `connect` that is the binding's own: whether `send` takes typed arrays.
pub(crate) fn accept_views(object: Object<'_>) -> Result<bool> {
    Options(object).flag("acceptViews")
}

/// Options of a server's `start`.
pub(crate) fn server_options(object: Object<'_>) -> Result<ServerConfig> {
    let options = Options(object);
    Ok(ServerConfig {
        server_ip: options.text("serverIP")?,
        server_port: options.get("serverPort")?.unwrap_or(0.0),
        listen_on: options.listen_on()?,
        reuse_port: options.flag("reusePort")?,
        server_cert: match options.object("serverCert")? {
            Some(certificate) => Some(certificate.server_certificate()?),
            None => None,
        },
        max_concurrent_clients_number: options.get("maxConcurrentClientsNumber")?,
        max_connections_for_one_client: options.get("maxConnectionsForOneClient")?,
        limits: options.limits()?,
        trust_proxy: match options.get::<Either<bool, Vec<String>>>("trustProxy")? {
            None | Some(Either::A(false)) => TrustProxy::Nobody,
            Some(Either::A(true)) => TrustProxy::Private,
            Some(Either::B(entries)) => TrustProxy::Listed(entries),
        },
        protocol: options.text("protocol")?,
        ping_interval: options.get("pingInterval")?.map(duration),
        // A listener for `request` may be added at any time; JavaScript says yes while there is
        // none.
        ask_request: true,
        ask_http: true,
        per_message_deflate: options.flag("perMessageDeflate")?,
        max_message_size: options.size("maxMessageSize")?,
        max_fragments: options.count("maxFragments")?,
        max_header_bytes: options.size("maxHeaderBytes")?,
        max_headers: options.size("maxHeaders")?,
        handshake_timeout: options.milliseconds("handshakeTimeout")?,
        request_timeout: options.milliseconds("requestTimeout")?,
        write_timeout: options.milliseconds("writeTimeout")?,
        message_timeout: options.milliseconds("messageTimeout")?,
        max_unfinished_bytes: options.size("maxUnfinishedBytes")?,
        max_queued_bytes: options.size("maxQueuedBytes")?,
        allowed_origins: options.get("allowedOrigins")?,
    })
}

/// Options of a server's `stop`.
pub(crate) fn stop_options(object: Object<'_>) -> Result<StopOptions> {
    let options = Options(object);
    Ok(StopOptions {
        code: options.get("code")?,
        reason: options.get("reason")?,
        timeout: options.milliseconds("timeout")?,
    })
}

/// The argument of `setCertificate`.
pub(crate) fn server_certificate(object: Object<'_>) -> Result<ServerCertificate> {
    Options(object).server_certificate()
}

/// An object with options. Numbers that are read as they are, such as `pingInterval` of clients,
/// are checked by `arkws-netstack`; of the others, what is negative or NaN counts as 0, and
/// fractions are rounded up: what is over 0 stays so.
struct Options<'a>(Object<'a>);

impl<'a> Options<'a> {
    fn get<T: FromNapiValue>(&self, name: &str) -> Result<Option<T>> {
        self.0.get(name)
    }

    fn object(&self, name: &str) -> Result<Option<Options<'a>>> {
        Ok(self.get::<Object<'a>>(name)?.map(Options))
    }

    fn flag(&self, name: &str) -> Result<bool> {
        Ok(self.get(name)?.unwrap_or(false))
    }

    fn text(&self, name: &str) -> Result<String> {
        Ok(self.get(name)?.unwrap_or_default())
    }

    fn milliseconds(&self, name: &str) -> Result<Option<Duration>> {
        Ok(self
            .get::<f64>(name)?
            .map(|number| duration(number / 1000.0)))
    }

    fn size(&self, name: &str) -> Result<Option<usize>> {
        Ok(self.get::<f64>(name)?.map(|number| number.ceil() as usize))
    }

    fn count(&self, name: &str) -> Result<Option<u32>> {
        Ok(self.get::<f64>(name)?.map(|number| number.ceil() as u32))
    }

    fn certificate(&self, name: &str) -> Result<Option<ClientCert>> {
        let Some(cert) = self.object(name)? else {
            return Ok(None);
        };
        Ok(Some(ClientCert {
            cert_path: PathBuf::from(cert.text("certPath")?),
            key_path: PathBuf::from(cert.text("keyPath")?),
            key_password: cert.text("keyPassword")?,
        }))
    }

    /// A name that is none is thrown, as in [`causes`](Self::causes).
    fn limits(&self) -> Result<ServerLimits> {
        match self.get::<Either<String, Object<'a>>>("limits")? {
            None => Ok(ServerLimits::default()),
            Some(Either::A(name)) => ServerLimits::named(&name).ok_or_else(|| {
                Error::from_reason("limits is neither 'platform' nor 'none' nor an object")
            }),
            Some(Either::B(limits)) => {
                let limits = Options(limits);
                Ok(ServerLimits::Custom(CustomLimits {
                    connections: limits.size("connections")?,
                    per_address: limits.size("perAddress")?,
                    attempts_per_minute: limits.count("attemptsPerMinute")?,
                    handshakes: limits.size("handshakes")?,
                }))
            }
        }
    }

    /// With `cert` and `key` in PEM, or their paths.
    fn server_certificate(&self) -> Result<ServerCertificate> {
        let pem = |name: &str| -> Result<Option<Vec<u8>>> {
            Ok(self.get::<String>(name)?.map(String::into_bytes))
        };
        let mut server = match pem("cert")? {
            Some(certificate) => ServerCertificate {
                source: CertificateSource::Pem {
                    certificate,
                    key: pem("key")?.unwrap_or_default(),
                },
                ..ServerCertificate::files("", "")
            },
            None => ServerCertificate::files(self.text("certPath")?, self.text("keyPath")?),
        };
        server.client_ca = pem("clientCa")?;
        server.require_client_certificate = self.flag("requireClientCert")?;
        Ok(server)
    }

    /// A descriptor that is not open is thrown, and becomes a mistake of the call (401).
    fn listen_on(&self) -> Result<ListenOn> {
        if self.flag("noServer")? {
            return Ok(ListenOn::Nowhere);
        }
        if let Some(path) = self.get::<String>("path")? {
            return Ok(ListenOn::Path(PathBuf::from(path)));
        }
        match self.get::<i32>("fd")? {
            Some(number) => socket(number),
            None => Ok(ListenOn::Port),
        }
    }

    /// PEM comes as strings.
    fn pem_list(&self, name: &str) -> Result<Vec<Vec<u8>>> {
        let list: Vec<String> = self.get(name)?.unwrap_or_default();
        Ok(list.into_iter().map(String::into_bytes).collect())
    }

    fn identity(&self) -> Result<Option<IdentityPem>> {
        let Some(identity) = self.object("identity")? else {
            return Ok(None);
        };
        Ok(Some(IdentityPem {
            cert: identity.text("cert")?.into_bytes(),
            key: identity.text("key")?.into_bytes(),
            password: identity.text("password")?,
        }))
    }

    fn proxy_server(&self) -> Result<ProxyServer> {
        Ok(ProxyServer {
            host: self.text("host")?,
            port: self.get("port")?.unwrap_or(0.0),
            username: self.text("username")?,
            password: self.text("password")?,
            exclusion_list: self.get("exclusionList")?.unwrap_or_default(),
        })
    }

    /// What is no cause is thrown, and becomes a mistake of the call (401).
    fn causes(&self, name: &str) -> Result<Vec<Cause>> {
        let names: Vec<String> = self.get(name)?.unwrap_or_default();
        let causes = names.iter().map(|cause| cause.parse());
        causes
            .collect::<std::result::Result<_, UnknownCause>>()
            .map_err(|error| Error::from_reason(format!("{name}: {error}")))
    }

    fn reconnect(&self, asker: &Asker) -> Result<Reconnect> {
        let default = Reconnect::default();
        Ok(Reconnect {
            initial_delay: self
                .milliseconds("initialDelay")?
                .unwrap_or(default.initial_delay),
            max_delay: self.milliseconds("maxDelay")?.unwrap_or(default.max_delay),
            factor: self.get("factor")?.unwrap_or(default.factor),
            jitter: self.get("jitter")?.unwrap_or(default.jitter),
            max_attempts: self.count("maxAttempts")?,
            retry_on: self.causes("retryOn")?,
            max_queued_bytes: self
                .size("maxQueuedBytes")?
                .unwrap_or(default.max_queued_bytes),
            renewal: self.flag("renews")?.then(|| asker.renewal()),
            renews_first: self.flag("renewsFirst")?,
        })
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
