//! The kinds of keys that certificates are for.
use std::fmt;

/// The kind of a certificate's key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateKey {
    /// RSA.
    Rsa {
        /// The length of its modulus.
        bits: usize,
    },
    /// ECDSA on P-256.
    EcdsaP256,
    /// ECDSA on P-384.
    EcdsaP384,
    /// ECDSA on P-521.
    EcdsaP521,
    /// Ed25519.
    Ed25519,
    /// Another, or on another curve: its object identifier.
    Other(String),
}

impl fmt::Display for CertificateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CertificateKey::Rsa { bits } => return write!(f, "RSA {bits}"),
            CertificateKey::EcdsaP256 => "ECDSA P-256",
            CertificateKey::EcdsaP384 => "ECDSA P-384",
            CertificateKey::EcdsaP521 => "ECDSA P-521",
            CertificateKey::Ed25519 => "Ed25519",
            CertificateKey::Other(identifier) => identifier,
        })
    }
}
