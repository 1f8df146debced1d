//! The arguments of `arkws serve`.
use std::path::PathBuf;
use std::time::Duration;

use arkws::CloseCode;
use arkws::http::StatusCode;
use clap::Args;

use crate::duration;
use crate::server_tls::ServerTls;

/// Serve, for tests: echo, pass on, run a command or play a script, with faults on demand
///
/// The first line on standard output is the URL. What arrives is logged on standard error.
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// The address to listen on
    #[arg(default_value = "127.0.0.1")]
    pub(super) address: String,
    /// The port; 0: any that is free
    #[arg(long, default_value_t = 0)]
    pub(super) port: u16,
    /// Log nothing
    #[arg(long)]
    pub(super) quiet: bool,
    /// A sub-protocol that may be chosen; may be repeated
    #[arg(long = "protocol", value_name = "NAME", value_delimiter = ',')]
    pub(super) protocols: Vec<String>,
    /// Accept compression (permessage-deflate)
    #[arg(long)]
    pub(super) deflate: bool,
    #[command(flatten)]
    pub(super) answers: Answers,
    #[command(flatten)]
    pub(super) tls: ServerTls,
    #[command(flatten)]
    pub(super) faults: Faults,
}

/// What becomes of messages.
#[derive(Debug, Args)]
#[command(next_help_heading = "What becomes of messages (default: --echo)")]
#[group(multiple = false)]
pub(super) struct Answers {
    /// Send each back
    #[arg(long)]
    pub(super) echo: bool,
    /// Send each to all clients
    #[arg(long)]
    pub(super) broadcast: bool,
    /// Send each to all clients, with the name of who says it, and tell who comes and goes
    #[arg(long)]
    pub(super) chat: bool,
    /// Run this command by the shell for each client: messages are lines of its input, lines of its
    /// output are messages
    #[arg(long, value_name = "COMMAND")]
    pub(super) exec: Option<String>,
    /// Play the server's part of a record of `arkws connect --jsonl` to each client: wait for what
    /// went out there, send what came in
    #[arg(long, value_name = "FILE")]
    pub(super) script: Option<PathBuf>,
}

/// What goes wrong, on demand.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Faults")]
#[group(skip)]
pub(super) struct Faults {
    /// Refuse each handshake with this status
    #[arg(long, value_name = "STATUS", value_parser = refusal)]
    pub(super) refuse: Option<StatusCode>,
    /// Drop each connection, without a goodbye, when so many messages of it were answered
    #[arg(long, value_name = "N")]
    pub(super) drop_after: Option<u64>,
    /// Close with this code instead; at once, if there is no --drop-after
    #[arg(long, value_name = "CODE", value_parser = close_code, conflicts_with = "garbage")]
    pub(super) close_code: Option<CloseCode>,
    /// Send what is no frame instead; at once, if there is no --drop-after
    #[arg(long)]
    pub(super) garbage: bool,
    /// Answer each message so much later
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    pub(super) delay: Option<Duration>,
    /// Answer no pings
    #[arg(long)]
    pub(super) no_pong: bool,
    /// Send messages in fragments of so many bytes, 16384 at most
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(1..=16384))]
    pub(super) fragment: Option<u32>,
    /// Read and write at most so many bytes a second
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) throttle: Option<u32>,
}

impl Faults {
    /// After how many answers the connection comes to an end, if it does.
    pub(super) fn end_after(&self) -> Option<u64> {
        let at_once = (self.close_code.is_some() || self.garbage).then_some(0);
        self.drop_after.or(at_once)
    }
}

fn refusal(text: &str) -> Result<StatusCode, String> {
    let status = text
        .parse::<StatusCode>()
        .map_err(|error| error.to_string());
    status.and_then(|status| match status.as_u16() {
        300.. => Ok(status),
        _ => Err("a refusal is 300 or more".to_owned()),
    })
}

fn close_code(text: &str) -> Result<CloseCode, String> {
    let code = text.parse().ok().and_then(CloseCode::new);
    code.ok_or_else(|| {
        "no code that may be sent: 1000 to 1014 but for some, 3000 to 4999".to_owned()
    })
}
