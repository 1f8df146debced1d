//! The cryptography below TLS. It is always named, never taken from rustls' process default, which
//! whoever comes first decides.
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls_pki_types::alg_id;

use super::error::TlsError;

/// Whether it verifies with keys on P-521.
pub(super) fn knows_p521(provider: &CryptoProvider) -> bool {
    let algorithms = provider.signature_verification_algorithms.all;
    algorithms
        .iter()
        .any(|algorithm| algorithm.public_key_alg_id() == alg_id::ECDSA_P521)
}

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
