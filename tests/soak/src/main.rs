//! A thousand connections for as long as one likes, of Rust's and of Node.js's at once, and what
//! both processes hold meanwhile: memory, descriptors, threads, time that the event loop is late.
//!
//! `cargo xtask soak` runs it. Two processes, the *ends*, each have a server that sends messages
//! back and half of the clients, which are the other's. This one starts them, looks at them once a
//! second, and in the end says whether what they hold stayed flat.
//!
//! | file | what it does |
//! |---|---|
//! | `drive.rs` | starts both ends, and collects samples |
//! | `end.rs` | the end in Rust; that of Node.js is `end.mjs` beside this folder |
//! | `traffic.rs` | what the clients of the end in Rust do |
//! | `sample.rs` | what a process holds at one moment |
//! | `verdict.rs` | what flat means |
//! | `report.rs`, `chart.rs` | the page and its picture |
#![forbid(unsafe_code)]

mod chart;
mod drive;
mod end;
mod report;
mod sample;
mod traffic;
mod verdict;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

#[derive(Parser)]
struct Command {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Start both ends and watch them
    Run(Run),
    /// Be the end in Rust; commands come on standard input
    End(Load),
}

/// A whole run.
#[derive(Args)]
struct Run {
    /// How long
    #[arg(long, default_value_t = 20.0)]
    minutes: f64,
    #[command(flatten)]
    load: Load,
    /// Node.js
    #[arg(long, default_value = "node")]
    node: PathBuf,
    /// Write the page DIR/soak.md and the picture DIR/soak.svg
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
}

/// What each end does.
#[derive(Args, Clone)]
struct Load {
    /// Connections at a time, half of them of each end
    #[arg(long, default_value_t = 1000)]
    connections: usize,
    /// How long a client waits between two messages, in milliseconds, on average
    #[arg(long, default_value_t = 500)]
    pause: u64,
    /// What the clients do is a matter of this number, but for its order in time
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let done = match Command::parse().task {
        Task::Run(run) => drive::run(&run).await,
        Task::End(load) => end::run(&load).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}
