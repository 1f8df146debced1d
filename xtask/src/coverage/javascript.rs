//! Runs tests of JavaScript with the instrumented module, and has V8 write down what runs.
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::rust::profiled;
use crate::build::{bundle_core, place_module};
use crate::counts::{Counts, count};
use crate::files::tracked;
use crate::peers::{self, Node, Python};
use crate::process::{command, root};

/// The tests that reach most: those of the contract, and those of each kind of trouble. What is
/// left out tests packages, bundlers and runners, or peers and memory with the same lines.
const FOLDERS: [&str; 8] = [
    "npm/test",
    "tests/bad-input",
    "tests/codes",
    "tests/exit",
    "tests/lost-connections",
    "tests/proxy",
    "tests/server",
    "tests/tls",
];

/// Its `require` takes ES modules, without a warning.
const NODE: u32 = 24;

/// In place of the bundle, so that V8 speaks of the files of `npm/core` themselves.
const UNBUNDLED: &str = "module.exports = require('../core/bundle.mjs');\n";

/// What is left out: the test that compares the bundle with its modules, and one in which jest
/// would have to `require` them.
const NOT_UNBUNDLED: [&str; 2] = [
    "what Node.js has of the core is made of its modules",
    "arrives under jest",
];

/// A test that hangs fails. Milliseconds.
const TIMEOUT: &str = "--test-timeout=300000";

/// Where V8's files are, in the folder of a run.
pub(super) fn written(folder: &Path) -> PathBuf {
    folder.join("v8")
}

/// Runs the tests with the module and the test peer that these are.
pub(super) fn test(programs: &[PathBuf], folder: &Path, counts: &mut Counts) -> Result<()> {
    let [module, peer] = programs else {
        bail!("a module and a test peer are needed");
    };
    peers::install_npm("npm", false)?;
    peers::install_npm("tests", false)?;
    let placed = place_module(module)?;
    let bundle = root().join("npm/dist/core.js");
    fs::write(&bundle, UNBUNDLED).with_context(|| format!("cannot write {}", bundle.display()))?;
    let patterns = FOLDERS.map(|folder| format!(":(glob){folder}/*.test.mjs"));
    let mut node = command(Node::of(NODE)?.path);
    node.args(["--test", "--test-reporter=spec", TIMEOUT])
        .args(NOT_UNBUNDLED.map(|name| format!("--test-skip-pattern={name}")))
        .args(tracked(&patterns)?)
        .env("ARKWS_TEST_PEER", peer)
        .env(
            "ARKWS_TEST_PYTHON",
            Python::environment()?.program("python"),
        )
        .env("NODE_V8_COVERAGE", written(folder))
        .env("no_proxy", "*");
    let tested = count(profiled(&mut node, folder), counts);
    // What it finds next shall not write profiles: nothing, or what was built for it.
    bundle_core()?;
    fs::remove_file(&placed).with_context(|| format!("cannot remove {}", placed.display()))?;
    tested
}
