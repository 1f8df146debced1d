//! `cargo xtask test`: every check of the project, in the order in which they find faults fastest.
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::autobahn::{self, Selection, Side};
use crate::build::{Profile, Target, build, place_module};
use crate::columns;
use crate::demo;
use crate::instructions::{self, Valgrind};
use crate::long::{self, Choice};
use crate::peers::{self, Node, Python};
use crate::process::{cargo, command, root, run as run_command};
use crate::report::{Counts, Report, count};
use crate::structure;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run the slowest cases too [default: where the environment says CI=true]
    #[arg(long)]
    all: bool,
    /// Run the long checks too, whether what they guard has changed or not, and write down which
    /// were green (.ci/long.toml)
    #[arg(long)]
    long: bool,
    /// Run only the checks whose name contains one of these words
    checks: Vec<String>,
}

/// The checks that need nothing but cargo.
const CARGO: &[(&str, &[&str])] = &[
    ("format", &["fmt", "--all", "--check"]),
    ("lints", &clippy("Cargo.toml")),
    // Workspaces of their own, which must not rot.
    ("fuzz lints", &clippy("fuzz/Cargo.toml")),
    ("bench lints", &clippy("bench/Cargo.toml")),
    (
        "rustdoc",
        &["doc", "--locked", "--workspace", "--no-deps", "--quiet"],
    ),
    ("rust tests", &["test", "--locked", "--workspace"]),
];

/// Clippy for all of a workspace.
const fn clippy(manifest: &str) -> [&str; 8] {
    [
        "clippy",
        "--locked",
        "--manifest-path",
        manifest,
        "--workspace",
        "--all-targets",
        "--",
        "--deny=warnings",
    ]
}

/// The JavaScript tests: a name, a directory, and whether they run under every supported Node.js.
const JAVASCRIPT: &[(&str, &str, bool)] = &[
    ("npm tests", "npm/test", true),
    ("readme tests", "tests/readme", false),
    ("interop tests", "tests/interop", false),
    ("bad input tests", "tests/bad-input", true),
    ("tls tests", "tests/tls", false),
    ("proxy tests", "tests/proxy", false),
    ("server tests", "tests/server", true),
    ("error code tests", "tests/codes", true),
    ("lost connection tests", "tests/lost-connections", true),
    ("resource tests", "tests/resources", true),
    ("bundler tests", "tests/bundlers", true),
    ("fake timer tests", "tests/timers", true),
    ("exit tests", "tests/exit", true),
    ("release tests", "tests/release", true),
];

/// What the JavaScript tests start: servers and clients written with the `arkws` crate.
const PEER: Target = Target::Binary("arkws-test-peer", "peer");

/// A test that hangs fails, instead of stopping everything. Milliseconds; the slowest test takes a
/// tenth of it.
const TEST_TIMEOUT: &str = "--test-timeout=300000";

/// `cargo xtask test`
pub(crate) fn run(options: &Options) -> Result<()> {
    let checks = Checks {
        all: options.all || options.long || std::env::var("CI").is_ok_and(|ci| ci == "true"),
        nothing_left_out: std::env::var_os("ARKWS_REQUIRE_ALL").is_some(),
        words: &options.checks,
    };
    let mut report = Report::default();
    for &(name, arguments) in CARGO {
        if checks.wanted(name) {
            report.step(name, |counts| {
                let mut cargo = cargo();
                cargo.args(arguments).env("RUSTDOCFLAGS", "--deny=warnings");
                count(&mut cargo, counts)
            });
        }
    }
    if checks.wanted("structure") {
        report.step("structure", structure::check);
    }
    if checks.wanted("columns") {
        report.step("columns", columns::check);
    }
    checks.instructions(&mut report);
    checks.javascript(&mut report);
    if checks.wanted("demo") {
        report.step("demo", |_| demo::run());
    }
    checks.autobahn(&mut report);
    let choice = match (options.long, checks.all) {
        (true, _) => Choice::All,
        (false, true) => Choice::Changed,
        (false, false) => Choice::None,
    };
    long::run(&mut report, choice, |name| checks.wanted(name));
    if report.finish() {
        return Ok(());
    }
    bail!("not every check passed")
}

/// What has been asked for.
struct Checks<'a> {
    all: bool,
    nothing_left_out: bool,
    words: &'a [String],
}

impl Checks<'_> {
    fn wanted(&self, name: &str) -> bool {
        self.words.is_empty() || self.words.iter().any(|word| name.contains(word))
    }

    fn instructions(&self, report: &mut Report) {
        if !self.wanted("instruction counts") {
            return;
        }
        match Valgrind::of_machine() {
            Some(valgrind) => {
                report.step("instruction counts", |counts| {
                    instructions::check(&valgrind, counts)
                });
            }
            None if self.nothing_left_out => {
                report.step("instruction counts", |_| bail!(Valgrind::MISSING));
            }
            None => report.leave_out(format!("instruction counts: {}", Valgrind::MISSING)),
        }
    }

    fn javascript(&self, report: &mut Report) {
        let groups: Vec<_> = JAVASCRIPT
            .iter()
            .filter(|(name, ..)| self.wanted(name))
            .collect();
        if groups.is_empty() {
            return;
        }
        let mut prepared = None;
        report.step("build and install for the JavaScript tests", |_| {
            prepared = Some(Prepared::new()?);
            Ok(())
        });
        let Some(prepared) = prepared else { return };
        let mut nodes = Vec::new();
        if let Err(error) = peers::nodes().map(|installed| nodes = installed) {
            let what = format!("Node.js {:?}: {error:#}", peers::NODE_MAJORS);
            if self.nothing_left_out {
                report.step("install every supported Node.js", |_| Err(error));
            } else {
                report.leave_out(what);
            }
        }
        for &(name, directory, everywhere) in groups {
            let nodes = if everywhere { nodes.as_slice() } else { &[] };
            // The machine's own Node.js is one of the three on most machines: no need to run that
            // release twice.
            let own = nodes
                .iter()
                .all(|node| node.major() != prepared.node.major())
                .then_some(&prepared.node);
            for node in own.into_iter().chain(nodes) {
                report.step(format!("{name}, Node.js {}", node.version), |counts| {
                    prepared.test(node, directory, counts)
                });
            }
        }
    }

    fn autobahn(&self, report: &mut Report) {
        let sides: Vec<Side> = Side::ALL
            .into_iter()
            .filter(|side| self.wanted(&format!("autobahn {}", side.name())))
            .collect();
        if sides.is_empty() {
            return;
        }
        report.step("autobahn", |counts| {
            let selection = Selection {
                only: Vec::new(),
                quick: !self.all,
            };
            autobahn::examine(&sides, Profile::Dev, &selection, counts)
        });
    }
}

/// What the JavaScript tests need.
struct Prepared {
    node: Node,
    python: Python,
    peer: PathBuf,
}

impl Prepared {
    fn new() -> Result<Prepared> {
        let node = Node::of_machine()?;
        let python = Python::environment()?;
        peers::install_npm("npm", false)?;
        peers::install_npm("tests", false)?;
        let mut built = build(&[PEER, Target::NodeModule], Profile::Dev)?.into_iter();
        let (Some(peer), Some(module)) = (built.next(), built.next()) else {
            bail!("cargo built fewer targets than asked for");
        };
        place_module(&module)?;
        Ok(Prepared { node, python, peer })
    }

    /// Runs the tests of a directory under a Node.js.
    fn test(&self, node: &Node, directory: &str, counts: &mut Counts) -> Result<()> {
        let mut files = Vec::new();
        for entry in root()
            .join(directory)
            .read_dir()
            .with_context(|| format!("cannot read {directory}"))?
        {
            let path = entry?.path();
            if path.to_string_lossy().ends_with(".test.mjs") {
                files.push(path);
            }
        }
        files.sort();
        if files.is_empty() {
            bail!("there are no tests in {directory}");
        }
        let mut tests = command(&node.path);
        tests
            .args(["--test", "--test-reporter=spec", TEST_TIMEOUT])
            .args(files)
            .env("ARKWS_TEST_PEER", &self.peer)
            .env("ARKWS_TEST_PYTHON", self.python.program("python"))
            // Whoever works behind a proxy: the tests talk to this machine alone.
            .env("no_proxy", "*");
        count(&mut tests, counts)
    }
}

/// `cargo xtask ci`: what the continuous integration does, on this machine.
pub(crate) fn ci() -> Result<()> {
    run_command(command("bash").arg(".ci/run").env("CI", "true"))
}
