//! TLS of the server.
use std::path::Path;
use std::sync::Arc;

use arkws::{Identity, TlsError};
use tokio_rustls::TlsAcceptor;

use crate::BusinessError;

/// Reads a certificate chain, the server's own first, and its key. Blocks.
pub(super) fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, BusinessError> {
    let load = || -> Result<TlsAcceptor, TlsError> {
        let identity = Identity::from_files(certificate, key, None)?;
        Ok(TlsAcceptor::from(Arc::new(identity.server_config()?)))
    };
    load().map_err(|error| {
        let why = format!("serverCert cannot be used: {error}");
        BusinessError::new(BusinessError::OTHER, why)
    })
}
