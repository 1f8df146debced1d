//! TLS for `wss`: whom to trust, who we are, and the handshake.
mod certificate;
mod error;
mod identity;
mod key;
mod peer_certificate;
mod roots;
mod untrusted;
mod verify;

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::Host;
pub use error::TlsError;
pub(crate) use error::tls_error;
pub use identity::Identity;
pub use peer_certificate::PeerCertificate;
pub use roots::Roots;
use roots::Trust;
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, CommonState, SupportedProtocolVersion, version};
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::WebSocketUrl;

/// How `wss` connections are secured.
///
/// By default the server's certificate must be valid now, be meant for the host's name or address,
/// and lead to an authority that the operating system trusts; TLS 1.2 and 1.3 are spoken.
#[derive(Debug, Clone)]
pub struct TlsConfig {
    /// Whom to trust: all of these together. Default: [`Roots::System`].
    pub roots: Vec<Roots>,
    /// The client certificate for servers that ask for one. Default: none.
    pub identity: Option<Identity>,
    /// The lowest version that is spoken. Default: TLS 1.2.
    pub min_version: TlsVersion,
    /// The name that the server is asked for (SNI) and that its certificate has to be for, or an
    /// address. Default: the URL's host.
    pub server_name: Option<String>,
    /// **Dangerous.** Accept any certificate of any server: whoever sits on the network path can
    /// read and change everything. For tests only. Default: `false`.
    pub dangerous_accept_any_certificate: bool,
}

impl Default for TlsConfig {
    fn default() -> Self {
        TlsConfig {
            roots: vec![Roots::System],
            identity: None,
            min_version: TlsVersion::Tls12,
            server_name: None,
            dangerous_accept_any_certificate: false,
        }
    }
}

impl TlsConfig {
    fn is_default(&self) -> bool {
        self.roots == [Roots::System] && self.is_default_but_for_roots()
    }

    fn is_default_but_for_roots(&self) -> bool {
        self.identity.is_none()
            && self.min_version == TlsVersion::Tls12
            && self.server_name.is_none()
            && !self.dangerous_accept_any_certificate
    }
}

/// A version of TLS. Older ones are not spoken (RFC 8996).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    Tls12,
    /// TLS 1.3 (RFC 8446).
    Tls13,
}

impl TlsVersion {
    /// `"TLSv1.2"` or `"TLSv1.3"`, as OpenSSL and Node.js name them.
    pub const fn as_str(self) -> &'static str {
        match self {
            TlsVersion::Tls12 => "TLSv1.2",
            TlsVersion::Tls13 => "TLSv1.3",
        }
    }

    fn and_later(self) -> &'static [&'static SupportedProtocolVersion] {
        static ALL: [&SupportedProtocolVersion; 2] = [&version::TLS12, &version::TLS13];
        match self {
            TlsVersion::Tls12 => &ALL,
            TlsVersion::Tls13 => &ALL[1..],
        }
    }
}

/// A [`TlsConfig`] whose files have been read. Sessions are resumed among its connections.
#[derive(Debug)]
pub(crate) struct Connector {
    trust: Trust,
    config: TlsConfig,
    ready: OnceCell<Arc<ClientConfig>>,
}

impl Connector {
    /// Reads the files that `config` names; blocks while it does. All users of the default share
    /// one, and so do those who trust the same PEM as the last one that was made of such.
    pub(crate) fn new(config: TlsConfig) -> Result<Arc<Connector>, TlsError> {
        static DEFAULT: OnceLock<Arc<Connector>> = OnceLock::new();
        if config.is_default() {
            let default = || Arc::new(Connector::with(Trust::system(), TlsConfig::default()));
            return Ok(Arc::clone(DEFAULT.get_or_init(default)));
        }
        let new = |config: TlsConfig| {
            let trust = Trust::load(&config.roots)?;
            Ok(Arc::new(Connector::with(trust, config)))
        };
        // What a file holds may change.
        let is_lasting = |roots: &Roots| !matches!(roots, Roots::Path(_));
        if !config.is_default_but_for_roots() || !config.roots.iter().all(is_lasting) {
            return new(config);
        }
        static LAST: Mutex<Option<Arc<Connector>>> = Mutex::new(None);
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some(connector) if connector.config.roots == config.roots => Ok(Arc::clone(connector)),
            _ => Ok(Arc::clone(last.insert(new(config)?))),
        }
    }

    fn with(trust: Trust, config: TlsConfig) -> Connector {
        Connector {
            trust,
            config,
            ready: OnceCell::new(),
        }
    }

    /// The TLS handshake with the server of `url`.
    pub(crate) async fn connect(
        &self,
        url: &WebSocketUrl,
        tcp: TcpStream,
    ) -> Result<TlsStream<TcpStream>, TlsError> {
        let config = self.ready.get_or_try_init(|| self.prepare()).await?;
        let stream = TlsConnector::from(Arc::clone(config))
            .connect(self.server_name(url)?, tcp)
            .await
            .map_err(|error| self.failure(url, error))?;
        let (server, version) = (url.authority(), version(stream.get_ref().1));
        tracing::debug!(target: "arkws", server, ?version, "TLS established");
        Ok(stream)
    }

    fn server_name(&self, url: &WebSocketUrl) -> Result<ServerName<'static>, TlsError> {
        match &self.config.server_name {
            None => server_name(url.host()),
            Some(name) => named(name.clone()),
        }
    }

    /// Why the handshake failed.
    fn failure(&self, url: &WebSocketUrl, error: io::Error) -> TlsError {
        TlsError::from_io(url.authority(), error).unwrap_or_else(|source| self.ended(url, source))
    }

    /// Whether there is a client certificate to show.
    pub(crate) fn has_identity(&self) -> bool {
        self.config.identity.is_some()
    }

    /// The server said nothing any more.
    pub(crate) fn ended(&self, url: &WebSocketUrl, source: io::Error) -> TlsError {
        TlsError::Io {
            server: url.authority(),
            identity: self.has_identity(),
            source,
        }
    }

    async fn prepare(&self) -> Result<Arc<ClientConfig>, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(self.config.min_version.and_later())
            .map_err(TlsError::Configuration)?;
        let builder = if self.config.dangerous_accept_any_certificate {
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(verify::Anyone::new(provider)))
        } else {
            let verifier = verify::Verifier::new(&self.trust, provider).await?;
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
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // Room for this many hosts is reserved at once.
        config.resumption = Resumption::in_memory_sessions(16);
        Ok(Arc::new(config))
    }
}

/// The version that a connection speaks.
pub(crate) fn version(connection: &CommonState) -> Option<TlsVersion> {
    match connection.protocol_version()? {
        rustls::ProtocolVersion::TLSv1_2 => Some(TlsVersion::Tls12),
        rustls::ProtocolVersion::TLSv1_3 => Some(TlsVersion::Tls13),
        _ => None,
    }
}

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
