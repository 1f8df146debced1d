//! The client's handshake, and how it is secured.
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::sign::SingleCertAndKey;
use rustls_pki_types::ServerName;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;

use crate::{Host, Transport, log};

use super::error::TlsError;
use super::identity::Identity;
use super::roots::{Roots, Trust};
use super::{TlsVersion, provider, verify};

/// How `wss` connections are secured.
///
/// By default the server's certificate must be valid now, be meant for the host's name or address,
/// and lead to an authority that the operating system trusts; TLS 1.2 and 1.3 are spoken.
#[derive(Debug, Clone)]
pub struct TlsConfig {
    /// Whom to trust: all of these together. Default: [`Roots::default`].
    pub roots: Vec<Roots>,
    /// The client certificate for servers that ask for one. Default: none.
    pub identity: Option<Identity>,
    /// The lowest version that is spoken. Default: TLS 1.2.
    pub min_version: TlsVersion,
    /// The name that the server is asked for (SNI) and that its certificate has to be for, or an
    /// address. Default: the URL's host.
    pub server_name: Option<String>,
    /// The cryptography. Default: that of this crate's features, `ring` if both are there.
    pub provider: Option<Arc<CryptoProvider>>,
    /// A configuration of your own, for what is not here: pinned keys, a key log, sessions that are
    /// kept elsewhere. It is used as it is, and of the fields here only
    /// [`server_name`](Self::server_name) counts beside it. Its `alpn_protocols` should be
    /// `http/1.1` or none. Default: none.
    pub rustls: Option<Arc<ClientConfig>>,
    /// **Dangerous.** Accept any certificate of any server: whoever sits on the network path can
    /// read and change everything. For tests only. Default: `false`.
    pub dangerous_accept_any_certificate: bool,
}

impl Default for TlsConfig {
    fn default() -> Self {
        TlsConfig {
            roots: vec![Roots::default()],
            identity: None,
            min_version: TlsVersion::Tls12,
            server_name: None,
            provider: None,
            rustls: None,
            dangerous_accept_any_certificate: false,
        }
    }
}

impl TlsConfig {
    fn is_default(&self) -> bool {
        self.roots == [Roots::default()] && self.is_default_but_for_roots()
    }

    fn is_default_but_for_roots(&self) -> bool {
        self.identity.is_none()
            && self.min_version == TlsVersion::Tls12
            && self.server_name.is_none()
            && self.provider.is_none()
            && self.rustls.is_none()
            && !self.dangerous_accept_any_certificate
    }
}

/// A [`TlsConfig`] whose files have been read. Sessions are resumed among its connections.
#[derive(Debug)]
pub(crate) struct ClientTls {
    trust: Trust,
    config: TlsConfig,
    ready: OnceCell<Arc<ClientConfig>>,
}

impl ClientTls {
    /// Reads the files that `config` names; blocks while it does. All users of the default share
    /// one, and so do those who trust the same PEM as the last one that was made of such.
    pub(crate) fn new(config: TlsConfig) -> Result<Arc<ClientTls>, TlsError> {
        let new = |config: TlsConfig| {
            let trust = match &config.rustls {
                Some(_own) => Trust::load(&[])?,
                None => Trust::load(&config.roots)?,
            };
            Ok(Arc::new(ClientTls::with(trust, config)))
        };
        static DEFAULT: OnceLock<Arc<ClientTls>> = OnceLock::new();
        if config.is_default() {
            let connector = match DEFAULT.get() {
                Some(connector) => connector,
                None => {
                    let connector = new(config)?;
                    DEFAULT.get_or_init(|| connector)
                }
            };
            return Ok(Arc::clone(connector));
        }
        // What a file holds may change.
        let is_lasting = |roots: &Roots| !matches!(roots, Roots::Path(_));
        if !config.is_default_but_for_roots() || !config.roots.iter().all(is_lasting) {
            return new(config);
        }
        static LAST: Mutex<Option<Arc<ClientTls>>> = Mutex::new(None);
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some(connector) if connector.config.roots == config.roots => Ok(Arc::clone(connector)),
            _ => Ok(Arc::clone(last.insert(new(config)?))),
        }
    }

    fn with(trust: Trust, config: TlsConfig) -> ClientTls {
        ClientTls {
            trust,
            config,
            ready: OnceCell::new(),
        }
    }

    /// The TLS handshake with `host` over `transport`; errors call it `shown`.
    pub(crate) async fn connect(
        &self,
        host: &Host,
        shown: &str,
        transport: Transport,
    ) -> Result<Transport, TlsError> {
        let config = self.ready.get_or_try_init(|| self.prepare()).await?;
        let (connector, name) = (TlsConnector::from(Arc::clone(config)), self.name(host)?);
        let failed = |error| self.failure(shown, error);
        let transport = match transport.into_tcp() {
            Ok(tcp) => Transport::tls(connector.connect(name, tcp).await.map_err(failed)?),
            #[cfg(feature = "nested-tls")]
            Err(stream) => {
                // Boxed: it is seldom, and larger than all else here.
                let handshake = Box::pin(connector.connect(name, stream));
                Transport::nested_tls(handshake.await.map_err(failed)?)
            }
            #[cfg(not(feature = "nested-tls"))]
            Err(_stream) => return Err(TlsError::Nested),
        };
        let version = transport.tls_version();
        if let Some(protocol) = transport.tls_protocol()
            && protocol != HTTP_1_1
        {
            return Err(TlsError::Alpn {
                server: shown.to_owned(),
                protocol: protocol.escape_ascii().to_string(),
            });
        }
        log::debug!(server = shown, ?version, "TLS established");
        Ok(transport)
    }

    fn name(&self, host: &Host) -> Result<ServerName<'static>, TlsError> {
        match &self.config.server_name {
            None => server_name(host),
            Some(name) => named(name.clone()),
        }
    }

    /// Why the handshake failed.
    fn failure(&self, shown: &str, error: io::Error) -> TlsError {
        TlsError::from_io(shown.to_owned(), error)
            .unwrap_or_else(|source| self.ended(shown, source))
    }

    /// Whether there is a client certificate to show.
    pub(crate) fn has_identity(&self) -> bool {
        match &self.config.rustls {
            Some(own) => own.client_auth_cert_resolver.has_certs(),
            None => self.config.identity.is_some(),
        }
    }

    /// The server said nothing any more.
    pub(crate) fn ended(&self, shown: &str, source: io::Error) -> TlsError {
        TlsError::Io {
            server: shown.to_owned(),
            identity: self.has_identity(),
            source,
        }
    }

    async fn prepare(&self) -> Result<Arc<ClientConfig>, TlsError> {
        if let Some(own) = &self.config.rustls {
            return Ok(Arc::clone(own));
        }
        let provider = match &self.config.provider {
            Some(provider) => Arc::clone(provider),
            None => provider::default()?,
        };
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(self.config.min_version.and_later())
            .map_err(TlsError::Configuration)?;
        let builder = if self.config.dangerous_accept_any_certificate {
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(verify::Anyone::new(provider)))
        } else {
            let verifier = verify::ServerVerifier::new(&self.trust, provider).await?;
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(verifier))
        };
        let mut config = match &self.config.identity {
            None => builder.with_no_client_auth(),
            Some(identity) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(
                identity.certified_key(),
            ))),
        };
        // RFC 7301: a balancer that routes by protocol is to send us where HTTP/1.1 is spoken.
        config.alpn_protocols = vec![HTTP_1_1.to_vec()];
        // Room for this many hosts is reserved at once.
        config.resumption = Resumption::in_memory_sessions(16);
        Ok(Arc::new(config))
    }
}

/// Its name in ALPN (RFC 7301, 6).
const HTTP_1_1: &[u8] = b"http/1.1";

fn server_name(host: &Host) -> Result<ServerName<'static>, TlsError> {
    match host {
        Host::Ipv4(ip) => Ok(ServerName::IpAddress(IpAddr::V4(*ip).into())),
        Host::Ipv6(ip) => Ok(ServerName::IpAddress(IpAddr::V6(*ip).into())),
        Host::Domain(name) => named(name.clone()),
    }
}

fn named(name: String) -> Result<ServerName<'static>, TlsError> {
    let shown = name.escape_debug().to_string();
    ServerName::try_from(name).map_err(|_| TlsError::ServerName(shown))
}
