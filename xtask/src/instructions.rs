//! `cargo xtask instructions`: how many instructions a message takes in `arkws-proto`.
//!
//! Valgrind's callgrind counts them, in a simulated processor: on one toolchain the counts are the
//! same on a busy machine and on an idle one, so that a check can compare them with those that were
//! saved before. `bench/proto` has the cases.
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::counts::Counts;
use crate::process::{cargo, command, output, root, run as run_command};

/// Where the saved counts are.
const BASELINE: &str = "bench/proto/instructions.json";

/// How far a count may be from the saved one. Run again, a count is the same to the instruction;
/// but changes elsewhere in the code move what is inlined, and counts with it, by a few percent.
const TOLERANCE: f64 = 0.08;

/// What to do about a count that is off the saved one on purpose.
const SAVE: &str = "cargo xtask instructions --save";

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Save the counts: later runs are compared with them
    #[arg(long)]
    save: bool,
}

/// `cargo xtask instructions`
pub(crate) fn run(options: &Options) -> Result<()> {
    let Some(valgrind) = Valgrind::of_machine() else {
        bail!(Valgrind::MISSING);
    };
    if options.save {
        let measured = Measurement::make(&valgrind)?;
        measured.save()?;
        println!("saved in {BASELINE}: {}", measured.made_with);
        return Ok(());
    }
    check(&valgrind, &mut Counts::default())
}

/// Counts, and compares with the saved counts.
///
/// # Errors
/// Something cannot be run, or a count is off the saved one by more than the tolerance; with
/// another toolchain than that of the saved ones, counts that are off are only told.
pub(crate) fn check(valgrind: &Valgrind, counts: &mut Counts) -> Result<()> {
    let saved = Measurement::saved()?;
    let measured = Measurement::make(valgrind)?;
    let comparable = measured.made_with == saved.made_with;
    println!("| case | instructions per message | saved | change |\n|---|---:|---:|---:|");
    let mut off = Vec::new();
    for (case, &now) in &measured.per_message {
        let Some(before) = saved.per_message.get(case) else {
            println!("| {case} | {now:.1} | – | new |");
            off.push(format!("{case} has no saved count"));
            continue;
        };
        let change = now / before - 1.0;
        println!(
            "| {case} | {now:.1} | {before:.1} | {:+.1} % |",
            change * 100.0
        );
        if change.abs() <= TOLERANCE {
            counts.passed += 1;
        } else {
            let word = if change > 0.0 { "more" } else { "fewer" };
            let percent = change.abs() * 100.0;
            off.push(format!(
                "{case} takes {percent:.1} % {word} instructions than saved"
            ));
        }
    }
    for case in saved.per_message.keys() {
        if !measured.per_message.contains_key(case) {
            off.push(format!("{case} is saved, but no case any more"));
        }
    }
    if !comparable {
        println!(
            "\nThe saved counts were made with other tools, and code that other tools compile or run takes other counts. What \
             differs is told above and fails nothing.\nsaved with:   {}\nmeasured with: {}",
            saved.made_with, measured.made_with
        );
        counts.skipped += off.len() as u64;
        return Ok(());
    }
    if off.is_empty() {
        return Ok(());
    }
    counts.failed += off.len() as u64;
    bail!(
        "{}. Up to {:.0} % more or fewer are passed over. Where that is how it shall be: `{SAVE}`",
        off.join("; "),
        TOLERANCE * 100.0
    )
}

/// The program that counts.
pub(crate) struct Valgrind {
    version: String,
}

impl Valgrind {
    /// What to tell where it is missing.
    pub(crate) const MISSING: &str = "valgrind is not installed: apt-get install valgrind";

    /// `None`: it is not installed.
    pub(crate) fn of_machine() -> Option<Valgrind> {
        let told = command("valgrind").arg("--version").output().ok()?;
        let version = String::from_utf8_lossy(&told.stdout).trim().to_owned();
        told.status.success().then_some(Valgrind { version })
    }

    /// Runs the program in valgrind's processor; returns what it wrote to standard output.
    fn run(options: &[&str], program: &Path, arguments: &[&str]) -> Result<String> {
        let mut valgrind = command("valgrind");
        output(
            valgrind
                .arg("--quiet")
                .args(options)
                .arg(program)
                .args(arguments),
        )
    }
}

/// Instruction counts, and what they were made with.
struct Measurement {
    made_with: Tools,
    per_message: BTreeMap<String, f64>,
}

/// What decides about the code that runs, besides the code that is written.
#[derive(PartialEq, Eq)]
struct Tools {
    rustc: String,
    valgrind: String,
    /// The processor that valgrind simulates: its architecture, and the extensions looked for.
    processor: String,
}

impl fmt::Display for Tools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}, {}", self.rustc, self.valgrind, self.processor)
    }
}

impl Measurement {
    /// Builds the cases and counts every one of them in a process of its own.
    fn make(valgrind: &Valgrind) -> Result<Measurement> {
        run_command(
            cargo()
                .current_dir(root().join("bench"))
                .args(["build", "--release", "--locked", "--quiet"])
                .args(["--package", "arkws-bench-proto", "--bin", "instructions"])
                .arg("--target-dir")
                .arg(target()),
        )?;
        let built = target().join("release/instructions");
        let listed = Valgrind::run(&["--tool=none"], &built, &[])?;
        let mut lines = listed.lines();
        let made_with = Tools {
            rustc: output(command("rustc").arg("--version"))?.trim().to_owned(),
            valgrind: valgrind.version.clone(),
            processor: lines.next().unwrap_or_default().to_owned(),
        };
        let mut per_message = BTreeMap::new();
        for line in lines {
            let (case, messages) = line
                .split_once(' ')
                .with_context(|| format!("the list of cases has the line {line:?}"))?;
            let counted = count(&built, case)?;
            let tenths = (counted as f64 * 10.0 / messages.parse::<f64>()?).round();
            per_message.insert(case.to_owned(), tenths / 10.0);
        }
        Ok(Measurement {
            made_with,
            per_message,
        })
    }

    /// The counts that were saved.
    fn saved() -> Result<Measurement> {
        let file = root().join(BASELINE);
        let text = fs::read(&file).with_context(|| format!("cannot read {BASELINE}: `{SAVE}`"))?;
        let saved: Value = serde_json::from_slice(&text)?;
        let tool = |name: &str| {
            saved["made with"][name]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        let counts = saved["instructions per message"].as_object();
        Ok(Measurement {
            made_with: Tools {
                rustc: tool("rustc"),
                valgrind: tool("valgrind"),
                processor: tool("processor"),
            },
            per_message: counts
                .into_iter()
                .flatten()
                .filter_map(|(case, count)| Some((case.clone(), count.as_f64()?)))
                .collect(),
        })
    }

    fn save(&self) -> Result<()> {
        let saved = json!({
            "made with": {
                "rustc": self.made_with.rustc,
                "valgrind": self.made_with.valgrind,
                "processor": self.made_with.processor,
            },
            "instructions per message": self.per_message,
        });
        let text = format!("{saved:#}\n");
        fs::write(root().join(BASELINE), text).with_context(|| format!("cannot write {BASELINE}"))
    }
}

/// The instructions of one run of a case.
fn count(program: &Path, case: &str) -> Result<u64> {
    // It stays there, for `callgrind_annotate` to show where the instructions are.
    let profile = target().join(format!("callgrind.{case}.out"));
    let out = format!("--callgrind-out-file={}", profile.display());
    Valgrind::run(
        &["--tool=callgrind", "--toggle-collect=*measured*", &out],
        program,
        &[case],
    )?;
    let text = fs::read_to_string(&profile)
        .with_context(|| format!("cannot read {}", profile.display()))?;
    text.lines()
        .find_map(|line| line.strip_prefix("totals: "))
        .and_then(|total| total.trim().parse().ok())
        .filter(|total| *total > 0)
        .with_context(|| format!("{} has no count", profile.display()))
}

/// Where cargo puts what it builds of `bench`.
fn target() -> PathBuf {
    root().join("bench/target")
}
