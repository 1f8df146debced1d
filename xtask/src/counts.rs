//! Counts of test cases, read from what test runners say at their end.
use std::fmt;
use std::process::Command;

use anyhow::{Result, bail};

use crate::process::watch;

/// Test cases, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, other: Counts) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    /// Counts what a line of a test runner's output says at its end: libtest's, or Node's.
    pub(crate) fn read(&mut self, line: &str) {
        let line = without_colour(line);
        let line = line.trim();
        if let Some(result) = line.strip_prefix("test result: ") {
            for part in result.split([';', '.']) {
                let mut words = part.split_whitespace();
                let number = words.next().and_then(|word| word.parse::<u64>().ok());
                match (number, words.next()) {
                    (Some(number), Some("passed")) => self.passed += number,
                    (Some(number), Some("failed")) => self.failed += number,
                    (Some(number), Some("ignored")) => self.skipped += number,
                    _ => {}
                }
            }
        } else if let Some(rest) = line.strip_prefix("ℹ ").or(line.strip_prefix("# ")) {
            let mut words = rest.split_whitespace();
            let what = words.next();
            let number = words.next().and_then(|word| word.parse::<u64>().ok());
            match (what, number, words.next()) {
                (Some("pass"), Some(number), None) => self.passed += number,
                (Some("fail" | "cancelled"), Some(number), None) => self.failed += number,
                (Some("skipped" | "todo"), Some(number), None) => self.skipped += number,
                _ => {}
            }
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

/// Runs a test runner, counting its cases.
///
/// # Errors
/// It did not succeed; the error has what it said of the cases that failed.
pub(crate) fn count(command: &mut Command, counts: &mut Counts) -> Result<()> {
    let mut failures = Failures::default();
    let status = watch(command, |line| {
        counts.read(line);
        failures.read(line);
    })?;
    if status.success() {
        return Ok(());
    }
    bail!("ended with {status}{failures}")
}

/// What a test runner says of the cases that failed, at its end.
#[derive(Default)]
struct Failures {
    said: String,
    lines: usize,
    open: bool,
}

impl Failures {
    /// More lines than this are left to the output itself.
    const MOST: usize = 60;

    fn read(&mut self, line: &str) {
        let line = without_colour(line);
        match line.trim() {
            // libtest says it twice: with the output of each, then the names alone.
            "failures:" | "✖ failing tests:" => self.open = true,
            line if line.starts_with("test result: ") => self.open = false,
            _ => {}
        }
        if self.open && self.lines < Failures::MOST {
            self.lines += 1;
            self.said.push_str("\n    ");
            self.said.push_str(line.trim_end());
        }
    }
}

impl fmt::Display for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said)
    }
}

/// The line without terminal escape sequences.
fn without_colour(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = after
            .find(|c: char| c.is_ascii_alphabetic())
            .map_or("", |end| &after[end + 1..]);
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(lines: &[&str]) -> Counts {
        let mut counts = Counts::default();
        for line in lines {
            counts.read(line);
        }
        counts
    }

    #[test]
    fn the_closing_lines_of_every_runner_are_counted() {
        let counts = count(&[
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s\n",
            "test result: \u{1b}[31mFAILED\u{1b}[0m. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\n",
            "ℹ tests 9\n",
            "\u{1b}[34mℹ pass 7\u{1b}[39m\n",
            "ℹ fail 1\n",
            "ℹ cancelled 0\n",
            "ℹ skipped 1\n",
        ]);
        let expected = Counts {
            passed: 22,
            failed: 3,
            skipped: 2,
        };
        assert_eq!(counts, expected);
    }

    #[test]
    fn what_is_said_of_failures_is_kept() {
        let mut failures = Failures::default();
        for line in [
            "test a ... FAILED\n",
            "failures:\n",
            "---- a stdout ----\n",
            "thread 'a' panicked\n",
            "test result: FAILED. 0 passed; 1 failed; 0 ignored\n",
            "     Running tests/other.rs\n",
            "\u{1b}[31m✖ failing tests:\u{1b}[39m\n",
            "✖ reads (3 ms)\n",
        ] {
            failures.read(line);
        }
        let expected = "
    failures:
    ---- a stdout ----
    thread 'a' panicked
    ✖ failing tests:
    ✖ reads (3 ms)";
        assert_eq!(failures.to_string(), expected);
    }

    #[test]
    fn lines_of_the_tests_themselves_are_not_counted() {
        let counts = count(&["ℹ pass the salt 3\n", "12 passed\n", "# passes 4\n"]);
        assert_eq!(counts, Counts::default());
    }
}
