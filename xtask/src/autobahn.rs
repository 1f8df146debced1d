//! The public Autobahn cases, run by PyPI's `kosoku` against our server, our client and our module
//! for JavaScript.
mod verdict;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use clap::ValueEnum;

use self::verdict::{Verdict, numbers, read, table};
use crate::build::{Profile, Target, build, place_module};
use crate::counts::Counts;
use crate::peers::{self, Node, Python};
use crate::process::{Background, command, output, root, run as run_command};

/// Cases that kosoku 0.1.0 cannot judge ("Strings must be encoded before hashing"): it gives up on
/// an uncompressed message in a compressed connection. RFC 7692, 6.1 allows those, and we send them
/// where compression would make a message longer, as it does these of 16 and 64 bytes without a
/// context.
const NOT_JUDGED: [&str; 8] = [
    "13.2.1", "13.2.2", "13.5.1", "13.5.2", "13.6.1", "13.6.2", "13.7.1", "13.7.2",
];

/// Cases whose server asks its client to compress without a context, and only a client that has
/// offered to.
const NO_CONTEXT_TAKEOVER: [&str; 3] = ["13.2.*", "13.5.*", "13.6.*"];

/// What the module for JavaScript does not do: messages of more than 5 MiB (`send`'s limit),
/// compressing messages of less than 128 bytes (which kosoku cannot judge, see above), and
/// compressing without a context.
const NOT_FOR_MODULE: [&str; 11] = [
    "9.1.5", "9.1.6", "9.2.5", "9.2.6", "12.*.1", "12.*.2", "13.*.1", "13.*.2", "13.2.*", "13.5.*",
    "13.6.*",
];

/// Cases in which a good message comes right before a broken frame. The module's listener runs on
/// another thread than the network: when it answers, the broken frame may have failed the
/// connection. The suite calls that `NON-STRICT`.
const NO_ANSWER_FROM_MODULE: [&str; 10] = [
    "3.2", "3.3", "3.4", "4.1.3", "4.1.4", "4.1.5", "4.2.3", "4.2.4", "4.2.5", "5.15",
];

/// The minutes-long part of the compression cases: a thousand messages each, of 64 KiB and more or
/// in 256-byte frames.
const SLOW: std::ops::RangeInclusive<u32> = 9..=18;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Leave out the slowest of the compression cases
    #[arg(long)]
    quick: bool,
    /// Which of ours to test [default: all]
    #[arg(long, value_enum)]
    side: Option<Side>,
    /// Run only these cases: an identifier or a pattern such as `9.*`
    cases: Vec<String>,
    /// Test the unoptimised build
    #[arg(long)]
    dev: bool,
}

/// The longest message of the suite, in bytes: what the server must accept.
const MAX_MESSAGE: &str = "16777216";

/// Which of our programs is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Side {
    /// `examples/echo_server.rs`
    Server,
    /// `examples/autobahn_client.rs`
    Client,
    /// `tests/autobahn/client.mjs`, with the module for JavaScript
    Module,
}

impl Side {
    pub(crate) const ALL: [Side; 3] = [Side::Server, Side::Client, Side::Module];

    fn target(self) -> Target {
        match self {
            Side::Server => Target::Example("arkws", "echo_server"),
            Side::Client => Target::Example("arkws", "autobahn_client"),
            Side::Module => Target::NodeModule,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Side::Server => "server",
            Side::Client => "client",
            Side::Module => "module",
        }
    }
}

/// `cargo xtask autobahn`
pub(crate) fn run(options: &Options) -> Result<()> {
    let profile = if options.dev {
        Profile::Dev
    } else {
        Profile::Release
    };
    let sides = options
        .side
        .map_or_else(|| Side::ALL.to_vec(), |side| vec![side]);
    let selection = Selection {
        only: options.cases.clone(),
        quick: options.quick,
    };
    let mut counts = Counts::default();
    let outcome = examine(&sides, profile, &selection, &mut counts);
    println!("{counts}");
    outcome
}

/// Runs the cases against some of our programs, all at once, and prints a table for each.
///
/// # Errors
/// A case is not strictly `OK`, or has no verdict.
pub(crate) fn examine(
    sides: &[Side],
    profile: Profile,
    selection: &Selection,
    counts: &mut Counts,
) -> Result<()> {
    let python = Python::environment()?;
    let suite = suite(&python)?;
    let targets: Vec<Target> = sides.iter().map(|side| side.target()).collect();
    let programs = build(&targets, profile)?;
    if sides.contains(&Side::Module) {
        Node::of_machine()?;
        peers::install_npm("tests", false)?;
    }
    let examinations: Vec<Examination> = sides
        .iter()
        .zip(programs)
        .map(|(&side, program)| Examination {
            side,
            program,
            cases: selection.of(&suite, side),
            report: root().join("target/autobahn").join(side.name()),
        })
        .filter(|examination| !examination.cases.is_empty())
        .collect();
    if examinations.is_empty() {
        bail!(
            "no case of the suite is one of {}",
            selection.only.join(", ")
        );
    }
    // Each of them alternates with kosoku: together they keep two cores busy.
    let verdicts: Vec<Result<(Vec<Verdict>, Duration)>> = thread::scope(|scope| {
        let running: Vec<_> = examinations
            .iter()
            .map(|examination| scope.spawn(|| examination.run(&python)))
            .collect();
        running
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|_| Err(anyhow!("it panicked")))
            })
            .collect()
    });
    let mut failures = Vec::new();
    for (examination, verdicts) in examinations.iter().zip(verdicts) {
        let outcome = verdicts
            .and_then(|(verdicts, took)| examination.print(&verdicts, took, counts))
            .with_context(|| format!("our {}", examination.side.name()));
        failures.extend(outcome.err().map(|error| format!("{error:#}")));
    }
    if failures.is_empty() {
        return Ok(());
    }
    bail!("{}", failures.join("; "))
}

/// Which cases to run.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    /// Identifiers or patterns; empty: all.
    pub(crate) only: Vec<String>,
    /// Without the slowest.
    pub(crate) quick: bool,
}

impl Selection {
    /// The cases for one of our programs, in the suite's order.
    fn of(&self, suite: &[String], side: Side) -> Vec<String> {
        let excluded = |case: &str| {
            NOT_JUDGED.contains(&case)
                || (side == Side::Module && any_matches(&NOT_FOR_MODULE, case))
                || ((self.quick || side == Side::Module) && is_slow(case))
        };
        suite
            .iter()
            .filter(|case| self.only.is_empty() || any_matches(&self.only, case))
            .filter(|case| !excluded(case))
            .cloned()
            .collect()
    }
}

/// The identifiers of all cases.
fn suite(python: &Python) -> Result<Vec<String>> {
    let script = "from kosoku.cases import CASES; print(*CASES, sep='\\n')";
    let all = output(command(python.program("python")).args(["-c", script]))?;
    Ok(all.lines().map(str::to_owned).collect())
}

/// Whether the case is what one of the patterns says: `9.1.*` is every case of 9.1.
fn any_matches(patterns: &[impl AsRef<str>], case: &str) -> bool {
    patterns
        .iter()
        .any(|pattern| match pattern.as_ref().split_once('*') {
            Some((start, end)) => {
                case.len() > start.len() + end.len()
                    && case.starts_with(start)
                    && case.ends_with(end)
            }
            None => case == pattern.as_ref(),
        })
}

fn is_slow(case: &str) -> bool {
    matches!(numbers(case)[..], [12 | 13, _, number] if SLOW.contains(&number))
}

/// One of our programs, and what it is to be tested with.
struct Examination {
    side: Side,
    program: PathBuf,
    cases: Vec<String>,
    report: PathBuf,
}

impl Examination {
    fn run(&self, python: &Python) -> Result<(Vec<Verdict>, Duration)> {
        let start = Instant::now();
        if self.report.exists() {
            fs::remove_dir_all(&self.report)?;
        }
        let mut verdicts = match self.side {
            Side::Server => self.server(python)?,
            Side::Client => {
                let (apart, together): (Vec<_>, Vec<_>) = self
                    .cases
                    .iter()
                    .cloned()
                    .partition(|case| any_matches(&NO_CONTEXT_TAKEOVER, case));
                let client = || command(&self.program);
                let mut verdicts = connect(client(), &[], python, &together, &self.report)?;
                let flags = ["--no-context-takeover"];
                let report = self.report.join("no-context-takeover");
                verdicts.extend(connect(client(), &flags, python, &apart, &report)?);
                verdicts
            }
            Side::Module => {
                place_module(&self.program)?;
                let mut client = command("node");
                client.arg("tests/autobahn/client.mjs");
                connect(client, &[], python, &self.cases, &self.report)?
            }
        };
        verdicts.sort_by_key(|verdict| numbers(&verdict.case));
        Ok((verdicts, start.elapsed()))
    }

    fn server(&self, python: &Python) -> Result<Vec<Verdict>> {
        let server = Background::start(
            command(&self.program).args(["127.0.0.1:0", "--deflate", "--max-message", MAX_MESSAGE]),
            "listening on",
        )?;
        // Its exit status only says whether there are failures by its own, looser rules.
        kosoku(python, &self.cases, &self.report)
            .args(["--mode", "fuzzingclient"])
            .arg(format!("127.0.0.1:{}", server.port()?))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .context("cannot start kosoku")?;
        read(&self.report)
    }

    fn print(&self, verdicts: &[Verdict], took: Duration, counts: &mut Counts) -> Result<()> {
        let tolerated: &[&str] = match self.side {
            Side::Server | Side::Client => &[],
            Side::Module => &NO_ANSWER_FROM_MODULE,
        };
        println!("\n### Autobahn, our {}\n", self.side.name());
        print!("{}", table(verdicts, tolerated));
        println!(
            "\n{} cases in {:.0} s; the full report: {}\n",
            verdicts.len(),
            took.as_secs_f64(),
            self.report.join("index.html").display()
        );
        let mut bad: Vec<String> = verdicts
            .iter()
            .filter(|verdict| !verdict.is_good(tolerated))
            .map(Verdict::to_string)
            .collect();
        counts.passed += (verdicts.len() - bad.len()) as u64;
        let missing = self
            .cases
            .iter()
            .filter(|case| verdicts.iter().all(|verdict| verdict.case != **case));
        bad.extend(missing.map(|case| format!("{case} without a verdict")));
        counts.failed += bad.len() as u64;
        if bad.is_empty() {
            return Ok(());
        }
        bail!("not strictly OK: {}", bad.join(", "));
    }
}

fn kosoku(python: &Python, cases: &[String], report: &Path) -> Command {
    let mut kosoku = command(python.program("kosoku"));
    kosoku.arg("--outdir").arg(report);
    for case in cases {
        kosoku.args(["--include", case]);
    }
    kosoku
}

/// Has a client, given the address and then the flags, run the cases.
fn connect(
    mut client: Command,
    flags: &[&str],
    python: &Python,
    cases: &[String],
    report: &Path,
) -> Result<Vec<Verdict>> {
    if cases.is_empty() {
        return Ok(Vec::new());
    }
    let server = Background::start(
        kosoku(python, cases, report).args(["--mode", "fuzzingserver", "127.0.0.1:0"]),
        "listening on",
    )?;
    run_command(
        client
            .arg(format!("ws://127.0.0.1:{}", server.port()?))
            .args(flags),
    )?;
    server.wait()?;
    read(report)
}
