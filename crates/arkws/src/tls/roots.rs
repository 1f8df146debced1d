//! Whom to trust.
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;

use crate::log::Span;

use super::certificate::certificates;
use super::error::TlsError;
use super::trusted::Trusted;

/// Trusted certificates.
///
/// What they have signed is accepted even if they have expired: the program has named them. Of
/// those that it has given itself a warning in the log tells so. They may be of X.509 version 1.
///
/// A server's own certificate may be one of those in [`Path`](Self::Path), [`Pem`](Self::Pem) or
/// [`Der`](Self::Der); it has to be valid now. Of version 1 it is accepted only so. It is then for
/// the host that its subject's common name says.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Roots {
    /// Those of the operating system; on Unix also of the environment's `SSL_CERT_FILE` and
    /// `SSL_CERT_DIR`. Read once per process. Needs the feature `native-roots`.
    System,
    /// Those of Mozilla, which are built into the program (the crate `webpki-roots`).
    #[cfg(feature = "webpki-roots")]
    WebPki,
    /// A PEM file with one or more certificates, or a directory of such files.
    Path(PathBuf),
    /// PEM with one or more certificates.
    Pem(Vec<u8>),
    /// Certificates in DER.
    Der(Vec<CertificateDer<'static>>),
    /// A store of rustls's. One of its certificates that is an authority's is not accepted as a
    /// server's own, as it is where the whole certificate is given.
    Store(Arc<RootCertStore>),
}

impl PartialEq for Roots {
    fn eq(&self, other: &Roots) -> bool {
        match (self, other) {
            (Roots::System, Roots::System) => true,
            #[cfg(feature = "webpki-roots")]
            (Roots::WebPki, Roots::WebPki) => true,
            (Roots::Path(one), Roots::Path(other)) => one == other,
            (Roots::Pem(one), Roots::Pem(other)) => one == other,
            (Roots::Der(one), Roots::Der(other)) => one == other,
            (Roots::Store(one), Roots::Store(other)) => {
                Arc::ptr_eq(one, other) || one.roots == other.roots
            }
            _ => false,
        }
    }
}

impl Eq for Roots {}

/// The system's; without the feature `native-roots`, and with `webpki-roots`, those of Mozilla.
impl Default for Roots {
    fn default() -> Roots {
        #[cfg(all(feature = "webpki-roots", not(feature = "native-roots")))]
        let roots = Roots::WebPki;
        #[cfg(not(all(feature = "webpki-roots", not(feature = "native-roots"))))]
        let roots = Roots::System;
        roots
    }
}

/// Certificates that have been read, and whether the system's belong to them.
#[derive(Debug)]
pub(super) struct Trust {
    trusted: Trusted,
    system: bool,
}

impl Trust {
    /// Reads all that is not the system's.
    pub(super) fn load(roots: &[Roots]) -> Result<Trust, TlsError> {
        let mut trust = Trust {
            trusted: Trusted::none(),
            system: false,
        };
        let Trust { trusted, system } = &mut trust;
        for roots in roots {
            match roots {
                Roots::System => *system = true,
                #[cfg(feature = "webpki-roots")]
                Roots::WebPki => {
                    let mozilla = webpki_roots::TLS_SERVER_ROOTS.iter().cloned();
                    trusted.authorities.extend(mozilla);
                }
                Roots::Path(path) => {
                    trusted.add(path_certificates(path)?, || path.display().to_string())?;
                }
                Roots::Pem(pem) => {
                    let place = "the PEM with trusted certificates";
                    trusted.add(certificates(pem, place)?, || place.to_owned())?;
                }
                Roots::Der(certificates) => {
                    let place = "the list of trusted certificates in DER".to_owned();
                    let added = trusted.add(certificates.clone(), || place.clone());
                    added.map_err(|_none| TlsError::Pem {
                        reason: "none of them can be used".to_owned(),
                        place,
                    })?;
                }
                Roots::Store(store) => {
                    trusted.authorities.roots.extend_from_slice(&store.roots);
                }
            }
        }
        Ok(trust)
    }

    /// Those that were given explicitly: a server may use one of them itself.
    pub(super) fn given(&self) -> &[CertificateDer<'static>] {
        &self.trusted.given
    }

    /// All of them.
    ///
    /// # Errors
    /// The system's are wanted, and there are none.
    pub(super) async fn roots(&self) -> Result<Arc<RootCertStore>, TlsError> {
        if !self.system {
            return Ok(Arc::new(self.trusted.authorities.clone()));
        }
        let system = system().await?;
        if self.trusted.authorities.is_empty() {
            return Ok(system);
        }
        let mut all = self.trusted.authorities.clone();
        all.roots.extend_from_slice(&system.roots);
        Ok(Arc::new(all))
    }
}

/// Hundreds of files on some systems: read once, and not on a thread that drives connections.
async fn system() -> Result<Arc<RootCertStore>, TlsError> {
    static SYSTEM: OnceCell<Arc<RootCertStore>> = OnceCell::const_new();
    let load = || async {
        let span = Span::current();
        spawn_blocking(move || span.in_scope(load_system))
            .await
            .unwrap_or_else(|error| Err(TlsError::SystemRoots(error.to_string())))
    };
    SYSTEM.get_or_try_init(load).await.cloned()
}

#[cfg(not(feature = "native-roots"))]
fn load_system() -> Result<Arc<RootCertStore>, TlsError> {
    let reason = "to read them needs arkws's feature `native-roots`";
    Err(TlsError::SystemRoots(reason.to_owned()))
}

#[cfg(feature = "native-roots")]
fn load_system() -> Result<Arc<RootCertStore>, TlsError> {
    let found = rustls_native_certs::load_native_certs();
    let mut store = RootCertStore::empty();
    let (added, ignored) = store.add_parsable_certificates(found.certs);
    crate::log::debug!(
        added,
        ignored,
        errors = found.errors.len(),
        "read the system's trusted certificates"
    );
    if added == 0 {
        let reason = match found.errors.first() {
            Some(error) => error.to_string(),
            None => "install them (Debian: ca-certificates), or name a CA file".into(),
        };
        return Err(TlsError::SystemRoots(reason));
    }
    Ok(Arc::new(store))
}

fn path_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| TlsError::Read { path, source }
    };
    if !fs::metadata(path).map_err(failed(path))?.is_dir() {
        return certificates(
            &fs::read(path).map_err(failed(path))?,
            &path.display().to_string(),
        );
    }
    let mut all = Vec::new();
    for entry in fs::read_dir(path).map_err(failed(path))? {
        let file = entry.map_err(failed(path))?.path();
        // Links are followed: hashed directories (`openssl rehash`) consist of them.
        if fs::metadata(&file).is_ok_and(|metadata| metadata.is_file()) {
            let pem = fs::read(&file).map_err(failed(&file))?;
            all.extend(certificates(&pem, &file.display().to_string())?);
        }
    }
    // They make the same file appear twice.
    all.sort_by(|one, other| one.as_ref().cmp(other.as_ref()));
    all.dedup();
    Ok(all)
}
