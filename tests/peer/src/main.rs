//! The Rust ends of the tests across the languages: `tests/interop` starts them as programs.
//!
//! An echo server and a client that checks an echo server, both written with the `arkws` crate, and
//! the certificates that the tests of `wss` need. What a server has to say comes as the first line
//! on standard output.
#![forbid(unsafe_code)]

mod certificates;
mod connect;
mod connect_http2;
mod connect_many;
mod open_files;
#[cfg(target_os = "linux")]
#[path = "../../../crates/netstack/tests/support/sandbox.rs"]
mod sandbox;
mod serve;
mod serve_axum;

#[cfg(target_os = "linux")]
use std::ffi::OsString;
#[cfg(target_os = "linux")]
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

use arkws::DeflateConfig;
use clap::{Args, Parser, Subcommand};

#[derive(Parser)]
struct Command {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Send every message back; prints `listening on ws://127.0.0.1:PORT`
    Serve {
        #[command(flatten)]
        compression: Compression,
        /// Serve `wss` with DIR/NAME.pem and DIR/NAME.key
        #[arg(long, value_name = "DIR/NAME")]
        tls: Option<PathBuf>,
        /// Send each message back while it arrives, in pieces
        #[arg(long)]
        pieces: bool,
    },
    /// The same in a handler of axum, over HTTP/1.1 and HTTP/2
    ServeAxum {
        #[command(flatten)]
        compression: Compression,
        /// Serve `wss` with DIR/NAME.pem and DIR/NAME.key
        #[arg(long, value_name = "DIR/NAME")]
        tls: Option<PathBuf>,
    },
    /// Send messages of all kinds and sizes to an echo server and check what comes back
    Connect {
        url: String,
        #[command(flatten)]
        compression: Compression,
        /// The authority to trust, as a PEM file
        #[arg(long)]
        ca: Option<PathBuf>,
        /// The most bytes that the server sends in one message
        #[arg(long, default_value_t = usize::MAX)]
        largest: usize,
    },
    /// The same over two streams of HTTP/2
    ConnectHttp2 {
        url: String,
        #[command(flatten)]
        compression: Compression,
        /// Speak TLS, and trust this authority, a PEM file
        #[arg(long)]
        ca: Option<PathBuf>,
    },
    /// Have thousands of connections to an echo server at once; goes on for each line of input
    ConnectMany { url: String, connections: usize },
    /// Make a test authority and certificates, good and bad, in a directory
    Certificates { directory: PathBuf },
    /// Become a program that cannot make internet sockets
    #[cfg(target_os = "linux")]
    InternetDenied {
        /// What making one fails with
        #[arg(long, default_value_t = libc::EPERM)]
        errno: i32,
        program: PathBuf,
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
}

/// permessage-deflate, or not.
#[derive(Args)]
struct Compression {
    /// Negotiate compression
    #[arg(long)]
    deflate: bool,
    /// Forget the context after each message, on both sides
    #[arg(long, requires = "deflate")]
    no_context_takeover: bool,
}

impl Compression {
    /// What to negotiate; small messages are compressed too, so that the tests exercise it.
    fn config(&self) -> Option<DeflateConfig> {
        self.deflate.then(|| DeflateConfig {
            server_no_context_takeover: self.no_context_takeover,
            client_no_context_takeover: self.no_context_takeover,
            min_size: 0,
            ..DeflateConfig::default()
        })
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Command::parse().task {
        Task::Serve {
            compression,
            tls,
            pieces,
        } => serve::run(compression.config(), tls, pieces).await,
        Task::ServeAxum { compression, tls } => serve_axum::run(compression.config(), tls).await,
        Task::Connect {
            url,
            compression,
            ca,
            largest,
        } => connect::run(&url, compression.config(), ca, largest).await,
        Task::ConnectHttp2 {
            url,
            compression,
            ca,
        } => connect_http2::run(&url, compression.config(), ca).await,
        Task::ConnectMany { url, connections } => connect_many::run(&url, connections).await,
        Task::Certificates { directory } => certificates::make(&directory),
        #[cfg(target_os = "linux")]
        Task::InternetDenied {
            errno,
            program,
            arguments,
        } => internet_denied(errno, &program, &arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(target_os = "linux")]
fn internet_denied(errno: i32, program: &Path, arguments: &[OsString]) -> anyhow::Result<()> {
    use std::os::unix::process::CommandExt;

    use anyhow::Context;

    sandbox::deny_internet_sockets(errno).context("set up a seccomp filter")?;
    // It returns only if it fails.
    let error = std::process::Command::new(program).args(arguments).exec();
    Err(error).with_context(|| format!("run {}", program.display()))
}
