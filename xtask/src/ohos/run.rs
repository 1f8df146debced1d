//! Runs Rust tests that are built for OpenHarmony: by musl's loader, or under qemu.
use anyhow::Result;

use super::build::{C_LIBRARY, PACKAGES, Profile};
use super::ndk::Ndk;
use super::stand_in::StandIn;
use super::target::ALL;
use crate::counts::{Counts, count};
use crate::packages::place::Place;

/// What takes minutes under qemu: the echo of 64 MiB, and a million addresses in a table.
const ARGUMENTS: [&str; 4] = ["--skip", "sixty_four_mebibytes", "--skip", "flood::tests"];

/// Runs them for all targets.
pub(super) fn tests(ndk: &Ndk, stand_in: &StandIn, counts: &mut Counts) -> Result<()> {
    let mut cargo = ndk.cargo("test", &ALL, &Place::own())?;
    Profile::Check.apply(&mut cargo);
    cargo
        .arg("--no-fail-fast")
        .args(PACKAGES)
        .arg("--")
        .args(ARGUMENTS)
        .env("ARKWS_CAPI_SONAME", C_LIBRARY)
        .env("PROPTEST_CASES", "16");
    for target in &ALL {
        let runner = stand_in.runner(target).join(" ");
        cargo.env(target.cargo_variable("RUNNER"), runner);
    }
    count(&mut cargo, counts)
}
