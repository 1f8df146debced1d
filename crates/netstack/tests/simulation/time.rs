//! Promises about time: no wait is without end, and nobody is given up who lives.
use std::time::Duration;

use arkws::Role;
use arkws_netstack::BusinessError;
use tokio::time::Instant;

use crate::direction::Seen;
use crate::events::{End, Opened};
use crate::log::{EntryKind, OwnedEvent};
use crate::plan::Plan;
use crate::run::Run;
use crate::schedule::Attempt;

/// Timers fire at whole milliseconds.
const TICK: Duration = Duration::from_millis(2);

/// How long a stall may last before what the peer has taken is first looked at.
const FIRST_LOOK: Duration = Duration::from_millis(100);

/// How long a close waits for a server that takes nothing, and then for its answer.
const CLOSE: Duration = Duration::from_secs(5);

/// Checks a run. What is broken is added, in words.
pub(crate) fn check(plan: &Plan, run: &Run, connections: &[Opened], broken: &mut Vec<String>) {
    check_attempts(plan, run, broken);
    check_ends_at_once(run, connections, broken);
    for open in connections {
        let Some(link) = &run.links[open.attempt] else {
            continue;
        };
        let timing = Timing {
            plan,
            open,
            sent: link.seen(Role::Client),
            received: link.seen(Role::Server),
            knows_progress: link.plan.link.knows_progress,
        };
        timing.check_given_up(broken);
        timing.check_silence(broken);
        timing.check_closing(run, broken);
    }
}

/// An attempt fails when it must, with the cause that it was.
fn check_attempts(plan: &Plan, run: &Run, broken: &mut Vec<String>) {
    let mut attempt = None;
    for entry in &run.log {
        let error = match &entry.what {
            EntryKind::Attempt(number) => {
                attempt = Some((*number, entry.at));
                continue;
            }
            EntryKind::Event(
                OwnedEvent::Error(error) | OwnedEvent::Reconnecting { cause: error, .. },
            ) => error,
            EntryKind::Event(OwnedEvent::Open) => {
                attempt = None;
                continue;
            }
            _ => continue,
        };
        let Some((number, began)) = attempt.take() else {
            continue;
        };
        let schedule = &plan.schedule;
        let took = entry.at - began;
        let is_well = match (&schedule.attempts[number], error.cause_name()) {
            (Attempt::Refused(after), Some("refused")) => took == *after,
            (Attempt::Hangs, Some("timeout")) => took == schedule.connect_timeout,
            (Attempt::Link(_), Some("timeout")) => took == schedule.handshake_timeout,
            (Attempt::Link(_), Some("reset")) => took <= schedule.handshake_timeout,
            _ => false,
        };
        if !is_well {
            let kind = &schedule.attempts[number];
            broken.push(format!(
                "an attempt failed after {took:?} with {error:?}: {kind:?}"
            ));
        }
    }
}

/// What is terminated, or was not open, ends in the same moment.
fn check_ends_at_once(run: &Run, connections: &[Opened], broken: &mut Vec<String>) {
    let mut asked: Option<Instant> = None;
    for entry in &run.log {
        match &entry.what {
            EntryKind::Connects(_) => asked = None,
            EntryKind::Terminates(Ok(())) => asked = asked.or(Some(entry.at)),
            EntryKind::Closes(_, Ok(())) => {
                let is_open = |open: &Opened| {
                    let ended = open.end.as_ref().map(|(at, _)| *at);
                    open.since <= entry.at && ended.is_none_or(|ended| ended >= entry.at)
                };
                if !connections.iter().any(is_open) {
                    asked = asked.or(Some(entry.at));
                }
            }
            EntryKind::Event(OwnedEvent::Idle)
                if asked.is_some_and(|asked| entry.at > asked + TICK) =>
            {
                let late = asked.map(|asked| entry.at - asked);
                broken.push(format!("what was given up ends {late:?} later"));
            }
            _ => {}
        }
    }
}

pub(crate) fn is_timeout(error: &BusinessError) -> bool {
    error.cause_name() == Some("timeout")
}

struct Timing<'a> {
    plan: &'a Plan,
    open: &'a Opened,
    /// What the client wrote, and what its server wrote.
    sent: Seen,
    received: Seen,
    knows_progress: bool,
}

impl Timing<'_> {
    /// When something last moved from or to the client, before a time; at least `since`.
    fn last_progress(&self, since: Instant, before: Instant) -> Instant {
        let taken = match self.knows_progress {
            true => &self.sent.acknowledged,
            false => &self.sent.accepted,
        };
        [taken, &self.sent.accepted, &self.received.arrived]
            .iter()
            .filter_map(|timeline| timeline.last_before(before))
            .fold(since, Instant::max)
    }

    /// Who was given up had its time.
    fn check_given_up(&self, broken: &mut Vec<String>) {
        let Some((at, End::Lost(error))) = &self.open.end else {
            return;
        };
        let is_well = match error.cause_name() {
            Some("heartbeat") => self.was_silent(*at),
            Some("timeout") => self.took_nothing(*at) || self.message_stood(*at),
            _ => true,
        };
        if !is_well {
            broken.push(format!("given up for no reason: {error:?}"));
        }
    }

    /// Whether the server has shown no sign of life for as long as the heartbeat gives it.
    fn was_silent(&self, at: Instant) -> bool {
        let interval = Duration::from_secs(self.plan.ping_interval);
        let timeout = Duration::from_secs(self.plan.pong_timeout);
        let arrived = &self.received.arrived;
        let heard = arrived.last_before(at).unwrap_or(self.open.since);
        let heard = heard.max(self.open.since);
        self.plan.ping_interval > 0 && at >= heard + interval + timeout
    }

    /// Whether the server has taken nothing for as long as the write time-out gives it.
    fn took_nothing(&self, at: Instant) -> bool {
        let accepted = &self.sent.accepted;
        let limit = self.plan.schedule.client.write_timeout;
        limit.is_some_and(|limit| accepted.before(at) <= accepted.by(at - limit))
    }

    /// Whether little of a message has come in its time.
    fn message_stood(&self, at: Instant) -> bool {
        let arrived = &self.received.arrived;
        let limit = self.plan.schedule.client.message_timeout;
        limit.is_some_and(|limit| arrived.before(at) - arrived.by(at - limit) <= 128 << 10)
    }

    /// With a heartbeat, no silence is longer than it allows.
    fn check_silence(&self, broken: &mut Vec<String>) {
        if self.plan.ping_interval == 0 || self.open.was_held {
            return;
        }
        let since = self.open.since;
        let end = [
            self.open.closing.as_ref().map(|(at, _)| *at),
            self.open.end.as_ref().map(|(at, _)| *at),
            self.open.dropped,
            // On its way the end has begun.
            self.received.wire.close().map(|frame| frame.at),
            self.received.fin_arrived,
            self.sent.reset,
            Some(since + crate::run::HORIZON),
        ];
        let end = end.into_iter().flatten().min().unwrap_or(since);
        let alive = self.last_progress(since, end);
        // While a ping waits, only the write time-out applies.
        let mut blocked = self.sent.blocked.iter();
        let is_blocked = blocked.any(|&(from, to)| from <= end && to.is_none_or(|to| end <= to));
        let write_limit = self.plan.schedule.client.write_timeout;
        let answer = Duration::from_secs(self.plan.pong_timeout) * 2;
        let wait = match is_blocked {
            true => answer.max(write_limit.unwrap_or(Duration::MAX / 4) * 2 + FIRST_LOOK),
            false => answer,
        };
        let limit = Duration::from_secs(self.plan.ping_interval) + wait;
        // Who has given a message up has time to say so.
        let gives_up = self.plan.schedule.client.message_timeout.is_some()
            && matches!(&self.open.end, Some((_, End::Lost(error))) if is_timeout(error));
        if end - alive > limit + TICK && !gives_up {
            broken.push(format!("heartbeat: silent for {:?}", end - alive));
        }
    }

    /// From the program's close to the end: while nothing moves, no longer than is allowed; and
    /// what waits is not given up before.
    fn check_closing(&self, run: &Run, broken: &mut Vec<String>) {
        let asked = self.open.closing.as_ref().map(|(at, _)| *at);
        let Some(asked) = asked.or(self.open.dropped) else {
            return;
        };
        // Of a dropped object the network alone knows.
        let over = match self.open.dropped {
            Some(_) => self.sent.dropped,
            None => self.open.end.as_ref().map(|(at, _)| *at),
        };
        let over = over.unwrap_or(run.began + crate::run::HORIZON);
        let moved = self.last_progress(asked, over);
        if over - moved > CLOSE * 4 + TICK {
            broken.push(format!("closing takes {:?}", over - moved));
        }
        self.check_drain(asked, over, broken);
    }

    /// What was sent before a close goes first, as long as the server takes some of it.
    fn check_drain(&self, asked: Instant, over: Instant, broken: &mut Vec<String>) {
        let is_gone = [self.received.fin_arrived, self.sent.reset];
        let is_gone = is_gone.iter().flatten().any(|gone| *gone <= over);
        let server_closed = self
            .received
            .wire
            .close()
            .is_some_and(|frame| frame.at <= over);
        if self.open.failed.is_empty() || self.open.terminated.is_some() || is_gone || server_closed
        {
            return;
        }
        let mut moved = asked;
        for &(at, _) in self.sent.accepted.entries() {
            if at <= asked {
                continue;
            }
            if at - moved >= CLOSE {
                return;
            }
            moved = at;
        }
        if over - moved < CLOSE && !self.was_silent(over) && !self.took_nothing(over) {
            broken.push("a close gives up what the server would have taken".to_owned());
        }
    }
}
