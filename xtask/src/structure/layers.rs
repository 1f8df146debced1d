//! Which crate may use which.
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use toml_edit::{DocumentMut, Item};

/// Each crate of ours, and those of ours that it may use. Tests may use any.
const MAY_USE: &[(&str, &[&str])] = &[
    ("arkws-outq", &[]),
    ("arkws-proto", &[]),
    ("arkws", &["arkws-outq", "arkws-proto"]),
    ("arkws-netstack", &["arkws"]),
    ("arkws-node", &["arkws-netstack"]),
    ("arkws-capi", &["arkws-netstack"]),
    ("arkws-cli", &["arkws"]),
];

/// What a crate's manifest has that it may not have.
pub(super) fn faults(crate_: &Path) -> Result<Vec<String>> {
    let path = crate_.join("Cargo.toml");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let manifest: DocumentMut = text.parse().with_context(|| path.display().to_string())?;
    let name = manifest["package"]["name"].as_str().unwrap_or_default();
    let Some((_, allowed)) = MAY_USE.iter().find(|(layer, _)| *layer == name) else {
        return Ok(Vec::new());
    };
    // Those of all targets, and of some.
    let targets = manifest.get("target").and_then(Item::as_table_like);
    let of_targets = targets
        .into_iter()
        .flat_map(|targets| targets.iter())
        .filter_map(|(_, target)| target.get("dependencies"));
    let ours = manifest
        .get("dependencies")
        .into_iter()
        .chain(of_targets)
        .filter_map(Item::as_table_like)
        .flat_map(|table| table.iter())
        .map(|(dependency, _)| dependency)
        .filter(|dependency| MAY_USE.iter().any(|(layer, _)| layer == dependency));
    Ok(ours
        .filter(|dependency| !allowed.contains(dependency))
        .map(|dependency| format!("{name} uses {dependency}, which is not the layer below it"))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_of_one_target_alone_is_seen_too() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = "[package]\nname = \"arkws-netstack\"\n\n\
            [dependencies]\narkws.workspace = true\n\n\
            [target.'cfg(unix)'.dependencies]\narkws-outq.workspace = true\n";
        fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
        assert_eq!(
            faults(folder.path()).unwrap(),
            ["arkws-netstack uses arkws-outq, which is not the layer below it"]
        );
    }
}
