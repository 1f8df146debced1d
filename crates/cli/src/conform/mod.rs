//! `arkws conform`: does a server hold to RFC 6455 and RFC 7692? It speaks to it in raw bytes,
//! right ones and wrong ones.
//!
//! | file | what it holds |
//! |---|---|
//! | `cases/` | **the cases**, a file for each area |
//! | `case.rs` | what a case is made of |
//! | `arguments.rs`, `selection.rs` | the arguments; which cases they choose |
//! | `credentials.rs` | the name and the password of the URL |
//! | `request.rs`, `answer.rs`, `extensions.rs` | the opening handshake, and whether its answer is right |
//! | `frame.rs`, `deflated.rs` | frames, right and wrong; compressed data |
//! | `incoming.rs`, `wire.rs` | what the server sends, checked; the byte stream |
//! | `play.rs`, `conversation.rs` | plays a case; judges what the server says |
//! | `probe.rs`, `verdict.rs` | what the server can be judged by; how a case ends |
//! | `report/` | the table, JSON and JUnit |
mod answer;
mod arguments;
mod case;
mod cases;
mod conversation;
mod credentials;
mod deflated;
mod extensions;
mod frame;
mod incoming;
mod play;
mod probe;
mod report;
mod request;
mod selection;
mod verdict;
mod wire;

pub(crate) use arguments::ConformArguments;

use arkws::WebSocketUrl;
use futures_util::{StreamExt, stream};

use crate::exit::{Exit, Failure};
use crate::stop::Stop;
use case::Case;
use play::TriedServer;
use probe::Abilities;
use report::ConformReport;
use verdict::{CaseResult, Judgement};

/// Runs the subcommand.
///
/// # Errors
/// What the exit status says.
pub(crate) async fn run(arguments: ConformArguments) -> Result<Exit, Failure> {
    let cases = selection::select(cases::all(), &arguments.only, &arguments.skip)?;
    let Some(url) = arguments.url.filter(|_| !arguments.list) else {
        report::list(&cases, arguments.json);
        return Ok(Exit::Good);
    };
    let url = WebSocketUrl::parse(&url).map_err(Failure::of_url)?;
    let target = TriedServer {
        own: credentials::of(&url)
            .into_iter()
            .chain(arguments.client.own_fields())
            .collect(),
        client: arguments.client.client()?,
        url,
        patience: arguments.timeout,
    };
    let stop = Stop::on_ctrl_c();
    let abilities = tokio::select! {
        probed = probe::probe(&target) => probed?,
        () = stop.given() => return Ok(Exit::Interrupted),
    };
    let mut report = ConformReport::new(&target.url, abilities, arguments.json, arguments.verbose);
    let mut played = stream::iter(&cases)
        .map(|case| play(&target, case, abilities))
        .buffered(arguments.jobs.into());
    let is_interrupted = loop {
        tokio::select! {
            next = played.next() => match next {
                Some(played) => report.add(played),
                None => break false,
            },
            () = stop.given() => break true,
        }
    };
    report.end();
    if let Some(path) = &arguments.junit {
        report.write_junit(path)?;
    }
    Ok(match (is_interrupted, report.has_failures()) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::Fault,
        (false, false) => Exit::Good,
    })
}

async fn play<'a>(target: &TriedServer, case: &'a Case, abilities: Abilities) -> CaseResult<'a> {
    match abilities.lack(case) {
        Some(why) => {
            let mut judgement = Judgement::default();
            judgement.left_out(why.to_owned());
            CaseResult {
                case,
                verdict: judgement.verdict(case.level),
                took: std::time::Duration::ZERO,
            }
        }
        None => target.play(case).await,
    }
}
