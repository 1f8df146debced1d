//! Which seeds are run, as the environment says: `ARKWS_SIM_SEED`, `ARKWS_SIM_FIRST` and
//! `ARKWS_SIM_RUNS`.
use std::collections::BTreeMap;

/// The number that a variable of the environment has.
fn number(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    Some(
        value
            .parse()
            .unwrap_or_else(|_| panic!("{variable}={value}: not a number")),
    )
}

/// Runs `run` with each seed: `runs` of them and `rare` ones, unless the environment names others.
/// It is told whether to show its run, and says how the run's connections ended and what it breaks.
/// Returns how often there was which end.
///
/// # Panics
/// Promises were broken: which, and by which seeds, is printed.
pub(crate) fn each(
    package: &str,
    runs: u64,
    rare: &[u64],
    run: impl Fn(u64, bool) -> (Vec<String>, Vec<String>),
) -> BTreeMap<String, u64> {
    let first = number("ARKWS_SIM_FIRST").unwrap_or(0);
    let seeds: Vec<u64> = match (number("ARKWS_SIM_SEED"), number("ARKWS_SIM_RUNS")) {
        (Some(seed), _) => vec![seed],
        (None, Some(runs)) => (first..first + runs).collect(),
        (None, None) => (first..first + runs).chain(rare.iter().copied()).collect(),
    };
    let count = seeds.len();
    let mut counts = BTreeMap::<String, u64>::new();
    let mut failed = 0;
    for seed in seeds {
        let (ends, broken) = run(seed, count == 1);
        for end in ends {
            *counts.entry(end).or_default() += 1;
        }
        if !broken.is_empty() {
            failed += 1;
            let command =
                format!("ARKWS_SIM_SEED={seed} cargo test -p {package} --test simulation");
            println!("seed {seed} breaks promises ({command}):");
            broken.iter().for_each(|promise| println!("  {promise}"));
        }
    }
    println!("{count} seeds: {counts:?}");
    assert_eq!(failed, 0, "of {count} seeds, see above");
    counts
}
