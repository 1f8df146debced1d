//! The crates that are linked into something that is published.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use toml_edit::DocumentMut;

use crate::process::{cargo, output, root};

/// A crate whose code is in what was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LinkedCrate {
    pub(crate) name: String,
    pub(crate) version: String,
    /// An SPDX expression.
    pub(crate) license: String,
    pub(crate) authors: Vec<String>,
    /// Where its sources are.
    pub(crate) folder: PathBuf,
    /// The SHA-256 of what the registry has; [`None`]: it is one of ours.
    pub(crate) checksum: Option<String>,
    /// The names and versions of those that it uses, of the same list.
    pub(crate) uses: Vec<(String, String)>,
}

/// All that are linked into `packages` for any of these targets, without what runs while they are
/// built; by name and version.
///
/// # Errors
/// Cargo cannot tell, or `Cargo.lock` is not the one that goes with the manifests.
pub(crate) fn linked(packages: &[&str], targets: &[&str]) -> Result<Vec<LinkedCrate>> {
    let mut wanted = Vec::new();
    for package in packages {
        for target in targets {
            let arguments = ["--target", target, "--edges", "normal,no-proc-macro"];
            wanted.extend(tree(package, &arguments)?);
        }
    }
    described(wanted, &["normal"], &[])
}

/// All that a program may be built of that uses `package`, whatever its features and the target;
/// also what runs while it is built. By name and version.
///
/// # Errors
/// As [`linked`].
pub(crate) fn built_with(package: &str) -> Result<Vec<LinkedCrate>> {
    let features = "--all-features";
    let arguments = ["--target", "all", features, "--edges", "normal,build"];
    let kinds = ["normal", "build"];
    described(tree(package, &arguments)?, &kinds, &[features])
}

/// The names and versions of what `cargo tree` has. The features are those of the package alone;
/// `cargo metadata` has those of the whole workspace.
fn tree(package: &str, arguments: &[&str]) -> Result<Vec<(String, String)>> {
    let tree = output(
        cargo()
            .args(["tree", "--locked", "--package", package, "--prefix", "none"])
            .args(arguments),
    )?;
    Ok(tree.lines().filter_map(name_and_version).collect())
}

/// What cargo knows of these crates. `kinds`: of dependencies, as `cargo tree` calls them.
fn described(
    mut wanted: Vec<(String, String)>,
    kinds: &[&str],
    features: &[&str],
) -> Result<Vec<LinkedCrate>> {
    wanted.sort();
    wanted.dedup();
    let metadata = output(
        cargo()
            .args(["metadata", "--locked", "--format-version", "1"])
            .args(features),
    )?;
    let metadata: Value = serde_json::from_str(&metadata).context("cargo metadata")?;
    let packages = by_name(&metadata)?;
    let checksums = checksums()?;
    wanted
        .iter()
        .map(|key| {
            let package = packages.get(key);
            let package =
                package.with_context(|| format!("cargo metadata has no {} {}", key.0, key.1))?;
            let mut linked = read(package)?;
            linked.uses = uses(&package["id"], kinds, &metadata, &wanted);
            linked.checksum = checksums.get(key).cloned();
            Ok(linked)
        })
        .collect()
}

/// Of a line of `cargo tree`: `bytes v1.10.1 (*)`.
fn name_and_version(line: &str) -> Option<(String, String)> {
    let mut words = line.split(' ');
    let name = words.next()?;
    let version = words.next()?.strip_prefix('v')?;
    Some((name.to_owned(), version.to_owned()))
}

fn by_name(metadata: &Value) -> Result<BTreeMap<(String, String), &Value>> {
    let packages = metadata["packages"].as_array();
    let packages = packages.context("cargo metadata has no packages")?;
    let named = packages.iter().map(|package| {
        let text = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
        ((text("name"), text("version")), package)
    });
    Ok(named.collect())
}

fn read(package: &Value) -> Result<LinkedCrate> {
    let text = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
    let (name, version) = (text("name"), text("version"));
    let license = text("license");
    if license.is_empty() {
        bail!("{name} {version} says no licence");
    }
    let manifest = text("manifest_path");
    let folder = Path::new(&manifest)
        .parent()
        .context("a manifest has a folder")?;
    let authors = package["authors"].as_array().into_iter().flatten();
    let authors = authors.filter_map(Value::as_str).map(str::to_owned);
    Ok(LinkedCrate {
        uses: Vec::new(),
        // An older way of writing it.
        license: license.replace('/', " OR "),
        authors: authors.collect(),
        folder: folder.to_owned(),
        checksum: None,
        name,
        version,
    })
}

/// Which of the `wanted` a package uses, by dependencies of these kinds.
fn uses(
    id: &Value,
    kinds: &[&str],
    metadata: &Value,
    wanted: &[(String, String)],
) -> Vec<(String, String)> {
    let nodes = metadata["resolve"]["nodes"]
        .as_array()
        .into_iter()
        .flatten();
    let node = nodes.into_iter().find(|node| node["id"] == *id);
    let dependencies = node.and_then(|node| node["deps"].as_array());
    let dependencies: Vec<&Value> = dependencies
        .into_iter()
        .flatten()
        .filter(|dependency| {
            let mut of = dependency["dep_kinds"].as_array().into_iter().flatten();
            // A normal one has none.
            of.any(|of| kinds.contains(&of["kind"].as_str().unwrap_or("normal")))
        })
        .map(|dependency| &dependency["pkg"])
        .collect();
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let mut used: Vec<(String, String)> = packages
        .filter(|package| dependencies.contains(&&package["id"]))
        .map(|package| {
            let text = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
            (text("name"), text("version"))
        })
        .filter(|key| wanted.contains(key))
        .collect();
    used.sort();
    used
}

/// What `Cargo.lock` says of the crates of the registry.
fn checksums() -> Result<BTreeMap<(String, String), String>> {
    let text = std::fs::read_to_string(root().join("Cargo.lock")).context("Cargo.lock")?;
    let lock: DocumentMut = text.parse().context("Cargo.lock is not TOML")?;
    let packages = lock["package"].as_array_of_tables();
    let packages = packages.context("Cargo.lock has no packages")?;
    let entries = packages.iter().filter_map(|package| {
        let text = |key: &str| Some(package.get(key)?.as_str()?.to_owned());
        Some(((text("name")?, text("version")?), text("checksum")?))
    });
    Ok(entries.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_while_it_is_built_is_not_linked() {
        let crates = linked(&["arkws-node"], &["x86_64-unknown-linux-gnu"]).unwrap();
        let has = |name: &str| crates.iter().any(|one| one.name == name);
        assert!(has("arkws-proto") && has("rustls") && has("ring"));
        assert!(!has("syn") && !has("cc") && !has("napi-derive") && !has("windows-sys"));
        let ours = |one: &&LinkedCrate| one.name.starts_with("arkws");
        for one in &crates {
            assert_eq!(one.checksum.is_none(), ours(&one), "{}", one.name);
        }
        let netstack = crates.iter().find(|one| one.name == "arkws-netstack");
        let uses = &netstack.unwrap().uses;
        assert!(uses.iter().any(|(name, _)| name == "arkws"));
    }
    #[test]
    fn what_a_crate_is_built_with_is_that_of_all_features_but_not_of_its_tests() {
        let crates = built_with("arkws").unwrap();
        let find = |name: &str| crates.iter().find(|one| one.name == name);
        // Features that are off by default, another system, and a macro.
        for name in ["axum-core", "tower-service", "windows-sys", "syn"] {
            assert!(find(name).is_some(), "{name}");
        }
        assert!(find("tempfile").is_none());
        // Its tests use it directly.
        let arkws = find("arkws").unwrap();
        assert!(find("http-body").is_some());
        assert!(!arkws.uses.iter().any(|(name, _)| name == "http-body-util"));
    }
}
