//! The options of `connect` that are about TLS.
use std::fmt;
use std::path::PathBuf;

use arkws::{Identity, TlsConfig, TlsError};
use zeroize::Zeroizing;

use crate::ExtraRoots;

/// `ClientCert`: a certificate for servers that ask for one. Its `Debug` form does not show the
/// password, which is wiped before its memory is freed.
#[derive(Clone, Default)]
pub struct ClientCert {
    /// File of the certificate in PEM, with its chain behind it. Empty: there is no certificate.
    pub cert_path: PathBuf,
    /// File of its private key in PEM: PKCS#1, PKCS#8 or SEC1.
    pub key_path: PathBuf,
    /// Password of an encrypted key; empty: it has none.
    pub key_password: Zeroizing<String>,
}

impl fmt::Debug for ClientCert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCert")
            .field("cert_path", &self.cert_path)
            .field("key_path", &self.key_path)
            .finish_non_exhaustive()
    }
}

/// A client certificate and its key, in PEM. Its `Debug` form shows neither key nor password. Both
/// are wiped before their memory is freed.
#[derive(Clone, Default)]
pub struct IdentityPem {
    /// The certificate, with its chain behind it.
    pub cert: Vec<u8>,
    /// Its private key: PKCS#1, PKCS#8 or SEC1.
    pub key: Zeroizing<Vec<u8>>,
    /// Password of an encrypted key; empty: it has none.
    pub password: Zeroizing<String>,
}

impl fmt::Debug for IdentityPem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityPem").finish_non_exhaustive()
    }
}

/// `TlsProtocol`: the lowest version of TLS that a connection may have.
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

impl TlsProtocol {
    /// The version of this number, as the contract numbers them; `None`: there is none.
    pub fn new(number: f64) -> Option<TlsProtocol> {
        use TlsProtocol::{Tls10, Tls11, Tls12, Tls13};
        [Tls10, Tls11, Tls12, Tls13]
            .into_iter()
            .find(|version| f64::from(*version as u8) == number)
    }
}

/// How `wss` is secured; the files of the client certificate are not read yet.
#[derive(Clone)]
pub(super) struct TlsOptions {
    pub(super) config: TlsConfig,
    pub(super) client_cert: Option<ClientCert>,
    /// Used if there is no `client_cert`.
    pub(super) pem: Option<IdentityPem>,
    /// Trusted besides those of `config`.
    pub(super) extra_roots: Option<ExtraRoots>,
}

impl TlsOptions {
    /// Reads the files and decrypts the key, which may take a while: not for the network thread.
    ///
    /// # Errors
    /// A file cannot be read or used.
    pub(super) fn read(self) -> Result<TlsConfig, TlsError> {
        let identity = match (&self.client_cert, &self.pem) {
            (None, None) => None,
            (Some(cert), _) => Some(Identity::from_files(
                &cert.cert_path,
                &cert.key_path,
                some(&cert.key_password),
            )?),
            (None, Some(pem)) => Some(Identity::from_pem(
                &pem.cert,
                &pem.key,
                some(&pem.password),
            )?),
        };
        let mut config = self.config;
        config.identity = identity;
        let extra = self.extra_roots.as_ref();
        config.roots.extend(extra.and_then(ExtraRoots::read));
        Ok(config)
    }
}

/// An empty password is none.
fn some(password: &str) -> Option<&str> {
    (!password.is_empty()).then_some(password)
}
