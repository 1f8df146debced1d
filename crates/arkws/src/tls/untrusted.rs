//! Why a certificate is not trusted, where rustls has no word for it.
use std::sync::Arc;

use rustls::{CertificateError, Error, OtherError};

#[derive(Debug, thiserror::Error)]
pub(super) enum Untrusted {
    #[error("the server's certificate is self-signed, and not among the trusted ones")]
    SelfSigned,
    #[error(
        "the server's certificate is of X.509 version {0}, which is accepted only if this very \
         certificate is among the trusted ones"
    )]
    OldVersion(u8),
    /// Of an old version, and for whom.
    #[error("the server's certificate, of X.509 version {0}, is for {1}")]
    OtherName(u8, String),
    /// Whose, and why it cannot be used.
    #[error("{0} {1}")]
    Unusable(String, String),
}

impl From<Untrusted> for Error {
    fn from(untrusted: Untrusted) -> Error {
        CertificateError::Other(OtherError(Arc::new(untrusted))).into()
    }
}
