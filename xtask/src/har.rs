//! `cargo xtask har`: the package for ohpm, from which apps for OpenHarmony have the module.
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::build::{C_PACKAGE, NODE_PACKAGE};
use crate::files::tracked;
use crate::ohos;
use crate::packages::notices::notices;
use crate::packages::place::Place;
use crate::process::{command, root, run};

/// What of the package is written by hand, and where it lies.
const SOURCES: &str = "ohpm";

/// The portable half of the module.
const CORE: &str = "npm/core";

/// What of [`CORE`] only Node.js has.
const OF_NODE: &str = "npm/core/bundle.mjs";

/// Files of the project that are in the package by another name.
const COPIES: [(&str, &str); 7] = [
    ("npm/index.d.ts", "src/main/ets/arkws.d.ts"),
    (
        "crates/capi/include/arkws.h",
        "src/main/cpp/include/arkws.h",
    ),
    (
        "crates/capi/include/net_websocket.h",
        "src/main/cpp/include/net_websocket.h",
    ),
    (
        "crates/capi/include/net_websocket_type.h",
        "src/main/cpp/include/net_websocket_type.h",
    ),
    ("CHANGELOG.md", "CHANGELOG.md"),
    ("LICENSE-MIT", "LICENSE"),
    ("LICENSE-APACHE", "LICENSE-APACHE"),
];

/// The folder that everything in an archive of ohpm lies in.
const FOLDER: &str = "package";

/// The crates whose libraries are in the package.
pub(crate) const PACKAGES: [&str; 2] = [NODE_PACKAGE, C_PACKAGE];

/// Why a package may not be shipped.
const FOR_TESTS: &str =
    "the native libraries were built with a stand-in for OpenHarmony's NDK, or not optimised";

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Leave the native libraries out: what is made then is for a look at the rest
    #[arg(long)]
    without_libraries: bool,
    /// Where the package is put
    #[arg(long, value_name = "FOLDER", default_value = "target/har")]
    to: PathBuf,
}

/// `cargo xtask har`
pub(crate) fn run_task(options: &Options) -> Result<()> {
    let place = Place::own();
    let libraries = (!options.without_libraries).then_some(&place);
    let archive = make(&root().join(&options.to), libraries)?;
    let size = fs::metadata(&archive)?.len();
    println!("{} ({size} bytes)", archive.display());
    Ok(())
}

/// Makes the package, with the libraries that have been built at a place; its archive, in `to`.
pub(crate) fn make(to: &Path, libraries: Option<&Place>) -> Result<PathBuf> {
    let folder = assemble(to)?;
    if let Some(place) = libraries {
        add_libraries(&folder, &ohos::packaged(place))?;
        if ohos::are_for_tests(place) {
            println!("– for tests only  {FOR_TESTS}");
            fs::write(folder.join("DO-NOT-SHIP.txt"), format!("{FOR_TESTS}\n"))?;
        }
    } else {
        println!("– left out  the native libraries, as asked");
    }
    pack(to)
}

/// Makes the package's folder without the native libraries, in `to`; the folder.
pub(crate) fn assemble(to: &Path) -> Result<PathBuf> {
    let folder = to.join(FOLDER);
    // What an earlier run has put there is not of this one.
    let _ = fs::remove_dir_all(&folder);
    for file in tracked(&[SOURCES.to_owned()])? {
        let inside = Path::new(&file).strip_prefix(SOURCES)?;
        copy(&file, &folder.join(inside))?;
    }
    for file in tracked(&[CORE.to_owned()])? {
        if file != OF_NODE {
            let inside = Path::new(&file).strip_prefix(CORE)?;
            copy(&file, &folder.join("src/main/ets/core").join(inside))?;
        }
    }
    for (from, inside) in COPIES {
        copy(from, &folder.join(inside))?;
    }
    set_version(&folder.join("oh-package.json5"))?;
    Ok(folder)
}

fn copy(from: &str, to: &Path) -> Result<()> {
    let parent = to.parent().context("a file has a folder")?;
    fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
    fs::copy(root().join(from), to)
        .with_context(|| format!("cannot copy {from} to {}", to.display()))?;
    Ok(())
}

/// The package has the version of the crates, of which this is one.
fn set_version(manifest: &Path) -> Result<()> {
    let text = fs::read_to_string(manifest)?;
    let version = format!("version: '{}'", env!("CARGO_PKG_VERSION"));
    let changed = text.replacen("version: '0.0.0'", &version, 1);
    ensure!(
        changed != text,
        "{} has no version to set",
        manifest.display()
    );
    fs::write(manifest, changed).context("cannot write the version")
}

/// Puts the libraries in, each a path in `libs` and a file, and the licences of what is linked into
/// them.
fn add_libraries(folder: &Path, libraries: &[(PathBuf, PathBuf)]) -> Result<()> {
    let missing: Vec<String> = libraries
        .iter()
        .filter(|(_, path)| !path.is_file())
        .map(|(_, path)| path.display().to_string())
        .collect();
    if !missing.is_empty() {
        bail!(
            "the native libraries have not been built: `cargo xtask ohos` builds them, and \
             `--without-libraries` does without. There is no {}",
            missing.join(", no ")
        );
    }
    for (inside, path) in libraries {
        let to = folder.join("libs").join(inside);
        fs::create_dir_all(to.parent().context("a file has a folder")?)?;
        fs::copy(path, &to).with_context(|| format!("cannot copy {}", path.display()))?;
    }
    let notices = notices(&PACKAGES, &ohos::triples())?;
    fs::write(folder.join("THIRD-PARTY-NOTICES.txt"), notices)?;
    Ok(())
}

/// Packs the folder: the same files give the same archive.
fn pack(to: &Path) -> Result<PathBuf> {
    let archive = to.join("arkws.har");
    run(command("tar")
        .arg("--create")
        .args(["--use-compress-program", "gzip --no-name"])
        .args(["--sort=name", "--mtime=@0", "--format=ustar"])
        .args([
            "--owner=0",
            "--group=0",
            "--numeric-owner",
            "--mode=u=rwX,go=rX",
        ])
        .arg("--file")
        .arg(&archive)
        .arg("--directory")
        .arg(to)
        .arg(FOLDER))?;
    Ok(archive)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::output;

    #[test]
    fn the_archive_is_that_of_ohpm_and_always_the_same() {
        let to = tempfile::tempdir().unwrap();
        let folder = assemble(to.path()).unwrap();
        let libraries = ohos::packaged(&Place::own());
        let built = to.path().join("built");
        fs::write(&built, "a library").unwrap();
        let stand_ins: Vec<_> = libraries
            .iter()
            .map(|(inside, _)| (inside.clone(), built.clone()))
            .collect();
        add_libraries(&folder, &stand_ins).unwrap();

        let archive = pack(to.path()).unwrap();
        let listed = output(command("tar").arg("--list").arg("--file").arg(&archive)).unwrap();
        let files: Vec<_> = listed.lines().filter(|line| !line.ends_with('/')).collect();
        for file in [
            "package/oh-package.json5",
            "package/index.ets",
            "package/src/main/module.json5",
            "package/src/main/ets/arkws.d.ts",
            "package/src/main/ets/core/index.mjs",
            "package/libs/arm64-v8a/libarkws.so",
            "package/libs/arm64-v8a/libarkws_websocket.so",
            "package/libs/x86_64/libarkws.so",
            "package/libs/x86_64/libarkws_websocket.so",
            "package/README.md",
            "package/CHANGELOG.md",
            "package/LICENSE",
            "package/THIRD-PARTY-NOTICES.txt",
        ] {
            assert!(files.contains(&file), "no {file} in {listed}");
        }

        let before = fs::read(&archive).unwrap();
        fs::remove_file(&archive).unwrap();
        assemble(to.path()).unwrap();
        add_libraries(&folder, &stand_ins).unwrap();
        assert!(fs::read(pack(to.path()).unwrap()).unwrap() == before);
    }

    #[test]
    fn without_the_libraries_it_says_how_they_are_built() {
        let folder = tempfile::tempdir().unwrap();
        let nowhere = [("x86_64/libarkws.so".into(), folder.path().join("nowhere"))];
        let error = add_libraries(folder.path(), &nowhere).unwrap_err();
        let words = error.to_string();
        assert!(words.contains("`cargo xtask ohos` builds them"), "{words}");
        assert!(words.contains("nowhere"), "{words}");
    }
}
