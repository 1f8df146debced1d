//! The folders that npm packs: `arkws`, which has the JavaScript, and for each platform one with
//! the native module. npm installs the one whose `os`, `cpu` and `libc` fit.
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::notices::notices;
use super::platform::{PLATFORMS, Platform};
use crate::build::{NODE_PACKAGE, Profile};
use crate::peers::npm;
use crate::process::{command, output, root, run};

/// What looks at a package before npm packs it.
const GUARD: &str = "prepack.mjs";

/// The licences of what the module is linked with.
const NOTICES: &str = "THIRD-PARTY-NOTICES.txt";

/// The project's own.
const LICENSES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

/// Makes the folder of a platform's package, below `stage`.
pub(super) fn stage_platform(platform: &Platform, module: &Path, stage: &Path) -> Result<PathBuf> {
    let folder = stage.join(platform.name);
    fs::create_dir_all(&folder)?;
    let file = platform.file();
    copy(module, &folder.join(&file))?;
    for name in LICENSES {
        copy(&root().join("npm").join(name), &folder.join(name))?;
    }
    copy(&root().join("npm").join(GUARD), &folder.join(GUARD))?;
    fs::write(
        folder.join(NOTICES),
        notices(&[NODE_PACKAGE], &[platform.target])?,
    )?;
    let arkws = manifest(&root().join("npm"))?;
    fs::write(
        folder.join("README.md"),
        format!(
            "# @arkws/{0}\n\nThe native module of [arkws](https://www.npmjs.com/package/arkws) \
             for {0} (`{1}`). npm installs it with `arkws`; no program asks for it by name.\n",
            platform.name, platform.target
        ),
    )?;
    let mut manifest = json!({
        "name": format!("@arkws/{}", platform.name),
        "version": arkws["version"],
        "description": format!("The native module of arkws for {}", platform.name),
        "license": arkws["license"],
        "main": file,
        "files": [file, "LICENSE-*", NOTICES],
        "os": [platform.os],
        "cpu": [platform.cpu],
        "engines": arkws["engines"],
        "publishConfig": { "access": "public" },
        "scripts": { "prepack": format!("node {GUARD}") },
    });
    if let Some(libc) = platform.libc {
        manifest["libc"] = json!([libc]);
    }
    write_manifest(&folder, &serde_json::to_string_pretty(&manifest)?)?;
    Ok(folder)
}

/// Makes the folder of `arkws`, below `stage`: what npm would pack of `npm/`, and the packages of
/// all platforms as optional dependencies of the very version. All, whatever was built: a release
/// gathers modules from several machines, each of which makes the same `arkws`.
pub(super) fn stage_arkws(stage: &Path) -> Result<PathBuf> {
    // npm itself knows which files belong to the package.
    let whole = pack(&root().join("npm"), stage, Profile::Dev)?;
    run(command("tar").arg("-xzf").arg(&whole).arg("-C").arg(stage))?;
    let folder = stage.join("package");
    copy(&root().join("npm").join(GUARD), &folder.join(GUARD))?;
    let text = fs::read_to_string(folder.join("package.json"))?;
    write_manifest(&folder, &with_platforms(&text)?)?;
    Ok(folder)
}

/// The manifest of `npm/`, with the packages of the platforms.
fn with_platforms(manifest: &str) -> Result<String> {
    let version = serde_json::from_str::<Value>(manifest)?["version"].clone();
    // As text: the order of the conditions in `exports` has a meaning.
    let (before, after) = manifest
        .split_once("\"optionalDependencies\": {\n")
        .context("npm/package.json has no optionalDependencies")?;
    let added: String = PLATFORMS
        .iter()
        .map(|platform| format!("    \"@arkws/{}\": {version},\n", platform.name))
        .collect();
    let text = format!("{before}\"optionalDependencies\": {{\n{added}{after}");
    serde_json::from_str::<Value>(&text).context("the manifest that arkws would have")?;
    Ok(text)
}

/// Has npm pack a folder; the tarball, which is in `to`. A module that was built for development is
/// packed for tests alone, so that its folder's guard is not asked.
pub(super) fn pack(folder: &Path, to: &Path, profile: Profile) -> Result<PathBuf> {
    let mut npm = npm();
    npm.current_dir(folder)
        .args(["pack", "--json", "--loglevel=error", "--pack-destination"])
        .arg(to);
    if profile == Profile::Dev {
        npm.arg("--ignore-scripts");
    }
    let said = output(&mut npm)?;
    // Scripts print too.
    let json = said.find("[\n").map_or(said.as_str(), |at| &said[at..]);
    let packed: Value = serde_json::from_str(json).context("npm pack --json printed no JSON")?;
    let Some(name) = packed[0]["filename"].as_str() else {
        bail!(
            "npm pack did not say what it packed {} into",
            folder.display()
        );
    };
    Ok(to.join(name))
}

fn manifest(folder: &Path) -> Result<Value> {
    let file = folder.join("package.json");
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    serde_json::from_str(&text).with_context(|| file.display().to_string())
}

fn write_manifest(folder: &Path, text: &str) -> Result<()> {
    let file = folder.join("package.json");
    fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to)
        .map(drop)
        .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_names_every_platform_and_keeps_the_rest_as_it_is() {
        let text = fs::read_to_string(root().join("npm/package.json")).unwrap();
        let changed = with_platforms(&text).unwrap();
        let (before, after): (Value, Value) = (
            serde_json::from_str(&text).unwrap(),
            serde_json::from_str(&changed).unwrap(),
        );
        for platform in PLATFORMS {
            let named = &after["optionalDependencies"][format!("@arkws/{}", platform.name)];
            assert_eq!(*named, before["version"], "{}", platform.name);
        }
        let kept: Vec<&str> = changed
            .lines()
            .filter(|line| !line.contains("\"@arkws/"))
            .collect();
        assert_eq!(kept, text.lines().collect::<Vec<_>>());
    }
}
