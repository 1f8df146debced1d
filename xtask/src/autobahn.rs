//! The public Autobahn cases, run by PyPI's `kosoku` against our server and our client.
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use serde_json::Value;

use crate::build::{Profile, Target, build};
use crate::peers::Python;
use crate::process::{Background, command, output, root, run as run_command};
use crate::report::Counts;

/// Cases that kosoku 0.1.0 cannot judge ("Strings must be encoded before hashing"): it gives up on an uncompressed
/// message in a compressed connection. RFC 7692, 6.1 allows those, and we send them where compression would make a
/// message longer, as it does these of 16 and 64 bytes without a context.
const NOT_JUDGED: [&str; 8] = [
    "13.2.1", "13.2.2", "13.5.1", "13.5.2", "13.6.1", "13.6.2", "13.7.1", "13.7.2",
];

/// Cases whose server asks its client to compress without a context, and only a client that has offered to.
const NO_CONTEXT_TAKEOVER: [&str; 3] = ["13.2.*", "13.5.*", "13.6.*"];

/// Cases about behaviour that the RFC leaves open: they have no verdict but `INFORMATIONAL`.
const INFORMATIONAL: [&str; 3] = ["7.1.6", "7.13.1", "7.13.2"];

/// The minutes-long part of the compression cases: a thousand messages each, of 64 KiB and more or in 256-byte frames.
const SLOW: std::ops::RangeInclusive<u32> = 9..=18;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Leave out the slowest of the compression cases
    #[arg(long)]
    quick: bool,
    /// Which side of ours to test [default: both]
    #[arg(long, value_enum)]
    side: Option<Side>,
    /// Run only these cases: an identifier or a pattern such as `9.*`
    cases: Vec<String>,
    /// Test the unoptimised build
    #[arg(long)]
    dev: bool,
}

/// Which of our programs is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Side {
    /// `examples/echo_server.rs`
    Server,
    /// `examples/autobahn_client.rs`
    Client,
}

impl Side {
    pub(crate) const ALL: [Side; 2] = [Side::Server, Side::Client];

    pub(crate) fn target(self) -> Target {
        match self {
            Side::Server => Target::Example("arkws", "echo_server"),
            Side::Client => Target::Example("arkws", "autobahn_client"),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Side::Server => "server",
            Side::Client => "client",
        }
    }
}

/// `cargo xtask autobahn`
pub(crate) fn run(options: &Options) -> Result<()> {
    let python = Python::environment()?;
    let profile = if options.dev {
        Profile::Dev
    } else {
        Profile::Release
    };
    let sides = options
        .side
        .map_or_else(|| Side::ALL.to_vec(), |side| vec![side]);
    let targets: Vec<Target> = sides.iter().map(|side| side.target()).collect();
    let programs = build(&targets, profile)?;
    let mut counts = Counts::default();
    let mut failure = None;
    for (&side, program) in sides.iter().zip(&programs) {
        let selection = Selection {
            only: options.cases.clone(),
            quick: options.quick,
        };
        if let Err(error) = examine(side, program, &python, &selection, &mut counts) {
            println!("{error:#}\n");
            failure = Some(error);
        }
    }
    println!("{counts}");
    failure.map_or(Ok(()), Err)
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
    /// The identifiers of the cases, in the suite's order.
    fn cases(&self, python: &Python) -> Result<Vec<String>> {
        let script = "from kosoku.cases import CASES; print(*CASES, sep='\\n')";
        let all = output(command(python.program("python")).args(["-c", script]))?;
        let cases: Vec<String> = all
            .lines()
            .filter(|case| {
                self.only.is_empty() || self.only.iter().any(|pattern| matches(pattern, case))
            })
            .filter(|case| !NOT_JUDGED.contains(case))
            .filter(|case| !(self.quick && is_slow(case)))
            .map(str::to_owned)
            .collect();
        if cases.is_empty() {
            bail!("no case of the suite is one of {}", self.only.join(", "));
        }
        Ok(cases)
    }
}

/// Whether the case is what the pattern says: `9.1.*` is every case of 9.1.
fn matches(pattern: &str, case: &str) -> bool {
    match pattern.split_once('*') {
        Some((start, end)) => {
            case.len() >= pattern.len() - 1 && case.starts_with(start) && case.ends_with(end)
        }
        None => case == pattern,
    }
}

fn is_slow(case: &str) -> bool {
    matches!(numbers(case)[..], [12 | 13, _, number] if SLOW.contains(&number))
}

/// Runs the cases against one of our programs and prints the table.
///
/// # Errors
/// A case is not strictly `OK`, or has no verdict.
pub(crate) fn examine(
    side: Side,
    program: &Path,
    python: &Python,
    selection: &Selection,
    counts: &mut Counts,
) -> Result<()> {
    let start = Instant::now();
    let report = root().join("target/autobahn").join(side.name());
    if report.exists() {
        fs::remove_dir_all(&report)?;
    }
    let cases = selection.cases(python)?;
    let mut verdicts = match side {
        Side::Server => examine_server(program, python, &cases, &report)?,
        Side::Client => {
            let (apart, together): (Vec<_>, Vec<_>) = cases.iter().cloned().partition(|case| {
                NO_CONTEXT_TAKEOVER
                    .iter()
                    .any(|section| matches(section, case))
            });
            let mut verdicts = examine_client(program, &[], python, &together, &report)?;
            let flags = ["--no-context-takeover"];
            let report = report.join("no-context-takeover");
            verdicts.extend(examine_client(program, &flags, python, &apart, &report)?);
            verdicts
        }
    };
    verdicts.sort_by_key(|verdict| numbers(&verdict.case));
    println!("\n### Autobahn, our {}\n", side.name());
    print!("{}", table(&verdicts));
    println!(
        "\n{} cases in {:.0} s; the full report: {}\n",
        verdicts.len(),
        start.elapsed().as_secs_f64(),
        report.join("index.html").display()
    );
    let mut bad: Vec<String> = verdicts
        .iter()
        .filter(|verdict| !verdict.is_strictly_good())
        .map(Verdict::to_string)
        .collect();
    counts.passed += (verdicts.len() - bad.len()) as u64;
    let missing = cases
        .iter()
        .filter(|case| verdicts.iter().all(|verdict| verdict.case != **case));
    bad.extend(missing.map(|case| format!("{case} without a verdict")));
    counts.failed += bad.len() as u64;
    if bad.is_empty() {
        return Ok(());
    }
    bail!("our {} is not strictly OK: {}", side.name(), bad.join(", "));
}

fn kosoku(python: &Python, cases: &[String], report: &Path) -> Command {
    let mut kosoku = command(python.program("kosoku"));
    kosoku.arg("--outdir").arg(report);
    for case in cases {
        kosoku.args(["--include", case]);
    }
    kosoku
}

fn examine_server(
    program: &Path,
    python: &Python,
    cases: &[String],
    report: &Path,
) -> Result<Vec<Verdict>> {
    let server = Background::start(
        command(program).args(["127.0.0.1:0", "--deflate"]),
        "listening on",
    )?;
    // Its exit status only says whether there are failures by its own, looser rules.
    kosoku(python, cases, report)
        .args(["--mode", "fuzzingclient", "--parallelism", "2"])
        .arg(format!("127.0.0.1:{}", server.port()?))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .context("cannot start kosoku")?;
    read(report)
}

fn examine_client(
    program: &Path,
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
        command(program)
            .arg(format!("ws://127.0.0.1:{}", server.port()?))
            .args(flags),
    )?;
    server.wait()?;
    read(report)
}

/// What kosoku found in one case.
#[derive(Debug)]
struct Verdict {
    case: String,
    behaviour: String,
    close: String,
}

impl Verdict {
    fn is_strictly_good(&self) -> bool {
        let good = |verdict: &str| {
            verdict == "OK"
                || verdict == "INFORMATIONAL" && INFORMATIONAL.contains(&self.case.as_str())
        };
        good(&self.behaviour) && (good(&self.close) || self.close == "INFORMATIONAL")
    }

    /// The section of the suite: `12.3.4` → `12.3`; the short sections stay whole.
    fn section(&self) -> Vec<u32> {
        let numbers = numbers(&self.case);
        let depth = if numbers.first().is_some_and(|&first| first >= 12) {
            2
        } else {
            1
        };
        numbers.into_iter().take(depth).collect()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.case, self.behaviour, self.close)
    }
}

/// `6.4.1` → `[6, 4, 1]`
fn numbers(case: &str) -> Vec<u32> {
    case.split('.')
        .filter_map(|part| part.parse().ok())
        .collect()
}

fn read(report: &Path) -> Result<Vec<Verdict>> {
    let index = report.join("index.json");
    let text = fs::read_to_string(&index)
        .with_context(|| format!("kosoku wrote no report: {}", index.display()))?;
    let index: BTreeMap<String, BTreeMap<String, Value>> = serde_json::from_str(&text)?;
    let field = |value: &Value, name: &str| value[name].as_str().unwrap_or("missing").to_owned();
    let verdicts = index
        .into_values()
        .flatten()
        .map(|(case, value)| Verdict {
            case,
            behaviour: field(&value, "behavior"),
            close: field(&value, "behaviorClose"),
        })
        .collect();
    Ok(verdicts)
}

fn table(verdicts: &[Verdict]) -> String {
    let mut sections: BTreeMap<Vec<u32>, Vec<&Verdict>> = BTreeMap::new();
    for verdict in verdicts {
        sections.entry(verdict.section()).or_default().push(verdict);
    }
    let mut table = String::from(
        "| section | about | cases | OK | informational | other |\n|---|---|---:|---:|---:|---|\n",
    );
    for (section, verdicts) in sections {
        let ok = verdicts.iter().filter(|v| v.behaviour == "OK").count();
        let informational = verdicts
            .iter()
            .filter(|v| v.behaviour == "INFORMATIONAL")
            .count();
        let other: Vec<String> = verdicts
            .iter()
            .filter(|verdict| !verdict.is_strictly_good())
            .map(|verdict| verdict.to_string())
            .collect();
        let number: Vec<String> = section.iter().map(u32::to_string).collect();
        table.push_str(&format!(
            "| {} | {} | {} | {ok} | {informational} | {} |\n",
            number.join("."),
            title(&section),
            verdicts.len(),
            other.join(", ")
        ));
    }
    table
}

/// What a section of the suite is about.
fn title(section: &[u32]) -> &'static str {
    match section {
        [1] => "framing",
        [2] => "pings and pongs",
        [3] => "reserved bits",
        [4] => "opcodes",
        [5] => "fragmentation",
        [6] => "UTF-8",
        [7] => "closing",
        [9] => "limits and performance",
        [10] => "automatic fragmentation",
        [12, 1] => "compression: JSON",
        [12, 2] => "compression: a picture",
        [12, 3] => "compression: a book",
        [12, 4] => "compression: HTML",
        [12, 5] => "compression: a PDF",
        [13, 1] => "compression, default parameters",
        [13, 2] => "compression, no context takeover",
        [13, 3] => "compression, 9-bit window",
        [13, 4] => "compression, 15-bit window",
        [13, 5] => "compression, no context takeover, 9-bit window",
        [13, 6] => "compression, no context takeover, 15-bit window",
        [13, 7] => "compression, several offers",
        _ => "",
    }
}
