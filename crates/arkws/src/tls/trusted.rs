//! Certificates that a program trusts.
use rustls::RootCertStore;
use rustls_pki_types::{CertificateDer, UnixTime};

use crate::log;

use super::certificate::Certificate;
use super::error::TlsError;
use super::words::dates;

/// Those that were given, as authorities and as they are: a peer may show one of them itself.
#[derive(Debug)]
pub(super) struct Trusted {
    pub(super) authorities: RootCertStore,
    pub(super) given: Vec<CertificateDer<'static>>,
}

impl Trusted {
    pub(super) fn none() -> Trusted {
        Trusted {
            authorities: RootCertStore::empty(),
            given: Vec::new(),
        }
    }

    /// Old stores have certificates that nobody can use any more: one that can be used is enough.
    ///
    /// # Errors
    /// None can be used.
    pub(super) fn add(
        &mut self,
        certificates: Vec<CertificateDer<'static>>,
        place: impl FnOnce() -> String,
    ) -> Result<(), TlsError> {
        let (added, _ignored) = self
            .authorities
            .add_parsable_certificates(certificates.iter().cloned());
        if added == 0 {
            return Err(TlsError::NoCertificate { place: place() });
        }
        let now = UnixTime::now();
        for certificate in certificates.iter().filter_map(|der| Certificate::read(der)) {
            if let Err(error) = certificate.check_dates(now) {
                // The program has named it: that is a decision (RFC 5280, 6.1.1 d, has no dates in
                // it).
                let name = certificate.name();
                let why = dates(&error);
                log::warning!(
                    %name,
                    %why,
                    "a trusted certificate's dates do not fit: what it has signed is accepted all \
                     the same"
                );
            }
        }
        self.given.extend(certificates);
        Ok(())
    }
}
