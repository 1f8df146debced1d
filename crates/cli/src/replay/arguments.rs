//! The arguments of `arkws replay`.
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::play::ReplayPace;
use crate::client_flags::ClientFlags;
use crate::duration;

/// Say to a server what a recording says, at its times or when the answers have come
///
/// The recording is one of `arkws proxy --record` or `arkws connect --jsonl`, or a HAR file, such
/// as browsers save and `arkws proxy --har` writes. The last line on standard output says whether
/// the server has answered as it did then.
#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    /// The recording
    pub(super) file: PathBuf,
    /// The server: ws://host:port/path, or wss://
    pub(super) url: String,
    /// When a message is sent: at its time, or when as many answers have come as had then
    #[arg(long, value_name = "WHAT", default_value = "times")]
    by: By,
    /// So many times as fast
    #[arg(long, value_name = "N", default_value = "1", value_parser = speed)]
    speed: f64,
    /// The number of the connection, of several in the file [default: the first]
    #[arg(long, value_name = "N")]
    pub(super) connection: Option<u64>,
    /// It is a fault if the answers are not those of the recording
    #[arg(long)]
    pub(super) check: bool,
    /// End after this time, such as 20s, 200ms or 5m
    #[arg(long, value_name = "TIME", value_parser = duration::positive)]
    pub(super) max_time: Option<Duration>,
    #[command(flatten)]
    pub(super) client: ClientFlags,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    Times,
    Answers,
}

impl ReplayArguments {
    pub(super) fn pace(&self) -> ReplayPace {
        match self.by {
            By::Times => ReplayPace::Times { speed: self.speed },
            By::Answers => ReplayPace::Answers,
        }
    }
}

fn speed(text: &str) -> Result<f64, String> {
    let speed = text.parse::<f64>().ok();
    let speed = speed.filter(|speed| speed.is_finite() && *speed > 0.0);
    speed.ok_or_else(|| "write a number above 0".to_owned())
}
