//! A client that verifies its servers.
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::server::ParsedCertificate;
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::super::certificate::Certificate;
use super::super::error::TlsError;
use super::super::roots::Trust;
use super::super::untrusted::Untrusted;
use super::super::words::Peer;
use super::Review;

#[derive(Debug)]
pub(in super::super) struct ServerVerifier {
    webpki: Arc<WebPkiServerVerifier>,
    review: Review,
}

impl ServerVerifier {
    pub(in super::super) async fn new(
        trust: &Trust,
        provider: Arc<CryptoProvider>,
    ) -> Result<ServerVerifier, TlsError> {
        let roots = trust.roots().await?;
        let review = Review::new(Peer::Server, trust.given().to_vec(), &provider);
        let webpki = WebPkiServerVerifier::builder_with_provider(roots, provider)
            .build()
            .map_err(|_none| TlsError::NoCertificate {
                place: "the list of whom to trust".into(),
            })?;
        Ok(ServerVerifier { webpki, review })
    }
}

/// Whether one that webpki refuses is for `server`.
fn is_for(
    der: &CertificateDer<'_>,
    certificate: &Certificate<'_>,
    server: &ServerName<'_>,
) -> Result<(), Error> {
    if certificate.version >= 3 {
        return verify_server_name(&ParsedCertificate::try_from(der)?, server);
    }
    match certificate.is_for(server) {
        true => Ok(()),
        false => Err(Untrusted {
            whose: format!(
                "the server's certificate, of X.509 version {},",
                certificate.version
            ),
            why: format!("is for {}", certificate.name()),
        }
        .into()),
    }
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict = |intermediates: &[CertificateDer<'_>]| {
            self.webpki
                .verify_server_cert(certificate, intermediates, server, ocsp, now)
                .map(|_| ())
        };
        self.review
            .verify(certificate, intermediates, now, &verdict, &|read| {
                is_for(certificate, read, server)
            })
            .map(|()| ServerCertVerified::assertion())
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::super::roots::Roots;
    use super::*;

    /// Nothing is remembered of what a certificate was at another time.
    #[tokio::test]
    async fn a_clock_that_jumps_is_believed_each_time() {
        let mut params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2030, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().der().clone();
        let trust = Trust::load(&[Roots::Der(vec![certificate.clone()])]).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = ServerVerifier::new(&trust, provider).await.unwrap();
        let server = ServerName::try_from("localhost").unwrap();

        for (year, valid) in [
            (2025, true),
            (2040, false),
            (2025, true),
            (1975, false),
            (2029, true),
        ] {
            let seconds = (year - 1970) * 365 * 24 * 60 * 60;
            let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
            let verified = verifier.verify_server_cert(&certificate, &[], &server, &[], now);
            assert_eq!(verified.is_ok(), valid, "{year}: {verified:?}");
        }
    }
}
