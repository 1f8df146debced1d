//! What is promised to many clients of one server, and to the server.
use arkws::{Cause, CloseCode};
use tokio::time::Instant;

use crate::crowd::{Crowd, Member, Outcome, TICK};
use crate::network::Fault;
use crate::program::{self, Failure, Received, Record};
use crate::schedule::End;

/// Checks the promises. What is broken is added, in words.
pub(crate) fn check(crowd: &Crowd, outcome: &Outcome, broken: &mut Vec<String>) {
    let took = outcome.shut_down - outcome.stopped;
    let [open, left] = outcome.open;
    if took > crowd.deadline + TICK {
        broken.push(format!("shutdown took {took:?} of {:?}", crowd.deadline));
    }
    if outcome.cut_off == 0 && left > 0 || outcome.cut_off > 0 && took < crowd.deadline {
        let cut_off = outcome.cut_off;
        broken.push(format!(
            "{cut_off} are told cut off, and {left} are, after {took:?}"
        ));
    }
    if outcome.counted < open {
        broken.push(format!(
            "{} connections, and {open} are open",
            outcome.counted
        ));
    }
    broken.extend(outcome.miscounted.iter().cloned());
    let members = crowd.members.iter().zip(&outcome.records);
    for ((member, [client, server]), failed) in members.zip(&outcome.not_let_in) {
        let (client, server) = (client.record(), server.record());
        check_visit(crowd, outcome, member, [&client, &server], broken);
        if let Some((at, failure)) = failed {
            check_attempt(crowd, outcome, member, *at, failure, broken);
        }
    }
}

/// Nobody is kept out but by the network, by a time-out, or because the server has stopped.
fn check_attempt(
    crowd: &Crowd,
    outcome: &Outcome,
    member: &Member,
    at: Instant,
    failure: &Failure,
    broken: &mut Vec<String>,
) {
    let limits = [&crowd.server, &member.schedule].map(|it| it.handshake_timeout);
    let limit = limits.into_iter().min().unwrap_or_default();
    let has_reason = !member.link.link.faults.is_empty()
        || at >= outcome.began + member.arrives + limit
        || at >= outcome.stopped
        // Its handler may have ended before the client has read that it is let in.
        || matches!(member.link.server.end, End::Drops);
    if !has_reason {
        broken.push(format!("a client is not let in for no reason: {failure:?}"));
    }
}

fn check_visit(
    crowd: &Crowd,
    outcome: &Outcome,
    member: &Member,
    [client, server]: [&Record; 2],
    broken: &mut Vec<String>,
) {
    let content = |record: &[program::At<arkws::Message>]| -> Vec<arkws::Message> {
        record.iter().map(|it| it.what.clone()).collect()
    };
    for (who, received, sent) in [("client", client, server), ("server", server, client)] {
        if !content(&sent.sent).starts_with(&content(&received.received)) {
            broken.push(format!("{who}: what arrived is not what was sent"));
        }
    }
    for (who, record) in [("client", client), ("server", server)] {
        if !record.was_told_the_end_once() {
            broken.push(format!("{who}: it was told the end so: {:?}", record.told));
        }
    }
    if server
        .opened
        .is_some_and(|opened| opened > outcome.stopped + TICK)
    {
        broken.push("a client is let in by a server that has stopped".to_owned());
    }
    let is_dead = |fault: &Fault| matches!(fault, Fault::Death { .. });
    // A ping that waits for room has only the write time-out.
    let config = &member.schedule.client;
    let may_wait = member.link.link.faults.iter().any(is_dead)
        && (config.heartbeat.is_none() || config.write_timeout.is_none())
        && client.close_started.is_none();
    if client.opened.is_some() && client.finished.is_none() && !may_wait {
        broken.push("a client's connection never ends".to_owned());
    }
    check_goodbye(crowd, client, server, broken);
}

/// With 1001 comes all that was sent before it; and nobody is closed with a code that nobody sent.
fn check_goodbye(crowd: &Crowd, client: &Record, server: &Record, broken: &mut Vec<String>) {
    let failed = |record: &Record| match record.told.first().map(|it| &it.what) {
        Some(Received::Failed(failure)) => Some(failure.cause),
        _ => None,
    };
    if failed(server) == Some(Cause::TooBig) && crowd.budget.is_none() {
        broken.push("a client is over a budget that there is not".to_owned());
    }
    let Some(Received::Closed(frame)) = client.told.first().map(|it| &it.what) else {
        return;
    };
    let code = frame.as_ref().map(|it| it.code());
    let asked = |record: &Record| record.close_started.as_ref().map(|it| it.what.clone());
    let is_frame = |asked: Option<Option<arkws::CloseFrame>>| {
        asked.is_some_and(|asked| asked.map(|it| it.code()) == code)
    };
    let gave_up = match code {
        Some(CloseCode::TOO_BIG) => failed(server) == Some(Cause::TooBig),
        Some(CloseCode::POLICY) => failed(server) == Some(Cause::Timeout),
        Some(CloseCode::INTERNAL_ERROR) => failed(server) == Some(Cause::Heartbeat),
        _ => false,
    };
    let is_goodbye = code == Some(CloseCode::GOING_AWAY);
    if !is_goodbye && !gave_up && !is_frame(asked(client)) && !is_frame(asked(server)) {
        broken.push(format!("a client is closed with {frame:?} by nobody"));
    }
    let certain = server.sent.len() - usize::from(server.in_doubt);
    let missing = certain.saturating_sub(client.received.len());
    if !gave_up && missing > 0 {
        broken.push(format!(
            "a client is closed, and {missing} messages are missing"
        ));
    }
}
