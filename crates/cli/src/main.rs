//! `arkws`: WebSockets in the terminal.
//!
//! | file | what it holds |
//! |---|---|
//! | `connect/`, `serve/`, `bench/`, `doctor/`, `conform/`, `proxy/`, `replay/` | a subcommand each |
//! | `help/` | `arkws help`, manual pages, completions for shells |
//! | `npm.rs` | `arkws run`, `test` and `check`, which npm's package has |
//! | `client_flags.rs`, `duration.rs` | the flags of everything that connects, and the client that they make |
//! | `listening.rs`, `server_tls.rs` | what everything that listens does |
//! | `record/` | messages as JSON objects, written and read |
//! | `exit.rs` | the exit statuses, and which error has which |
//! | `named_cause.rs` | the words of an error, with the name of its cause |
//! | `stop.rs` | why a run ends before the other end ends it: Ctrl-C, its time, its output |
//! | `escape.rs`, `answer.rs` | what comes from the network, made fit for a terminal |
//! | `shown_url.rs` | URLs, without what is secret in them |
#![forbid(unsafe_code)]

mod answer;
mod bench;
mod client_flags;
mod conform;
mod connect;
mod doctor;
mod duration;
mod escape;
mod exit;
mod help;
mod listening;
mod named_cause;
mod npm;
mod proxy;
mod record;
mod replay;
mod serve;
mod server_tls;
mod shown_url;
mod stop;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use exit::{Exit, Failure};

/// WebSockets in the terminal.
#[derive(Debug, Parser)]
#[command(name = "arkws", version, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Connect(Box<connect::ConnectArguments>),
    Serve(Box<serve::ServeArguments>),
    Bench(Box<bench::BenchArguments>),
    Doctor(Box<doctor::DoctorArguments>),
    Conform(Box<conform::ConformArguments>),
    Proxy(Box<proxy::ProxyArguments>),
    Replay(Box<replay::ReplayArguments>),
    /// Run a program in ArkTS or TypeScript on Node.js (npm's package arkws)
    #[command(disable_help_flag = true)]
    Run(npm::NpmArguments),
    /// Run suites of Hypium on Node.js (npm's package arkws)
    #[command(disable_help_flag = true)]
    Test(npm::NpmArguments),
    /// Look for what an app imports that is not there (npm's package arkws)
    #[command(disable_help_flag = true)]
    Check(npm::NpmArguments),
    Completions(help::CompletionsArguments),
    Help(help::HelpArguments),
    #[command(hide = true)]
    Man(help::ManArguments),
}

/// With what clap does not derive.
fn command() -> clap::Command {
    help::complete(Arguments::command())
}

fn main() -> ExitCode {
    let matches = command().get_matches();
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    end(match arguments.command {
        Command::Run(arguments) => npm::run("run", arguments),
        Command::Test(arguments) => npm::run("test", arguments),
        Command::Check(arguments) => npm::run("check", arguments),
        Command::Completions(arguments) => arguments.run(command()),
        Command::Help(arguments) => help::run(&arguments, command()),
        Command::Man(arguments) => arguments.run(command()),
        Command::Connect(arguments) => asynchronously(THREADS, connect::run(*arguments)),
        Command::Serve(arguments) => asynchronously(THREADS, serve::run(*arguments)),
        Command::Bench(arguments) => asynchronously(bench::threads(), bench::run(*arguments)),
        Command::Doctor(arguments) => asynchronously(THREADS, doctor::run(*arguments)),
        Command::Conform(arguments) => asynchronously(THREADS, conform::run(*arguments)),
        Command::Proxy(arguments) => asynchronously(THREADS, proxy::run(*arguments)),
        Command::Replay(arguments) => asynchronously(THREADS, replay::run(*arguments)),
    })
}

/// Threads of what serves and talks.
const THREADS: usize = 2;

/// Runs it on a runtime of tokio's with so many threads.
fn asynchronously(
    threads: usize,
    run: impl Future<Output = Result<Exit, Failure>>,
) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .map_err(|error| Failure::fault(format!("cannot start: {error}")))?;
    let ended = runtime.block_on(run);
    // A name that the system still looks up holds nobody back.
    runtime.shutdown_background();
    ended
}

/// Says what failed, if something did.
fn end(ended: Result<Exit, Failure>) -> ExitCode {
    ended
        .unwrap_or_else(|failure| {
            failure.say();
            failure.exit
        })
        .into()
}
