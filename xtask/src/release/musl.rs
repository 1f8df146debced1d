//! The check `musl`: what a release has for Linux with musl, as Alpine, is built, installed, and
//! run where the C library is musl.
use anyhow::Result;

use super::cli;
use super::elsewhere::{self, Elsewhere};
use super::static_library;
use crate::build::Profile;
use crate::counts::Counts;
use crate::packages::place::Place;
use crate::packages::zig;
use crate::peers;
use crate::process::root;

/// Where the npm package is put, and the archive.
const FOLDER: &str = "target/musl";

/// The newest there of each release line that arkws supports.
const NODES: [&str; 3] = ["20.18.0", "22.20.0", "24.19.0"];

/// As PyPI names machines with musl.
const MACHINE: &str = "musllinux_1_2_x86_64";

/// Sees to it that there is what [`check`] builds and runs with.
///
/// # Errors
/// Debian's packages or PyPI cannot be reached.
pub(crate) fn prepare() -> Result<()> {
    zig::cargo()?;
    musl().map(drop)
}

/// Builds the npm package, the command and the static library, for development, and runs them.
pub(crate) fn check(counts: &mut Counts) -> Result<()> {
    let archive = static_library::build(Profile::Dev, &Place::own())?;
    static_library::pack(&archive, &root().join(FOLDER).join("c"))?;
    counts.passed += 1;
    let command = cli::build_for(static_library::TARGET, Profile::Dev, &Place::own())?;
    let packed = cli::pack(
        &command,
        static_library::TARGET,
        &root().join(FOLDER).join("cli"),
    )?;
    cli::try_it(&packed, &[])?;
    counts.passed += 1;
    musl()?.check(FOLDER, counts)
}

/// What runs programs for musl; put into `.test-env/`, unless it is there.
fn musl() -> Result<Elsewhere> {
    let folder = peers::environment()?.join("musl");
    let debian = folder.join("debian");
    elsewhere::unpack(&debian, &["musl"])?;
    let loader = debian.join("usr/lib/x86_64-linux-musl/libc.so");
    let nodes = NODES.map(|version| elsewhere::node(version, MACHINE, &folder));
    let nodes = nodes.into_iter().collect::<Result<_>>()?;
    Elsewhere::new("linux-x64-musl", vec![loader], nodes)
}
