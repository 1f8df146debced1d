//! Loads the module as OpenHarmony's runtime does, and looks at what it registers.
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::abc;
use super::build::{Built, Kind};
use super::names;
use super::ndk::Ndk;
use super::stand_in::StandIn;
use super::target::directory;
use crate::counts::Counts;
use crate::packages::place::Place;
use crate::process::run;

/// Runs the test for each module that registers itself.
pub(super) fn check(
    ndk: &Ndk,
    stand_in: &StandIn,
    built: &[Built],
    counts: &mut Counts,
) -> Result<()> {
    for library in built {
        // What programs import it by, and the JavaScript half that is in it.
        let (name, code) = match library.kind {
            Kind::ArkModule => ("arkws", None),
            Kind::SystemModule => ("net.webSocket", Some(abc::code())),
            Kind::NodeModule | Kind::CLibrary => continue,
        };
        check_module(ndk, stand_in, library, name, code)
            .inspect_err(|_| counts.failed += 1)
            .with_context(|| format!("the loader test of {}", library.path.display()))?;
        counts.passed += 1;
    }
    Ok(())
}

fn check_module(
    ndk: &Ndk,
    stand_in: &StandIn,
    module: &Built,
    name: &str,
    code: Option<PathBuf>,
) -> Result<()> {
    let target = &module.target;
    let folder = directory(&Place::own()).join("loader").join(target.abi);
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    // Ours, even with an SDK: it tells what was registered.
    let runtime = folder.join(names::LIBRARY);
    names::compile_stub(ndk.clang(target)?, &runtime)?;
    let loader = folder.join("loader");
    run(ndk
        .clang(target)?
        .args([
            "-O1",
            "-Wall",
            "-Wextra",
            "-Werror",
            "tests/ohos/loader.c",
            "-o",
        ])
        .arg(&loader))?;

    run(stand_in
        .command(target)
        .arg(&loader)
        .arg(&runtime)
        .arg(&module.path)
        .arg(name)
        .args(code)
        .env("LD_LIBRARY_PATH", &folder))?;
    println!("✓ {}: it registers itself as {name}", module.path.display());
    Ok(())
}
