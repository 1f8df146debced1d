//! `cargo xtask bench`: arkws and its peers, side by side. `bench/` is a workspace of its own.
use anyhow::Result;

use crate::process::{cargo, root, run as run_command};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many interleaved rounds; the tables show medians
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Measure only these peers, separated by commas
    #[arg(long)]
    peers: Option<String>,
    /// Measure only these scenarios [default: all]
    scenarios: Vec<String>,
}

/// `cargo xtask bench`
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut bench = cargo();
    bench
        .current_dir(root().join("bench"))
        .args(["run", "--release", "--locked", "--quiet", "--", "run"])
        .args(["--rounds", &options.rounds.to_string()]);
    if let Some(peers) = &options.peers {
        bench.args(["--peers", peers]);
    }
    run_command(bench.args(&options.scenarios))
}
