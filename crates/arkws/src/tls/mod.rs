//! TLS: who we are, whom to trust, and the client's handshake.
// Servers do not ask for whom a certificate is.
#[cfg_attr(not(feature = "client"), allow(dead_code))]
mod certificate;
mod certificate_key;
#[cfg(feature = "client")]
mod client;
#[cfg_attr(not(feature = "client"), allow(dead_code))]
mod error;
mod identity;
mod key;
mod peer_certificate;
mod pem;
mod provider;
#[cfg(feature = "client")]
mod roots;
mod stream;
mod trusted;
mod untrusted;
mod verify;
mod words;

use rustls::CommonState;
#[cfg(feature = "client")]
use rustls::{SupportedProtocolVersion, version};

pub use certificate_key::CertificateKey;
#[cfg(feature = "client")]
pub(crate) use client::ClientTls;
#[cfg(feature = "client")]
pub use client::TlsConfig;
pub use error::TlsError;
pub(crate) use error::tls_error;
pub use identity::Identity;
pub use peer_certificate::PeerCertificate;
#[cfg(feature = "client")]
pub use roots::Roots;
pub(crate) use stream::Tls;

/// A version of TLS. Older ones are not spoken (RFC 8996).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    Tls12,
    /// TLS 1.3 (RFC 8446).
    Tls13,
}

impl TlsVersion {
    /// `"TLSv1.2"` or `"TLSv1.3"`, as OpenSSL and Node.js name them.
    pub const fn as_str(self) -> &'static str {
        match self {
            TlsVersion::Tls12 => "TLSv1.2",
            TlsVersion::Tls13 => "TLSv1.3",
        }
    }

    #[cfg(feature = "client")]
    fn and_later(self) -> &'static [&'static SupportedProtocolVersion] {
        static ALL: [&SupportedProtocolVersion; 2] = [&version::TLS12, &version::TLS13];
        match self {
            TlsVersion::Tls12 => &ALL,
            TlsVersion::Tls13 => &ALL[1..],
        }
    }
}

/// The version that a connection speaks.
pub(crate) fn version(connection: &CommonState) -> Option<TlsVersion> {
    match connection.protocol_version()? {
        rustls::ProtocolVersion::TLSv1_2 => Some(TlsVersion::Tls12),
        rustls::ProtocolVersion::TLSv1_3 => Some(TlsVersion::Tls13),
        _ => None,
    }
}
