//! The documentation's example in C, built for a device and for the emulator, and run.
use std::fs;

use anyhow::{Context, Result};

use super::build::{Built, Kind};
use super::ndk::Ndk;
use super::stand_in::StandIn;
use super::target::directory;
use crate::build::{PEER, Profile, build};
use crate::capi;
use crate::counts::Counts;
use crate::packages::place::Place;
use crate::process::{Background, command, run};

/// As apps do it: with the platform's header, and the C library by another name than the system's.
const SOURCE: &str = "examples/c/echo.c";

/// Builds it with each C library that was built, and runs it against a server of this machine.
pub(super) fn check(
    ndk: &Ndk,
    stand_in: &StandIn,
    built: &[Built],
    counts: &mut Counts,
) -> Result<()> {
    let peer = &build(&[PEER], Profile::Dev)?[0];
    let server = Background::start(command(peer).arg("serve"), "listening on")?;
    let url = format!("ws://127.0.0.1:{}/", server.port()?);
    for library in built.iter().filter(|built| built.kind == Kind::CLibrary) {
        run_example(ndk, stand_in, library, &url)
            .inspect_err(|_| counts.failed += 1)
            .with_context(|| format!("{SOURCE} with {}", library.path.display()))?;
        println!("✓ {SOURCE} with {}", library.path.display());
        counts.passed += 1;
    }
    Ok(())
}

fn run_example(ndk: &Ndk, stand_in: &StandIn, library: &Built, url: &str) -> Result<()> {
    let target = &library.target;
    let folder = directory(&Place::own()).join("example").join(target.abi);
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let program = folder.join("echo");
    run(ndk
        .clang(target)?
        .args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"])
        .args([
            "-pthread",
            "-Wl,-z,defs",
            "-I",
            "crates/capi/include",
            SOURCE,
        ])
        .arg(&library.path)
        .arg("-o")
        .arg(&program))?;
    let libraries = library.path.parent().unwrap_or(&library.path);
    let mut echo = stand_in.command(target);
    echo.arg(&program).env("LD_LIBRARY_PATH", libraries);
    capi::echo(&mut echo, url)
}
