//! The arguments of `arkws doctor`.
use std::time::Duration;

use clap::Args;

use crate::client_flags::ClientFlags;
use crate::duration;

/// Find out why a connection fails: each step of connecting is tried and shown
///
/// The steps are name, address, proxy, TLS, HTTP, sub-protocol, extensions, ping, idle and close.
/// At the end stands in words what is wrong, where, and what to do.
///
/// What a fault needs is looked at over connections of its own, which carry no header field, no
/// sub-protocol and no certificate.
#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    /// The server: ws://host:port/path, or wss://
    pub(super) url: String,
    /// Say and hear nothing for this time, such as 90s: somebody between may cut the connection
    #[arg(long, value_name = "TIME", value_parser = duration::positive)]
    pub(super) idle: Option<Duration>,
    /// How long each step may take
    #[arg(
        long,
        value_name = "TIME",
        default_value = "10s",
        value_parser = duration::positive
    )]
    pub(super) timeout: Duration,
    /// Write one JSON document at the end: url, good, steps, faults
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) client: ClientFlags,
}
