//! Verifying the server's certificate: webpki's verdict, with two things that people expect added to it.
//!
//! - A certificate that was given as trusted may be the server's own, as OpenSSL and Node.js have it, even if it is
//!   marked as an authority's (what `openssl req -x509` makes). webpki refuses those as servers' certificates.
//! - A self-signed certificate is called that.
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use webpki::EndEntityCert;

use super::TlsError;
use super::roots::Trust;

/// Why a certificate is not trusted, where rustls has no word for it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Untrusted {
    #[error("the server's certificate is self-signed, and not among the trusted ones")]
    SelfSigned,
}

#[derive(Debug)]
pub(super) struct Verifier {
    webpki: Arc<WebPkiServerVerifier>,
    given: Vec<CertificateDer<'static>>,
}

impl Verifier {
    pub(super) async fn new(
        trust: &Trust,
        provider: Arc<CryptoProvider>,
    ) -> Result<Verifier, TlsError> {
        let webpki = WebPkiServerVerifier::builder_with_provider(trust.roots().await?, provider)
            .build()
            .map_err(|_none| TlsError::NoCertificate {
                place: "the list of whom to trust".into(),
            })?;
        Ok(Verifier {
            webpki,
            given: trust.given().to_vec(),
        })
    }

    /// A certificate that was given as trusted, and is nobody else's: its dates have been checked.
    fn verify_given(
        &self,
        certificate: &CertificateDer<'_>,
        server: &ServerName<'_>,
    ) -> Result<bool, Error> {
        if !self.given.iter().any(|given| given == certificate) {
            return Ok(false);
        }
        let certificate = rustls::server::ParsedCertificate::try_from(certificate)?;
        rustls::client::verify_server_name(&certificate, server).map(|()| true)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let error =
            match self
                .webpki
                .verify_server_cert(certificate, intermediates, server, ocsp, now)
            {
                Ok(verified) => return Ok(verified),
                Err(error) => error,
            };
        // webpki looks at the dates first, then at this.
        if is_authority(&error) && self.verify_given(certificate, server)? {
            return Ok(ServerCertVerified::assertion());
        }
        let unknown = matches!(
            error,
            Error::InvalidCertificate(CertificateError::UnknownIssuer)
        );
        if (unknown || is_authority(&error)) && is_self_signed(certificate) {
            return Err(
                CertificateError::Other(OtherError(Arc::new(Untrusted::SelfSigned))).into(),
            );
        }
        Err(error)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}

/// The certificate is marked as an authority's.
fn is_authority(error: &Error) -> bool {
    let Error::InvalidCertificate(CertificateError::Other(other)) = error else {
        return false;
    };
    matches!(
        other.0.downcast_ref(),
        Some(webpki::Error::CaUsedAsEndEntity)
    )
}

fn is_self_signed(certificate: &CertificateDer<'_>) -> bool {
    EndEntityCert::try_from(certificate)
        .is_ok_and(|certificate| certificate.issuer() == certificate.subject())
}

/// Accepts everyone: anybody can be anybody, so that no signature proves anything either.
#[derive(Debug)]
pub(super) struct Anyone {
    provider: Arc<CryptoProvider>,
}

impl Anyone {
    pub(super) fn new(provider: Arc<CryptoProvider>) -> Anyone {
        Anyone { provider }
    }
}

impl ServerCertVerifier for Anyone {
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
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
