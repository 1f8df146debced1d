//! A run in words, for whoever looks for the reason why a promise was broken.
use std::time::Duration;

use arkws::Role;
use tokio::time::Instant;

use crate::network::index;
use crate::program::{Received, name};
use crate::run::{Link, Outcome};
use crate::schedule::{Action, Program, Schedule};

pub(crate) fn show(schedule: &Schedule, outcomes: &[Outcome]) -> String {
    let mut shown = format!(
        "client: {:?}\nserver: {:?}\nhandshake within {:?}\n",
        schedule.client, schedule.server, schedule.handshake_timeout
    );
    for outcome in outcomes {
        let failed = outcome.failed.as_ref().map(|(_, failure)| failure);
        shown += &format!("an attempt, failed with {failed:?}\n");
        if let Some(link) = &outcome.link {
            shown += &show_link(link, outcome.began);
        }
    }
    shown
}

fn show_link(link: &Link, began: Instant) -> String {
    let mut shown = format!("{:#?}\n", link.plan.link);
    for (role, program) in [
        (Role::Client, &link.plan.client),
        (Role::Server, &link.plan.server),
    ] {
        shown += &show_program(role, program);
        for (at, what) in events(link, role, began) {
            shown += &format!("  {at:?}: {what}\n");
        }
    }
    shown
}

fn show_program(role: Role, program: &Program) -> String {
    let Program { splits, end, .. } = program;
    let mut shown = format!("{}: splits: {splits}, and {end:?}\n", name(role));
    for step in &program.steps {
        let what = match &step.action {
            Action::Send { message, flushes } => {
                format!("sends {} bytes, flushes: {flushes}", message.len())
            }
            Action::Ping(data) => format!("{data:?}"),
            Action::Pieces {
                message,
                pieces,
                ends,
            } => format!("writes {} bytes: {pieces:?}, ends: {ends}", message.len()),
        };
        shown += &format!("    after {:?}: {what}\n", step.wait);
    }
    shown
}

/// What one end did and was told, in order.
fn events(link: &Link, role: Role, began: Instant) -> Vec<(Duration, String)> {
    let record = link.records[index(role)].record();
    let seen = link.seen(role);
    let mut events = Vec::new();
    let mut add = |at: Option<Instant>, what: String| {
        events.extend(at.map(|at| (at - began, what)));
    };
    add(record.opened, "open".to_owned());
    for sent in &record.sent {
        add(Some(sent.at), format!("queues {} bytes", sent.what.len()));
    }
    for received in &record.received {
        let len = received.what.len();
        add(Some(received.at), format!("receives {len} bytes"));
    }
    for refused in &record.refused {
        add(Some(refused.at), format!("{:?}", refused.what));
    }
    for flush in &record.flushes {
        let since = flush.since - began;
        let failed = &flush.failed;
        add(
            Some(flush.until),
            format!("flushed, from {since:?}: {failed:?}"),
        );
    }
    if let Some(started) = &record.close_started {
        add(Some(started.at), format!("closes: {:?}", started.what));
    }
    for told in &record.told {
        let what = match &told.what {
            Received::End => "end".to_owned(),
            told => format!("{told:?}"),
        };
        add(Some(told.at), what);
    }
    for &(from, to) in &record.pauses {
        add(Some(from), format!("pauses for {:?}", to - from));
    }
    for frame in &seen.wire.frames {
        let (opcode, len) = (frame.opcode, frame.payload.len());
        let what = format!("on the wire: control frame {opcode} of {len} bytes");
        add(Some(frame.at), what);
    }
    add(seen.reset, "reset".to_owned());
    add(
        seen.fin_arrived,
        "what it wrote has ended at its peer".to_owned(),
    );
    add(seen.dropped, "its stream is dropped".to_owned());
    for &(at, total) in seen.arrived.entries() {
        add(Some(at), format!("{total} bytes of it have arrived"));
    }
    add(
        seen.acknowledged.last_before(began + crate::run::HORIZON),
        format!(
            "its last byte is acknowledged, {} in all",
            seen.acknowledged.total()
        ),
    );
    events.sort_by_key(|&(at, _)| at);
    events
}
