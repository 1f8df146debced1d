//! `arkws doctor`: one connection, step by step, and what is wrong with it.
//!
//! | file | what it holds |
//! |---|---|
//! | `arguments.rs` | the arguments |
//! | `report.rs`, `fault.rs` | what was found: steps and faults, for people and as JSON |
//! | `walk.rs` | the steps, from the URL to the answer |
//! | `network.rs`, `name_servers.rs` | names and addresses; what each name server says |
//! | `proxy.rs`, `tls.rs`, `http.rs` | what is wrong there |
//! | `witness.rs` | whether a server asks for a certificate |
//! | `open.rs` | the connection once it is open |
mod arguments;
mod fault;
mod http;
mod name_servers;
mod network;
mod open;
mod proxy;
mod report;
mod tls;
mod walk;
mod witness;

pub(crate) use arguments::DoctorArguments;

use arkws::WebSocketUrl;

use crate::exit::{Exit, Failure};
use crate::shown_url::shown;
use crate::stop::Stop;
use report::Report;
use walk::Walk;

/// Runs the subcommand.
///
/// # Errors
/// An argument cannot be used.
pub(crate) async fn run(arguments: DoctorArguments) -> Result<Exit, Failure> {
    let url = WebSocketUrl::parse(&arguments.url);
    let url = url.map_err(Failure::of_url)?;
    let report = Report::new(&shown(&url), arguments.json);
    let walk = Walk::new(&arguments, url, report.clone())?;
    let stop = Stop::on_ctrl_c();
    tokio::select! {
        () = walk.run() => Ok(report.end()),
        () = stop.given() => Ok(Exit::Interrupted),
    }
}
