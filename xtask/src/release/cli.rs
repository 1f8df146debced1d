//! The command `arkws` for every Linux of a processor, whatever is installed there, with its manual
//! pages and completions.
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::archive;
use crate::build::{Profile, Target, build, build_by};
use crate::packages::place::Place;
use crate::packages::platform::Platform;
use crate::packages::traces;
use crate::process::{Background, command, output, root, run};

/// The crate, and the command.
pub(super) const PACKAGE: &str = "arkws-cli";
const COMMAND: Target = Target::Binary(PACKAGE, "arkws");

/// What `arkws completions` knows, and how each shell names the file.
const COMPLETIONS: [(&str, &str); 5] = [
    ("bash", "arkws.bash"),
    ("elvish", "arkws.elv"),
    ("fish", "arkws.fish"),
    ("powershell", "_arkws.ps1"),
    ("zsh", "_arkws"),
];

/// Whether there is a command that goes with the npm package of a platform: that with musl, which
/// needs no C library of the system.
pub(super) fn goes_with(platform: &Platform) -> bool {
    platform.target.ends_with("-linux-musl")
}

/// What the archive for a target is called, and the folder in it. `cargo binstall` looks for it by
/// `[package.metadata.binstall]` of the crate.
fn name(target: &str) -> String {
    format!("arkws-{target}-{}", env!("CARGO_PKG_VERSION"))
}

/// Builds the command; where it is.
///
/// # Errors
/// It does not build.
pub(super) fn build_for(target: &str, profile: Profile, place: &Place) -> Result<PathBuf> {
    let cargo = place.zigbuild("build", target, "", "", profile)?;
    let built = build_by(cargo, &[COMMAND], profile);
    let mut built = built.with_context(|| format!("cannot build the command for {target}"))?;
    let command = built.remove(0);
    traces::has_none(&command, &place.folders()?)?;
    Ok(command)
}

/// Packs the command into `folder`.
///
/// # Errors
/// It needs other files to run, the machine's own does not build, or tar fails.
pub(super) fn pack(binary: &Path, target: &str, folder: &Path) -> Result<PathBuf> {
    needs_nothing(binary)?;
    let stage = tempfile::tempdir().context("cannot create a folder to pack from")?;
    let packed = stage.path().join(name(target));
    for part in ["completions", "man"] {
        fs::create_dir_all(packed.join(part))?;
    }
    fs::copy(binary, packed.join("arkws"))?;
    fs::copy(
        root().join("crates/cli/README.md"),
        packed.join("README.md"),
    )?;
    archive::add_licences(&packed, PACKAGE, target)?;
    // They say the same, whichever machine it is for.
    let own = build(&[COMMAND], Profile::Dev)?.remove(0);
    run(command(&own).args(["man", "--to"]).arg(packed.join("man")))?;
    for (shell, file) in COMPLETIONS {
        let script = output(command(&own).args(["completions", shell]))?;
        fs::write(packed.join("completions").join(file), script)?;
    }
    archive::pack(&packed, folder)
}

/// # Errors
/// The binary needs a loader, or a library.
fn needs_nothing(binary: &Path) -> Result<()> {
    let said = output(
        command("readelf")
            .env("LC_ALL", "C")
            .args(["--wide", "--dynamic", "--program-headers"])
            .arg(binary),
    )?;
    if !said.contains("There is no dynamic section") || said.contains("INTERP") {
        bail!("{} needs others to run:\n{said}", binary.display());
    }
    Ok(())
}

/// Has a packed command connect to itself, over TLS. `runner` is what runs programs for its
/// machine, with a program as its last argument; nothing: the machine itself.
///
/// # Errors
/// It does not run.
pub(super) fn try_it(archive: &Path, runner: &[PathBuf]) -> Result<()> {
    let place = tempfile::tempdir().context("cannot create a folder")?;
    run(command("tar")
        .args(["--extract", "--strip-components=1", "--file"])
        .arg(archive)
        .arg("--directory")
        .arg(place.path()))?;
    let arkws = || {
        let binary = place.path().join("arkws");
        let mut words = runner.iter().chain([&binary]);
        let mut arkws = Command::new(words.next().expect("the binary, at least"));
        arkws.args(words).env("no_proxy", "*");
        arkws
    };
    let server = Background::start(arkws().args(["serve", "--tls-self-signed"]), "wss://")?;
    let url = format!("wss://127.0.0.1:{}/", server.port()?);
    let input = place.path().join("input");
    fs::write(&input, "from everywhere\n")?;
    let client = &mut arkws();
    let said = output(
        client
            .args(["connect", "--insecure", &url])
            .stdin(File::open(&input)?),
    )?;
    if said != "from everywhere\n" {
        bail!("the command says {said:?} where it should say what it was sent");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use toml_edit::DocumentMut;

    use super::*;

    /// A template of `cargo binstall`'s, filled in.
    fn filled(template: &str, target: &str) -> String {
        [
            ("{ repo }", "https://host.example/arkws"),
            ("{ version }", env!("CARGO_PKG_VERSION")),
            ("{ target }", target),
            ("{ bin }", "arkws"),
            ("{ binary-ext }", ""),
            ("{ archive-suffix }", ".tar.gz"),
        ]
        .iter()
        .fold(template.to_owned(), |text, (key, value)| {
            text.replace(key, value)
        })
    }

    #[test]
    fn cargo_binstall_looks_for_what_is_packed() {
        let text = fs::read_to_string(root().join("crates/cli/Cargo.toml")).unwrap();
        let manifest: DocumentMut = text.parse().unwrap();
        let binstall = &manifest["package"]["metadata"]["binstall"];
        let template = |key: &str| binstall[key].as_str().unwrap();
        assert_eq!(template("pkg-fmt"), "tgz");
        for target in ["x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"] {
            let name = name(target);
            let url = filled(template("pkg-url"), target);
            let version = env!("CARGO_PKG_VERSION");
            let release = format!("https://host.example/arkws/releases/download/v{version}");
            assert_eq!(url, format!("{release}/{name}.tar.gz"));
            assert_eq!(filled(template("bin-dir"), target), format!("{name}/arkws"));
        }
    }

    #[test]
    fn it_goes_with_musl() {
        let goes_with = |name| goes_with(Platform::named(name).unwrap());
        assert!(goes_with("linux-x64-musl") && goes_with("linux-arm64-musl"));
        assert!(!goes_with("linux-x64-gnu") && !goes_with("openharmony-arm64"));
    }
}
