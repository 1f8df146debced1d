//! The misuse matrix of the C library, programs in C, run for both targets.
use std::fs;

use anyhow::{Context, Result};

use super::build::{Built, Kind};
use super::ndk::Ndk;
use super::stand_in::StandIn;
use super::target::directory;
use crate::counts::Counts;
use crate::packages::place::Place;
use crate::process::run;

/// What the programs are, in the C library's tests.
const PROGRAMS: [&str; 4] = [
    "misuse_platform",
    "misuse_arkws",
    "misuse_callers",
    "misuse_random",
];

/// Builds the programs with each C library that was built, and runs them.
pub(super) fn check(
    ndk: &Ndk,
    stand_in: &StandIn,
    built: &[Built],
    counts: &mut Counts,
) -> Result<()> {
    for library in built.iter().filter(|built| built.kind == Kind::CLibrary) {
        for name in PROGRAMS {
            run_program(ndk, stand_in, library, name)
                .inspect_err(|_| counts.failed += 1)
                .with_context(|| format!("{name} with {}", library.path.display()))?;
            counts.passed += 1;
        }
    }
    Ok(())
}

fn run_program(ndk: &Ndk, stand_in: &StandIn, library: &Built, name: &str) -> Result<()> {
    let target = &library.target;
    let folder = directory(&Place::own()).join("misuse").join(target.abi);
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let program = folder.join(name);
    let mut clang = ndk.clang(target)?;
    if !target.is_native() {
        // Those of a program, and one of qemu's.
        clang.arg("-DOWN_THREADS=4");
    }
    run(clang
        .args(["-std=c11", "-O1", "-pthread", "-I", "crates/capi/include"])
        .arg(format!("crates/capi/tests/{name}.c"))
        .arg(&library.path)
        .arg("-o")
        .arg(&program))?;
    let libraries = library.path.parent().unwrap_or(&library.path);
    run(stand_in
        .command(target)
        .arg(&program)
        .env("LD_LIBRARY_PATH", libraries))
}
