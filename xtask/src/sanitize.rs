//! Checks that watch each access to memory, and what threads share under every order of theirs.
use std::process::Command;

use anyhow::{Result, bail};

use crate::build::{Profile, Target, build, place_module};
use crate::check::count;
use crate::instructions::Valgrind;
use crate::peers::{self, Node};
use crate::process::{cargo, command};
use crate::report::Counts;

/// What the module does, as a program.
const LOAD: &str = "tests/memory/load.mjs";

/// The module as users get it, in Node.js under valgrind: reads and writes beyond what was allocated
/// or after it was freed, and memory that nobody can free any more.
pub(crate) fn valgrind(counts: &mut Counts) -> Result<()> {
    if Valgrind::of_machine().is_none() {
        bail!(Valgrind::MISSING);
    }
    let node = Node::of_machine()?;
    peers::install_npm("npm", false)?;
    peers::install_npm("tests", false)?;
    let built = build(&[Target::NodeModule], Profile::Release)?;
    for module in &built {
        place_module(module)?;
    }
    let mut run = command("valgrind");
    // What V8 leaves uninitialised it knows how to use; what it compiles at run time valgrind would
    // have to translate again and again.
    run.args([
        "--quiet",
        "--undef-value-errors=no",
        "--leak-check=full",
        // What the network thread holds while it ends with the process is not lost.
        "--show-leak-kinds=definite",
        "--errors-for-leak-kinds=definite",
        "--error-exitcode=99",
    ])
    .arg(&node.path)
    .args(["--jitless", "--expose-gc", LOAD]);
    one(run, counts)
}

/// What threads share, with more changes of thread than a plain `cargo test` tries.
pub(crate) fn loom(counts: &mut Counts) -> Result<()> {
    let mut tests = cargo();
    tests
        .args(["test", "--locked", "--package", "arkws-loom"])
        .env("LOOM_MAX_PREEMPTIONS", "3");
    count(&mut tests, counts)
}

/// Runs a program that is a test case by itself.
fn one(mut program: Command, counts: &mut Counts) -> Result<()> {
    match program.status()? {
        status if status.success() => {
            counts.passed += 1;
            Ok(())
        }
        status => {
            counts.failed += 1;
            bail!("ended with {status}")
        }
    }
}
