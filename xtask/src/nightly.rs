//! The nightly toolchain, for what the compiler does not promise yet.
use std::process::Command;

use anyhow::{Context, Result};

use crate::process::{command, output, run};

/// As rustup calls it.
pub(crate) const NIGHTLY: &str = "nightly";

/// Cargo of the nightly toolchain.
pub(crate) fn cargo() -> Command {
    let mut command = command("rustup");
    command.args(["run", NIGHTLY, "cargo"]);
    command
}

/// Sees to it that there is a nightly toolchain with that component.
pub(crate) fn install(component: &str) -> Result<()> {
    let toolchains = output(command("rustup").args(["toolchain", "list"]))
        .context("rustup is needed for a nightly toolchain: https://rustup.rs")?;
    if !toolchains.lines().any(|line| line.starts_with(NIGHTLY)) {
        let install = ["toolchain", "install", NIGHTLY, "--profile", "minimal"];
        run(command("rustup").args(install))
            .context("there is no nightly toolchain, and none could be installed")?;
    }
    run(command("rustup").args(["component", "add", component, "--toolchain", NIGHTLY]))
        .with_context(|| format!("the nightly toolchain has no {component}"))
}
