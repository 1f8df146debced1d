//! The check of `rust-version`: what the project says is the oldest Rust that builds it, does.
//!
//! Where rustup has that toolchain, it builds the workspace. Where not, no dependency may ask for a
//! newer one; what we use of the standard library is then checked by the lints
//! (`clippy::incompatible_msrv`), what we use of the language by nothing.
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use toml_edit::DocumentMut;

use crate::counts::Counts;
use crate::process::{cargo, command, output, root, run};

/// The check.
pub(crate) fn check(counts: &mut Counts) -> Result<()> {
    let oldest = oldest()?;
    if let Some(toolchain) = installed(&oldest) {
        println!("{toolchain} builds the workspace:");
        let mut build = command("rustup");
        build
            .args(["run", &toolchain, "cargo", "check"])
            .args(["--locked", "--workspace", "--quiet"])
            // Beside what the usual toolchain has built.
            .args(["--target-dir", "target/rust-version"]);
        run(&mut build)?;
    } else {
        println!(
            "Rust {oldest} is not installed (`rustup toolchain install {oldest}`): only what the \
             dependencies ask for is looked at here, and what is used of the standard library by \
             the lints."
        );
    }
    let metadata = output(cargo().args(["metadata", "--locked", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&metadata).context("cargo metadata")?;
    let newer = newer(&metadata, &oldest)?;
    if !newer.is_empty() {
        bail!(
            "rust-version is {oldest}, but there is {}",
            newer.join(", ")
        );
    }
    counts.passed += 1;
    Ok(())
}

/// The workspace's `rust-version`.
fn oldest() -> Result<String> {
    let text = fs::read_to_string(root().join("Cargo.toml")).context("cannot read Cargo.toml")?;
    let manifest: DocumentMut = text.parse().context("Cargo.toml is not TOML")?;
    let version = manifest["workspace"]["package"]["rust-version"].as_str();
    Ok(version
        .context("Cargo.toml has no rust-version")?
        .to_owned())
}

/// The toolchain of this version, if rustup has one.
fn installed(version: &str) -> Option<String> {
    let list = Command::new("rustup").args(["toolchain", "list"]).output();
    find(&String::from_utf8_lossy(&list.ok()?.stdout), version)
}

/// Its name in rustup's list, in which `1.88` is `1.88-HOST`, or `1.88.0-HOST (default)`.
fn find(list: &str, version: &str) -> Option<String> {
    let names = list.lines().filter_map(|line| line.split(' ').next());
    let mut named = names.filter(|name| {
        let rest = name.strip_prefix(version);
        rest.is_some_and(|rest| rest.starts_with(['-', '.']))
    });
    named.next().map(str::to_owned)
}

/// The packages that ask for a newer Rust than the oldest.
fn newer(metadata: &Value, oldest: &str) -> Result<Vec<String>> {
    let oldest = numbers(oldest)?;
    let packages = metadata["packages"].as_array();
    let mut newer = Vec::new();
    for package in packages.context("cargo metadata names no packages")? {
        let Some(asked) = package["rust_version"].as_str() else {
            continue;
        };
        if numbers(asked)? > oldest {
            let name = package["name"].as_str().unwrap_or_default();
            newer.push(format!("{name}, which needs Rust {asked}"));
        }
    }
    Ok(newer)
}

/// `1.88` and `1.88.0` are the same.
fn numbers(version: &str) -> Result<[u64; 3]> {
    let mut numbers = [0; 3];
    for (number, part) in numbers.iter_mut().zip(version.split('.')) {
        *number = part
            .parse()
            .with_context(|| format!("{version} is no version of Rust"))?;
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_toolchain_is_found_by_its_version() {
        let list = "stable-x (default)\n1.8.0-x\n1.88.0-x (active)\n1.95-x\n";
        assert_eq!(find(list, "1.88").unwrap(), "1.88.0-x");
        assert_eq!(find(list, "1.95").unwrap(), "1.95-x");
        assert_eq!(find(list, "1.9"), None);
    }

    #[test]
    fn a_dependency_that_needs_a_newer_rust_is_named() {
        let metadata = json!({ "packages": [
            { "name": "same", "rust_version": "1.88.0" },
            { "name": "silent", "rust_version": null },
            { "name": "older", "rust_version": "1.9" },
            { "name": "newer", "rust_version": "1.88.1" },
        ]});
        assert_eq!(
            newer(&metadata, "1.88").unwrap(),
            ["newer, which needs Rust 1.88.1"]
        );
    }
}
