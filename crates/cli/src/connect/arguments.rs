//! The arguments of `arkws connect`.
use std::time::Duration;

use clap::Args;

use crate::client_flags::ClientFlags;
use crate::duration;

/// Talk to a server: each line of the input is a message, each message a line of the output
///
/// At the end of the input the connection is closed, and what the server has sent by then is
/// written. A server that answers later needs --count, --max-time or --keep-open.
///
/// At a terminal lines are edited, with a history, and what comes appears above: JSON indented,
/// binary data in hexadecimal digits. /help there has the commands.
#[derive(Debug, Args)]
pub(crate) struct ConnectArguments {
    /// The server: ws://host:port/path, or wss://
    pub(super) url: String,
    #[command(flatten)]
    pub(super) format: Format,
    /// End after this many messages were received; fewer are a fault
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) count: Option<u64>,
    /// End after this time, such as 20s, 200ms or 5m
    #[arg(long, value_name = "TIME", value_parser = duration::positive)]
    pub(super) max_time: Option<Duration>,
    /// Stay at the end of the input
    #[arg(long)]
    keep_open: bool,
    /// Connect again when the connection is lost or closed, until Ctrl-C
    #[arg(long)]
    pub(super) reconnect: bool,
    #[command(flatten)]
    pub(super) client: ClientFlags,
}

/// How messages are read and written.
#[derive(Debug, Args)]
pub(super) struct Format {
    /// Messages are binary: lines need not be UTF-8, and what comes is written as it is, with no
    /// line feed behind it
    #[arg(long)]
    pub(super) binary: bool,
    /// Write a JSON object for each message in either direction: direction, time (seconds since
    /// 1970), type, size, data (base64 if it is binary)
    #[arg(long, conflicts_with = "binary")]
    pub(super) jsonl: bool,
}

impl ConnectArguments {
    /// Whether the end of the input does not end the run.
    pub(super) fn stays(&self) -> bool {
        self.keep_open || self.count.is_some() || self.max_time.is_some()
    }
}
