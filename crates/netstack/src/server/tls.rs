//! TLS of the server.
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use arkws::{Identity, TlsError};
use tokio_rustls::TlsAcceptor;
use zeroize::Zeroizing;

use crate::BusinessError;

/// A server's certificate, and whether it asks its clients for theirs.
#[derive(Debug, Clone)]
pub struct ServerCertificate {
    /// The certificate, with its chain, and the private key.
    pub source: CertificateSource,
    /// arkws: PEM of the authorities whose certificates clients may show; one that shows another is
    /// not let in. One that has expired counts all the same, with a warning in the log. A client
    /// may show one of them itself, and has to if its certificate is of X.509 version 1. `None`:
    /// clients are not asked.
    pub client_ca: Option<Vec<u8>>,
    /// arkws: a client that shows none is not let in, if clients are asked.
    pub require_client_certificate: bool,
}

/// Where a certificate and its key are. Its `Debug` form shows no key.
#[derive(Clone)]
pub enum CertificateSource {
    /// In PEM files.
    Files {
        /// An empty path: there is to be no TLS.
        certificate: PathBuf,
        /// The private key.
        key: PathBuf,
    },
    /// arkws: in PEM.
    Pem {
        /// With its chain, the server's own first.
        certificate: Vec<u8>,
        /// The private key. It is wiped before its memory is freed.
        key: Zeroizing<Vec<u8>>,
    },
}

impl ServerCertificate {
    /// A certificate and its key, in PEM files; clients are not asked for one.
    pub fn files(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> ServerCertificate {
        ServerCertificate {
            source: CertificateSource::Files {
                certificate: certificate.into(),
                key: key.into(),
            },
            client_ca: None,
            require_client_certificate: false,
        }
    }

    /// An empty path of the certificate, as on the platform.
    pub(super) fn is_none(&self) -> bool {
        matches!(&self.source, CertificateSource::Files { certificate, .. }
            if certificate.as_os_str().is_empty())
    }

    /// # Errors
    /// 2302002: a file does not exist.
    pub(super) fn check_files(&self) -> Result<(), BusinessError> {
        match &self.source {
            CertificateSource::Files { certificate, key } => {
                exists("certificate", certificate)?;
                exists("key", key)
            }
            CertificateSource::Pem { .. } => Ok(()),
        }
    }

    /// Reads the files, if there are some. Blocks.
    ///
    /// # Errors
    /// 2302999: what they hold cannot be used.
    pub(super) fn acceptor(&self) -> Result<TlsAcceptor, BusinessError> {
        self.load().map_err(|error| {
            let why = format!("serverCert cannot be used: {error}");
            BusinessError::new(BusinessError::OTHER, why)
        })
    }

    fn load(&self) -> Result<TlsAcceptor, TlsError> {
        let identity = match &self.source {
            CertificateSource::Files { certificate, key } => {
                Identity::from_files(certificate, key, None)
            }
            CertificateSource::Pem { certificate, key } => {
                Identity::from_pem(certificate, key, None)
            }
        }?;
        let config = match &self.client_ca {
            Some(pem) => {
                identity.server_config_for_clients_of(pem, self.require_client_certificate)
            }
            None => identity.server_config(),
        };
        Ok(TlsAcceptor::from(Arc::new(config?)))
    }
}

impl fmt::Debug for CertificateSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CertificateSource::Files { certificate, key } => f
                .debug_struct("Files")
                .field("certificate", certificate)
                .field("key", key)
                .finish(),
            CertificateSource::Pem { .. } => f.debug_struct("Pem").finish_non_exhaustive(),
        }
    }
}

fn exists(what: &str, path: &Path) -> Result<(), BusinessError> {
    let metadata = std::fs::metadata(path).map_err(|error| error.to_string());
    let problem = match metadata {
        Ok(metadata) if metadata.is_dir() => "it is a directory".to_owned(),
        Ok(_) => return Ok(()),
        Err(error) => error,
    };
    Err(BusinessError::new(
        BusinessError::CERTIFICATE_FILE,
        format!("the server's {what} {}: {problem}", path.display()),
    ))
}

/// What new handshakes speak TLS with, if they do.
#[derive(Default)]
pub(super) struct CurrentTls(RwLock<Option<TlsAcceptor>>);

impl CurrentTls {
    pub(super) fn get(&self) -> Option<TlsAcceptor> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn set(&self, tls: Option<TlsAcceptor>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = tls;
    }
}
