//! The check `ohos`: arkws for OpenHarmony is built and checked; then the package for ohpm is made
//! of it, and that for Node.js runs.
use anyhow::Result;

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
    har::make(&root().join(FOLDER), true)?;
    counts.passed += 1;
    arm64::check_openharmony(counts)
}
