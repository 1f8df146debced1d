//! `cargo xtask soak`: a thousand connections between a process in Rust and one in Node.js, and
//! what both hold meanwhile. `tests/soak` is the program.
use anyhow::Result;

use crate::build::{self, Profile, Target};
use crate::peers::{self, Node};
use crate::process::{command, run as run_command};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How long
    #[arg(long, default_value_t = 20.0)]
    minutes: f64,
    /// Connections at a time
    #[arg(long, default_value_t = 1000)]
    connections: usize,
    /// The release of Node.js
    #[arg(long, default_value_t = peers::NODE_MAJORS[peers::NODE_MAJORS.len() - 1])]
    node: u32,
    /// Do without optimisation
    #[arg(long)]
    dev: bool,
    /// Write docs/src/soak.md and its picture
    #[arg(long)]
    save: bool,
}

/// The check: some seconds, in which nothing is lost and after which nothing is left.
///
/// # Errors
/// A build fails, a message is lost, or a descriptor or a thread is left.
pub(crate) fn check() -> Result<()> {
    run(&Options {
        minutes: 0.3,
        connections: 200,
        node: peers::NODE_MAJORS[peers::NODE_MAJORS.len() - 1],
        dev: true,
        save: false,
    })
}

/// `cargo xtask soak`
pub(crate) fn run(options: &Options) -> Result<()> {
    let profile = if options.dev {
        Profile::Dev
    } else {
        Profile::Release
    };
    build::module(profile)?;
    let node = Node::of(options.node)?;
    let soak = build::build(&[Target::Binary("arkws-soak", "soak")], profile)?;
    let mut soak = command(&soak[0]);
    soak.arg("run")
        .args(["--minutes", &options.minutes.to_string()])
        .args(["--connections", &options.connections.to_string()])
        .arg("--node")
        .arg(&node.path);
    if options.save {
        soak.args(["--save", "docs/src"]);
    }
    run_command(&mut soak)
}
