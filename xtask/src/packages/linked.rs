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

/// All that are linked into `package` for a target, without what runs while it is built; by name
/// and version.
///
/// # Errors
/// Cargo cannot tell, or `Cargo.lock` is not the one that goes with the manifests.
pub(crate) fn linked(package: &str, target: &str) -> Result<Vec<LinkedCrate>> {
    // The features of the package alone; `cargo metadata` has those of the whole workspace.
    let tree = output(
        cargo()
            .args(["tree", "--locked", "--package", package, "--target", target])
            .args(["--edges", "normal,no-proc-macro", "--prefix", "none"]),
    )?;
    let mut wanted: Vec<(String, String)> = tree.lines().filter_map(name_and_version).collect();
    wanted.sort();
    wanted.dedup();
    let metadata = output(cargo().args(["metadata", "--locked", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&metadata).context("cargo metadata")?;
    let packages = by_name(&metadata)?;
    let checksums = checksums()?;
    wanted
        .iter()
        .map(|key| {
            let package = packages.get(key);
            let package =
                package.with_context(|| format!("cargo metadata has no {} {}", key.0, key.1))?;
            let mut linked = read(package, &metadata, &wanted)?;
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

fn read(package: &Value, metadata: &Value, wanted: &[(String, String)]) -> Result<LinkedCrate> {
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
        uses: uses(&package["id"], metadata, wanted),
        // An older way of writing it.
        license: license.replace('/', " OR "),
        authors: authors.collect(),
        folder: folder.to_owned(),
        checksum: None,
        name,
        version,
    })
}

/// Which of the `wanted` a package uses.
fn uses(id: &Value, metadata: &Value, wanted: &[(String, String)]) -> Vec<(String, String)> {
    let nodes = metadata["resolve"]["nodes"]
        .as_array()
        .into_iter()
        .flatten();
    let node = nodes.into_iter().find(|node| node["id"] == *id);
    let dependencies = node.and_then(|node| node["dependencies"].as_array());
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let mut used: Vec<(String, String)> = packages
        .filter(|package| dependencies.is_some_and(|all| all.contains(&package["id"])))
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
        let crates = linked("arkws-node", "x86_64-unknown-linux-gnu").unwrap();
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
}
