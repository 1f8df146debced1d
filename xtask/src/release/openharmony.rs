//! The package for ohpm. The check `ohos`: arkws for OpenHarmony is built and checked; then that
//! package is made of it, and the one for Node.js runs.
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::arm64;
use crate::counts::Counts;
use crate::har;
use crate::ohos;
use crate::process::root;

/// Where the package for ohpm is put.
const FOLDER: &str = "target/har-of-checks";

/// Sees to it that there is what [`check`] builds and runs with.
pub(crate) fn prepare() -> Result<()> {
    arm64::prepare()?;
    ohos::prepare()
}

/// The check.
pub(crate) fn check(counts: &mut Counts) -> Result<()> {
    ohos::check(counts)?;
    pack_har(&root().join(FOLDER))?;
    counts.passed += 1;
    arm64::check_openharmony(counts)
}

/// Puts the package for ohpm into `folder`, with the libraries that `cargo xtask ohos` has built;
/// the file.
pub(super) fn pack_har(folder: &Path) -> Result<PathBuf> {
    let stage = tempfile::tempdir().context("cannot create a folder to pack from")?;
    let archive = har::make(stage.path(), true)?;
    fs::create_dir_all(folder)?;
    let file = folder.join(format!("arkws-{}.har", env!("CARGO_PKG_VERSION")));
    fs::copy(&archive, &file).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}
