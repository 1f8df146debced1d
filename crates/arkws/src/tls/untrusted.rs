//! Why a certificate is not trusted, where rustls has no word for it or names no other certificate
//! than the peer's own.
use std::sync::Arc;

use rustls::{CertificateError, Error, OtherError};

/// Which certificate, and what is wrong with it.
#[derive(Debug, thiserror::Error)]
#[error("{whose} {why}")]
pub(super) struct Untrusted {
    pub(super) whose: String,
    pub(super) why: String,
}

impl From<Untrusted> for Error {
    fn from(untrusted: Untrusted) -> Error {
        CertificateError::Other(OtherError(Arc::new(untrusted))).into()
    }
}
