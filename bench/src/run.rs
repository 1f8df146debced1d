//! Rounds of peers, interleaved, and the table of their medians.
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::process::{Child, Command, Stdio};

use crate::peers::{self, Outcome};
use crate::scenario::{self, Kind, Scenario};

/// `bench run [--rounds N] [--peers A,B] [SCENARIO...]`.
pub fn run(arguments: &[&str]) {
    let mut rounds = 5;
    let mut names: Vec<String> = peers::ALL.iter().map(|name| (*name).to_owned()).collect();
    let mut scenarios = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(&argument) = arguments.next() {
        match argument {
            "--rounds" => {
                rounds = arguments
                    .next()
                    .and_then(|n| n.parse().ok())
                    .expect("--rounds N")
            }
            "--peers" => {
                names = arguments
                    .next()
                    .expect("--peers A,B")
                    .split(',')
                    .map(str::to_owned)
                    .collect();
            }
            name => scenarios
                .push(scenario::find(name).unwrap_or_else(|| panic!("no scenario {name:?}"))),
        }
    }
    if scenarios.is_empty() {
        scenarios = scenario::ALL.iter().collect();
    }
    for scenario in scenarios {
        table(scenario, &names, &measure(scenario, &names, rounds));
    }
}

/// A B C A B C …, each in a process of its own against a counterpart of its own.
fn measure(scenario: &Scenario, names: &[String], rounds: usize) -> BTreeMap<String, Vec<Outcome>> {
    let progress = std::io::stderr().is_terminal();
    let mut outcomes: BTreeMap<String, Vec<Outcome>> = BTreeMap::new();
    for round in 1..=rounds {
        for name in names {
            if progress {
                eprint!(
                    "\r\x1b[K{}: round {round} of {rounds}, {name}",
                    scenario.name
                );
                let _ = std::io::stderr().flush();
            }
            if let Some(outcome) = one(scenario, name) {
                outcomes.entry(name.clone()).or_default().push(outcome);
            }
        }
    }
    if progress {
        eprint!("\r\x1b[K");
    }
    outcomes
}

fn one(scenario: &Scenario, name: &str) -> Option<Outcome> {
    let program = std::env::current_exe().expect("this program");
    let mut counterpart = Killed(
        Command::new(&program)
            .arg("counterpart")
            .stdout(Stdio::piped())
            .spawn()
            .expect("a counterpart"),
    );
    let mut address = String::new();
    BufReader::new(counterpart.0.stdout.take().expect("piped"))
        .read_line(&mut address)
        .expect("an address");
    let output = Command::new(&program)
        .args(["peer", name, scenario.name, address.trim()])
        .stderr(Stdio::inherit())
        .output()
        .expect("a peer");
    assert!(
        output.status.success(),
        "{name} failed in {}",
        scenario.name
    );
    serde_json::from_slice(&output.stdout).expect("JSON")
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

fn table(scenario: &Scenario, names: &[String], outcomes: &BTreeMap<String, Vec<Outcome>>) {
    println!("### {}: {}\n", scenario.name, scenario.about);
    if scenario.kind == Kind::Idle {
        println!("| peer | resident bytes per connection |\n|---|---:|");
        for (name, runs) in rows(names, outcomes) {
            println!(
                "| {name} | {:.0} |",
                median(runs.iter().filter_map(|run| run.resident).map(|n| n as f64))
            );
        }
        println!();
        return;
    }
    let cpu =
        |runs: &[Outcome]| median(runs.iter().map(|run| run.cpu as f64 / run.messages as f64));
    let best = rows(names, outcomes)
        .filter(|(name, _)| !name.starts_with("arkws") && *name != "raw")
        .map(|(_, runs)| cpu(runs))
        .fold(f64::INFINITY, f64::min);
    let raw = outcomes.get("raw").map(|runs| cpu(runs));
    let latency = scenario.kind == Kind::PingPong;
    println!(
        "| peer | messages/s | MB/s | CPU ns/message | to best peer | to raw |{}",
        if latency { " p50 µs | p99 µs |" } else { "" }
    );
    println!(
        "|---|---:|---:|---:|---:|---:|{}",
        if latency { "---:|---:|" } else { "" }
    );
    for (name, runs) in rows(names, outcomes) {
        let rate = median(
            runs.iter()
                .map(|run| run.messages as f64 / (run.wall as f64 / 1e9)),
        );
        let megabytes = median(
            runs.iter()
                .map(|run| run.bytes as f64 / 1e6 / (run.wall as f64 / 1e9)),
        );
        let cpu = cpu(runs);
        print!(
            "| {name} | {rate:.0} | {megabytes:.0} | {cpu:.1} | {:.2} |",
            cpu / best
        );
        print!(
            " {} |",
            raw.map_or(String::from("–"), |raw| format!("{:.2}", cpu / raw))
        );
        if latency {
            let micros = |pick: fn(&(u64, u64)) -> u64| {
                median(
                    runs.iter()
                        .filter_map(|run| run.latency.as_ref())
                        .map(|pair| pick(pair) as f64 / 1e3),
                )
            };
            print!(
                " {:.1} | {:.1} |",
                micros(|pair| pair.0),
                micros(|pair| pair.1)
            );
        }
        println!();
    }
    println!();
}

fn rows<'a>(
    names: &'a [String],
    outcomes: &'a BTreeMap<String, Vec<Outcome>>,
) -> impl Iterator<Item = (&'a str, &'a [Outcome])> {
    names
        .iter()
        .filter_map(|name| Some((name.as_str(), outcomes.get(name)?.as_slice())))
}
