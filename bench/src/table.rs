//! The tables of medians, with three significant digits.
use crate::peers::{Outcome, Outcomes};
use crate::scenario::{GROWTH, Kind, Scenario};

/// Prints what was measured, in Markdown.
pub fn print(scenario: &Scenario, names: &[String], outcomes: &Outcomes) {
    println!("### {}: {}\n", scenario.name, scenario.about);
    match scenario.kind {
        Kind::Idle | Kind::IdleAfterEcho | Kind::ServerIdle => {
            println!("| peer | resident bytes per connection | each round |\n|---|---:|---|");
            for (name, runs) in rows(names, outcomes) {
                let each = each(runs.iter().filter_map(|run| run.resident).map(|n| n as f64));
                println!("| {name} | {} | {each} |", shown(resident(runs)));
            }
            println!();
        }
        Kind::ClientGrowth | Kind::ServerGrowth => {
            grown("CPU ns/message", names, outcomes, cpu);
            grown("resident bytes per connection", names, outcomes, resident);
        }
        _ => costs(scenario, names, outcomes),
    }
}

fn costs(scenario: &Scenario, names: &[String], outcomes: &Outcomes) {
    let best = rows(names, outcomes)
        .filter(|(name, _)| !name.starts_with("arkws") && *name != "raw")
        .map(|(_, runs)| cpu(runs))
        .fold(f64::INFINITY, f64::min);
    let raw = rows(names, outcomes)
        .find(|(name, _)| *name == "raw")
        .map(|(_, runs)| cpu(runs));
    let latency = scenario.kind == Kind::PingPong;
    let loaded = matches!(
        scenario.kind,
        Kind::ServerEcho { .. } | Kind::ServerBroadcast { .. }
    );
    let (titles, rule) = if latency {
        (" p50 µs | p99 µs |", "---:|---:|")
    } else if scenario.compresses() {
        (" compressed bytes |", "---:|")
    } else if loaded {
        (" each round, ns |", "---|")
    } else {
        ("", "")
    };
    println!("| peer | messages/s | MB/s | CPU ns/message | to best peer | to raw |{titles}");
    println!("|---|---:|---:|---:|---:|---:|{rule}");
    for (name, runs) in rows(names, outcomes) {
        let per_second = |what: fn(&Outcome) -> u64| {
            median(runs.iter().map(|run| what(run) as f64 / run.wall as f64)) * 1e9
        };
        let cpu = cpu(runs);
        print!(
            "| {name} | {} | {} | {} | {} | {} |",
            shown(per_second(|run| run.messages)),
            shown(per_second(|run| run.bytes) / 1e6),
            shown(cpu),
            ratio(best.is_finite().then_some(cpu / best)),
            ratio(raw.map(|raw| cpu / raw)),
        );
        if latency {
            let micros = |which: fn((u64, u64)) -> u64| {
                let all = runs.iter().filter_map(|run| run.latency);
                median(all.map(|pair| which(pair) as f64 / 1e3))
            };
            print!(
                " {} | {} |",
                shown(micros(|it| it.0)),
                shown(micros(|it| it.1))
            );
        } else if scenario.compresses() {
            let sizes = runs
                .iter()
                .filter_map(|run| Some(run.on_wire? as f64 / run.messages as f64));
            print!(" {} |", shown(median(sizes)));
        } else if loaded {
            let each = each(runs.iter().map(|run| run.cpu as f64 / run.messages as f64));
            print!(" {each} |");
        }
        println!();
    }
    println!();
}

fn grown(what: &str, names: &[String], outcomes: &Outcomes, of: fn(&[Outcome]) -> f64) {
    print!("| {what}, by connections |");
    for connections in GROWTH {
        print!(" {} |", in_groups(&connections.to_string()));
    }
    println!("\n|---|{}", "---:|".repeat(GROWTH.len()));
    for name in names {
        let by_connections: Vec<f64> = GROWTH
            .iter()
            .filter_map(|&connections| Some(of(outcomes.get(&(connections, name.clone()))?)))
            .collect();
        if !by_connections.is_empty() {
            print!("| {name} |");
            for value in by_connections {
                print!(" {} |", shown(value));
            }
            println!();
        }
    }
    println!();
}

fn rows<'a>(
    names: &'a [String],
    outcomes: &'a Outcomes,
) -> impl Iterator<Item = (&'a str, &'a [Outcome])> {
    names.iter().filter_map(|name| {
        let runs = outcomes.get(&(0, name.clone()))?;
        Some((name.as_str(), runs.as_slice()))
    })
}

fn cpu(runs: &[Outcome]) -> f64 {
    median(runs.iter().map(|run| run.cpu as f64 / run.messages as f64))
}

fn resident(runs: &[Outcome]) -> f64 {
    median(runs.iter().filter_map(|run| run.resident).map(|n| n as f64))
}

/// What each round came to, in their order.
fn each(values: impl Iterator<Item = f64>) -> String {
    values.map(shown).collect::<Vec<_>>().join(" ")
}

fn ratio(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), shown)
}

/// Three significant digits, and a comma between thousands.
fn shown(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    // Rounded before its size is looked at: 9.996 is 10.0, not 10.00.
    let rounded = format!("{value:.2e}").parse().unwrap_or(value);
    let power = rounded.abs().log10().floor();
    let decimals = (2.0 - power).max(0.0) as usize;
    in_groups(&format!("{rounded:.decimals$}"))
}

/// The number with a comma between thousands.
fn in_groups(number: &str) -> String {
    let (whole, rest) = number.split_at(number.find('.').unwrap_or(number.len()));
    let mut grouped = String::with_capacity(number.len() + whole.len() / 3);
    for (place, digit) in whole.char_indices() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + rest
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn numbers_have_three_significant_digits() {
        for (value, expected) in [
            (0.0, "0"),
            (0.04378, "0.0438"),
            (0.5, "0.500"),
            (9.996, "10.0"),
            (14.14, "14.1"),
            (999.6, "1,000"),
            (239_577.7, "240,000"),
            (65_207_351.0, "65,200,000"),
        ] {
            assert_eq!(shown(value), expected);
        }
    }
}
