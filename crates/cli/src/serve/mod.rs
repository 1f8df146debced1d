//! `arkws serve`: a server for tests.
//!
//! | file | what it holds |
//! |---|---|
//! | `arguments.rs` | the arguments |
//! | `client.rs` | one client, from its handshake to its end |
//! | `answers.rs`, `room.rs`, `exec.rs`, `script.rs` | what becomes of messages: sent back, to all clients, to a command, by a record |
//! | `heard.rs`, `outgoing.rs` | messages of a client on their way there, and what is sent to it |
//! | `line.rs`, `throttle.rs`, `frames.rs` | the byte stream with faults in it |
//! | `log.rs` | what is told of clients |
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

pub(crate) use arguments::ServeArguments;

use std::future::ready;
use std::sync::Arc;

use arkws::{Acceptance, Acceptor, DeflateConfig, Refusal};

use crate::exit::{Exit, Failure};
use crate::listening::Listening;
use crate::server_tls;
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
    let tls = server_tls::acceptor(&arguments.tls)?;
    let answering = Answering::new(&arguments.answers)?;
    let listening = Listening::on(&arguments.address, arguments.port).await?;
    listening.tell_url(tls.is_some())?;
    let log = Log::new(arguments.quiet);
    let host = Arc::new(Host {
        acceptor: acceptor(&arguments.faults, arguments.protocols, arguments.deflate),
        tls,
        answering,
        faults: arguments.faults,
        stop: stop.clone(),
    });
    let unable = |error| log.say(format_args!("nobody can be let in: {error}"));
    let serve = |stream, from, number| {
        let (host, log) = (Arc::clone(&host), log.of(number));
        async move { client::serve(&host, stream, from, number, log).await }
    };
    listening.serve(&stop, unable, serve).await;
    Ok(Exit::Interrupted)
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
