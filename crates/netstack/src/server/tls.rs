//! TLS of the server.
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::BusinessError;

/// Reads a certificate chain, the server's own first, and its key. Blocks.
pub(super) fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, BusinessError> {
    let unusable = |what: &str, path: &Path, why: &dyn std::fmt::Display| {
        BusinessError::new(
            BusinessError::OTHER,
            format!(
                "the server's {what} {} cannot be used: {why}",
                path.display()
            ),
        )
    };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unusable("certificate", certificate, &error))?;
    if chain.is_empty() {
        return Err(unusable(
            "certificate",
            certificate,
            &"it has no certificate in PEM form",
        ));
    }
    let private =
        PrivateKeyDer::from_pem_file(key).map_err(|error| unusable("key", key, &error))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            builder
                .with_no_client_auth()
                .with_single_cert(chain, private)
        })
        .map_err(|error| unusable("certificate", certificate, &error))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
