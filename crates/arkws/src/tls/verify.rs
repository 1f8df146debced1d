//! Verifying the server's certificate: webpki's verdict, with what people expect added to it.
//!
//! - A certificate that was given as trusted may be the server's own, as OpenSSL and Node.js have
//!   it, even if it is marked as an authority's (what `openssl req -x509` makes). webpki refuses
//!   those as servers' certificates.
//! - So it may if it is of X.509 version 1 or 2, which webpki does not read. It has no names but
//!   the subject's common name.
//! - A self-signed certificate is called that, and one whose key cannot be used is not called a
//!   forgery.
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls13_signature_with_raw_key};
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use webpki::{EndEntityCert, RawPublicKeyEntity};

use super::certificate::{Certificate, VERIFIED_RSA};
use super::error::TlsError;
use super::roots::Trust;
use super::untrusted::Untrusted;

#[derive(Debug)]
pub(super) struct Verifier {
    webpki: Arc<WebPkiServerVerifier>,
    provider: Arc<CryptoProvider>,
    given: Vec<CertificateDer<'static>>,
}

impl Verifier {
    pub(super) async fn new(
        trust: &Trust,
        provider: Arc<CryptoProvider>,
    ) -> Result<Verifier, TlsError> {
        let roots = trust.roots().await?;
        let webpki = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider))
            .build()
            .map_err(|_none| TlsError::NoCertificate {
                place: "the list of whom to trust".into(),
            })?;
        Ok(Verifier {
            webpki,
            provider,
            given: trust.given().to_vec(),
        })
    }

    fn is_given(&self, certificate: &CertificateDer<'_>) -> bool {
        self.given.iter().any(|given| given == certificate)
    }

    /// A certificate that was given as trusted, and is nobody else's: its dates have been checked.
    fn verify_given(
        &self,
        certificate: &CertificateDer<'_>,
        server: &ServerName<'_>,
    ) -> Result<bool, Error> {
        if !self.is_given(certificate) {
            return Ok(false);
        }
        let certificate = rustls::server::ParsedCertificate::try_from(certificate)?;
        rustls::client::verify_server_name(&certificate, server).map(|()| true)
    }

    /// As [`verify_given`](Self::verify_given), for versions 1 and 2: nothing has been checked.
    fn verify_old_version(
        &self,
        der: &CertificateDer<'_>,
        certificate: &Certificate<'_>,
        server: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if !self.is_given(der) {
            return Err(Untrusted::OldVersion(certificate.version).into());
        }
        let Certificate {
            not_before,
            not_after,
            ..
        } = *certificate;
        if now < not_before {
            return Err(CertificateError::NotValidYetContext {
                time: now,
                not_before,
            }
            .into());
        }
        if now > not_after {
            return Err(CertificateError::ExpiredContext {
                time: now,
                not_after,
            }
            .into());
        }
        if !certificate.is_for(server) {
            let name = certificate.name();
            return Err(Untrusted::OtherName(certificate.version, name).into());
        }
        Ok(ServerCertVerified::assertion())
    }

    /// Which of the certificates cannot be used, and why: webpki says of them all that a signature
    /// is wrong, or shows their algorithms in numbers.
    fn unusable(&self, chain: &[&CertificateDer<'_>]) -> Option<Untrusted> {
        let read = chain.iter().map(|der| Certificate::read(der)).enumerate();
        for (number, certificate) in read {
            let certificate = certificate?;
            let whose = match number {
                0 => "the server's certificate".to_owned(),
                _ => format!("the intermediate certificate {:?}", certificate.name()),
            };
            if let Some(why) = certificate.complaint(VERIFIED_RSA) {
                return Some(Untrusted::Unusable(whose, why));
            }
            if number > 0 && certificate.version < 3 {
                let why = "is of an X.509 version before 3, which no intermediate may be";
                return Some(Untrusted::Unusable(whose, why.to_owned()));
            }
            if certificate.version > 3 {
                let why = format!(
                    "is of X.509 version {}, which nobody knows",
                    certificate.version
                );
                return Some(Untrusted::Unusable(whose, why));
            }
            for der in &self.given {
                let Some(authority) = Certificate::read(der) else {
                    continue;
                };
                if authority.subject == certificate.issuer
                    && let Some(why) = authority.complaint(VERIFIED_RSA)
                {
                    let whose = format!("the trusted certificate {:?}", authority.name());
                    return Some(Untrusted::Unusable(whose, why));
                }
            }
        }
        None
    }

    /// A signature of the server over the handshake.
    fn verify_signature(
        &self,
        certificate: &CertificateDer<'_>,
        result: Result<HandshakeSignatureValid, Error>,
        with_raw_key: impl FnOnce(&Certificate<'_>) -> Result<HandshakeSignatureValid, Error>,
    ) -> Result<HandshakeSignatureValid, Error> {
        let error = match result {
            Ok(valid) => return Ok(valid),
            Err(error) => error,
        };
        match Certificate::read(certificate) {
            Some(read) if read.version < 3 => with_raw_key(&read),
            _ => Err(self.unusable(&[certificate]).map_or(error, Error::from)),
        }
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
        if let Some(read) = Certificate::read(certificate)
            && read.version < 3
        {
            return self.verify_old_version(certificate, &read, server, now);
        }
        // webpki looks at the dates first, then at this.
        if is_authority(&error) && self.verify_given(certificate, server)? {
            return Ok(ServerCertVerified::assertion());
        }
        let unknown = matches!(
            error,
            Error::InvalidCertificate(CertificateError::UnknownIssuer)
        );
        if (unknown || is_authority(&error)) && is_self_signed(certificate) {
            return Err(Untrusted::SelfSigned.into());
        }
        if is_of_a_key(&error) || is_of_a_version(&error) {
            let chain: Vec<_> = std::iter::once(certificate).chain(intermediates).collect();
            return Err(self.unusable(&chain).map_or(error, Error::from));
        }
        Err(error)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let result = self
            .webpki
            .verify_tls12_signature(message, certificate, signature);
        self.verify_signature(certificate, result, |certificate| {
            let algorithms = self.provider.signature_verification_algorithms.mapping;
            let algorithms = algorithms
                .iter()
                .find(|(scheme, _)| *scheme == signature.scheme)
                .map_or(&[][..], |(_, algorithms)| algorithms);
            let bad = || Error::from(CertificateError::BadSignature);
            let key = RawPublicKeyEntity::try_from(&certificate.public_key).map_err(|_| bad())?;
            // In TLS 1.2 a scheme does not say which curve: one of them will do.
            let valid = algorithms.iter().any(|algorithm| {
                key.verify_signature(*algorithm, message, signature.signature())
                    .is_ok()
            });
            match valid {
                true => Ok(HandshakeSignatureValid::assertion()),
                false => Err(bad()),
            }
        })
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let result = self
            .webpki
            .verify_tls13_signature(message, certificate, signature);
        self.verify_signature(certificate, result, |certificate| {
            let key = &certificate.public_key;
            let algorithms = &self.provider.signature_verification_algorithms;
            verify_tls13_signature_with_raw_key(message, key, signature, algorithms)
        })
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}

/// What webpki says where a key or an algorithm is none of those that it knows.
#[expect(deprecated, reason = "it may still be said")]
fn is_of_a_key(error: &Error) -> bool {
    use CertificateError::*;
    matches!(
        error,
        Error::InvalidCertificate(
            BadSignature
                | UnsupportedSignatureAlgorithm
                | UnsupportedSignatureAlgorithmContext { .. }
                | UnsupportedSignatureAlgorithmForPublicKeyContext { .. }
        )
    )
}

/// A certificate is of a version that webpki does not read.
fn is_of_a_version(error: &Error) -> bool {
    let Error::InvalidCertificate(CertificateError::Other(other)) = error else {
        return false;
    };
    matches!(
        other.0.downcast_ref(),
        Some(webpki::Error::UnsupportedCertVersion)
    )
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::roots::Roots;
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
        let verifier = Verifier::new(&trust, provider).await.unwrap();
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
