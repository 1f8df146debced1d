//! What can be wrong with TLS, in words.
use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use rustls::{AlertDescription, CertificateError, InvalidMessage, PeerIncompatible};
use rustls_pki_types::{ServerName, UnixTime};

use super::untrusted::Untrusted;

/// Why TLS failed, or cannot even be tried.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    // What we were configured with.
    /// A file or directory cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// PEM or DER that cannot be decoded.
    #[error("{place} is damaged: {reason}")]
    Pem {
        /// A path, or what the bytes were given as.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// No certificate where there should be one.
    #[error("{place} has no usable certificate in PEM form")]
    NoCertificate {
        /// A path, or what the bytes were given as.
        place: String,
    },
    /// The operating system's store of trusted certificates is empty or cannot be read.
    #[error("the system has no trusted certificates: {0}")]
    SystemRoots(String),
    /// No private key where there should be one.
    #[error("{place} has no private key in PEM form")]
    NoKey {
        /// A path, or what the bytes were given as.
        place: String,
    },
    /// An encrypted key, and no password.
    #[error("the private key in {place} is encrypted: a password is needed")]
    KeyPasswordMissing {
        /// A path, or what the bytes were given as.
        place: String,
    },
    /// An encrypted key, and not its password.
    #[error(
        "the private key in {place} cannot be decrypted: the password is wrong, or the file is damaged"
    )]
    KeyPasswordWrong {
        /// A path, or what the bytes were given as.
        place: String,
    },
    /// A key whose encryption or type is not supported.
    #[error("the private key in {place} cannot be used: {reason}")]
    KeyUnsupported {
        /// A path, or what the bytes were given as.
        place: String,
        /// Why.
        reason: String,
    },
    /// A key that does not belong to the certificate.
    #[error("the certificate and the private key do not belong together")]
    KeyMismatch,
    /// This crate was built without cryptography, and was given none.
    #[error(
        "TLS needs cryptography: arkws's feature `ring` or `aws-lc-rs`, or a provider of your own"
    )]
    NoProvider,
    /// rustls refuses the configuration.
    #[error("the TLS configuration cannot be used: {0}")]
    Configuration(rustls::Error),

    /// TLS over a stream that is not TCP, and without the feature for it.
    #[error("TLS over a stream that is not TCP needs arkws's feature `nested-tls`")]
    #[cfg(not(feature = "nested-tls"))]
    Nested,

    // What happened on the wire.
    /// A name that no certificate can be verified for.
    #[error(
        "\"{0}\" is neither a DNS name nor an IP address: no certificate can be verified for it"
    )]
    ServerName(String),
    /// The server chose a protocol that is not spoken here, and that only a configuration of the
    /// program's own can have offered.
    #[error("{server} chose the protocol {protocol} in TLS (ALPN), and a WebSocket needs http/1.1")]
    Alpn {
        /// `host:port`.
        server: String,
        /// What it chose.
        protocol: String,
    },
    /// Either end refused to go on.
    #[error("TLS with {server} failed: {reason}")]
    Handshake {
        /// `host:port`.
        server: String,
        /// Why.
        reason: String,
        /// As rustls says it.
        source: rustls::Error,
    },
    /// The connection ended before the handshake was complete, or right after it if the server had
    /// the client's certificate to judge: in TLS 1.3 it does that last (RFC 8446, 2).
    #[error("TLS with {server} failed: {}{}", ended(source), if *.identity { IDENTITY } else { "" })]
    Io {
        /// `host:port`.
        server: String,
        /// Whether a client certificate was configured.
        identity: bool,
        /// Why.
        source: io::Error,
    },
}

impl TlsError {
    /// Whether our own configuration is to blame, and not the server or the network.
    pub(crate) fn is_configuration(&self) -> bool {
        !matches!(
            self,
            TlsError::ServerName(_)
                | TlsError::Alpn { .. }
                | TlsError::Handshake { .. }
                | TlsError::Io { .. }
                | TlsError::SystemRoots(_)
        )
    }

    /// What the server has against us it may say only after the handshake (RFC 8446, 4.4.2.4 and
    /// 6.2): as an error of reading.
    ///
    /// # Errors
    /// It is no TLS error.
    pub(crate) fn from_io(server: String, error: io::Error) -> Result<TlsError, io::Error> {
        match tls_error(&error) {
            Some(source) => Ok(TlsError::Handshake {
                server,
                reason: words(source),
                source: source.clone(),
            }),
            None => Err(error),
        }
    }
}

/// What rustls said, if it was rustls that ended the stream.
pub(crate) fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// Node.js and others say no more than this to a client whose certificate they do not accept.
const IDENTITY: &str = "; perhaps it does not accept the client certificate";

fn ended(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::BrokenPipe => {
            "the server ended the connection during the handshake".into()
        }
        _ => error.to_string(),
    }
}

fn words(error: &rustls::Error) -> String {
    use rustls::Error;
    match error {
        Error::InvalidCertificate(error) => certificate_words(error),
        Error::AlertReceived(alert) => alert_words(*alert),
        Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            | PeerIncompatible::Tls12NotOfferedOrEnabled,
        ) => "the server speaks only versions of TLS that are not accepted".into(),
        Error::InvalidMessage(
            InvalidMessage::InvalidContentType
            | InvalidMessage::UnknownProtocolVersion
            | InvalidMessage::MessageTooLarge
            | InvalidMessage::InvalidEmptyPayload,
        ) => "the server does not answer with TLS; perhaps the port is one for ws, not wss".into(),
        other => other.to_string(),
    }
}

fn certificate_words(error: &CertificateError) -> String {
    use CertificateError::*;
    match error {
        ExpiredContext { not_after, .. } => {
            format!("the server's certificate has expired: it was valid until {}", date(*not_after))
        }
        Expired => "the server's certificate has expired".into(),
        NotValidYetContext { not_before, .. } => {
            format!("the server's certificate is not valid yet: it will be from {}", date(*not_before))
        }
        NotValidYet => "the server's certificate is not valid yet".into(),
        NotValidForNameContext { expected, presented } => {
            let expected = match expected {
                ServerName::DnsName(name) => name.as_ref().to_owned(),
                ServerName::IpAddress(ip) => std::net::IpAddr::from(*ip).to_string(),
                _ => "this host".into(),
            };
            format!("the server's certificate is {}, not for {expected}", names(presented))
        }
        NotValidForName => "the server's certificate is for another host".into(),
        UnknownIssuer => "the server's certificate was not issued by a trusted authority (unknown issuer), or the \
            server does not send the intermediate certificates that lead to one"
            .into(),
        Revoked => "the server's certificate has been revoked".into(),
        BadEncoding => "the server's certificate is damaged".into(),
        BadSignature => "a signature is wrong: the server's certificate was not made by the trusted authority that it \
            names, or the server does not have its key"
            .into(),
        UnsupportedSignatureAlgorithmContext { .. }
        | UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "the server's certificate, or one above it, is signed with an algorithm that is not \
             supported: RSA and ECDSA with SHA-2, and Ed25519 are"
                .into()
        }
        InvalidPurpose | InvalidPurposeContext { .. } => "the server's certificate is not meant for servers".into(),
        Other(other) => match other.0.downcast_ref::<Untrusted>() {
            Some(untrusted) => untrusted.to_string(),
            None => format!("the server's certificate cannot be accepted: {other}"),
        },
        other => format!("the server's certificate cannot be accepted: {other}"),
    }
}

/// The names of a certificate, as webpki prints them: `DnsName("a")`, `IpAddress(::1)`.
fn names(presented: &[String]) -> String {
    /// A certificate may have hundreds of names.
    const SHOWN: usize = 4;
    let names: Vec<String> = presented
        .iter()
        .take(SHOWN)
        .map(|name| {
            let inner = name
                .split_once('(')
                .and_then(|(_, rest)| rest.strip_suffix(')'))
                .unwrap_or(name);
            inner.trim_matches('"').escape_debug().to_string()
        })
        .collect();
    match (names.len(), presented.len().saturating_sub(SHOWN)) {
        (0, _) => "for nobody (it has no subjectAltName)".into(),
        (_, 0) => format!("for {}", names.join(", ")),
        (_, more) => format!("for {} and {more} more", names.join(", ")),
    }
}

fn alert_words(alert: AlertDescription) -> String {
    let words = match alert {
        AlertDescription::CertificateRequired => "the server requires a client certificate",
        AlertDescription::UnknownCA
        | AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::AccessDenied
        | AlertDescription::DecryptError => "the server does not accept the client certificate",
        AlertDescription::ProtocolVersion => {
            "the server speaks none of the accepted versions of TLS"
        }
        AlertDescription::HandshakeFailure => {
            "the server found nothing in common with us (its certificate may be of a kind that is not \
             supported, such as ECDSA on P-521), or it requires a client certificate"
        }
        AlertDescription::NoApplicationProtocol => {
            "the server does not speak HTTP/1.1, which WebSocket needs"
        }
        AlertDescription::UnrecognisedName => "the server does not know this host name",
        _ => "the server refused",
    };
    format!("{words} (alert {alert:?})")
}

fn date(time: UnixTime) -> String {
    /// The end of 9999, the last year that a certificate and this format can express.
    const END: u64 = 253_402_300_800;
    if time.as_secs() >= END {
        return "the end of time".into();
    }
    httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(time.as_secs()))
}
