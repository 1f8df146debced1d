//! `cargo xtask coverage`: which lines the Rust tests reach. What only tests of JavaScript reach
//! counts as missed yet.
//!
//! | file | what it knows |
//! |---|---|
//! | `llvm.rs` | where LLVM's tools are |
//! | `lcov.rs` | which lines ran |
mod lcov;
mod llvm;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::counts::{Counts, count};
use crate::process::{cargo, output, root, run as run_command};
use lcov::Lines;
use llvm::Llvm;

/// What holds no product: the project's own commands and tools.
const NO_PRODUCTS: [&str; 4] = ["xtask", "arkws-fuzz", "arkws-loom", "arkws-soak"];

/// What is measured.
const FOLDERS: [&str; 6] = [
    "crates/outq/src",
    "crates/proto/src",
    "crates/arkws/src",
    "crates/netstack/src",
    "crates/node/src",
    "crates/capi/src",
];

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run nothing: what the last run left is read again
    #[arg(long)]
    again: bool,
    /// Name the lines that did not run, too
    #[arg(long)]
    lines: bool,
    /// Run the tests of these packages alone [default: of all]
    #[arg(long, value_name = "PACKAGE")]
    package: Vec<String>,
}

/// `cargo xtask coverage`
pub(crate) fn run(options: &Options) -> Result<()> {
    let llvm = Llvm::of_machine()?;
    let folder = root().join("target/coverage");
    if !options.again {
        run_tests(&options.package, &folder)?;
    }
    let mut lines = Lines::default();
    lines.read(&measured(&llvm, &options.package, &folder)?, &root());
    lines.keep(&FOLDERS, |file| fs::read_to_string(root().join(file)).ok());

    if options.lines {
        for (file, lines) in &lines.0 {
            let missed = Lines::missed(lines);
            if !missed.is_empty() {
                println!("{file}: {}", ranges(&missed));
            }
        }
    }
    println!("\n| folder | lines | reached |\n|---|---:|---:|");
    for folder in FOLDERS {
        let (all, missed) = lines.count(folder);
        // None of its lines is in a program of these packages.
        if all > 0 {
            let reached = 100.0 * (all - missed) as f64 / all as f64;
            println!("| {folder} | {all} | {reached:.1} % |");
        }
    }
    Ok(())
}

/// Has a command build instrumented programs in a folder of their own, which write down what runs.
fn instrumented<'a>(command: &'a mut Command, folder: &Path) -> &'a mut Command {
    command
        .env("CARGO_TARGET_DIR", folder)
        .env("RUSTFLAGS", "-Cinstrument-coverage")
        // One file for each program, which all of its runs add to.
        .env("LLVM_PROFILE_FILE", folder.join("profiles/%m.profraw"))
}

fn run_tests(packages: &[String], folder: &Path) -> Result<()> {
    let stale = folder.join("profiles");
    if stale.exists() {
        fs::remove_dir_all(&stale).with_context(|| format!("cannot remove {}", stale.display()))?;
    }
    let mut tests = cargo();
    tests
        .args(["test", "--no-fail-fast"])
        .args(arguments(packages));
    count(instrumented(&mut tests, folder), &mut Counts::default())
}

/// Which tests: all but those in documentation, which rustdoc does not instrument.
fn arguments(packages: &[String]) -> Vec<&str> {
    let mut arguments = vec!["--locked", "--lib", "--bins", "--tests"];
    if packages.is_empty() {
        arguments.push("--workspace");
        arguments.extend(NO_PRODUCTS.iter().flat_map(|name| ["--exclude", name]));
    }
    arguments.extend(packages.iter().flat_map(|name| ["--package", name]));
    arguments
}

/// What ran.
fn measured(llvm: &Llvm, packages: &[String], folder: &Path) -> Result<String> {
    let profile = folder.join("all.profdata");
    let profiles = fs::read_dir(folder.join("profiles"))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<PathBuf>>>()?;
    let mut merge = llvm.profdata();
    merge.args(["merge", "-sparse", "-failure-mode=all"]);
    run_command(merge.args(profiles).arg("-o").arg(&profile))?;

    let mut export = llvm.cov();
    export
        .args(["export", "-format=lcov"])
        .arg("-ignore-filename-regex=/registry/|/rustc/|/tests/")
        .arg(format!("-instr-profile={}", profile.display()));
    let mut programs = programs(packages, folder)?.into_iter();
    export.arg(programs.next().context("there are no programs")?);
    for program in programs {
        export.arg("-object").arg(program);
    }
    output(&mut export)
}

/// The instrumented programs.
fn programs(packages: &[String], folder: &Path) -> Result<Vec<PathBuf>> {
    let mut build = cargo();
    build
        .args(["test", "--no-run", "--message-format=json"])
        .args(arguments(packages))
        .stderr(Stdio::null());
    let messages = output(instrumented(&mut build, folder))?;
    let programs = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|message| Some(PathBuf::from(message.get("executable")?.as_str()?)));
    Ok(programs.collect())
}

/// Numbers of lines, those behind one another as ranges.
fn ranges(numbers: &[usize]) -> String {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for &number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    let shown = ranges.iter().map(|&(first, last)| {
        if first == last {
            first.to_string()
        } else {
            format!("{first}-{last}")
        }
    });
    shown.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::ranges;

    #[test]
    fn lines_behind_one_another_are_ranges() {
        assert_eq!(ranges(&[1, 2, 3, 7, 9, 10]), "1-3, 7, 9-10");
        assert_eq!(ranges(&[]), "");
    }
}
