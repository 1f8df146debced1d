//! The cryptography below TLS. It is always named, never taken from rustls' process default, which
//! whoever comes first decides.
use std::sync::Arc;

use rustls::crypto::CryptoProvider;

use super::error::TlsError;

/// That of this crate's features: ring, or else AWS-LC.
///
/// # Errors
/// This crate was built with neither.
pub(super) fn default() -> Result<Arc<CryptoProvider>, TlsError> {
    #[cfg(feature = "ring")]
    let provider = Ok(Arc::new(rustls::crypto::ring::default_provider()));
    #[cfg(all(feature = "aws-lc-rs", not(feature = "ring")))]
    let provider = Ok(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
    let provider = Err(TlsError::NoProvider);
    provider
}
