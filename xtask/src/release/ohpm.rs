//! The package for ohpm.
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::har;
use crate::packages::place::Place;

/// Puts it into `folder`, with the libraries that were built at a place; the file.
pub(super) fn pack(place: &Place, folder: &Path) -> Result<PathBuf> {
    let stage = tempfile::tempdir().context("cannot create a folder to pack from")?;
    let archive = har::make(stage.path(), Some(place))?;
    fs::create_dir_all(folder)?;
    let file = folder.join(format!("arkws-{}.har", env!("CARGO_PKG_VERSION")));
    fs::copy(&archive, &file).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}
