//! Who we are: a certificate and its private key, from PEM.
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::certificate::{Certificate, OWN_RSA, certificates};
use super::error::TlsError;
use super::key::private_key;
use super::pem;
use super::provider;
use super::trusted::Trusted;
use super::verify::ClientVerifier;

/// A certificate with its private key, of a client or of a server. Cheap to clone.
#[derive(Clone)]
pub struct Identity {
    key: Arc<CertifiedKey>,
    provider: Arc<CryptoProvider>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("certificates", &self.key.cert.len())
            .finish_non_exhaustive()
    }
}

impl Identity {
    /// Reads a certificate chain, the own one first, and its key from PEM files; they may be the
    /// same file. Blocks while it reads. `password` is used if the key is encrypted. What is read
    /// and decrypted is wiped before its memory is freed, but for the key that is used.
    ///
    /// # Errors
    /// A file cannot be read, has no certificate or no key, the key is of an unsupported kind or
    /// not the certificate's, or the password is missing or wrong.
    pub fn from_files(
        certificates: impl AsRef<Path>,
        key: impl AsRef<Path>,
        password: Option<&str>,
    ) -> Result<Identity, TlsError> {
        let read = |path: &Path| {
            pem::read(path).map_err(|source| TlsError::Read {
                path: path.to_owned(),
                source,
            })
        };
        let (certificates, key) = (certificates.as_ref(), key.as_ref());
        let chain = chain(&read(certificates)?, &certificates.display().to_string())?;
        let place = key.display().to_string();
        Identity::new(chain, private_key(&read(key)?, password, &place)?, &place)
    }

    /// As [`from_files`](Self::from_files), from memory.
    ///
    /// # Errors
    /// As [`from_files`](Self::from_files).
    pub fn from_pem(
        certificates: &[u8],
        key: &[u8],
        password: Option<&str>,
    ) -> Result<Identity, TlsError> {
        let place = "the PEM of the key";
        let chain = chain(certificates, "the PEM of the certificate")?;
        Identity::new(chain, private_key(key, password, place)?, place)
    }

    /// One whose key is wherever you have it: in a hardware token, or read by a provider of your
    /// own. That it belongs to the certificate is not checked. `provider` is what
    /// [`server_config`](Self::server_config) uses.
    pub fn from_certified_key(key: CertifiedKey, provider: Arc<CryptoProvider>) -> Identity {
        Identity {
            key: Arc::new(key),
            provider,
        }
    }

    fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
        place: &str,
    ) -> Result<Identity, TlsError> {
        let provider = provider::default()?;
        let Some(certificate) = chain.first().and_then(|der| Certificate::read(der)) else {
            return Err(TlsError::Pem {
                place: "the certificate".to_owned(),
                reason: "what it holds is not X.509".to_owned(),
            });
        };
        let key = match provider.key_provider.load_private_key(key) {
            Ok(key) => key,
            Err(error) => {
                // rustls would only say that parsing failed.
                let complaint = certificate.complaint(OWN_RSA, provider::knows_p521(&provider));
                return Err(TlsError::KeyUnsupported {
                    place: place.to_owned(),
                    reason: match complaint {
                        Some(why) => format!("the certificate {why}"),
                        None => error.to_string(),
                    },
                });
            }
        };
        // rustls cannot read certificates of X.509 version 1. We only present ours, so we compare
        // the keys ourselves.
        match key
            .public_key()
            .is_some_and(|of_key| of_key == certificate.public_key)
        {
            true => Ok(Identity::from_certified_key(
                CertifiedKey::new(chain, key),
                provider,
            )),
            false => Err(TlsError::KeyMismatch),
        }
    }

    /// TLS for a server that presents this certificate: versions 1.2 and 1.3, any client, HTTP/1.1
    /// on top.
    ///
    /// # Errors
    /// The versions are not supported by the cryptography that this crate was built with.
    pub fn server_config(&self) -> Result<ServerConfig, TlsError> {
        self.server_config_with(WebPkiClientVerifier::no_client_auth())
    }

    /// As [`server_config`](Self::server_config), for a server that asks its clients for a
    /// certificate of one of the authorities in `authorities`, which is PEM: a client that shows
    /// another is refused, and if it is `required`, one that shows none. Why is said by
    /// [`TlsError::from_accept`].
    ///
    /// As [`Roots`](crate::Roots) has it of servers, what an authority has signed is accepted even
    /// if that has expired, with a warning in the log, and a client may show one of the
    /// `authorities` itself; a certificate of X.509 version 1 is accepted only so.
    ///
    /// # Errors
    /// As there; or there is no usable certificate in the PEM.
    pub fn server_config_for_clients_of(
        &self,
        authorities: &[u8],
        required: bool,
    ) -> Result<ServerConfig, TlsError> {
        let place = "the PEM of the clients' authorities";
        let mut trusted = Trusted::none();
        trusted.add(certificates(authorities, place)?, || place.to_owned())?;
        let verifier = ClientVerifier::new(trusted, &self.provider, required)?;
        self.server_config_with(Arc::new(verifier))
    }

    fn server_config_with(
        &self,
        verifier: Arc<dyn ClientCertVerifier>,
    ) -> Result<ServerConfig, TlsError> {
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Configuration)?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(self.certified_key())));
        // RFC 7301: a client that prefers HTTP/2 is to speak what carries WebSocket here.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    pub(super) fn certified_key(&self) -> CertifiedKey {
        CertifiedKey::clone(&self.key)
    }
}

fn chain(pem: &[u8], place: &str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let chain = certificates(pem, place)?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate {
            place: place.to_owned(),
        });
    }
    Ok(chain)
}
