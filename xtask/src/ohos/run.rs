//! Runs Rust tests that are built for OpenHarmony: by musl's loader, or under qemu.
use anyhow::Result;

use super::build::Profile;
use super::ndk::Ndk;
use super::stand_in::StandIn;
use super::target::ALL;
use crate::counts::{Counts, count};

/// The tests: what each crate tests of its inside; and echoes over TLS, with a client and a server,
/// the network thread, and certificates from files. Those of 64 MiB take minutes under qemu.
const TESTS: &str = "--package arkws-proto --package arkws --package arkws-netstack --lib \
                     --test echo -- --skip sixty_four_mebibytes";

/// Runs them for all targets.
pub(super) fn tests(ndk: &Ndk, stand_in: &StandIn, counts: &mut Counts) -> Result<()> {
    let mut cargo = ndk.cargo("test", &ALL)?;
    Profile::Check.apply(&mut cargo);
    cargo
        .arg("--no-fail-fast")
        .args(TESTS.split_whitespace())
        .env("PROPTEST_CASES", "16");
    for target in &ALL {
        let runner = stand_in.runner(target).join(" ");
        cargo.env(target.cargo_variable("RUNNER"), runner);
    }
    count(&mut cargo, counts)
}
