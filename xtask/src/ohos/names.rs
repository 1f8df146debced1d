//! The functions that OpenHarmony's runtime has, of those of Node-API: the NDK's list.
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process::{root, run};

/// The library that has them.
pub(super) const LIBRARY: &str = "libace_napi.z.so";

/// The list.
pub(super) const FILE: &str = "tests/ohos/napi-names.txt";

pub(super) fn read() -> Result<BTreeSet<String>> {
    let text =
        fs::read_to_string(root().join(FILE)).with_context(|| format!("cannot read {FILE}"))?;
    let names = text.lines().filter(|line| !line.starts_with('#'));
    Ok(names.map(str::to_owned).collect())
}

/// Compiles a library with all of them, of which `napi_module_register` alone does something.
pub(super) fn compile_stub(mut clang: Command, place: &Path) -> Result<()> {
    let folder = place.parent().unwrap_or(place);
    let include = folder.join("names.inc");
    let lines: String = read()?
        .iter()
        .filter(|name| *name != "napi_module_register")
        .map(|name| format!("NAME({name})\n"))
        .collect();
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&include, lines))
        .with_context(|| format!("cannot write {}", include.display()))?;
    run(clang
        .args(["-shared", "-fPIC", "-O1"])
        .arg(format!("-Wl,-soname,{LIBRARY}"))
        .arg("-I")
        .arg(folder)
        .arg("tests/ohos/ace_napi.c")
        .arg("-o")
        .arg(place))
}
