//! zig, which has a C compiler and the C libraries of every Linux, and what has cargo build with
//! it.
use std::env;
use std::process::Command;

use anyhow::{Context, Result};

use crate::peers::Python;
use crate::process::command;

/// What is installed from PyPI.
const PACKAGES: &str = "xtask/src/packages/zig.txt";

/// Cargo that compiles C and links with zig.
///
/// # Errors
/// There is no Python 3, or PyPI cannot be reached.
pub(crate) fn cargo() -> Result<Command> {
    let python = installed()?;
    let mut path = vec![python.program("")];
    path.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    let mut cargo = command(python.program("cargo-zigbuild"));
    cargo.env("PATH", env::join_paths(path)?);
    Ok(cargo)
}

/// zig's C compiler for a target, as zig names it.
///
/// # Errors
/// As [`cargo`].
pub(crate) fn cc(target: &str) -> Result<Command> {
    let mut zig = command(installed()?.program("python"));
    zig.args(["-m", "ziglang", "cc", "-target", target]);
    Ok(zig)
}

fn installed() -> Result<Python> {
    Python::with("zig", PACKAGES).context("cannot install zig")
}
