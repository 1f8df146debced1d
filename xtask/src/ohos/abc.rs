//! The JavaScript half, compiled for OpenHarmony's ArkTS runtime: a module of its system has it in
//! the library. Apps get that half as ES modules, in the package for ohpm.
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::target::directory;
use crate::packages::place::Place;
use crate::peers;
use crate::process::{command, run};

/// Names the folder of OpenHarmony's SDK, the one in which `ets` is.
const VARIABLE: &str = "OHOS_SDK_HOME";

/// Where the SDK has the compiler.
const COMPILER: &str = "ets/build-tools/ets-loader/bin/ark/build/bin/es2abc";

/// Where the JavaScript half of a module of the system begins.
const SOURCE: &str = "crates/node/ark/system.mjs";

/// What stands in for the compiler, in tests.
pub(super) const STAND_IN: &str = "tests/ohos/es2abc";

/// The compiler of the SDK that `OHOS_SDK_HOME` names; `None`, and a word about it: there is none.
pub(super) fn compiler() -> Option<PathBuf> {
    let home = std::env::var_os(VARIABLE);
    let compiler = home.and_then(|home| of_sdk(Path::new(&home)));
    if compiler.is_none() {
        println!(
            "– left out  the module of the system, net.webSocket: es2abc has to compile its \
             JavaScript half, and {VARIABLE} names no SDK with {COMPILER}"
        );
    }
    compiler
}

/// The compiler of the SDK in this folder.
fn of_sdk(home: &Path) -> Option<PathBuf> {
    Some(home.join(COMPILER)).filter(|compiler| compiler.is_file())
}

/// Where the compiled half is put.
pub(super) fn code() -> PathBuf {
    directory(&Place::own()).join("abc/system.abc")
}

/// Compiles it; the result's file.
pub(super) fn compile(compiler: &Path) -> Result<PathBuf> {
    let code = code();
    let script = code.with_extension("js");
    if let Some(folder) = code.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
    }
    // One file: the compiler takes one, and the runtime would look for the others on its own.
    peers::install_npm("npm", true)?;
    run(command("npm/node_modules/.bin/esbuild")
        .args([SOURCE, "--bundle", "--format=esm", "--charset=utf8"])
        .args(["--target=es2021", "--log-level=warning"])
        .arg(format!("--outfile={}", script.display())))?;
    run(command(compiler)
        .arg("--module")
        .arg("--output")
        .arg(&code)
        .arg(&script))
    .with_context(|| format!("cannot compile {SOURCE} for OpenHarmony"))?;
    Ok(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiler_is_where_the_sdk_has_it_or_there_is_none() {
        let sdk = tempfile::tempdir().unwrap();
        assert_eq!(of_sdk(sdk.path()), None);
        let compiler = sdk.path().join(COMPILER);
        fs::create_dir_all(compiler.parent().unwrap()).unwrap();
        fs::write(&compiler, "").unwrap();
        assert_eq!(of_sdk(sdk.path()), Some(compiler));
    }
}
