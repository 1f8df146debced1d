//! The check `arm64`: the npm packages for Linux on ARM are built, installed, and run under qemu,
//! with glibc and with musl; so is the command `arkws`, which needs neither.
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::cli;
use super::elsewhere::{self, Elsewhere};
use crate::build::Profile;
use crate::counts::Counts;
use crate::packages::place::Place;
use crate::packages::zig;
use crate::peers;
use crate::process::root;

/// Where the packages are put.
const FOLDER: &str = "target/arm64";

/// What the command is built for.
const CLI_TARGET: &str = "aarch64-unknown-linux-musl";

/// The newest of PyPI for ARM.
const NODE: &str = "24.19.0";

/// A C library: Debian's packages with what Node.js needs of it, and how PyPI names machines that
/// have it.
struct Library {
    name: &'static str,
    packages: &'static [&'static str],
    machine: &'static str,
}

const GLIBC: Library = Library {
    name: "glibc",
    packages: &["libc6:arm64", "libstdc++6:arm64", "libgcc-s1:arm64"],
    machine: "manylinux_2_28_aarch64",
};

const MUSL: Library = Library {
    name: "musl",
    packages: &["musl:arm64"],
    machine: "musllinux_1_2_aarch64",
};

/// Sees to it that there is what [`check`] builds and runs with.
///
/// # Errors
/// Debian's packages or PyPI cannot be reached.
pub(crate) fn prepare() -> Result<()> {
    zig::cargo()?;
    machines().map(drop)
}

/// Builds the npm packages, for development, and runs programs with them; and the command.
pub(crate) fn check(counts: &mut Counts) -> Result<()> {
    for machine in machines()? {
        machine.check(FOLDER, counts)?;
    }
    let command = cli::build_for(CLI_TARGET, Profile::Dev, &Place::own())?;
    let packed = cli::pack(&command, CLI_TARGET, &root().join(FOLDER).join("cli"))?;
    cli::try_it(&packed, &[qemu()?])?;
    counts.passed += 1;
    Ok(())
}

/// The same with the module for OpenHarmony, which has been built: there, too, the C library is
/// musl.
pub(crate) fn check_openharmony(counts: &mut Counts) -> Result<()> {
    machine("openharmony-arm64", &MUSL)?.check(FOLDER, counts)
}

fn machines() -> Result<[Elsewhere; 2]> {
    Ok([
        machine("linux-arm64-gnu", &GLIBC)?,
        machine("linux-arm64-musl", &MUSL)?,
    ])
}

/// What runs programs for ARM with a C library; put into `.test-env/`, unless it is there.
fn machine(platform: &str, library: &Library) -> Result<Elsewhere> {
    let folder = folder()?;
    let libraries = folder.join(library.name);
    elsewhere::unpack(&libraries, library.packages)?;
    link(&libraries.join("lib"))?;
    let runner = vec![qemu()?, "-L".into(), libraries];
    let node = elsewhere::node(NODE, library.machine, &folder)?;
    Elsewhere::new(platform, runner, vec![node])
}

/// What runs programs for ARM; put there, too.
fn qemu() -> Result<PathBuf> {
    let qemu = folder()?.join("qemu");
    elsewhere::unpack(&qemu, &["qemu-user"])?;
    Ok(qemu.join("usr/bin/qemu-aarch64"))
}

fn folder() -> Result<PathBuf> {
    let folder = peers::environment()?.join("arm64");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Makes `lib` lead to `usr/lib`, as on Debian's machines, unless it does.
fn link(lib: &Path) -> Result<()> {
    if fs::symlink_metadata(lib).is_ok() {
        return Ok(());
    }
    symlink("usr/lib", lib).with_context(|| format!("cannot link {}", lib.display()))
}
