//! `cargo xtask test`: every check of the project, or those that are asked for.
//!
//! | file | what it does |
//! |---|---|
//! | `catalogue.rs` | the list of checks |
//! | `selection.rs` | which of them the words of a command line ask for |
//! | `file.rs` | the tests of one file |
//! | `javascript.rs` | runs JavaScript tests |
//! | `seconds.rs` | how long each check took |
mod catalogue;
mod file;
mod javascript;
mod seconds;
mod selection;

use std::io::{ErrorKind, Write};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};

use crate::autobahn::{self, Selection as Cases, Side};
use crate::book;
use crate::build::Profile;
use crate::counts::{Counts, count};
use crate::instructions::{self, Valgrind};
use crate::long::{self, Choice};
use crate::process::{cargo, command, run as run_command};
use crate::report::Report;
use catalogue::{Action, Check, Group, side_matches};
use file::Tests;
use javascript::Prepared;
use seconds::Seconds;
use selection::Selection;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run the slowest cases too [default: where the environment says CI=true]
    #[arg(long)]
    all: bool,
    /// Run the long checks too, whether what they guard has changed or not, and write down which
    /// were green (.ci/long.toml)
    #[arg(long)]
    long: bool,
    /// Run JavaScript tests under this release line of Node.js only, for example 22 [default: 20,
    /// 22 and 24 for what differs between them, else the machine's]
    #[arg(long, value_name = "MAJOR")]
    node: Option<u32>,
    /// Name the checks and how long each takes, and run none
    #[arg(long)]
    list: bool,
    /// Run only the checks whose name contains one of these words, and the tests in these files:
    /// `tls`, `npm/test/limits.test.mjs`, `crates/arkws/tests/socket/split.rs`
    checks: Vec<String>,
}

/// `cargo xtask test`
pub(crate) fn run(options: &Options) -> Result<()> {
    let selection = Selection::of(&options.checks)?;
    if options.list {
        return list(&selection);
    }
    let mut run = Run {
        all: options.all || options.long || std::env::var("CI").is_ok_and(|ci| ci == "true"),
        options,
        report: Report::new(std::env::var_os("ARKWS_REQUIRE_ALL").is_some()),
    };
    let mut seconds = Seconds::read();
    let javascript = run.prepare_javascript(&selection);
    for (name, tests) in &selection.files {
        run.file(name, tests, javascript.as_ref());
    }
    for check in &selection.checks {
        let start = Instant::now();
        let passed = run.check(check, javascript.as_ref());
        // Under one Node.js it takes less, and so do some of the Autobahn cases.
        let is_whole = options.node.is_none()
            && (!matches!(check.action, Action::Autobahn) || run.all && options.checks.is_empty());
        if passed && is_whole {
            seconds.note(check.name, start.elapsed());
        }
    }
    if let Err(error) = seconds.write() {
        run.report
            .leave_out(format!("the list of seconds: {error:#}"));
    }
    let choice = match (options.long, run.all) {
        (true, _) => Choice::All,
        (false, true) => Choice::Changed,
        (false, false) => Choice::None,
    };
    long::run(&mut run.report, choice, &selection.long);
    let passed = run.report.finish();
    if run.report.is_empty() {
        bail!("nothing was run: the lines above say why");
    }
    if !passed {
        bail!("not every check passed");
    }
    Ok(())
}

/// `cargo xtask test --list`
fn list(selection: &Selection) -> Result<()> {
    let known = Seconds::read();
    let mut lines = vec!["seconds  check".to_owned()];
    for check in &selection.checks {
        let seconds = match known.of(check.name) {
            Some(last) => last.to_string(),
            None => format!("~{}", check.seconds),
        };
        lines.push(format!("{seconds:>7}  {}", check.name));
    }
    for &name in &selection.long {
        let seconds = long::seconds(name)?;
        let seconds = seconds.map_or("?".to_owned(), |seconds| format!("~{seconds}"));
        let when = "with --long; with --all if what it guards has changed";
        lines.push(format!("{seconds:>7}  {name} ({when})"));
    }
    lines.push("\n~: typical, with everything built; the others: as it last was here\n".to_owned());
    match std::io::stdout().write_all(lines.join("\n").as_bytes()) {
        // Whoever reads it has read enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write the list of checks"),
    }
}

/// A run of checks.
struct Run<'a> {
    /// The slowest cases too.
    all: bool,
    options: &'a Options,
    report: Report,
}

impl Run<'_> {
    /// Runs a check; `true`: it passed.
    fn check(&mut self, check: &Check, prepared: Option<&Prepared>) -> bool {
        let name = check.name;
        match &check.action {
            Action::Cargo(arguments) => self.cargo(name, arguments),
            Action::Own(run) => self.report.step(name, run),
            Action::OwnWith(prepare, run) => match prepare() {
                Ok(()) => self.report.step(name, run),
                Err(error) => {
                    self.report.missing(name, error);
                    false
                }
            },
            Action::Book => self.book(name),
            Action::Instructions => self.instructions(name),
            Action::JavaScript(group) => self.javascript(name, group, prepared),
            Action::Autobahn => self.autobahn(name),
        }
    }

    fn cargo(&mut self, name: &str, arguments: &[&str]) -> bool {
        self.report.step(name, |counts| {
            let mut cargo = cargo();
            cargo.args(arguments).env("RUSTDOCFLAGS", "--deny=warnings");
            count(&mut cargo, counts)
        })
    }

    /// The book; mdBook is installed for whoever asks for it, or for everything.
    fn book(&mut self, name: &str) -> bool {
        let is_asked_for = self.all || !self.options.checks.is_empty();
        if is_asked_for || book::is_installed().is_ok_and(|installed| installed) {
            return self.report.step(name, book::check);
        }
        self.report.leave_out(format!(
            "{name}: mdBook {} is not installed; `cargo xtask test {name}` installs it",
            book::VERSION
        ));
        false
    }

    fn instructions(&mut self, name: &str) -> bool {
        match Valgrind::of_machine() {
            Some(valgrind) => self
                .report
                .step(name, |counts| instructions::check(&valgrind, counts)),
            None => {
                self.report.missing(name, anyhow!(Valgrind::MISSING));
                false
            }
        }
    }

    fn autobahn(&mut self, name: &str) -> bool {
        let words = &self.options.checks;
        let asked =
            |side: &Side| words.is_empty() || words.iter().any(|word| side_matches(*side, word));
        let sides: Vec<Side> = Side::ALL.into_iter().filter(asked).collect();
        let cases = Cases {
            only: Vec::new(),
            quick: !self.all,
        };
        self.report.step(name, |counts| {
            autobahn::examine(&sides, Profile::Dev, &cases, counts)
        })
    }

    /// Builds and installs what the JavaScript tests need, if there are some to run.
    fn prepare_javascript(&mut self, selection: &Selection) -> Option<Prepared> {
        let groups = selection.groups();
        if groups.is_empty() {
            return None;
        }
        let node = self.options.node;
        let mut prepared = None;
        let step = "build and install for the JavaScript tests";
        self.report.step(step, |_| {
            prepared = Some(Prepared::new(&groups, node)?);
            Ok(())
        });
        let mut prepared = prepared?;
        if node.is_none()
            && selection.needs_each_node()
            && let Err(error) = prepared.install_nodes()
        {
            self.report.missing("every supported Node.js", error);
        }
        Some(prepared)
    }

    fn javascript(&mut self, name: &str, group: &Group, prepared: Option<&Prepared>) -> bool {
        let Some(prepared) = prepared else {
            return false;
        };
        let mut passed = true;
        for node in prepared.nodes(group) {
            let name = format!("{name}, Node.js {}", node.version);
            passed &= self.report.step(name, |counts| {
                let files = javascript::files(Path::new(group.folder))?;
                prepared.run(node, &files, counts)
            });
        }
        passed
    }

    fn file(&mut self, name: &str, tests: &Tests, prepared: Option<&Prepared>) {
        match tests {
            Tests::Rust(arguments) => {
                let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                self.report.step(name, |counts| {
                    count(cargo().args(arguments), counts)?;
                    has_some(counts)
                });
            }
            Tests::JavaScript(_, files) => {
                let Some(prepared) = prepared else { return };
                let node = prepared.node();
                let name = format!("{name}, Node.js {}", node.version);
                self.report.step(name, |counts| {
                    prepared.run(node, files, counts)?;
                    has_some(counts)
                });
            }
        }
    }
}

/// A file without tests is not what was meant.
fn has_some(counts: &Counts) -> Result<()> {
    if *counts == Counts::default() {
        bail!("there are no tests in it");
    }
    Ok(())
}

/// `cargo xtask ci`: what the continuous integration does, on this machine.
pub(crate) fn ci() -> Result<()> {
    run_command(command("bash").arg(".ci/run").env("CI", "true"))
}
