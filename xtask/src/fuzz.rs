//! Fuzzing: libFuzzer gives each target of `fuzz/` bytes that reach ever more of the code.
//!
//! The compiler's part of it is stable but for AddressSanitizer, as for the check `asan`; what
//! calls the targets is the crate `libfuzzer-sys`.
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{cargo, command, host, root, run as run_command, watch};

/// Where it is built, and where each target has what it found.
const FOLDER: &str = "target/fuzz";

/// What libFuzzer asks of the compiler: a counter at each edge, which it reads, and calls where
/// values are compared, so that it finds those that are expected.
const FLAGS: &[&str] = &[
    "--cfg=fuzzing",
    "-Ccodegen-units=1",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Zsanitizer=address",
    "-Cunsafe-allow-abi-mismatch=sanitizer",
];

/// Most of memory, in MiB, that one target may have: bounded memory is one of the things that must
/// hold.
const MEMORY: u32 = 1024;

/// Most of time, in seconds, that one input may take.
const TIMEOUT: u32 = 20;

/// Options of `cargo xtask fuzz`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How long each target runs, in seconds
    #[arg(long, default_value_t = 60)]
    time: u32,
    /// Only add to the saved corpus in `fuzz/corpus` what reaches more than it does
    #[arg(long)]
    merge: bool,
    /// The targets; all if none is named
    targets: Vec<String>,
    /// Run the one target with this input alone, such as one that was found
    #[arg(long, conflicts_with = "merge")]
    input: Option<PathBuf>,
}

/// What came of a target.
struct Outcome {
    target: String,
    executions: String,
    found: bool,
}

/// `cargo xtask fuzz`
pub(crate) fn run(options: &Options) -> Result<()> {
    let targets = chosen(&options.targets)?;
    let program = build()?;
    if let Some(input) = &options.input {
        let [target] = &targets[..] else {
            bail!("an input is one target's: name that");
        };
        let input = fs::canonicalize(input).with_context(|| format!("{}", input.display()))?;
        return run_command(fuzzer(&program, target).arg(input));
    }
    let mut outcomes = Vec::new();
    for target in targets {
        println!("\n== {target}");
        outcomes.push(match options.merge {
            true => merge(&program, target)?,
            false => fuzz(&program, target, options.time)?,
        });
    }
    println!("\n{:<12} {:>12}", "target", "executions");
    for outcome in &outcomes {
        let note = if outcome.found { "  a finding" } else { "" };
        println!("{:<12} {:>12}{note}", outcome.target, outcome.executions);
    }
    match outcomes.iter().any(|outcome| outcome.found) {
        true => bail!("what must hold does not: see above, and {FOLDER}/found"),
        false => Ok(()),
    }
}

/// Those that are named, or all: each has a folder of saved inputs.
fn chosen(named: &[String]) -> Result<Vec<String>> {
    let folder = root().join("fuzz/corpus");
    let mut all = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("{}", folder.display()))? {
        all.push(entry?.file_name().to_string_lossy().into_owned());
    }
    all.sort();
    if let Some(unknown) = named.iter().find(|name| !all.contains(name)) {
        bail!("there is no target {unknown}; there are {}", all.join(", "));
    }
    Ok(match named {
        [] => all,
        named => named.to_vec(),
    })
}

/// Builds the fuzzer of all targets.
fn build() -> Result<PathBuf> {
    let host = host()?;
    let mut build = cargo();
    build
        .args(["build", "--locked", "--package", "arkws-fuzz"])
        .args(["--features", "libfuzzer"])
        // With a target, what runs while building is built as ever.
        .args(["--target", &host, "--target-dir", FOLDER])
        // For its option that is not stable.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", FLAGS.join(" "))
        // Fast, but with the checks of a debug build.
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "2")
        .env("CARGO_INCREMENTAL", "0");
    run_command(&mut build)?;
    Ok(root().join(FOLDER).join(host).join("debug/arkws-fuzz"))
}

/// The fuzzer of one target.
fn fuzzer(program: &Path, target: &str) -> Command {
    let mut fuzzer = command(program);
    fuzzer
        .env("ARKWS_FUZZ_TARGET", target)
        // A runtime's threads and rustls's caches are still there at the end.
        .env("ASAN_OPTIONS", "detect_leaks=0")
        .arg(format!("-rss_limit_mb={MEMORY}"))
        .arg(format!("-timeout={TIMEOUT}"))
        .arg("-detect_leaks=0")
        .arg("-print_final_stats=1");
    fuzzer
}

/// The folder with that name, made if it is not there.
fn folder(kind: &str, target: &str) -> Result<PathBuf> {
    let folder = root().join(FOLDER).join(kind).join(target);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

fn fuzz(program: &Path, target: String, seconds: u32) -> Result<Outcome> {
    let mut fuzzer = fuzzer(program, &target);
    fuzzer
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!(
            "-artifact_prefix={}/",
            folder("found", &target)?.display()
        ))
        // What is new goes to the first folder.
        .arg(folder("corpus", &target)?)
        .arg(root().join("fuzz/corpus").join(&target));
    outcome(&mut fuzzer, target)
}

/// Adds to the saved corpus those inputs of the other that reach more.
fn merge(program: &Path, target: String) -> Result<Outcome> {
    let mut fuzzer = fuzzer(program, &target);
    fuzzer
        .arg("-merge=1")
        // Those that say much with little.
        .arg("-max_len=512")
        .arg(root().join("fuzz/corpus").join(&target))
        .arg(folder("corpus", &target)?);
    outcome(&mut fuzzer, target)
}

fn outcome(fuzzer: &mut Command, target: String) -> Result<Outcome> {
    let mut executions = String::new();
    let status = watch(fuzzer, |line| {
        if let Some(count) = line.strip_prefix("stat::number_of_executed_units:") {
            executions = count.trim().to_owned();
        }
    })?;
    Ok(Outcome {
        target,
        executions,
        found: !status.success(),
    })
}
