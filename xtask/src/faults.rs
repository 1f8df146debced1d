//! The long checks of faults: something goes wrong at each byte of a session, and not at some only.
use anyhow::Result;

use crate::build::{Profile, Target, build, place_module};
use crate::counts::{Counts, count};
use crate::peers::{self, Node};
use crate::process::{cargo, command};

/// From one byte to the next that is tried.
const STRIDE: (&str, &str) = ("ARKWS_FAULTS_STRIDE", "1");

/// Of sessions between the objects of Rust. All of the workspace is built, so that what the other
/// tests were built with serves here, too.
pub(crate) fn rust(counts: &mut Counts) -> Result<()> {
    let mut tests = cargo();
    tests
        .args(["test", "--locked", "--workspace", "--test", "faults"])
        .env(STRIDE.0, STRIDE.1);
    count(&mut tests, counts)
}

/// Of sessions of the npm module.
pub(crate) fn module(counts: &mut Counts) -> Result<()> {
    let node = Node::of_machine()?;
    peers::install_npm("npm", false)?;
    peers::install_npm("tests", false)?;
    for module in build(&[Target::NodeModule], Profile::Dev)? {
        place_module(&module)?;
    }
    let mut tests = command(&node.path);
    tests
        .args(["--test", "--test-reporter=spec"])
        .arg("tests/faults/every-byte.test.mjs")
        .env(STRIDE.0, STRIDE.1)
        // Whoever works behind a proxy: the tests talk to this machine alone.
        .env("no_proxy", "*");
    count(&mut tests, counts)
}
