//! `cargo xtask bench`: arkws and its peers, side by side. `bench/` is a workspace of its own,
//! `bench/node/` a package of its own.
mod save;

use anyhow::Result;

use crate::build::{self, Profile, Target, build_in};
use crate::peers::{self, Node, Python};
use crate::process::{cargo, command, run as run_command, show};

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
    /// Write the tables to bench/results/NAME.md too, in place of what is there
    #[arg(long, value_name = "NAME", value_parser = save::name)]
    save: Option<String>,
    /// Draw the headline of BENCHMARKS.md from the saved results `rust` and `node`; alone, measure
    /// nothing
    #[arg(long)]
    plot: bool,
    /// `rust` or `node`, then scenarios [default: all, for Rust first; scenarios alone are those of
    /// Rust]
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
    if !options.plot || options.measures() {
        let mut tables = String::new();
        let measured = measure(options, &mut tables);
        // A peer that failed says so in the tables: what the others came to is not lost.
        if let Some(name) = &options.save {
            save::write(name, &tables)?;
        }
        measured?;
    }
    if options.plot {
        let mut plot = cargo();
        plot.args(["run", "--quiet", "--locked", "--manifest-path", RUST.0]);
        run_command(plot.args(["--package", "arkws-bench-plot"]))?;
    }
    Ok(())
}

fn measure(options: &Options, tables: &mut String) -> Result<()> {
    match options.words.split_first() {
        Some((side, scenarios)) if side == "node" => node(options, scenarios, tables),
        Some((side, scenarios)) if side == "rust" => rust(options, scenarios, tables),
        None if options.peers.is_none() => {
            rust(options, &[], tables)?;
            node(options, &[], tables)
        }
        _ => rust(options, &options.words, tables),
    }
}

fn rust(options: &Options, scenarios: &[String], tables: &mut String) -> Result<()> {
    let built = build_in(RUST.0, &[RUST.1], Profile::Release)?;
    let mut bench = command(&built[0]);
    bench.arg("run");
    if let Some(library) = options.uwebsockets() {
        bench.env("ARKWS_UWEBSOCKETS", library);
    }
    tables.push_str("## Rust\n\n");
    show(options.pass_on(&mut bench).args(scenarios), tables)
}

fn node(options: &Options, scenarios: &[String], tables: &mut String) -> Result<()> {
    let built = build_in(RUST.0, &[RUST.1], Profile::Release)?;
    build::module(Profile::Release)?;
    peers::install_npm("bench/node", false)?;
    let node = Node::of(options.node)?;
    let mut bench = command(&node.path);
    bench
        .arg("bench/node/run.mjs")
        .env("ARKWS_BENCH", &built[0]);
    tables.push_str("## Node.js\n\n");
    show(options.pass_on(&mut bench).args(scenarios), tables)
}

impl Options {
    /// Has anything been asked for that is measured?
    fn measures(&self) -> bool {
        self.save.is_some() || self.peers.is_some() || !self.words.is_empty()
    }

    /// The library of uWebSockets, which a package of Python's brings. Without it the Rust benches
    /// say that they leave this peer out, and why it is not here is said here.
    fn uwebsockets(&self) -> Option<std::path::PathBuf> {
        const PEER: &str = "uwebsockets";
        let named = |peers: &String| peers.split(',').any(|peer| peer == PEER);
        if !cfg!(all(target_os = "linux", target_arch = "x86_64"))
            || !self.peers.as_ref().is_none_or(named)
        {
            return None;
        }
        Python::with(PEER, "bench/uwebsockets/requirements.txt")
            .and_then(|python| python.package("socketify"))
            .inspect_err(|error| eprintln!("uWebSockets cannot be installed: {error:#}"))
            .ok()
            .map(|package| package.join("libsocketify_linux_amd64.so"))
    }

    /// Tells a bench what it has in common with the other.
    fn pass_on<'a>(&self, bench: &'a mut std::process::Command) -> &'a mut std::process::Command {
        bench.args(["--rounds", &self.rounds.to_string()]);
        if let Some(peers) = &self.peers {
            bench.args(["--peers", peers]);
        }
        bench
    }
}
