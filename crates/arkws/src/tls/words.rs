//! What rustls and webpki say of a peer, in words for people.
use std::fmt;
use std::time::{Duration, SystemTime};

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible};
use rustls_pki_types::{ServerName, UnixTime};

use super::untrusted::Untrusted;

/// Who is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Peer {
    Client,
    Server,
}

impl Peer {
    pub(super) fn certificate(self) -> String {
        format!("the {self}'s certificate")
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Peer::Client => "client",
            Peer::Server => "server",
        })
    }
}

/// Why there is no TLS with `peer`.
pub(super) fn words(error: &Error, peer: Peer) -> String {
    match error {
        Error::InvalidCertificate(error) => match untrusted(error) {
            Some(untrusted) => untrusted.to_string(),
            None => format!("{} {}", peer.certificate(), complaint(error, peer)),
        },
        Error::AlertReceived(alert) => alert_words(*alert, peer),
        Error::NoCertificatesPresented => format!(
            "the {peer} has shown no certificate, and has to (one with a key of a kind that is not \
             supported, such as ECDSA on P-521, may not be shown)"
        ),
        Error::NoApplicationProtocol => {
            format!("the {peer} does not offer the protocol http/1.1 in TLS (ALPN)")
        }
        Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            | PeerIncompatible::Tls12NotOffered
            | PeerIncompatible::Tls12NotOfferedOrEnabled,
        ) => format!("the {peer} speaks only versions of TLS that are not accepted"),
        Error::InvalidMessage(
            InvalidMessage::InvalidContentType
            | InvalidMessage::UnknownProtocolVersion
            | InvalidMessage::MessageTooLarge
            | InvalidMessage::InvalidEmptyPayload,
        ) => match peer {
            Peer::Client => "the client does not speak TLS; perhaps it uses ws, not wss".into(),
            Peer::Server => "the server does not answer with TLS; perhaps the port is one for ws, \
                             not wss"
                .into(),
        },
        Error::PeerIncompatible(why) => {
            format!("the {peer} and this end cannot agree: {}", spelt(why))
        }
        Error::PeerMisbehaved(why) => format!("the {peer} breaks the rules of TLS: {}", spelt(why)),
        Error::InvalidMessage(why) => format!("the {peer} has sent no valid TLS: {}", spelt(why)),
        Error::InvalidCertRevocationList(why) => {
            format!("the revocation list cannot be used: {}", spelt(why))
        }
        other => other.to_string(),
    }
}

/// What is wrong with a certificate's dates, to stand behind its name.
pub(super) fn dates(error: &CertificateError) -> String {
    match error {
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("has expired: it was valid until {}", date(*not_after))
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("is not valid yet: it will be from {}", date(*not_before))
        }
        CertificateError::NotValidYet => "is not valid yet".to_owned(),
        _ => "has expired, or ends before it begins".to_owned(),
    }
}

/// What is wrong with a certificate of `peer` or above it, to stand behind its name.
pub(super) fn complaint(error: &CertificateError, peer: Peer) -> String {
    use CertificateError::*;
    let complaint = match error {
        Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. } => {
            return dates(error);
        }
        NotValidForNameContext {
            expected,
            presented,
        } => {
            let expected = match expected {
                ServerName::DnsName(name) => name.as_ref().to_owned(),
                ServerName::IpAddress(ip) => std::net::IpAddr::from(*ip).to_string(),
                _ => "this host".into(),
            };
            return format!("is {}, not for {expected}", names(presented));
        }
        UnknownIssuer => {
            return format!(
                "was not issued by a trusted authority (unknown issuer), or the {peer} does not \
                 send the intermediate certificates that lead to one"
            );
        }
        BadSignature => {
            return format!(
                "was not made by the trusted authority that it names, or the {peer} does not have \
                 its key: a signature is wrong"
            );
        }
        InvalidPurpose | InvalidPurposeContext { .. } => {
            return format!("is not meant for {peer}s");
        }
        NotValidForName => "is for another host",
        Revoked => "has been revoked",
        BadEncoding => "is damaged",
        UnsupportedSignatureAlgorithmContext { .. }
        | UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "or one above it is signed with an algorithm that is not supported: RSA and ECDSA with \
             SHA-2, and Ed25519 are"
        }
        UnhandledCriticalExtension => UNKNOWN_EXTENSION,
        UnknownRevocationStatus => "may have been revoked: no revocation list tells",
        ExpiredRevocationList | ExpiredRevocationListContext { .. } => {
            "may have been revoked: the revocation list is too old"
        }
        InvalidOcspResponse => "comes with an OCSP response that cannot be used",
        ApplicationVerificationFailure => "is not accepted by the program",
        Other(other) => match other.0.downcast_ref() {
            Some(error) => return webpki_complaint(error),
            None => return format!("cannot be accepted: {other}"),
        },
        other => return format!("cannot be accepted: {}", spelt(other)),
    };
    complaint.into()
}

const UNKNOWN_EXTENSION: &str = "has a critical extension that is not known here";

/// What rustls has no words for.
fn webpki_complaint(error: &webpki::Error) -> String {
    use webpki::Error::*;
    let complaint = match error {
        CaUsedAsEndEntity => {
            "is one of an authority, which is accepted only if this very certificate is among the \
             trusted ones"
        }
        EndEntityUsedAsCa => "is not one of an authority, and has signed another",
        PathLenConstraintViolated => "may not have another authority below it (pathLenConstraint)",
        NameConstraintViolation => {
            "has a name that an authority above it may not certify (name constraints)"
        }
        UnsupportedCriticalExtension => UNKNOWN_EXTENSION,
        UnsupportedCertVersion => "is not of X.509 version 3",
        MaximumPathBuildCallsExceeded
        | MaximumPathDepthExceeded
        | MaximumSignatureChecksExceeded => "has too many certificates above it",
        other => return format!("cannot be accepted: {}", spelt(other)),
    };
    complaint.into()
}

/// What our verifier says itself.
fn untrusted(error: &CertificateError) -> Option<&Untrusted> {
    match error {
        CertificateError::Other(other) => other.0.downcast_ref(),
        _ => None,
    }
}

/// `NoCipherSuitesInCommon(..)` as "no cipher suites in common".
fn spelt(variant: &dyn fmt::Debug) -> String {
    let mut words = String::new();
    for letter in format!("{variant:?}").chars() {
        match letter {
            'A'..='Z' if words.is_empty() => words.push(letter.to_ascii_lowercase()),
            'A'..='Z' => words.extend([' ', letter.to_ascii_lowercase()]),
            'a'..='z' | '0'..='9' => words.push(letter),
            _ => break,
        }
    }
    words
}

/// The names of a certificate, as webpki prints them: `DnsName("a")`, `IpAddress(::1)`.
fn names(presented: &[String]) -> String {
    let names = presented.iter().map(|name| {
        let inner = name
            .split_once('(')
            .and_then(|(_, rest)| rest.strip_suffix(')'))
            .unwrap_or(name);
        inner.trim_matches('"').escape_debug().to_string()
    });
    match presented.is_empty() {
        true => "for nobody (it has no subjectAltName)".into(),
        false => format!("for {}", list(names)),
    }
}

/// The first of them. A certificate may have hundreds of names.
pub(super) fn list(names: impl ExactSizeIterator<Item = String>) -> String {
    const SHOWN: usize = 4;
    let more = names.len().saturating_sub(SHOWN);
    let shown = names.take(SHOWN).collect::<Vec<_>>().join(", ");
    match more {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn alert_words(alert: AlertDescription, peer: Peer) -> String {
    let ours = match peer {
        Peer::Client => "server's",
        Peer::Server => "client",
    };
    let words = match alert {
        AlertDescription::CertificateRequired => "requires a client certificate",
        AlertDescription::UnknownCA
        | AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::AccessDenied
        | AlertDescription::DecryptError => {
            return format!("the {peer} does not accept the {ours} certificate (alert {alert:?})");
        }
        AlertDescription::ProtocolVersion => "speaks none of the accepted versions of TLS",
        AlertDescription::HandshakeFailure => match peer {
            Peer::Client => "found nothing in common with us",
            Peer::Server => {
                "found nothing in common with us (its certificate may be of a kind that is not \
                 supported, such as ECDSA on P-521), or it requires a client certificate"
            }
        },
        AlertDescription::NoApplicationProtocol => "does not speak HTTP/1.1, which WebSocket needs",
        AlertDescription::UnrecognisedName => "does not know this host name",
        _ => "refused",
    };
    format!("the {peer} {words} (alert {alert:?})")
}

fn date(time: UnixTime) -> String {
    /// The end of 9999, the last year that a certificate and this format can express.
    const END: u64 = 253_402_300_800;
    if time.as_secs() >= END {
        return "the end of time".into();
    }
    httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(time.as_secs()))
}
