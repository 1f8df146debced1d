//! The arguments of `arkws conform`.
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::client_flags::ClientFlags;
use crate::duration;

/// Try a server: does it hold to RFC 6455 and RFC 7692?
///
/// Each case is a connection of its own. Cases that need it are left out of servers that do not
/// send messages back, or do not compress.
#[derive(Debug, Args)]
#[command(
    mut_arg("deflate", |arg| arg.hide(true)),
    mut_arg("ping_interval", |arg| arg.hide(true)),
    after_help = "Exit status: 0 every MUST holds, 1 one does not, 3 there is no server."
)]
pub(crate) struct ConformArguments {
    /// The server: ws://... or wss://...
    #[arg(required_unless_present = "list")]
    pub(super) url: Option<String>,
    /// Only these: an area, a case, or a pattern such as "closing/code-*"; may be repeated
    #[arg(long, value_name = "CASES", value_delimiter = ',')]
    pub(super) only: Vec<String>,
    /// Without these
    #[arg(long, value_name = "CASES", value_delimiter = ',')]
    pub(super) skip: Vec<String>,
    /// List the cases, and connect to nobody
    #[arg(long)]
    pub(super) list: bool,
    /// Show cases that passed, too
    #[arg(long, short)]
    pub(super) verbose: bool,
    /// One JSON document in place of the table
    #[arg(long)]
    pub(super) json: bool,
    /// Write a report that CI systems read (JUnit's XML)
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,
    /// For how long each answer is waited for
    #[arg(
        long,
        value_name = "TIME",
        default_value = "5s",
        value_parser = duration::positive
    )]
    pub(super) timeout: Duration,
    /// So many cases at the same time
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        value_parser = clap::value_parser!(u16).range(1..=64)
    )]
    pub(super) jobs: u16,
    #[command(flatten)]
    pub(super) client: ClientFlags,
}
