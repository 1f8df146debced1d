//! `arkws serve`: a server for tests.
//!
//! | file | what it holds |
//! |---|---|
//! | `arguments.rs` | the arguments |
//! | `client.rs` | one client, from its handshake to its end |
//! | `answers.rs`, `room.rs`, `exec.rs`, `script.rs` | what becomes of messages: sent back, to all clients, to a command, by a record |
//! | `heard.rs`, `outgoing.rs` | messages of a client on their way there, and what is sent to it |
//! | `line.rs`, `throttle.rs`, `frames.rs` | the byte stream with faults in it |
//! | `tls.rs`, `log.rs` | certificates; what is told of clients |
mod answers;
mod arguments;
mod client;
mod exec;
mod frames;
mod heard;
mod line;
mod log;
mod outgoing;
mod room;
mod script;
mod throttle;
mod tls;

pub(crate) use arguments::ServeArguments;

use std::future::ready;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arkws::{Acceptance, Acceptor, DeflateConfig, Refusal, accept_error_is_of_one_client};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::exit::{Exit, Failure};
use crate::stop::Stop;
use answers::Answering;
use arguments::Faults;
use client::Host;
use log::Log;

/// Runs the subcommand, until Ctrl-C.
///
/// # Errors
/// What the exit status says.
pub(crate) async fn run(arguments: ServeArguments) -> Result<Exit, Failure> {
    let stop = Stop::on_ctrl_c();
    let tls = tls::acceptor(&arguments.tls)?;
    let answering = Answering::new(&arguments.answers)?;
    let (address, port) = (arguments.address.as_str(), arguments.port);
    let cannot = |error| Failure::fault(format!("cannot listen on {address}:{port}: {error}"));
    let listener = TcpListener::bind((address, port)).await.map_err(cannot)?;
    let bound = listener.local_addr().map_err(cannot)?;
    tell_url(tls.is_some(), bound).map_err(cannot)?;
    let log = Log::new(arguments.quiet);
    let host = Arc::new(Host {
        acceptor: acceptor(&arguments.faults, arguments.protocols, arguments.deflate),
        tls,
        answering,
        faults: arguments.faults,
        stop: stop.clone(),
    });
    let mut clients = JoinSet::new();
    let mut number = 0;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.given() => break,
        };
        match accepted {
            Ok((stream, from)) => {
                number += 1;
                let (host, log) = (Arc::clone(&host), log.of(number));
                clients.spawn(async move { client::serve(&host, stream, from, number, log).await });
            }
            Err(error) if accept_error_is_of_one_client(&error) => {}
            Err(error) => {
                log.say(format_args!("nobody can be let in: {error}"));
                // Files become free when clients leave.
                sleep(Duration::from_millis(100)).await;
            }
        }
        while clients.try_join_next().is_some() {}
    }
    drop(listener);
    // Each has its time to say goodbye.
    while clients.join_next().await.is_some() {}
    Ok(Exit::Interrupted)
}

/// The first line on standard output.
fn tell_url(is_secure: bool, bound: SocketAddr) -> io::Result<()> {
    let scheme = if is_secure { "wss" } else { "ws" };
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{scheme}://{bound}/")?;
    stdout.flush()
}

fn acceptor(faults: &Faults, protocols: Vec<String>, deflate: bool) -> Acceptor {
    let acceptor = Acceptor::builder()
        .protocols(protocols)
        .deflate(deflate.then(DeflateConfig::default));
    match faults.refuse {
        None => acceptor.build(),
        Some(status) => acceptor
            .on_request(move |_| {
                let refusal = Refusal::new(status, "refused on demand (--refuse)\n");
                ready(Err::<Acceptance, _>(refusal))
            })
            .build(),
    }
}
