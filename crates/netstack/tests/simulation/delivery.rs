//! Promises about messages: what arrives, and what is lost.
use std::fmt::Debug;

use arkws::{Message, Role};

use crate::events::{End, Goodbye, Opened};
use crate::network::Fault;
use crate::program::{Received, Record};
use crate::run::{Link, Run};
use crate::schedule;

/// Checks each connection that was open. What is broken is added, in words.
pub(crate) fn check(run: &Run, connections: &[Opened], broken: &mut Vec<String>) {
    for open in connections {
        let Some(link) = &run.links[open.attempt] else {
            broken.push("open without a link".to_owned());
            continue;
        };
        let server = link.server.record();
        check_to_server(open, &server, broken);
        check_to_client(open, &server, broken);
        check_cause(open, link, &server, broken);
        check_close_frame(open, &server, broken);
        let violations = link.seen(Role::Client).wire.violations;
        broken.extend(violations);
    }
    // What was never open has sent nothing, and a link that was not open has no messages.
    for (number, link) in run.links.iter().enumerate() {
        let Some(link) = link else {
            continue;
        };
        let was_open = connections.iter().any(|open| open.attempt == number);
        if !was_open && !link.server.record().received.is_empty() {
            broken.push("a message has left before the connection was open".to_owned());
        }
    }
}

fn messages(record: &[crate::program::At<Message>]) -> Vec<Message> {
    record.iter().map(|it| it.what.clone()).collect()
}

fn prefix<T: PartialEq + Debug>(who: &str, received: &[T], sent: &[T], broken: &mut Vec<String>) {
    let mut pairs = received.iter().zip(sent).enumerate();
    if let Some((number, _)) = pairs.find(|(_, (received, sent))| received != sent) {
        broken.push(format!("{who}: number {number} is not what was sent"));
    }
    if received.len() > sent.len() {
        broken.push(format!("{who}: more messages than were sent"));
    }
}

/// In order, once, unchanged: first those that were answered as sent, then of those that failed
/// some. Behind a close frame nothing is missing that was answered as sent.
fn check_to_server(open: &Opened, server: &Record, broken: &mut Vec<String>) {
    let received = messages(&server.received);
    if open.dropped.is_some() {
        // Nobody was told what was sent.
        return;
    }
    let sent: Vec<Message> = open.sent.iter().chain(&open.failed).cloned().collect();
    prefix("the server", &received, &sent, broken);
    let closed =
        matches!(server.told.first(), Some(told) if matches!(told.what, Received::Closed(_)));
    if closed && received.len() < open.sent.len() {
        let (received, sent) = (received.len(), open.sent.len());
        broken.push(format!(
            "the server: closed, and {received} of {sent} have arrived"
        ));
    }
}

fn check_to_client(open: &Opened, server: &Record, broken: &mut Vec<String>) {
    let sent = messages(&server.sent);
    prefix("the client", &open.received, &sent, broken);
    let is_closed = match &open.end {
        Some((_, End::Closed(_))) => true,
        Some((_, End::Lost(error))) => error.cause_name() == Some("closed"),
        None => false,
    };
    let by_server = server.close_started.is_some() && open.closing.is_none();
    if is_closed && by_server && open.received.len() < sent.len() {
        let (received, sent) = (open.received.len(), sent.len());
        broken.push(format!(
            "the client: closed, and {received} of {sent} have arrived"
        ));
    }
}

/// A connection is lost only if somebody or something has ended it.
fn check_cause(open: &Opened, link: &Link, server: &Record, broken: &mut Vec<String>) {
    let Some((_, End::Lost(error))) = &open.end else {
        return;
    };
    let was_reset = |fault: &Fault| matches!(fault, Fault::Reset { .. });
    let failed = |told: &crate::program::At<Received>| matches!(told.what, Received::Failed(_));
    let is_well = match error.cause_name() {
        // See the promises about time.
        Some("timeout" | "heartbeat") => true,
        Some("closed") => server.close_started.is_some() || server.told.first().is_some_and(failed),
        Some("reset") => {
            link.plan.link.faults.iter().any(was_reset)
                || matches!(link.plan.server.end, schedule::End::Drops)
                || server.told.first().is_some_and(failed)
                || server.opened.is_none()
        }
        _ => false,
    };
    if !is_well {
        broken.push(format!("lost for no reason: {error:?}"));
    }
}

/// The code is the server's, if it was first; the server has ours, if we were.
fn check_close_frame(open: &Opened, server: &Record, broken: &mut Vec<String>) {
    let gave_up =
        matches!(server.told.first(), Some(told) if matches!(told.what, Received::Failed(_)));
    if let (None, None, Some((_, End::Closed(close)))) = (&open.closing, open.dropped, &open.end) {
        let code = match &server.close_started {
            Some(started) => started
                .what
                .as_ref()
                .map_or(1005, |frame| frame.code().get()),
            None if gave_up && matches!(close.code, 1008 | 1011) => close.code,
            None => 0,
        };
        if close.code != code {
            broken.push(format!(
                "closed with {close:?}, and the server's code is {code}"
            ));
        }
    }
    let Some(Received::Closed(frame)) = server.told.first().map(|told| &told.what) else {
        return;
    };
    let expected = match (&server.close_started, &open.closing, open.dropped) {
        // Its own, or what answers it.
        (Some(_), ..) => return,
        (None, _, Some(_)) => Some(1001),
        (None, Some((_, Goodbye::Close(frame))), None) => {
            frame.as_ref().map(|frame| frame.code().get())
        }
        (None, Some((_, Goodbye::Terminate)), None) => {
            broken.push(format!("terminated, and the server has {frame:?}"));
            return;
        }
        // The client has given it up, or could not tell its program before.
        (None, None, None) => {
            if !matches!(open.end, Some((_, End::Lost(_)))) {
                broken.push(format!("the server has {frame:?} from nobody"));
            }
            return;
        }
    };
    let code = frame.as_ref().map(|frame| frame.code().get());
    if code != expected {
        broken.push(format!("the server has {code:?}, not {expected:?}"));
    }
}
