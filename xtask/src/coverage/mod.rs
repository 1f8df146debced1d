//! `cargo xtask coverage`: which lines the tests reach, of Rust and of JavaScript, and whether that
//! is enough.
//!
//! | file | what it knows |
//! |---|---|
//! | `llvm.rs` | where LLVM's tools are |
//! | `rust.rs` | instrumented programs, and what of them ran |
//! | `javascript.rs` | the tests of JavaScript |
//! | `v8.rs` | what of the JavaScript ran |
//! | `lcov.rs` | which lines ran |
//! | `unreached.rs` | the lines that no test can reach |
mod javascript;
mod lcov;
mod llvm;
mod rust;
mod unreached;
mod v8;

use std::fs;

use anyhow::{Context, Result, bail};

use crate::counts::Counts;
use crate::process::root;
use lcov::Lines;
use llvm::Llvm;

/// What is measured, and how many of a hundred lines have to be reached at least. Not measured is
/// `npm/runners`: jest, with which its tests run, cannot `require` the modules of `npm/core`.
const FLOORS: [(&str, usize); 11] = [
    ("crates/outq/src", 95),
    ("crates/proto/src", 100),
    ("crates/arkws/src", 95),
    ("crates/netstack/src", 95),
    ("crates/node/src", 95),
    ("crates/capi/src", 95),
    ("crates/cli/src", 90),
    ("npm/core", 95),
    ("npm/lib", 95),
    ("npm/hooks", 95),
    ("npm/platform", 95),
];

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run nothing: what the last run left is read again
    #[arg(long)]
    again: bool,
    /// Name the lines that did not run, too
    #[arg(long)]
    lines: bool,
    /// Run the Rust tests of these packages alone, and require nothing [default: all tests, and
    /// fail where they reach too little]
    #[arg(long, value_name = "PACKAGE")]
    package: Vec<String>,
    /// Run the tests of JavaScript alone, and require nothing
    #[arg(long, conflicts_with = "package")]
    javascript: bool,
}

/// `cargo xtask coverage`
pub(crate) fn run(options: &Options) -> Result<()> {
    let counts = &mut Counts::default();
    let llvm = Llvm::of_machine()?;
    let root = root();
    let folder = root.join("target/coverage");
    if !options.again {
        for stale in [rust::written(&folder), javascript::written(&folder)] {
            if stale.exists() {
                fs::remove_dir_all(&stale)
                    .with_context(|| format!("cannot remove {}", stale.display()))?;
            }
        }
    }
    let mut programs = Vec::new();
    let mut lines = Lines::default();
    // What failing tests reached is of interest all the same.
    let mut tested = Ok(());
    if options.package.is_empty() {
        programs = rust::for_javascript(&folder)?;
        if !options.again {
            tested = javascript::test(&programs, &folder, counts);
        }
        let sources: Vec<&str> = folders().filter(|one| one.starts_with("npm/")).collect();
        v8::read(&mut lines, &javascript::written(&folder), &root, &sources)?;
    }
    if !options.javascript {
        if !options.again {
            tested = tested.and(rust::test(&options.package, &folder, counts));
        }
        programs.extend(rust::tests(&options.package, &folder)?);
    }
    lines.read(&rust::measured(&llvm, &programs, &folder)?, &root);
    let folders: Vec<&str> = folders().collect();
    lines.keep(&folders, |file| fs::read_to_string(root.join(file)).ok());
    unreached::leave_out(&mut lines, &root)?;

    if options.lines {
        tell_lines(&lines);
    }
    tell(&lines);
    tested?;
    if options.package.is_empty() && !options.javascript {
        require(&lines)?;
    }
    Ok(())
}

fn folders() -> impl Iterator<Item = &'static str> {
    FLOORS.iter().map(|(folder, _)| *folder)
}

fn tell_lines(lines: &Lines) {
    for (file, lines) in &lines.0 {
        let missed = Lines::missed(lines);
        if !missed.is_empty() {
            println!("{file}: {}", ranges(&missed));
        }
    }
}

fn tell(lines: &Lines) {
    println!("\n| folder | lines | reached |\n|---|---:|---:|");
    for (folder, _) in FLOORS {
        let (all, missed) = lines.count(folder);
        // None of its lines is in a program of these packages.
        if all > 0 {
            let reached = 100.0 * (all - missed) as f64 / all as f64;
            println!("| {folder} | {all} | {reached:.1} % |");
        }
    }
}

/// # Errors
/// Of a folder too few lines were reached.
fn require(lines: &Lines) -> Result<()> {
    let low: Vec<String> = FLOORS
        .into_iter()
        .filter(|&(folder, floor)| {
            let (all, missed) = lines.count(folder);
            (all - missed) * 100 < all * floor
        })
        .map(|(folder, floor)| format!("{folder} (at least {floor} %)"))
        .collect();
    if !low.is_empty() {
        bail!("the tests reach too few lines of {}", low.join(", "));
    }
    Ok(())
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
    use super::{Lines, ranges, require};

    #[test]
    fn lines_behind_one_another_are_ranges() {
        assert_eq!(ranges(&[1, 2, 3, 7, 9, 10]), "1-3, 7, 9-10");
        assert_eq!(ranges(&[]), "");
    }

    #[test]
    fn a_folder_of_which_too_little_was_reached_is_named_and_no_other() {
        let mut lines = Lines::default();
        let file = |name: &str, missed: usize| {
            (
                name.to_owned(),
                (0..100).map(|number| (number, number >= missed)).collect(),
            )
        };
        lines
            .0
            .extend([file("crates/proto/src/a.rs", 0), file("npm/core/a.mjs", 5)]);
        require(&lines).unwrap();
        lines
            .0
            .extend([file("crates/proto/src/b.rs", 1), file("npm/lib/b.js", 6)]);
        let error = require(&lines).unwrap_err().to_string();
        let expected = "crates/proto/src (at least 100 %), npm/lib (at least 95 %)";
        assert!(error.ends_with(expected), "{error}");
    }
}
