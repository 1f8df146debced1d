//! Runs Rust tests that are built for OpenHarmony: by musl's loader, or under qemu.
use anyhow::Result;

use super::build::{C_LIBRARY, Profile};
use super::ndk::Ndk;
use super::stand_in::StandIn;
use super::target::ALL;
use crate::counts::{Counts, count};

/// What every build of a check, and its tests, ask cargo for, which makes what crates depend on of
/// the features that all of these ask for: with another list it would build most of it once more.
/// (It builds a little once more without the module, of which no test program can be linked.)
pub(super) const PACKAGES: [&str; 11] = [
    "--package",
    "arkws-proto",
    "--package",
    "arkws",
    "--package",
    "arkws-netstack",
    "--package",
    "arkws-capi",
    "--lib",
    // Over TLS, with a client and a server, the network thread, and certificates from files.
    "--test",
    "echo",
];

/// The echo of 64 MiB takes minutes under qemu.
const ARGUMENTS: [&str; 2] = ["--skip", "sixty_four_mebibytes"];

/// Runs them for all targets.
pub(super) fn tests(ndk: &Ndk, stand_in: &StandIn, counts: &mut Counts) -> Result<()> {
    let mut cargo = ndk.cargo("test", &ALL)?;
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
