//! `arkws`: WebSockets in the terminal.
//!
//! | file | what it holds |
//! |---|---|
//! | `connect/`, `serve/` | `arkws connect` and `arkws serve` |
//! | `client_flags.rs`, `duration.rs` | the flags of everything that connects, and the client that they make |
//! | `exit.rs` | the exit statuses, and which error has which |
//! | `stop.rs` | why a run ends before the other end ends it: Ctrl-C, its time, its output |
//! | `escape.rs`, `answer.rs` | what comes from the network, made fit for a terminal |
#![forbid(unsafe_code)]

mod answer;
mod client_flags;
mod connect;
mod duration;
mod escape;
mod exit;

mod serve;
mod stop;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use exit::{Exit, Failure};

/// WebSockets in the terminal.
#[derive(Debug, Parser)]
#[command(name = "arkws", version, after_help = AFTER_HELP)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Connect(Box<connect::ConnectArguments>),
    Serve(Box<serve::ServeArguments>),
}

const AFTER_HELP: &str = "\
Exit status: 0 good, 1 a fault was found, 2 wrong usage, 3 could not connect, 4 the connection was
lost or closed with an error, 130 interrupted.";

fn main() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return end(Err(Failure::fault(format!("cannot start: {error}")))),
    };
    let ended = runtime.block_on(async {
        match command {
            Command::Connect(arguments) => connect::run(*arguments).await,
            Command::Serve(arguments) => serve::run(*arguments).await,
        }
    });
    // A name that the system still looks up holds nobody back.
    runtime.shutdown_background();
    end(ended)
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
