//! zig, which has a C compiler and the C libraries of every Linux, and what has cargo build with
//! it.
use std::env;
use std::process::Command;

use anyhow::{Context, Result};

use crate::peers::Python;

/// What is installed from PyPI.
const PACKAGES: &str = "xtask/src/packages/zig.txt";

/// Has a cargo find `cargo zigbuild`, and that find zig.
///
/// # Errors
/// There is no Python 3, or PyPI cannot be reached.
pub(super) fn prepare(cargo: &mut Command) -> Result<()> {
    let python = Python::with("zig", PACKAGES).context("cannot install zig")?;
    let mut path = vec![python.program("")];
    path.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    cargo.env("PATH", env::join_paths(path)?);
    Ok(())
}
