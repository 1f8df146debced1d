//! The arguments of `arkws proxy`.
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

use crate::client_flags::ClientFlags;
use crate::server_tls::ServerTls;

/// Sit between an app and its server: show each message, and record it
///
/// The first line on standard output is the URL that the app connects to. Its header fields and
/// sub-protocols are passed on, and so are pings, goodbyes and a refusal of the server.
#[derive(Debug, Args)]
pub(crate) struct ProxyArguments {
    /// Where to listen: [HOST:]PORT; port 0: any that is free. Without a host: 127.0.0.1
    pub(super) listen: Listen,
    /// The server: ws://host:port, or wss://. With a path, every connection goes exactly there;
    /// without, to the path that the app asks for
    pub(super) target: String,
    #[command(flatten)]
    pub(super) outputs: Outputs,
    /// Edit, drop and inject messages by the rules of this file: `arkws help rules`
    #[arg(long, value_name = "FILE")]
    pub(super) rules: Option<PathBuf>,
    #[command(flatten)]
    pub(super) tls: ServerTls,
    #[command(flatten)]
    pub(super) client: ClientFlags,
}

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listen {
    pub(super) host: String,
    pub(super) port: u16,
}

/// Who is told what passes.
#[derive(Debug, Args)]
#[command(next_help_heading = "What is seen")]
#[group(skip)]
pub(super) struct Outputs {
    /// Show nothing on standard output but the URL
    #[arg(long)]
    pub(super) quiet: bool,
    /// Record each message to this file, as `connect --jsonl` writes them, with the number of its
    /// connection
    #[arg(long, value_name = "FILE.jsonl")]
    pub(super) record: Option<PathBuf>,
    /// Record each connection that has ended to this file, as HAR 1.2, which the developer tools of
    /// browsers open
    #[arg(long, value_name = "FILE.har")]
    pub(super) har: Option<PathBuf>,
    /// Show it in the browser, too: the second line on standard output is the URL of a page, on
    /// this port of 127.0.0.1 [default: any that is free]
    #[arg(
        long,
        value_name = "PORT",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "0"
    )]
    pub(super) inspect: Option<u16>,
    /// So many messages are kept for a page that is opened later
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(super) keep: usize,
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Listen, String> {
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, port),
            None => ("", text),
        };
        let port = port.parse().map_err(|_| "write [HOST:]PORT".to_owned())?;
        let host = match host.trim_start_matches('[').trim_end_matches(']') {
            "" => "127.0.0.1",
            host => host,
        };
        Ok(Listen {
            host: host.to_owned(),
            port,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_to_listen_is_a_port_with_or_without_a_host() {
        let listen = |text: &str| text.parse::<Listen>().map(|it| (it.host, it.port));
        for (text, host, port) in [
            ("8080", "127.0.0.1", 8080),
            (":0", "127.0.0.1", 0),
            ("localhost:1", "localhost", 1),
            ("0.0.0.0:80", "0.0.0.0", 80),
            ("[::1]:80", "::1", 80),
        ] {
            assert_eq!(listen(text), Ok((host.to_owned(), port)), "{text}");
        }
        for wrong in ["", "localhost", "a:b", "1:99999"] {
            assert!(listen(wrong).is_err(), "{wrong}");
        }
    }
}
