//! What is in what is published, for programs: a CycloneDX bill of materials.
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::build::{C_PACKAGE, NODE_PACKAGE};
use crate::packages::linked::{LinkedCrate, linked};
use crate::packages::platform::Platform;
use crate::peers::Python;
use crate::process::{command, run};

/// From PyPI, with CycloneDX's own schema.
const VALIDATOR: &str = "xtask/src/release/validator.txt";

/// The version of the format.
const FORMAT: &str = "1.6";

/// Reads files, and fails on the first that does not fit the schema.
const VALIDATE: &str = "
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
for name in sys.argv[1:]:
    with open(name, encoding='utf8') as file:
        wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(file.read())
    if wrong:
        sys.exit(f'{name}: {wrong}')
";

/// What a bill of materials is of.
pub(super) struct Subject {
    /// The crate that it is built of, and the target that it is built for.
    package: &'static str,
    target: &'static str,
    /// The beginning of the file's name.
    file: String,
    group: Option<&'static str>,
    name: &'static str,
    /// The package URL, but for the version.
    purl: String,
}

impl Subject {
    /// The npm package of a platform.
    pub(super) fn npm(platform: &Platform) -> Subject {
        Subject {
            package: NODE_PACKAGE,
            target: platform.target,
            file: format!("arkws-{}", platform.name),
            group: Some("@arkws"),
            name: platform.name,
            purl: format!("pkg:npm/%40arkws/{}", platform.name),
        }
    }

    /// The C library as an archive.
    pub(super) fn archive(target: &'static str) -> Subject {
        Subject {
            package: C_PACKAGE,
            target,
            file: format!("libnet_websocket-{target}"),
            group: None,
            name: "libnet_websocket",
            purl: "pkg:generic/libnet_websocket".to_owned(),
        }
    }
}

/// Writes the bill of materials of what is published into `folder`; the file.
///
/// # Errors
/// Cargo cannot tell what is linked, or the file cannot be written.
pub(super) fn write(subject: &Subject, folder: &Path) -> Result<PathBuf> {
    let package = subject.package;
    let crates = linked(package, subject.target)?;
    let own = crates.iter().find(|one| one.name == package);
    let own = own.with_context(|| format!("{package} is not linked with itself"))?;
    let file = folder.join(format!("{}-{}.cdx.json", subject.file, own.version));
    let text = serde_json::to_string_pretty(&document(subject, own, &crates))?;
    fs::write(&file, text + "\n").with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}

/// Without a time and a random number: the same crates make the same file.
fn document(subject: &Subject, own: &LinkedCrate, crates: &[LinkedCrate]) -> Value {
    let mut described = json!({
        "type": "library",
        "bom-ref": reference(own),
        "name": subject.name,
        "version": own.version,
        "licenses": [{ "expression": own.license }],
        "purl": format!("{}@{}", subject.purl, own.version),
    });
    if let Some(group) = subject.group {
        described["group"] = json!(group);
    }
    let others = crates.iter().filter(|one| *one != own);
    let dependencies: Vec<Value> = crates
        .iter()
        .map(|one| {
            let uses = one.uses.iter().map(|(name, version)| purl(name, version));
            json!({ "ref": reference(one), "dependsOn": uses.collect::<Vec<_>>() })
        })
        .collect();
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": FORMAT,
        "version": 1,
        "metadata": { "component": described },
        "components": others.map(component).collect::<Vec<_>>(),
        "dependencies": dependencies,
    })
}

fn component(one: &LinkedCrate) -> Value {
    let mut component = json!({
        "type": "library",
        "bom-ref": reference(one),
        "name": one.name,
        "version": one.version,
        "licenses": [{ "expression": one.license }],
        "purl": reference(one),
    });
    if let Some(checksum) = &one.checksum {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
    }
    component
}

fn reference(one: &LinkedCrate) -> String {
    purl(&one.name, &one.version)
}

fn purl(name: &str, version: &str) -> String {
    format!("pkg:cargo/{name}@{}", version.replace('+', "%2B"))
}

/// Checks files against CycloneDX's schema.
///
/// # Errors
/// One does not fit, or the validator cannot be installed.
pub(super) fn validate(files: &[PathBuf]) -> Result<()> {
    let python = Python::with("sbom", VALIDATOR)?;
    run(command(python.program("python"))
        .args(["-c", VALIDATE])
        .args(files))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_used_is_a_component_of_its_own() {
        let module = Subject::npm(Platform::named("linux-x64-gnu").unwrap());
        for subject in [module, Subject::archive("x86_64-unknown-linux-musl")] {
            assert_references(&subject);
        }
    }

    fn assert_references(subject: &Subject) {
        let folder = tempfile::tempdir().unwrap();
        let file = write(subject, folder.path()).unwrap();
        let document: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        let references = |list: &Value, key: &str| {
            let list = list.as_array().unwrap().iter();
            let mut names: Vec<String> = list
                .map(|one| one[key].as_str().unwrap().to_owned())
                .collect();
            names.sort();
            names
        };
        let mut components = references(&document["components"], "bom-ref");
        components.push(
            document["metadata"]["component"]["bom-ref"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
        components.sort();
        assert!(components.len() > 80);
        assert_eq!(components, references(&document["dependencies"], "ref"));
        for one in document["dependencies"].as_array().unwrap() {
            for used in one["dependsOn"].as_array().unwrap() {
                assert!(
                    components.contains(&used.as_str().unwrap().to_owned()),
                    "{used}"
                );
            }
        }
    }
}
