//! The C library as an archive for musl: a program that is linked with both runs on every Linux of
//! its processor, whatever is installed there.
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::archive;
use crate::build::{C_PACKAGE, Profile, Target, build_by};
use crate::capi;
use crate::packages::place::Place;
use crate::packages::platform::DYNAMIC;
use crate::packages::traces;
use crate::packages::zig;
use crate::process::{command, output, run};

/// What it is for.
pub(super) const TARGET: &str = "x86_64-unknown-linux-musl";

/// As zig names it.
const ZIG_TARGET: &str = "x86_64-linux-musl";

/// A program that shows that the archive has all that it needs, and what it says.
const PROGRAM: &str = "tests/platforms/echo.c";
const SAYS: &str = "from a program that has everything in it\n1000 seen\n";

/// Builds the archive; where it is.
///
/// # Errors
/// It does not build.
pub(super) fn build(profile: Profile, place: &Place) -> Result<PathBuf> {
    // An archive has no C library in it, whatever the flag: with it nothing is compiled twice.
    let mut cargo = place.zigbuild("rustc", TARGET, "", DYNAMIC, profile)?;
    // Alone, so that all crates are optimised as one.
    cargo.args(["--crate-type", "staticlib"]);
    let built = build_by(cargo, &[Target::CArchive], profile);
    let mut built = built.context("cannot build the static library")?;
    let archive = built.remove(0);
    traces::has_none(&archive, &place.folders()?)?;
    Ok(archive)
}

/// Packs the archive with its headers and licences into `folder`, once a program runs with it.
///
/// # Errors
/// A program cannot be linked with it, or does not run; or tar fails.
pub(super) fn pack(library: &Path, folder: &Path) -> Result<PathBuf> {
    let stage = tempfile::tempdir().context("cannot create a folder to pack from")?;
    let name = format!("libnet_websocket-{TARGET}-{}", env!("CARGO_PKG_VERSION"));
    let packed = stage.path().join(&name);
    fs::create_dir_all(packed.join("lib"))?;
    for (header, name) in capi::headers()? {
        let place = packed.join("include").join(name);
        fs::create_dir_all(place.parent().context("a file has a folder")?)?;
        fs::copy(header, place)?;
    }
    fs::copy(library, packed.join("lib/libnet_websocket.a"))?;
    archive::add_licences(&packed, C_PACKAGE, TARGET)?;
    try_it(&packed, stage.path())?;
    archive::pack(&packed, folder)
}

/// Links a program with what is packed and nothing else, and runs it.
fn try_it(packed: &Path, stage: &Path) -> Result<()> {
    let program = stage.join("program");
    run(zig::cc(ZIG_TARGET)?
        .args(["-static", "-I"])
        .arg(packed.join("include"))
        .arg(PROGRAM)
        .arg(packed.join("lib/libnet_websocket.a"))
        .args(["-lunwind", "-o"])
        .arg(&program))
    .context("no program can be linked with the static library")?;
    let dynamic = output(
        command("readelf")
            .args(["--dynamic", "--program-headers"])
            .arg(&program),
    )?;
    if dynamic.contains("NEEDED") || dynamic.contains("INTERP") {
        bail!("a program with the static library needs others:\n{dynamic}");
    }
    let said = output(&mut command(&program))?;
    if said != SAYS {
        bail!("a program with the static library says {said:?} where it should say {SAYS:?}");
    }
    Ok(())
}
