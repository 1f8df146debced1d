//! `cargo xtask mutants`: faults are planted in the code, one at a time, and the tests have to find
//! each. The tool `cargo-mutants` plants them; `.cargo/mutants.toml` says where.
//!
//! A fault that no test finds is a survivor. Either a test is missing, or nobody can notice the
//! fault: then `docs/src/mutation.md` argues it.
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::process::{cargo, output, root};

/// Where each run leaves its results; a later one about the same mutant counts.
const FOLDER: &str = "target/mutants";

/// The survivors that are argued, each by its file and name in backticks.
const ARGUED: &str = "docs/src/mutation.md";

#[derive(clap::Args)]
pub(crate) struct Options {
    /// One part of them, of so many parts: `0/8` to `7/8` [default: all]
    #[arg(long, value_name = "K/N")]
    shard: Option<String>,
    /// Those of one crate alone, whose tests are then the only ones that are run before
    #[arg(long, value_name = "NAME")]
    package: Option<String>,
    /// Those alone whose name, which has the file, matches
    #[arg(long, value_name = "REGEX")]
    re: Vec<String>,
    /// Run nothing: tell what all runs found
    #[arg(long)]
    again: bool,
}

/// `cargo xtask mutants`
pub(crate) fn run(options: &Options) -> Result<()> {
    if !options.again {
        plant(options)?;
    }
    let text = fs::read_to_string(root().join(ARGUED)).context(ARGUED)?;
    // So it stands in a table.
    let text = text.replace(r"\|", "|");
    let outcomes = collected()?;
    println!("\n{}", table(&outcomes, &text));
    let survivors: Vec<&str> = unargued(&outcomes, &text).collect();
    if !survivors.is_empty() {
        bail!(
            "no test finds these: write one, or argue in {ARGUED} why nobody can notice\n{}",
            survivors.join("\n")
        );
    }
    Ok(())
}

fn plant(options: &Options) -> Result<()> {
    if output(cargo().args(["mutants", "--version"])).is_err() {
        bail!("there is no cargo-mutants: `cargo install cargo-mutants --locked`");
    }
    let name = options
        .shard
        .as_deref()
        .unwrap_or("all")
        .replace('/', "-of-");
    let package = options.package.as_deref().unwrap_or("all");
    let folder = root().join(FOLDER).join(format!("{package}-{name}"));
    fs::create_dir_all(&folder).with_context(|| format!("{}", folder.display()))?;
    let mut mutants = cargo();
    mutants
        .args(["mutants", "--no-shuffle", "--output"])
        .arg(folder)
        .args(options.shard.iter().flat_map(|shard| ["--shard", shard]))
        .args(options.package.iter().flat_map(|name| ["--package", name]))
        .args(options.re.iter().flat_map(|re| ["--re", re]));
    match mutants.status().context("cargo mutants")?.code() {
        // 2 and 3: some were missed or timed out, which the table tells.
        Some(0 | 2 | 3) => Ok(()),
        _ => bail!("cargo mutants failed"),
    }
}

/// What became of one mutant.
struct Outcome {
    file: String,
    /// `replace FUNCTION with VALUE`, and the like, without the place.
    what: String,
    summary: String,
}

/// Of all runs, by the mutants' names, which have the place.
fn collected() -> Result<BTreeMap<String, Outcome>> {
    let mut runs: Vec<PathBuf> = fs::read_dir(root().join(FOLDER))
        .context("nothing has run")?
        .map(|entry| Ok(entry?.path().join("mutants.out/outcomes.json")))
        .collect::<Result<_>>()?;
    runs.retain(|run| run.exists());
    runs.sort_by_key(|run| fs::metadata(run).and_then(|it| it.modified()).ok());
    let mut outcomes = BTreeMap::new();
    for run in runs {
        let json: Value = serde_json::from_str(&fs::read_to_string(&run)?)?;
        outcomes.extend(read(&json));
    }
    Ok(outcomes)
}

/// Those of one run. The first of them is no mutant, but the tests without one.
fn read(json: &Value) -> Vec<(String, Outcome)> {
    let outcomes = json["outcomes"].as_array().into_iter().flatten();
    outcomes
        .filter_map(|outcome| {
            let mutant = &outcome["scenario"]["Mutant"];
            let name = mutant["name"].as_str()?;
            // `FILE:LINE:COLUMN: WHAT`
            let (_, what) = name.split_once(": ")?;
            let outcome = Outcome {
                file: mutant["file"].as_str()?.to_owned(),
                what: what.to_owned(),
                summary: outcome["summary"].as_str()?.to_owned(),
            };
            Some((name.to_owned(), outcome))
        })
        .collect()
}

impl Outcome {
    fn is_argued(&self, text: &str) -> bool {
        self.summary == "MissedMutant" && text.contains(&format!("`{}: {}`", self.file, self.what))
    }
}

fn unargued<'a>(
    outcomes: &'a BTreeMap<String, Outcome>,
    text: &str,
) -> impl Iterator<Item = &'a str> {
    let missed = outcomes
        .iter()
        .filter(|(_, outcome)| outcome.summary == "MissedMutant" && !outcome.is_argued(text));
    missed.map(|(name, _)| name.as_str())
}

/// For each file how many of its mutants ended how.
fn table(outcomes: &BTreeMap<String, Outcome>, text: &str) -> String {
    const COLUMNS: [&str; 6] = [
        "mutants",
        "caught",
        "timed out",
        "unviable",
        "argued",
        "missed",
    ];
    let mut files: BTreeMap<&str, [u32; COLUMNS.len()]> = BTreeMap::new();
    for outcome in outcomes.values() {
        let column = match outcome.summary.as_str() {
            "CaughtMutant" => 1,
            "Timeout" => 2,
            "Unviable" => 3,
            _ if outcome.is_argued(text) => 4,
            _ => 5,
        };
        for file in [&outcome.file, "all"] {
            let counts = files.entry(file).or_default();
            counts[0] += 1;
            counts[column] += 1;
        }
    }
    let all = files.remove_entry("all");
    let mut table = format!(
        "| file | {} |\n|---{}|\n",
        COLUMNS.join(" | "),
        "|---:".repeat(6)
    );
    for (file, counts) in files.into_iter().chain(all) {
        let counts = counts.map(|count| count.to_string()).join(" | ");
        table.push_str(&format!("| {file} | {counts} |\n"));
    }
    table
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_survivor_is_told_unless_it_is_argued() {
        let mutant = |line: u32, what: &str, summary: &str| {
            json!({
                "scenario": { "Mutant": { "name": format!("a.rs:{line}:9: {what}"), "file": "a.rs" } },
                "summary": summary,
            })
        };
        let json = json!({ "outcomes": [
            { "scenario": "Baseline", "summary": "Success" },
            mutant(1, "replace f -> u8 with 0", "CaughtMutant"),
            mutant(1, "replace f -> u8 with 1", "Timeout"),
            mutant(2, "replace < with <= in g", "MissedMutant"),
            mutant(3, "delete ! in h", "MissedMutant"),
            mutant(4, "replace i with ()", "Unviable"),
        ]});
        let outcomes = BTreeMap::from_iter(read(&json));
        let text = "- `a.rs: replace < with <= in g`: both are right.";
        let survivors: Vec<&str> = unargued(&outcomes, text).collect();
        assert_eq!(survivors, ["a.rs:3:9: delete ! in h"]);
        let rows = "| a.rs | 5 | 1 | 1 | 1 | 1 | 1 |\n| all | 5 | 1 | 1 | 1 | 1 | 1 |\n";
        assert!(table(&outcomes, text).ends_with(rows));
    }
}
