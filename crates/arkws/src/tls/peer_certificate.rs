//! The certificate that a peer has shown.
use std::fmt;
use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime};

use rustls_pki_types::UnixTime;

use super::certificate::Certificate;
use super::certificate_key::CertificateKey;

/// A certificate that the peer has shown: its own, which was verified unless this end verifies
/// none, or one that is to lead from there to an authority.
///
/// What it holds is `None` where it is damaged.
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
        self.read()?.common_name()
    }

    /// The common name of who has signed it; `None`: it has none. What is no UTF-8 becomes U+FFFD.
    pub fn issuer_common_name(&self) -> Option<String> {
        self.read()?.issuer_common_name()
    }

    /// Whether it says that its subject has signed it.
    pub fn is_self_issued(&self) -> bool {
        self.read().is_some_and(|read| read.issuer == read.subject)
    }

    /// The first and the last moment at which it is valid.
    pub fn validity(&self) -> Option<RangeInclusive<SystemTime>> {
        let read = self.read()?;
        Some(system_time(read.not_before)..=system_time(read.not_after))
    }

    /// The version of X.509: 3, and 1 for some old ones.
    pub fn version(&self) -> Option<u8> {
        Some(self.read()?.version)
    }

    /// Which key it is for.
    pub fn key(&self) -> Option<CertificateKey> {
        self.read()?.key()
    }

    fn read(&self) -> Option<Certificate<'_>> {
        Certificate::read(&self.0)
    }
}

impl fmt::Debug for PeerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PeerCertificate")
            .field(&self.common_name())
            .finish()
    }
}

fn system_time(time: UnixTime) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(time.as_secs())
}
