//! `arkws connect`: one connection, with standard input and output at its ends.
//!
//! | file | what it holds |
//! |---|---|
//! | `arguments.rs` | the arguments |
//! | `input.rs`, `entry.rs` | messages from standard input; what else is typed |
//! | `interactive/` | a person at a terminal |
//! | `output.rs` | messages on standard output: as they are, for a terminal, or one JSON object each |
//! | `session.rs` | an open connection, until it ends |
//! | `connections.rs` | one connection, or one after the other |
mod arguments;
mod connections;
mod entry;
mod input;
#[cfg(unix)]
mod interactive;
mod output;
mod session;

pub(crate) use arguments::ConnectArguments;

use arkws::{Cause, WebSocketUrl};

use crate::exit::{self, Exit, Failure};
use crate::stop::{Reason, Stop};
use arguments::Format;
use connections::Connections;
use input::Entries;
use output::Output;
use session::{Ended, Session};

/// Runs the subcommand.
///
/// # Errors
/// What the exit status says.
pub(crate) async fn run(arguments: ConnectArguments) -> Result<Exit, Failure> {
    let url = WebSocketUrl::parse(&arguments.url);
    let url = url.map_err(Failure::of_url)?;
    let stop = Stop::on_ctrl_c();
    if let Some(time) = arguments.max_time {
        stop.after(time);
    }
    let stays = arguments.stays();
    let client = arguments.client.client()?;
    let (mut entries, output) = ends(&arguments.format, arguments.count, &stop);
    let mut connections = Connections::new(client, url.as_str(), arguments.reconnect, &output);
    let mut was_connected = false;
    loop {
        let (socket, response) = tokio::select! {
            connected = connections.next() => connected?,
            () = stop.given() => return stopped(&stop, &output, was_connected),
        };
        was_connected = true;
        output.tell(&format!("connected to {}", url.as_str()));
        let session = Session {
            entries: &mut entries,
            response: &response,
            output: &output,
            stop: &stop,
            stays,
        };
        match session.run(socket).await {
            Ended::Unsendable(failure) => return Err(failure),
            // How the other end takes it that we go is no matter of ours.
            _ if stop.reason().is_some() => return stopped(&stop, &output, was_connected),
            Ended::Closed { by_us: false, .. } if arguments.reconnect => {
                output.note("the other end closed the connection; connecting again");
            }
            Ended::Lost {
                error,
                by_us: false,
            } if arguments.reconnect => {
                output.note(&format!("{error}; connecting again"));
            }
            Ended::Lost { error, .. } => return Err(Failure::of_connection(&error)),
            Ended::Closed { frame, .. } => {
                return match exit::abnormal(frame.as_ref()) {
                    Some(failure) => Err(failure),
                    None => output.verdict("the connection was closed"),
                };
            }
        }
    }
}

/// Where messages come from, and go to: a person, if one is there and no form of data is asked for.
fn ends(format: &Format, count: Option<u64>, stop: &Stop) -> (Entries, Output) {
    let output = Output::new(format.jsonl, format.binary, count);
    #[cfg(unix)]
    if !format.jsonl
        && let Some((entries, screen)) = interactive::start(format.binary, stop)
    {
        return (entries, output.on(screen));
    }
    #[cfg(not(unix))]
    let _ = stop;
    (input::messages(format.binary), output)
}

/// What the run has come to when we end it.
fn stopped(stop: &Stop, output: &Output, was_connected: bool) -> Result<Exit, Failure> {
    match stop.reason() {
        Some(Reason::Interrupted) => Ok(Exit::Interrupted),
        Some(Reason::TimeUp) if !was_connected => Err(Failure::not_connected(
            "not connected when the time was up",
            Cause::Timeout,
        )),
        Some(Reason::TimeUp) => output.verdict("the time was up"),
        _ => Ok(Exit::Good),
    }
}
