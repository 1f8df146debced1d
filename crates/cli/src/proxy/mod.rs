//! `arkws proxy`: sits between an app and its server, and shows and records what they say.
//!
//! | file | what it holds |
//! |---|---|
//! | `arguments.rs` | the arguments |
//! | `target.rs`, `headers.rs` | the server behind it, and which header fields go on to there and back |
//! | `connection.rs` | a connection of an app, from its handshakes to its end |
//! | `relay.rs` | messages of an open connection, in both directions |
//! | `app_stream.rs`, `frame_scanner.rs` | pings and goodbyes of an app, which are the server's to answer |
//! | `event.rs`, `observers.rs` | what happens to connections, and who is told |
//! | `console.rs`, `recording.rs`, `har.rs` | those: the terminal, a file of JSON objects, a HAR file |
//! | `inspector/` | and a page in the browser |
//! | `rules.rs` | which messages are edited, dropped or injected |
//! | `writer.rs` | files and terminals that may be slow |
mod app_stream;
mod arguments;
mod connection;
mod console;
mod event;
mod frame_scanner;
mod har;
mod headers;
mod inspector;
mod observers;
mod recording;
mod relay;
mod rules;
mod target;
mod writer;

pub(crate) use arguments::ProxyArguments;

use std::sync::Arc;

use arkws::{Acceptor, Config, DeflateConfig};

use crate::exit::{Exit, Failure};
use crate::listening::Listening;
use crate::server_tls;
use crate::stop::{Reason, Stop};
use connection::ProxyHost;
use observers::Observers;
use rules::Rules;
use target::ProxyTarget;

/// Runs the subcommand, until Ctrl-C.
///
/// # Errors
/// What the exit status says.
pub(crate) async fn run(arguments: ProxyArguments) -> Result<Exit, Failure> {
    let stop = Stop::on_ctrl_c();
    let ProxyArguments {
        listen,
        target,
        rules,
        tls,
        outputs,
        client,
    } = arguments;
    let tls = server_tls::acceptor(&tls)?;
    let rules = rules.as_deref().map_or(Ok(Rules::default()), Rules::read)?;
    let target = ProxyTarget::new(&target, client, config())?;
    let listening = Listening::on(&listen.host, listen.port).await?;
    let observers = Observers::new(&outputs, &stop).await?;
    listening.tell_url(tls.is_some())?;
    observers.tell_url()?;
    let host = Arc::new(ProxyHost {
        acceptor: Acceptor::builder()
            .config(config())
            .deflate(DeflateConfig::default())
            .build(),
        tls,
        target,
        observers,
        rules,
        stop: stop.clone(),
    });
    let unable = |error| eprintln!("arkws: nobody can be let in: {error}");
    let serve = |stream, from, number| {
        let host = Arc::clone(&host);
        async move { connection::serve(&host, stream, from, number).await }
    };
    listening.serve(&stop, unable, serve).await;
    if let Some(host) = Arc::into_inner(host) {
        host.observers.finish().await?;
    }
    Ok(match stop.reason() {
        Some(Reason::Interrupted) => Exit::Interrupted,
        _ => Exit::Good,
    })
}

/// Of the connections on both sides. Neither is given up because the other end takes its time:
/// that is between app and server.
fn config() -> Config {
    Config {
        write_timeout: None,
        message_timeout: None,
        ..Config::default()
    }
}
