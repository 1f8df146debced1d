//! Verifying a peer's certificate: webpki's verdict, with what people expect added to it.
//!
//! - A certificate that was given as trusted may be the peer's own, as OpenSSL and Node.js have it,
//!   even if it is marked as an authority's (what `openssl req -x509` makes). webpki refuses those
//!   as a peer's own.
//! - So it may if it is of X.509 version 1 or 2, which webpki does not read. It has no names but
//!   the subject's common name.
//! - A self-signed certificate is called that, one whose key cannot be used is not called a
//!   forgery, and what is wrong with an intermediate one is not blamed on the peer's.
#[cfg(feature = "client")]
mod anyone;
mod client;
#[cfg(feature = "client")]
mod server;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
    verify_tls13_signature_with_raw_key,
};
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::RawPublicKeyEntity;

#[cfg(feature = "client")]
pub(super) use anyone::Anyone;
pub(super) use client::ClientVerifier;
#[cfg(feature = "client")]
pub(super) use server::ServerVerifier;

use super::certificate::{Certificate, VERIFIED_RSA};
use super::provider::knows_p521;
use super::untrusted::Untrusted;
use super::words::{Peer, complaint, list};

/// What becomes of webpki's verdicts.
#[derive(Debug)]
struct Review {
    peer: Peer,
    given: Vec<CertificateDer<'static>>,
    algorithms: WebPkiSupportedAlgorithms,
    p521: bool,
}

/// What webpki says of the peer's certificate, with these above it.
type Verdict<'a> = &'a dyn Fn(&[CertificateDer<'_>]) -> Result<(), Error>;

impl Review {
    fn new(peer: Peer, given: Vec<CertificateDer<'static>>, provider: &CryptoProvider) -> Review {
        Review {
            peer,
            given,
            algorithms: provider.signature_verification_algorithms,
            p521: knows_p521(provider),
        }
    }

    /// `is_for` is asked about the name of one that webpki refuses, and that was given as trusted.
    fn verify(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
        verdict: Verdict<'_>,
        is_for: &dyn Fn(&Certificate<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Err(error) = verdict(intermediates) else {
            return Ok(());
        };
        let is_authority = matches!(webpki_error(&error), Some(webpki::Error::CaUsedAsEndEntity));
        if let Some(read) = Certificate::read(certificate) {
            let is_given = self.given.iter().any(|given| given == certificate);
            if is_given && (read.version < 3 || is_authority) {
                read.check_dates(now)?;
                return is_for(&read);
            }
            if read.version < 3 {
                let why = format!(
                    "is of X.509 version {}, which is accepted only if this very certificate is \
                     among the trusted ones",
                    read.version
                );
                return Err(self.untrusted(why));
            }
            // One that is trusted may have the same name: it was replaced, say.
            let is_unknown = matches!(
                error,
                Error::InvalidCertificate(
                    CertificateError::UnknownIssuer | CertificateError::BadSignature
                )
            );
            if !is_given && (is_unknown || is_authority) && read.issuer == read.subject {
                let why = "is self-signed, and not among the trusted ones";
                return Err(self.untrusted(why.to_owned()));
            }
        }
        Err(self.blame(error, certificate, intermediates, now, verdict))
    }

    /// Something is wrong with the peer's own certificate.
    fn untrusted(&self, why: String) -> Error {
        let whose = self.peer.certificate();
        Untrusted { whose, why }.into()
    }

    /// Names the certificate that is at fault, if it may be another than the peer's.
    fn blame(
        &self,
        error: Error,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
        verdict: Verdict<'_>,
    ) -> Error {
        if is_of_a_key(&error) || is_of_a_version(&error) {
            let chain = std::iter::once(certificate).chain(intermediates);
            if let Some(untrusted) = self.unusable(chain) {
                return untrusted.into();
            }
        }
        let Error::InvalidCertificate(said) = &error else {
            return error;
        };
        // What is wrong with the peer's own certificate is so without those above it.
        let is_ones = is_of_one_certificate(said);
        if intermediates.is_empty()
            || is_ones && verdict(&[]).is_err_and(|alone| is_same(&alone, &error))
            || !is_ones && !is_of_a_key(&error)
        {
            return error;
        }
        let read = intermediates
            .iter()
            .filter_map(|der| Certificate::read(der));
        let is_late = |certificate: &Certificate<'_>| certificate.check_dates(now).is_err();
        let suspects: Vec<_> = match is_of_dates(said) {
            true => read.filter(is_late).collect(),
            false => read.collect(),
        };
        let mut whose = match suspects.len() {
            0 => "an intermediate certificate".to_owned(),
            1 => intermediate(&suspects[0]),
            _ => {
                let names = suspects
                    .iter()
                    .map(|suspect| format!("\"{}\"", suspect.name()));
                format!("one of the intermediate certificates {}", list(names))
            }
        };
        if !is_ones {
            whose = format!("{}, or {whose},", self.peer.certificate());
        }
        let why = complaint(said, self.peer);
        Untrusted { whose, why }.into()
    }

    /// Which of the certificates cannot be used, and why: webpki says of them all that a signature
    /// is wrong, or shows their algorithms in numbers.
    fn unusable<'a>(
        &self,
        chain: impl Iterator<Item = &'a CertificateDer<'a>>,
    ) -> Option<Untrusted> {
        for (number, der) in chain.enumerate() {
            let certificate = Certificate::read(der)?;
            let unusable = |why| {
                let whose = match number {
                    0 => self.peer.certificate(),
                    _ => intermediate(&certificate),
                };
                Some(Untrusted { whose, why })
            };
            if let Some(why) = certificate.complaint(VERIFIED_RSA, self.p521) {
                return unusable(why);
            }
            if number > 0 && certificate.version < 3 {
                let why = "is of an X.509 version before 3, which no intermediate may be";
                return unusable(why.to_owned());
            }
            if certificate.version > 3 {
                return unusable(format!(
                    "is of X.509 version {}, which nobody knows",
                    certificate.version
                ));
            }
            for der in &self.given {
                if let Some(authority) = Certificate::read(der)
                    && authority.subject == certificate.issuer
                    && let Some(why) = authority.complaint(VERIFIED_RSA, self.p521)
                {
                    let whose = format!("the trusted certificate \"{}\"", authority.name());
                    return Some(Untrusted { whose, why });
                }
            }
        }
        None
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let result = verify_tls12_signature(message, certificate, signature, &self.algorithms);
        self.verify_signature(certificate, result, |certificate| {
            let algorithms = self.algorithms.mapping.iter();
            let algorithms = algorithms
                .filter(|(scheme, _)| *scheme == signature.scheme)
                .flat_map(|(_, algorithms)| *algorithms);
            let bad = || Error::from(CertificateError::BadSignature);
            let key = RawPublicKeyEntity::try_from(&certificate.public_key).map_err(|_| bad())?;
            // In TLS 1.2 a scheme does not say which curve: one of them will do.
            for algorithm in algorithms {
                if key
                    .verify_signature(*algorithm, message, signature.signature())
                    .is_ok()
                {
                    return Ok(HandshakeSignatureValid::assertion());
                }
            }
            Err(bad())
        })
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let result = verify_tls13_signature(message, certificate, signature, &self.algorithms);
        self.verify_signature(certificate, result, |certificate| {
            let key = &certificate.public_key;
            verify_tls13_signature_with_raw_key(message, key, signature, &self.algorithms)
        })
    }

    /// A signature of the peer over the handshake.
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
            _ => Err(self
                .unusable([certificate].into_iter())
                .map_or(error, Error::from)),
        }
    }

    fn schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

fn intermediate(certificate: &Certificate<'_>) -> String {
    format!("the intermediate certificate \"{}\"", certificate.name())
}

/// What webpki said, where rustls has no error of its own for it.
fn webpki_error(error: &Error) -> Option<&webpki::Error> {
    match error {
        Error::InvalidCertificate(CertificateError::Other(other)) => other.0.downcast_ref(),
        _ => None,
    }
}

/// Errors of the kind `Other` are never equal.
fn is_same(one: &Error, other: &Error) -> bool {
    one == other || webpki_error(one).is_some_and(|one| webpki_error(other) == Some(one))
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
    matches!(
        webpki_error(error),
        Some(webpki::Error::UnsupportedCertVersion)
    )
}

fn is_of_dates(error: &CertificateError) -> bool {
    use CertificateError::*;
    matches!(
        error,
        Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. }
    )
}

/// Whether it is about what a certificate holds by itself, and not about what leads to it.
fn is_of_one_certificate(error: &CertificateError) -> bool {
    use CertificateError::*;
    use webpki::Error::*;
    match error {
        BadEncoding | InvalidPurpose | InvalidPurposeContext { .. } => true,
        Other(other) => !matches!(
            other.0.downcast_ref(),
            None | Some(
                NameConstraintViolation
                    | MaximumPathBuildCallsExceeded
                    | MaximumPathDepthExceeded
                    | MaximumSignatureChecksExceeded
                    | MaximumNameConstraintComparisonsExceeded
            )
        ),
        _ => is_of_dates(error),
    }
}
