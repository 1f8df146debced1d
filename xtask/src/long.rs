//! The long checks, and when they run.
//!
//! `.ci/long.toml` names for each the files that it guards, and their hash when it was last green.
//! A check whose files have not changed since would find nothing new, so that the continuous
//! integration leaves it out.
use std::fs;
use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use toml_edit::{DocumentMut, value};

use crate::counts::Counts;
use crate::faults;
use crate::features;
use crate::files::tracked;
use crate::ohos;
use crate::other_targets;
use crate::process::{command, root};
use crate::release::{self, arm64, musl, openharmony};

use crate::report::Report;
use crate::sanitize;

/// What each check guards, and its hash at the last green run.
const FILE: &str = ".ci/long.toml";

/// What all long checks together may take of one run of the continuous integration.
const BUDGET: Duration = Duration::from_secs(25 * 60);

/// What a check is taken to need that has never been green.
const UNKNOWN: Duration = Duration::from_secs(5 * 60);

/// How long checks are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    /// All, and what is green is written down.
    All,
    /// Those whose files have changed since they were green.
    Changed,
    /// None; those whose files have changed are named.
    None,
}

/// A long check.
struct Check {
    /// In [`FILE`].
    name: &'static str,
    run: fn(&mut Counts) -> Result<()>,
    /// Sees to it that what the check needs of the machine is there.
    prepare: fn() -> Result<()>,
}

const CHECKS: &[Check] = &[
    Check {
        name: "loom",
        run: sanitize::loom,
        prepare: || Ok(()),
    },
    Check {
        name: "asan",
        run: sanitize::address,
        prepare: sanitize::prepare_address,
    },
    Check {
        name: "valgrind",
        run: sanitize::valgrind,
        prepare: sanitize::prepare_valgrind,
    },
    Check {
        name: "faults",
        run: faults::rust,
        prepare: || Ok(()),
    },
    Check {
        name: "module-faults",
        run: faults::module,
        prepare: || Ok(()),
    },
    Check {
        name: "musl",
        run: musl::check,
        prepare: musl::prepare,
    },
    Check {
        name: "arm64",
        run: arm64::check,
        prepare: arm64::prepare,
    },
    Check {
        name: "reproducible",
        run: release::reproducible,
        prepare: musl::prepare,
    },
    Check {
        name: "every-feature",
        run: features::every,
        prepare: || Ok(()),
    },
    Check {
        name: "other-targets",
        run: other_targets::check,
        prepare: || Ok(()),
    },
    Check {
        name: "tsan",
        run: sanitize::threads,
        prepare: sanitize::prepare_threads,
    },
    Check {
        name: "miri",
        run: sanitize::miri,
        prepare: sanitize::prepare_miri,
    },
    Check {
        name: "ohos",
        run: openharmony::check,
        prepare: openharmony::prepare,
    },
    Check {
        name: "ohos-size",
        run: ohos::check_size,
        prepare: ohos::prepare,
    },
];

/// The names of all long checks.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    CHECKS.iter().map(|check| check.name)
}

/// How long a check took when it was last green; [`None`]: it never was.
pub(crate) fn seconds(name: &str) -> Result<Option<i64>> {
    let document = document()?;
    let seconds = document.get(name).and_then(|table| table.get("seconds"));
    Ok(seconds.and_then(|seconds| seconds.as_integer()))
}

/// Runs those of the `wanted` long checks that are chosen.
pub(crate) fn run(report: &mut Report, choice: Choice, wanted: &[&str]) {
    let named = wanted.len() < CHECKS.len();
    let start = Instant::now();
    for &Check { name, run, prepare } in CHECKS {
        if !wanted.contains(&name) {
            continue;
        }
        let mut saved = match Saved::read(name) {
            Ok(saved) => saved,
            Err(error) => {
                report.step(name, |_| Err(error));
                continue;
            }
        };
        if choice != Choice::All && saved.is_current() {
            // Whoever named it learns why nothing happened.
            if named {
                report.leave_out(format!(
                    "{name}: what it guards has not changed since it was green; `cargo xtask test \
                     --long {name}` runs it all the same"
                ));
            }
            continue;
        }
        match choice {
            Choice::None => {
                report.leave_out(format!(
                    "{name}: what it guards has changed; `cargo xtask test --long {name}` runs it"
                ));
                continue;
            }
            Choice::Changed if start.elapsed() + saved.took.unwrap_or(UNKNOWN) > BUDGET => {
                report.step(name, |_| {
                    bail!(
                        "its files have changed, and with the other long checks it does not fit \
                         into {} minutes: run `cargo xtask test --long` and commit {FILE}",
                        BUDGET.as_secs() / 60
                    )
                });
                continue;
            }
            Choice::All | Choice::Changed => {}
        }
        if let Err(error) = prepare() {
            report.missing(name, error);
            continue;
        }
        let began = Instant::now();
        if report.step(name, run)
            && choice == Choice::All
            && let Err(error) = saved.write(began.elapsed())
        {
            report.step(format!("{name}: write {FILE}"), |_| Err(error));
        }
    }
}

/// What [`FILE`] says of one check, and what is the case now.
struct Saved {
    name: &'static str,
    /// Of the files that it guards, as they are.
    hash: String,
    /// At its last green run.
    green: Option<String>,
    took: Option<Duration>,
}

impl Saved {
    fn read(name: &'static str) -> Result<Saved> {
        let document = document()?;
        let table = document
            .get(name)
            .with_context(|| format!("{FILE} has no table [{name}]"))?;
        let guards: Vec<&str> = table
            .get("guards")
            .and_then(|guards| guards.as_array())
            .with_context(|| format!("{FILE}: {name}.guards is not an array"))?
            .iter()
            .filter_map(|guard| guard.as_str())
            .collect();
        Ok(Saved {
            name,
            hash: hash(&guards)?,
            green: table
                .get("hash")
                .and_then(|hash| hash.as_str())
                .map(str::to_owned),
            took: table
                .get("seconds")
                .and_then(|seconds| seconds.as_integer())
                .and_then(|seconds| u64::try_from(seconds).ok())
                .map(Duration::from_secs),
        })
    }

    fn is_current(&self) -> bool {
        self.green.as_deref() == Some(&*self.hash)
    }

    /// The check was green, and took so long.
    fn write(&mut self, took: Duration) -> Result<()> {
        let mut document = document()?;
        document[self.name]["hash"] = value(&self.hash);
        document[self.name]["seconds"] = value(i64::try_from(took.as_secs())? + 1);
        fs::write(root().join(FILE), document.to_string())
            .with_context(|| format!("cannot write {FILE}"))
    }
}

fn document() -> Result<DocumentMut> {
    let text =
        fs::read_to_string(root().join(FILE)).with_context(|| format!("cannot read {FILE}"))?;
    text.parse().with_context(|| format!("{FILE} is not TOML"))
}

/// One hash of names and contents of all files under `guards`, which git knows or would add.
fn hash(guards: &[&str]) -> Result<String> {
    let patterns = guards
        .iter()
        .flat_map(|guard| [format!(":(glob){guard}"), format!(":(glob){guard}/**")]);
    let files = tracked(&patterns.collect::<Vec<_>>())?;
    if files.is_empty() {
        bail!("{FILE}: {guards:?} names no file");
    }
    let contents = hash_object("--stdin-paths", &files.join("\n"))?;
    let list: Vec<String> = files
        .iter()
        .zip(contents.lines())
        .map(|(file, content)| format!("{content} {file}\n"))
        .collect();
    Ok(hash_object("--stdin", &list.concat())?.trim().to_owned())
}

fn hash_object(option: &str, input: &str) -> Result<String> {
    let mut child = command("git")
        .args(["hash-object", option])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("git is needed to tell which files have changed")?;
    // git answers before it has read everything: who wrote first and read then could wait for ever.
    let mut stdin = child.stdin.take().context("a pipe was asked for")?;
    let writer = std::thread::spawn({
        let input = input.to_owned();
        move || stdin.write_all(input.as_bytes())
    });
    let output = child.wait_with_output()?;
    let written = writer
        .join()
        .map_err(|_| anyhow::anyhow!("a thread panicked"))?;
    if !output.status.success() {
        bail!("git hash-object {option} ended with {}", output.status);
    }
    written.context("cannot write to git hash-object")?;
    Ok(String::from_utf8(output.stdout)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_check_has_its_table_and_each_table_its_check() {
        let document = document().unwrap();
        let mut tables: Vec<&str> = document.iter().map(|(name, _)| name).collect();
        let mut names: Vec<&str> = CHECKS.iter().map(|check| check.name).collect();
        tables.sort_unstable();
        names.sort_unstable();
        assert_eq!(tables, names);
    }

    /// The models take files of the crates by their paths, and poll what the other crates have.
    #[test]
    fn loom_guards_every_file_that_its_models_take_and_every_crate_that_they_use() {
        let document = document().unwrap();
        let guards = document["loom"]["guards"].as_array().unwrap();
        let guards: Vec<&str> = guards.iter().filter_map(|guard| guard.as_str()).collect();
        let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
        let taken: Vec<String> = read("tests/loom/src/lib.rs")
            .split("#[path = \"../../../")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap().replace("/mod.rs", ""))
            .collect();
        assert!(taken.len() > 2, "{taken:?}");
        let used = read("tests/loom/Cargo.toml")
            .lines()
            .filter_map(|line| line.split([' ', '.']).next()?.strip_prefix("arkws"))
            .map(|name| match name {
                "" => "crates/arkws/src".to_owned(),
                name => format!("crates/{}/src", &name[1..]),
            })
            .collect::<Vec<_>>();
        assert!(used.len() > 2, "{used:?}");
        for path in taken.iter().chain(&used) {
            let guarded = guards.iter().any(|guard| path.starts_with(guard));
            assert!(guarded, "{path} is not in {guards:?}");
        }
    }

    #[test]
    fn a_hash_depends_on_the_files_and_not_on_how_they_are_named() {
        let sources = hash(&["xtask/src"]).unwrap();
        assert_eq!(sources, hash(&["xtask/src/*.rs", "xtask/src"]).unwrap());
        assert_ne!(sources, hash(&["xtask/src/main.rs"]).unwrap());
        assert!(hash(&["no/such/folder"]).is_err());
    }
}
