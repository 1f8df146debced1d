//! What is in what is published, for programs: a CycloneDX bill of materials.
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::cli;
use crate::build::{C_PACKAGE, NODE_PACKAGE};
use crate::har;
use crate::ohos;
use crate::packages::linked::{LinkedCrate, built_with, linked};
use crate::packages::platform::{PLATFORMS, Platform};
use crate::peers::Python;
use crate::process::{command, root, run};

/// Of all that is published.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The project's own, which xtask is under, too.
const LICENSE: &str = env!("CARGO_PKG_LICENSE");

/// npm's scope of the packages of platforms.
const SCOPE: &str = "@arkws";

/// Which esbuild is installed for the tests.
const NPM_LOCK: &str = "npm/package-lock.json";

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

/// What a bill of materials is of: a file that is published.
pub(super) struct Subject {
    group: Option<&'static str>,
    name: String,
    /// The package URL, but for the version.
    purl: String,
    content: Content,
}

/// What is in it.
enum Content {
    /// Crates, with all that is linked into them for some targets.
    Linked {
        packages: Vec<&'static str>,
        targets: Vec<&'static str>,
    },
    /// The sources of a crate, which is built with others.
    Sources,
    /// JavaScript of ours, for which npm installs others.
    JavaScript,
}

impl Subject {
    /// The npm package of a platform.
    pub(super) fn platform(platform: &Platform) -> Subject {
        Subject {
            group: Some(SCOPE),
            name: platform.name.to_owned(),
            purl: purl_of_platform(platform),
            content: Content::Linked {
                packages: vec![NODE_PACKAGE],
                targets: vec![platform.target],
            },
        }
    }

    /// The npm package that programs ask for.
    pub(super) fn arkws() -> Subject {
        Subject {
            group: None,
            name: "arkws".to_owned(),
            purl: "pkg:npm/arkws".to_owned(),
            content: Content::JavaScript,
        }
    }

    /// The C library as an archive.
    pub(super) fn archive(target: &'static str) -> Subject {
        Subject {
            group: None,
            name: "libnet_websocket".to_owned(),
            purl: "pkg:generic/libnet_websocket".to_owned(),
            content: Content::Linked {
                packages: vec![C_PACKAGE],
                targets: vec![target],
            },
        }
    }

    /// The command, for a target.
    pub(super) fn cli(target: &'static str) -> Subject {
        Subject {
            group: None,
            name: "arkws".to_owned(),
            purl: format!("pkg:generic/arkws-{target}"),
            content: Content::Linked {
                packages: vec![cli::PACKAGE],
                targets: vec![target],
            },
        }
    }

    /// The package for ohpm, which has libraries for some targets.
    pub(super) fn har() -> Subject {
        Subject {
            group: None,
            name: "arkws".to_owned(),
            // There is no type for ohpm.
            purl: "pkg:generic/arkws".to_owned(),
            content: Content::Linked {
                packages: har::PACKAGES.to_vec(),
                targets: ohos::triples().to_vec(),
            },
        }
    }

    /// A crate as cargo packages it.
    pub(super) fn sources(name: &str) -> Subject {
        Subject {
            group: None,
            name: name.to_owned(),
            purl: format!("pkg:cargo/{name}"),
            content: Content::Sources,
        }
    }

    fn reference(&self) -> String {
        format!("{}@{VERSION}", self.purl)
    }

    /// What it consists of, or asks for.
    fn parts(&self) -> Result<Parts> {
        match &self.content {
            Content::Linked { packages, targets } => {
                let crates = linked(packages, targets)?;
                let own = crates
                    .iter()
                    .filter(|one| packages.contains(&one.name.as_str()));
                let own = own.map(reference).collect();
                let mut parts = Parts::of(&crates);
                parts.uses.insert(0, (self.reference(), own));
                Ok(parts)
            }
            Content::Sources => Ok(Parts::of(&built_with(&self.name)?)),
            Content::JavaScript => self.installed(),
        }
    }

    /// What npm installs beside the package, none of which it needs to load.
    fn installed(&self) -> Result<Parts> {
        let esbuild = Esbuild::read()?;
        let mut components = vec![json!({
            "type": "library",
            "bom-ref": esbuild.purl(),
            "name": "esbuild",
            "version": esbuild.version,
            "scope": "optional",
            "licenses": [{ "expression": esbuild.license }],
            "purl": esbuild.purl(),
        })];
        components.extend(PLATFORMS.iter().map(|platform| {
            let reference = format!("{}@{VERSION}", purl_of_platform(platform));
            json!({
                "type": "library",
                "bom-ref": reference,
                "group": SCOPE,
                "name": platform.name,
                "version": VERSION,
                "scope": "optional",
                "licenses": [{ "expression": LICENSE }],
                "purl": reference,
            })
        }));
        let references: Vec<String> = components.iter().map(bom_ref).collect();
        let others = references.iter().map(|one| (one.clone(), Vec::new()));
        let uses = [(self.reference(), references.clone())].into_iter();
        Ok(Parts {
            uses: uses.chain(others).collect(),
            components,
        })
    }
}

/// Components, and which use which.
struct Parts {
    components: Vec<Value>,
    uses: Vec<(String, Vec<String>)>,
}

impl Parts {
    fn of(crates: &[LinkedCrate]) -> Parts {
        let uses = crates.iter().map(|one| {
            let used = one.uses.iter().map(|(name, version)| purl(name, version));
            (reference(one), used.collect())
        });
        Parts {
            components: crates.iter().map(component).collect(),
            uses: uses.collect(),
        }
    }
}

/// The esbuild that arkws is tested with.
struct Esbuild {
    version: String,
    license: String,
}

impl Esbuild {
    fn read() -> Result<Esbuild> {
        let text = fs::read_to_string(root().join(NPM_LOCK)).context(NPM_LOCK)?;
        let lock: Value = serde_json::from_str(&text).context(NPM_LOCK)?;
        let esbuild = &lock["packages"]["node_modules/esbuild"];
        let text = |key: &str| {
            let text = esbuild[key].as_str();
            let text = text.with_context(|| format!("{NPM_LOCK} has no {key} of esbuild"))?;
            Ok::<_, anyhow::Error>(text.to_owned())
        };
        Ok(Esbuild {
            version: text("version")?,
            license: text("license")?,
        })
    }

    fn purl(&self) -> String {
        format!("pkg:npm/esbuild@{}", self.version)
    }
}

/// Writes the bill of materials of a file that is published into `folder`, under the name of that
/// file; where it is.
///
/// # Errors
/// Cargo cannot tell what is linked, or the bill cannot be written.
pub(super) fn write(subject: &Subject, published: &Path, folder: &Path) -> Result<PathBuf> {
    let bill = folder.join(name_for(published)?);
    let text = serde_json::to_string_pretty(&document(subject, subject.parts()?))?;
    fs::write(&bill, text + "\n").with_context(|| format!("cannot write {}", bill.display()))?;
    Ok(bill)
}

/// The name of a file's bill of materials.
fn name_for(published: &Path) -> Result<String> {
    let name = published.file_name().context("a file has a name")?;
    Ok(format!("{}.cdx.json", name.display()))
}

/// Sees to it that each of these files has its bill of materials in `folder`.
///
/// # Errors
/// One has none.
pub(super) fn is_of_each(published: &[PathBuf], folder: &Path) -> Result<()> {
    let mut lacking = Vec::new();
    for file in published {
        if !folder.join(name_for(file)?).is_file() {
            lacking.push(file.display().to_string());
        }
    }
    if !lacking.is_empty() {
        bail!("there is no bill of materials of {}", lacking.join(", of "));
    }
    Ok(())
}

/// Without a time and a random number: the same crates make the same file.
fn document(subject: &Subject, parts: Parts) -> Value {
    let own = subject.reference();
    let mut described = json!({
        "type": "library",
        "bom-ref": own,
        "name": subject.name,
        "version": VERSION,
        "licenses": [{ "expression": LICENSE }],
        "purl": own,
    });
    if let Some(group) = subject.group {
        described["group"] = json!(group);
    }
    let components = parts.components.into_iter();
    let components = components.filter(|component| bom_ref(component) != own);
    let dependencies = parts.uses.into_iter();
    let dependencies = dependencies.map(|(user, used)| json!({ "ref": user, "dependsOn": used }));
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": FORMAT,
        "version": 1,
        "metadata": { "component": described },
        "components": components.collect::<Vec<_>>(),
        "dependencies": dependencies.collect::<Vec<_>>(),
    })
}

fn bom_ref(component: &Value) -> String {
    component["bom-ref"].as_str().unwrap_or_default().to_owned()
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

fn purl_of_platform(platform: &Platform) -> String {
    format!("pkg:npm/%40arkws/{}", platform.name)
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

    /// What the bill of a subject says.
    fn bill(subject: &Subject) -> Value {
        let folder = tempfile::tempdir().unwrap();
        let file = write(subject, Path::new("it.tgz"), folder.path()).unwrap();
        assert!(file.ends_with("it.tgz.cdx.json"));
        serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
    }

    fn texts(list: &Value, key: &str) -> Vec<String> {
        let list = list.as_array().unwrap().iter();
        list.map(|one| one[key].as_str().unwrap().to_owned())
            .collect()
    }

    fn sorted(mut names: Vec<String>) -> Vec<String> {
        names.sort();
        names
    }

    #[test]
    fn whatever_is_used_is_a_component_and_each_component_is_used() {
        let module = Subject::platform(Platform::named("linux-x64-gnu").unwrap());
        for (subject, at_least) in [
            (module, 80),
            (Subject::har(), 80),
            (Subject::sources("arkws"), 80),
            (Subject::arkws(), PLATFORMS.len() + 1),
        ] {
            let document = bill(&subject);
            let own = bom_ref(&document["metadata"]["component"]);
            let mut components = texts(&document["components"], "bom-ref");
            assert!(components.len() >= at_least, "{own}: {components:?}");
            let mut used = vec![own.clone()];
            for one in document["dependencies"].as_array().unwrap() {
                let names = one["dependsOn"].as_array().unwrap().iter();
                used.extend(names.map(|name| name.as_str().unwrap().to_owned()));
            }
            used.sort();
            used.dedup();
            components.push(own);
            let components = sorted(components);
            assert_eq!(components, used);
            assert_eq!(components, sorted(texts(&document["dependencies"], "ref")));
        }
    }

    #[test]
    fn the_package_for_ohpm_has_both_libraries_for_both_processors() {
        let har = bill(&Subject::har());
        let names = texts(&har["components"], "name");
        for name in ["arkws-node", "arkws-capi", "napi"] {
            assert!(names.iter().any(|one| one == name), "{name}");
        }
        for target in ohos::triples() {
            for one in linked(&har::PACKAGES, &[target]).unwrap() {
                assert!(names.contains(&one.name), "{} for {target}", one.name);
            }
        }
    }

    #[test]
    fn a_file_without_its_bill_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("arkws-0.1.0.har.cdx.json"), "{}").unwrap();
        let har = PathBuf::from("ohpm/arkws-0.1.0.har");
        is_of_each(std::slice::from_ref(&har), folder.path()).unwrap();
        let other = PathBuf::from("crates/arkws-0.1.0.crate");
        let error = is_of_each(&[har, other], folder.path()).unwrap_err();
        let said = error.to_string();
        assert!(said.ends_with("of crates/arkws-0.1.0.crate"), "{said}");
    }
}
