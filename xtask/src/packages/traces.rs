//! Traces of the machine that something was built on: paths of its folders. Whoever builds the same
//! elsewhere would get other bytes, and users would read who has built it.
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// How much of a trace an error quotes.
const QUOTED: usize = 120;

/// Sees to it that a file has no path in it that is in one of these folders.
///
/// # Errors
/// It has, or it cannot be read.
pub(crate) fn has_none(file: &Path, folders: &[PathBuf]) -> Result<()> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    match find(&bytes, folders) {
        None => Ok(()),
        Some(trace) => bail!("{} names a folder of this machine: {trace}", file.display()),
    }
}

/// The first path in one of the folders.
pub(crate) fn find(bytes: &[u8], folders: &[PathBuf]) -> Option<String> {
    // `/` as a home is in each path.
    let beginnings: Vec<Vec<u8>> = folders
        .iter()
        .filter(|folder| folder.parent().is_some())
        .map(|folder| format!("{}/", folder.display()).into_bytes())
        .collect();
    let is_trace = |rest: &&[u8]| {
        beginnings
            .iter()
            .any(|beginning| rest.starts_with(beginning))
    };
    // Every path begins with this byte; looking there alone takes a second less of each library.
    let slashes = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    let mut rests = slashes.map(|(at, _)| &bytes[at..]);
    let rest = rests.find(is_trace)?;
    let quoted = rest.split(|byte| !byte.is_ascii_graphic()).next()?;
    let quoted = &quoted[..quoted.len().min(QUOTED)];
    Some(String::from_utf8_lossy(quoted).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_in_one_of_the_folders_is_found_and_no_other() {
        let folders = ["/home/ada", "/"].map(PathBuf::from);
        let find = |text: &str| find(text.as_bytes(), &folders);
        assert_eq!(
            find("\0/arkws/lib.rs\0/home/ada/arkws/lib.rs\0").as_deref(),
            Some("/home/ada/arkws/lib.rs")
        );
        assert_eq!(
            find("/home/adam/lib.rs /rustc/library/core/src/lib.rs"),
            None
        );
        let long = format!("/home/ada/{}", "x".repeat(200));
        assert_eq!(find(&long).map(|trace| trace.len()), Some(QUOTED));
    }
}
