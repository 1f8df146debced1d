//! The long check of faults: something goes wrong at each byte of a session, and not at some alone.
use anyhow::Result;

use crate::counts::{Counts, count};
use crate::process::cargo;

/// Of the workspace, so that what the other tests were built with serves here, too.
pub(crate) fn check(counts: &mut Counts) -> Result<()> {
    let mut tests = cargo();
    tests
        .args(["test", "--locked", "--workspace", "--test", "faults"])
        .env("ARKWS_FAULTS_STRIDE", "1");
    count(&mut tests, counts)
}
