//! A server that verifies its clients.
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, UnixTime};

use super::super::error::TlsError;
use super::super::trusted::Trusted;
use super::super::words::Peer;
use super::Review;

#[derive(Debug)]
pub(in super::super) struct ClientVerifier {
    webpki: Arc<dyn ClientCertVerifier>,
    review: Review,
}

impl ClientVerifier {
    /// Of clients that have to show a certificate, if it is `required`.
    pub(in super::super) fn new(
        trusted: Trusted,
        provider: &Arc<CryptoProvider>,
        required: bool,
    ) -> Result<ClientVerifier, TlsError> {
        let roots = Arc::new(trusted.authorities);
        let builder = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(provider));
        let builder = match required {
            true => builder,
            false => builder.allow_unauthenticated(),
        };
        let unusable = |error: rustls::server::VerifierBuilderError| {
            TlsError::Configuration(Error::General(error.to_string()))
        };
        Ok(ClientVerifier {
            webpki: builder.build().map_err(unusable)?,
            review: Review::new(Peer::Client, trusted.given, provider),
        })
    }
}

impl ClientCertVerifier for ClientVerifier {
    fn client_auth_mandatory(&self) -> bool {
        self.webpki.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.webpki.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verdict = |intermediates: &[CertificateDer<'_>]| {
            self.webpki
                .verify_client_cert(certificate, intermediates, now)
                .map(|_| ())
        };
        // A client may have any name.
        self.review
            .verify(certificate, intermediates, now, &verdict, &|_| Ok(()))
            .map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.review
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.review
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.review.schemes()
    }
}
