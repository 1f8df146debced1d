//! What can be wrong with TLS, in words.
use std::io;
use std::path::PathBuf;

use super::words::{Peer, words};

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
    /// A server's handshake with a client: either end refused to go on.
    #[error("the TLS handshake failed: {reason}")]
    Client {
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
    /// What a server's handshake has ended with, as `tokio_rustls::TlsAcceptor::accept` gives it,
    /// in words about the client and its certificate. [`Server`](crate::Server) does this by
    /// itself.
    ///
    /// # Errors
    /// It is no error of TLS's: the connection has failed, and this is how.
    pub fn from_accept(error: io::Error) -> Result<TlsError, io::Error> {
        match tls_error(&error) {
            Some(source) => Ok(TlsError::Client {
                reason: words(source, Peer::Client),
                source: source.clone(),
            }),
            None => Err(error),
        }
    }

    /// Whether our own configuration is to blame, and not the server or the network.
    pub(crate) fn is_configuration(&self) -> bool {
        !matches!(
            self,
            TlsError::ServerName(_)
                | TlsError::Alpn { .. }
                | TlsError::Handshake { .. }
                | TlsError::Client { .. }
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
                reason: words(source, Peer::Server),
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
