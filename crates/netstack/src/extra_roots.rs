//! Authorities that a program trusts besides the system's.
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use arkws::{Client, Roots, TlsConfig};
use tracing::warn;

/// A file of authorities, PEM, that is read when it is first needed, and once. One that cannot be
/// used is ignored, with a warning in the log. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ExtraRoots(Arc<File>);

#[derive(Debug)]
struct File {
    path: PathBuf,
    roots: OnceLock<Option<Roots>>,
}

impl ExtraRoots {
    /// Those of this file.
    pub fn new(path: PathBuf) -> ExtraRoots {
        let roots = OnceLock::new();
        ExtraRoots(Arc::new(File { path, roots }))
    }

    /// Blocks while it reads. `None`: the file cannot be used.
    pub(crate) fn read(&self) -> Option<Roots> {
        let File { path, roots } = &*self.0;
        let read = || {
            let roots = Roots::Pem(std::fs::read(path).map_err(|error| error.to_string())?);
            // What is in it shows when it is trusted alone.
            let tls = TlsConfig {
                roots: vec![roots.clone()],
                ..TlsConfig::default()
            };
            let checked = Client::builder().tls(tls).build();
            checked.map(|_| roots).map_err(|error| error.to_string())
        };
        let read = || match read() {
            Ok(roots) => Some(roots),
            Err(why) => {
                let path = path.display();
                warn!(target: "arkws", %path, why, "the file of extra authorities is ignored");
                None
            }
        };
        roots.get_or_init(read).clone()
    }
}
