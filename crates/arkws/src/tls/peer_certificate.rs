//! The certificate that a peer has shown.
use std::fmt;

use super::certificate::Certificate;

/// The certificate that the peer has shown, and that was verified, unless this end verifies none.
#[derive(Clone, PartialEq, Eq)]
pub struct PeerCertificate(Box<[u8]>);

impl PeerCertificate {
    pub(crate) fn new(der: &[u8]) -> PeerCertificate {
        PeerCertificate(der.into())
    }

    /// X.509 in DER.
    pub fn der(&self) -> &[u8] {
        &self.0
    }

    /// The common name of its subject; `None`: it has none. What is no UTF-8 becomes U+FFFD.
    pub fn common_name(&self) -> Option<String> {
        Certificate::read(&self.0)?.common_name()
    }
}

impl fmt::Debug for PeerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PeerCertificate")
            .field(&self.common_name())
            .finish()
    }
}
