//! TLS for both ends. Whatever is drawn for its keys, a session has the same lengths: what a run
//! does depends on its seed alone.
use std::sync::{Arc, LazyLock};

use arkws::TlsConfig;
use rcgen::{CertificateParams, KeyPair, SerialNumber};
use rustls::client::Resumption;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

/// The name that the server's certificate is for.
pub(crate) const NAME: &str = "server.test";

static CONFIGS: LazyLock<(Arc<ClientConfig>, Arc<ServerConfig>)> = LazyLock::new(|| {
    // Of this algorithm all signatures are of one length.
    let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let mut params = CertificateParams::new([NAME.to_owned()]).unwrap();
    params.serial_number = Some(SerialNumber::from(1));
    let certificate = params.self_signed(&key).unwrap().der().clone();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let provider = || Arc::new(rustls::crypto::ring::default_provider());
    let mut client = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    // Each session is a whole one, or a run would depend on those before it.
    client.resumption = Resumption::disabled();
    let server = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    (Arc::new(client), Arc::new(server))
});

pub(crate) fn client() -> TlsConfig {
    TlsConfig {
        rustls: Some(Arc::clone(&CONFIGS.0)),
        ..TlsConfig::default()
    }
}

pub(crate) fn server() -> Arc<ServerConfig> {
    Arc::clone(&CONFIGS.1)
}
