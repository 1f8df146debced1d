//! A look at TLS that trusts everybody and tells nobody anything: whether the server asks for a
//! certificate, which it may say no word of when it refuses whoever has none.
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arkws::rustls::client::ResolvesClientCert;
use arkws::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use arkws::rustls::crypto::{CryptoProvider, ring};
use arkws::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use arkws::rustls::sign::CertifiedKey;
use arkws::rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

/// Whether a server has asked for a certificate.
#[derive(Debug)]
pub(super) struct Witness {
    asked: AtomicBool,
    provider: Arc<CryptoProvider>,
}

impl Witness {
    /// One, and the configuration of a client to which it belongs.
    ///
    /// # Errors
    /// Never: the versions of TLS are those of the cryptography.
    pub(super) fn new() -> Result<(Arc<Witness>, ClientConfig), Error> {
        let provider = Arc::new(ring::default_provider());
        let witness = Arc::new(Witness {
            asked: AtomicBool::new(false),
            provider: Arc::clone(&provider),
        });
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&witness) as Arc<dyn ServerCertVerifier>)
            .with_client_cert_resolver(Arc::clone(&witness) as Arc<dyn ResolvesClientCert>);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok((witness, config))
    }

    pub(super) fn was_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

impl ResolvesClientCert for Witness {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}
