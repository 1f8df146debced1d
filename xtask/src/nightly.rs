//! The nightly toolchain, for what the compiler does not promise yet.
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process::{command, output, run};

/// As rustup calls it. No date is pinned: one that a machine has is as good as another, for checks
/// whose result is nothing but whether there are errors, and an old date cannot be had everywhere.
pub(crate) const NIGHTLY: &str = "nightly";

/// Cargo of the nightly toolchain.
pub(crate) fn cargo() -> Command {
    let mut command = command("rustup");
    command.args(["run", NIGHTLY, "cargo"]);
    command
}

/// The folder of the nightly toolchain's own sources: those of the standard library.
pub(crate) fn sources() -> Result<PathBuf> {
    let mut rustc = command("rustup");
    let sysroot = output(rustc.args(["run", NIGHTLY, "rustc", "--print", "sysroot"]))?;
    Ok(Path::new(sysroot.trim()).join("lib/rustlib/src/rust"))
}

/// There is no such toolchain here, or not all of it. A check that needs it is left out then, also
/// where nothing else may be: what a nightly toolchain has, and whether there is one, is decided
/// elsewhere, and no fault of a change.
#[derive(Debug)]
pub(crate) struct Missing(pub(crate) String);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Sees to it that there is a nightly toolchain with that component.
///
/// # Errors
/// [`Missing`].
pub(crate) fn install(component: &str) -> Result<()> {
    let toolchains = output(command("rustup").args(["toolchain", "list"])).context(Missing(
        "rustup is needed for a nightly toolchain: https://rustup.rs".to_owned(),
    ))?;
    if !toolchains.lines().any(|line| line.starts_with(NIGHTLY)) {
        let install = ["toolchain", "install", NIGHTLY, "--profile", "minimal"];
        run(command("rustup").args(install)).context(Missing(
            "there is no nightly toolchain, and none could be installed".to_owned(),
        ))?;
    }
    run(command("rustup").args(["component", "add", component, "--toolchain", NIGHTLY]))
        .with_context(|| Missing(format!("the nightly toolchain has no {component}")))
}
