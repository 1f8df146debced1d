//! The crates as cargo packages them for the registry.
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::counts::Counts;
use crate::packages::place::cargo_home;
use crate::process::{cargo, describe, output, root};

/// The check: each published crate is packaged without a warning. That what is packaged builds is
/// seen by `cargo xtask release`, and by the long check `reproducible`.
pub(crate) fn check(counts: &mut Counts) -> Result<()> {
    let names = published()?;
    package(&names, false)?;
    counts.passed += names.len() as u64;
    Ok(())
}

/// The crates of the workspace that may be published.
///
/// # Errors
/// Cargo cannot tell.
pub(crate) fn published() -> Result<Vec<String>> {
    let arguments = ["metadata", "--locked", "--no-deps", "--format-version", "1"];
    let metadata: Value = serde_json::from_str(&output(cargo().args(arguments))?)?;
    let packages = metadata["packages"].as_array();
    let packages = packages.context("cargo metadata has no packages")?;
    let published = packages
        .iter()
        .filter(|package| package["publish"].is_null());
    Ok(published
        .filter_map(|package| package["name"].as_str())
        .map(str::to_owned)
        .collect())
}

/// Packages crates into `target/package`, and builds what is packaged if that is to be verified.
///
/// # Errors
/// One cannot be packaged, or cargo warns.
pub(crate) fn package(names: &[String], is_verified: bool) -> Result<()> {
    let mut cargo = cargo();
    cargo.args(["package", "--locked", "--allow-dirty"]);
    if is_verified {
        forget_unpacked(names)?;
    } else {
        cargo.arg("--no-verify");
    }
    for name in names {
        cargo.args(["--package", name]);
    }
    let said = cargo
        .stdout(Stdio::inherit())
        .stderr(Stdio::piped())
        .output();
    let said = said.context("cannot start cargo")?;
    let words = String::from_utf8_lossy(&said.stderr);
    if !said.status.success() {
        bail!("`{}` failed:\n{words}", describe(&cargo));
    }
    let warnings: Vec<&str> = words.split("\n").filter(|line| is_warning(line)).collect();
    if !warnings.is_empty() {
        bail!("`{}` warns: {}", describe(&cargo), warnings.join("; "));
    }
    Ok(())
}

/// Has cargo unpack and build these packages anew, where it verifies others with them: it takes a
/// version for what never changes.
fn forget_unpacked(names: &[String]) -> Result<()> {
    // A registry in a folder has no host before the dash.
    let unpacked = folders(&cargo_home()?.join("registry/src"), |name| {
        name.starts_with('-')
    })
    .into_iter()
    .flat_map(|registry| {
        let version = env!("CARGO_PKG_VERSION");
        names
            .iter()
            .map(move |name| registry.join(format!("{name}-{version}")))
    })
    .filter(|folder| folder.exists());
    let built = folders(&root().join("target/debug/.fingerprint"), |folder| {
        let package = folder.rsplit_once('-').map(|(package, _)| package);
        names.iter().any(|name| Some(name.as_str()) == package)
    });
    for folder in unpacked.chain(built) {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}

/// The entries of a folder, if there is one, that have such names.
fn folders(parent: &Path, is_wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_str().is_some_and(&is_wanted))
        .map(|entry| entry.path())
        .collect()
}

fn is_warning(line: &str) -> bool {
    line.trim_start().starts_with("warning")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::process::root;

    #[test]
    fn each_published_crate_has_a_readme() {
        let names = published().unwrap();
        assert!(names.contains(&"arkws-proto".to_owned()));
        assert!(!names.contains(&"xtask".to_owned()));
        let folders = fs::read_dir(root().join("crates")).unwrap();
        let folders: Vec<_> = folders.map(|folder| folder.unwrap().path()).collect();
        for name in names {
            let named = format!("name = \"{name}\"");
            let folder = folders.iter().find(|folder| {
                let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
                manifest.lines().any(|line| line == named)
            });
            let readme = folder.unwrap().join("README.md");
            let text = fs::read_to_string(&readme).unwrap_or_default();
            assert!(text.starts_with("# "), "{}", readme.display());
        }
    }
}
