//! An archive of a folder, which is always the same for the same files.
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::packages::notices::notices;
use crate::process::{command, root, run};

/// Adds the project's licences, and those of all that is linked into a crate for a target.
///
/// # Errors
/// A licence is missing, or cannot be written.
pub(super) fn add_licences(stage: &Path, package: &str, target: &str) -> Result<()> {
    for license in ["LICENSE-APACHE", "LICENSE-MIT"] {
        fs::copy(root().join(license), stage.join(license))?;
    }
    let linked = notices(&[package], &[target])?;
    fs::write(stage.join("THIRD-PARTY-NOTICES.txt"), linked).context("cannot write the notices")
}

/// Packs a folder into `to`, under the folder's name; the archive.
///
/// # Errors
/// tar fails.
pub(super) fn pack(stage: &Path, to: &Path) -> Result<PathBuf> {
    let name = stage.file_name().context("a folder has a name")?;
    let parent = stage.parent().context("a folder is in another")?;
    fs::create_dir_all(to)?;
    let file = to.join(format!("{}.tar.gz", name.display()));
    run(command("tar")
        .args([
            "--sort=name",
            "--mtime=@0",
            "--owner=0",
            "--group=0",
            "--numeric-owner",
        ])
        .args([
            "--mode=u=rwX,go=rX",
            "--use-compress-program=gzip -9n",
            "--create",
            "--file",
        ])
        .arg(&file)
        .arg("--directory")
        .arg(parent)
        .arg(name))?;
    Ok(file)
}
