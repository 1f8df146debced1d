//! The check `ohos`: arkws for OpenHarmony is built and checked; then a
//! release is made of it, with the package for ohpm in it, and the one for Node.js runs.
use anyhow::Result;

use super::arm64;
use crate::counts::Counts;
use crate::ohos;

/// Sees to it that there is what [`check`] builds and runs with.
pub(crate) fn prepare() -> Result<()> {
    arm64::prepare()?;
    ohos::prepare()
}

/// The check.
pub(crate) fn check(counts: &mut Counts) -> Result<()> {
    ohos::check(counts)?;
    super::make_openharmony()?;
    counts.passed += 1;
    arm64::check_openharmony(counts)
}
