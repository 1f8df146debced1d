//! The arguments of `arkws bench`.
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::size::size;
use crate::client_flags::ClientFlags;
use crate::duration;

/// Measure a server: how many messages it answers, and how long its answers take
///
/// The server is expected to answer each message with one, in their order, as an echo server does.
/// One that answers nothing is measured by --send-only, one that only sends by --receive-only.
///
/// With --window (the default: 1) a connection sends as fast as answers come. With --rate messages
/// are sent at their times, however slow the server is, and latency is measured from those times:
/// what waits behind a stalled server counts as waiting.
#[derive(Debug, Args)]
pub(crate) struct BenchArguments {
    /// The server: ws://host:port/path, or wss://
    pub(super) url: String,
    #[command(flatten)]
    pub(super) load: Load,
    #[command(flatten)]
    pub(super) payload: PayloadFlags,
    /// Write the results as one JSON object; times in it are seconds
    #[arg(long, help_heading = "Results")]
    pub(super) json: bool,
    /// Write a report with the latency curve: a page (.html) or a picture (.svg)
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    pub(super) report: Option<PathBuf>,
    #[command(flatten)]
    pub(super) client: ClientFlags,
}

/// How much is sent, and when.
#[derive(Debug, Args)]
#[command(next_help_heading = "Load")]
#[group(skip)]
pub(super) struct Load {
    /// Open so many connections
    #[arg(
        short,
        long,
        value_name = "N",
        default_value_t = 10,
        value_parser = clap::value_parser!(u32).range(1..=MOST_CONNECTIONS)
    )]
    pub(super) connections: u32,
    /// Open them one after the other over this time, and send meanwhile [default: open them first]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(super) ramp: Option<Duration>,
    /// Send for so long
    #[arg(
        short,
        long,
        value_name = "TIME",
        default_value = "10s",
        value_parser = positive_time
    )]
    pub(super) duration: Duration,
    /// End earlier, after so many messages on all connections together
    #[arg(
        short = 'n',
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    pub(super) messages: Option<u64>,
    /// Send so many messages a second, on all connections together
    #[arg(long, value_name = "N", value_parser = rate)]
    pub(super) rate: Option<f64>,
    /// Keep so many messages without an answer on each connection [default: 1]
    #[arg(
        long,
        value_name = "N",
        conflicts_with = "rate",
        value_parser = clap::value_parser!(u32).range(1..=MOST_IN_WINDOW)
    )]
    pub(super) window: Option<u32>,
    /// Expect no answers: how much the server takes
    #[arg(long, conflicts_with = "window")]
    pub(super) send_only: bool,
    /// Send nothing, but --message or --file once on each connection: how much the server sends of
    /// its own accord
    #[arg(
        long,
        conflicts_with_all = ["rate", "window", "send_only", "messages", "sizes", "verify"]
    )]
    pub(super) receive_only: bool,
    /// At the end wait so long for answers that are missing
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = time)]
    pub(super) wait: Duration,
}

/// What is sent.
#[derive(Debug, Args)]
#[command(next_help_heading = "Messages")]
#[group(skip)]
pub(super) struct PayloadFlags {
    /// Their size in bytes, such as 64 or 16k; several, with commas, take turns
    #[arg(
        short,
        long = "size",
        value_name = "BYTES",
        value_delimiter = ',',
        default_value = "64",
        value_parser = size
    )]
    pub(super) sizes: Vec<usize>,
    /// Send binary messages instead of text
    #[arg(long)]
    pub(super) binary: bool,
    /// Send this text
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["sizes", "binary", "file"])]
    pub(super) message: Option<String>,
    /// Send what is in this file
    #[arg(long, value_name = "FILE", conflicts_with = "sizes")]
    pub(super) file: Option<PathBuf>,
    /// Compare each answer with what was sent; another is an error
    #[arg(long, conflicts_with = "send_only")]
    pub(super) verify: bool,
}

/// More need more than one address at either end.
const MOST_CONNECTIONS: i64 = 60_000;
/// Of one connection, so that what waits has a bound.
const MOST_IN_WINDOW: i64 = 100_000;
/// A second: more than one process can send.
const HIGHEST_RATE: f64 = 10_000_000.0;

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "write a number".to_owned())?;
    match rate > 0.0 && rate <= HIGHEST_RATE {
        true => Ok(rate),
        false => Err(format!(
            "it must be more than 0, and at most {HIGHEST_RATE}"
        )),
    }
}

/// The longest time of a run, which clocks can add to the present.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);

fn time(text: &str) -> Result<Duration, String> {
    duration::parse(text).and_then(bounded)
}

fn positive_time(text: &str) -> Result<Duration, String> {
    duration::positive(text).and_then(bounded)
}

fn bounded(time: Duration) -> Result<Duration, String> {
    match time <= LONGEST {
        true => Ok(time),
        false => Err("at most 720h".to_owned()),
    }
}
