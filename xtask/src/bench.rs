//! `cargo xtask bench`: arkws and its peers, side by side. `bench/` is a workspace of its own, `bench/node/` a package of its own.
use anyhow::{Context, Result};

use crate::build::{self, Profile, Target, build_in};
use crate::peers::{self, Node};
use crate::process::{command, run as run_command};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many interleaved rounds; the tables show medians
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Measure only these peers, separated by commas
    #[arg(long)]
    peers: Option<String>,
    /// The release of Node.js that the JavaScript peers run under
    #[arg(long, default_value_t = peers::NODE_MAJORS[peers::NODE_MAJORS.len() - 1])]
    node: u32,
    /// `rust` or `node`, then scenarios [default: all, for Rust first; scenarios alone are those of Rust]
    #[arg(value_name = "SIDE|SCENARIO")]
    words: Vec<String>,
}

/// What builds the raw-socket counterpart, which is the Rust benches too.
const RUST: (&str, Target) = (
    "bench/Cargo.toml",
    Target::Binary("arkws-bench", "arkws-bench"),
);

/// `cargo xtask bench`
pub(crate) fn run(options: &Options) -> Result<()> {
    match options.words.split_first() {
        Some((side, scenarios)) if side == "node" => node(options, scenarios),
        Some((side, scenarios)) if side == "rust" => rust(options, scenarios),
        None if options.peers.is_none() => rust(options, &[]).and_then(|()| node(options, &[])),
        _ => rust(options, &options.words),
    }
}

fn rust(options: &Options, scenarios: &[String]) -> Result<()> {
    let built = build_in(RUST.0, &[RUST.1], Profile::Release)?;
    let mut bench = command(&built[0]);
    bench.arg("run");
    run_command(options.pass_on(&mut bench).args(scenarios))
}

fn node(options: &Options, scenarios: &[String]) -> Result<()> {
    let built = build_in(RUST.0, &[RUST.1], Profile::Release)?;
    build::module(Profile::Release)?;
    peers::install_npm("bench/node", false)?;
    let node = options.node()?;
    let mut bench = command(&node.path);
    bench
        .arg("bench/node/run.mjs")
        .env("ARKWS_BENCH", &built[0]);
    run_command(options.pass_on(&mut bench).args(scenarios))
}

impl Options {
    /// Tells a bench what it has in common with the other.
    fn pass_on<'a>(&self, bench: &'a mut std::process::Command) -> &'a mut std::process::Command {
        bench.args(["--rounds", &self.rounds.to_string()]);
        if let Some(peers) = &self.peers {
            bench.args(["--peers", peers]);
        }
        bench
    }

    /// The Node.js that is asked for: the machine's own, or one from npm.
    fn node(&self) -> Result<Node> {
        let own = Node::of_machine()?;
        if own.major() == Some(self.node) {
            return Ok(own);
        }
        peers::nodes()?
            .into_iter()
            .find(|node| node.major() == Some(self.node))
            .with_context(|| {
                let majors = peers::NODE_MAJORS;
                format!("--node {}: arkws is tested with {majors:?}", self.node)
            })
    }
}
