//! Runs Rust tests that are built for OpenHarmony: by musl's loader, or under qemu.
use anyhow::Result;

use super::build::Profile;
use super::ndk::Ndk;
use super::stand_in::StandIn;
use super::target::ALL;
use crate::counts::{Counts, count};

/// Cargo's arguments, and the tests.
const TESTS: [&str; 2] = [
    "--package arkws-proto --package arkws --package arkws-netstack --lib",
    // An echo over TLS: client and server, the network thread, certificates from files.
    "--package arkws-netstack --test echo -- over_tls",
];

/// Runs them for all targets.
pub(super) fn tests(ndk: &Ndk, stand_in: &StandIn, counts: &mut Counts) -> Result<()> {
    let mut result = Ok(());
    for tests in TESTS {
        let mut cargo = ndk.cargo("test")?;
        Profile::Check.apply(&mut cargo);
        cargo.arg("--no-fail-fast").args(tests.split_whitespace());
        for target in &ALL {
            let runner = stand_in.runner(target).join(" ");
            cargo.env(target.cargo_variable("RUNNER"), runner);
        }
        result = result.and(count(&mut cargo, counts));
    }
    result
}
