//! Instrumented programs, which write down what of them runs: the Rust tests and, for the tests of
//! JavaScript, the Node module and the test peer.
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;

use super::llvm::Llvm;
use crate::build::{PEER, Profile, Target, build_by};
use crate::counts::{Counts, count};
use crate::process::{cargo, output, run};

/// What holds no product: the project's own commands and tools.
const NO_PRODUCTS: [&str; 4] = ["xtask", "arkws-fuzz", "arkws-loom", "arkws-soak"];

/// What tests of JavaScript need: the module, and a server and client in Rust.
const OF_JAVASCRIPT: [Target; 2] = [Target::NodeModule, PEER];

/// Threads count together, not each over the other: the counts of some lines are differences, and
/// a line that never ran would seem to have. Where counters are is looked up as the program runs,
/// for `%c` below.
const FLAGS: &str = "-Cinstrument-coverage -Cllvm-args=-instrprof-atomic-counter-update-all \
                     -Cllvm-args=-runtime-counter-relocation";

/// Has a program that is instrumented write down what runs. One file for each program (`%m`), in
/// which all of its processes count while they run (`%c`): also those that are killed.
pub(super) fn profiled<'a>(command: &'a mut Command, folder: &Path) -> &'a mut Command {
    command.env("LLVM_PROFILE_FILE", written(folder).join("%m%c.profraw"))
}

/// Where those files are, in the folder of a run.
pub(super) fn written(folder: &Path) -> PathBuf {
    folder.join("profiles")
}

/// Cargo, which builds instrumented programs in a folder of their own.
fn instrumented(folder: &Path) -> Command {
    let mut cargo = cargo();
    profiled(&mut cargo, folder)
        .env("CARGO_TARGET_DIR", folder)
        // Nobody changes or debugs what is built here.
        .env("CARGO_INCREMENTAL", "0")
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("RUSTFLAGS", FLAGS);
    cargo
}

/// Runs the Rust tests of these packages; of all, if there are none.
pub(super) fn test(packages: &[String], folder: &Path, counts: &mut Counts) -> Result<()> {
    let mut tests = instrumented(folder);
    tests
        .args(["test", "--no-fail-fast"])
        .args(arguments(packages));
    count(&mut tests, counts)
}

/// Which tests: those in libraries and programs, and those beside them. Those in documentation
/// rustdoc does not instrument.
fn arguments(packages: &[String]) -> Vec<&str> {
    let mut arguments = vec!["--locked", "--tests"];
    if packages.is_empty() {
        arguments.push("--workspace");
        arguments.extend(NO_PRODUCTS.iter().flat_map(|name| ["--exclude", name]));
    }
    arguments.extend(packages.iter().flat_map(|name| ["--package", name]));
    arguments
}

/// The Node module, and the test peer. Each is built by itself, as `crate::build` does it.
pub(super) fn for_javascript(folder: &Path) -> Result<Vec<PathBuf>> {
    let built = OF_JAVASCRIPT.iter().map(|&target| {
        let mut cargo = instrumented(folder);
        cargo.args(["build", "--locked"]);
        Ok(build_by(cargo, &[target], Profile::Dev)?.remove(0))
    });
    built.collect()
}

/// What ran of these programs, in LCOV's format.
pub(super) fn measured(llvm: &Llvm, programs: &[PathBuf], folder: &Path) -> Result<String> {
    let profile = folder.join("all.profdata");
    let profiles = fs::read_dir(written(folder))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<PathBuf>>>()?;
    let mut merge = llvm.profdata();
    merge.args(["merge", "-sparse", "-failure-mode=all"]);
    run(merge.args(profiles).arg("-o").arg(&profile))?;

    let (first, others) = programs.split_first().context("there are no programs")?;
    let mut export = llvm.cov();
    export
        .args(["export", "-format=lcov"])
        .arg("-ignore-filename-regex=/registry/|/rustc/|/tests/")
        .arg(format!("-instr-profile={}", profile.display()))
        .arg(first);
    for program in others {
        export.arg("-object").arg(program);
    }
    output(&mut export)
}

/// The programs that the Rust tests of these packages are.
pub(super) fn tests(packages: &[String], folder: &Path) -> Result<Vec<PathBuf>> {
    let mut build = instrumented(folder);
    build
        .args(["test", "--no-run", "--message-format=json"])
        .args(arguments(packages))
        .stderr(Stdio::null());
    let messages = output(&mut build)?;
    let programs = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|message| Some(PathBuf::from(message.get("executable")?.as_str()?)));
    Ok(programs.collect())
}
