//! What can be done is done at once: nobody has to be woken by something else.
use arkws::Role;
use tokio::time::Instant;

use crate::direction::Seen;
use crate::events::{End, Opened};
use crate::log::{Entry, EntryKind, OwnedEvent};
use crate::plan::Plan;
use crate::run::Run;
use crate::time::is_timeout;
use crate::wire::PING;

/// Checks each connection that was open. What is broken is added, in words.
pub(crate) fn check(plan: &Plan, run: &Run, connections: &[Opened], broken: &mut Vec<String>) {
    for open in connections {
        let Some(link) = &run.links[open.attempt] else {
            continue;
        };
        let sent = link.seen(Role::Client);
        let received = link.seen(Role::Server);
        let close = received.wire.close();
        let closed = close.and_then(|frame| received.arrived.reached(frame.through));
        let prompt = Prompt {
            plan,
            open,
            end: ends(open, &sent, &received, closed),
            sent,
            received,
            closed,
        };
        prompt.check_close(broken);
        prompt.check_log(&run.log, broken);
        prompt.check_offers(broken);
    }
}

/// From when on something else is to be done than to send and receive.
fn ends(open: &Opened, sent: &Seen, received: &Seen, closed: Option<Instant>) -> Instant {
    let ends = [
        open.end.as_ref().map(|(at, _)| *at),
        open.closing.as_ref().map(|(at, _)| *at),
        open.dropped,
        closed,
        received.fin_arrived,
        sent.reset,
    ];
    let far = open.since + crate::run::HORIZON;
    ends.into_iter().flatten().min().unwrap_or(far)
}

struct Prompt<'a> {
    plan: &'a Plan,
    open: &'a Opened,
    /// What the client wrote, and what its server wrote.
    sent: Seen,
    received: Seen,
    /// When the server's close frame had arrived.
    closed: Option<Instant>,
    end: Instant,
}

impl Prompt<'_> {
    /// A server whose close frame has arrived has closed, whatever happens to the link then.
    fn check_close(&self, broken: &mut Vec<String>) {
        let (Some(closed), Some((at, End::Lost(error)))) = (self.closed, &self.open.end) else {
            return;
        };
        // Behind a message that was given up nothing is received.
        let gave_up = self.plan.schedule.client.message_timeout.is_some() && is_timeout(error);
        let is_first = self.end == closed && !self.open.was_held && !gave_up;
        if is_first && closed < *at && error.cause_name() != Some("closed") {
            broken.push(format!(
                "closed at {closed:?}, and it is lost with {error:?}"
            ));
        }
    }

    /// The link takes nothing at this moment.
    fn is_blocked(&self, at: Instant) -> bool {
        let mut blocked = self.sent.blocked.iter();
        blocked.any(|&(from, to)| from <= at && to.is_none_or(|to| to >= at))
    }

    fn check_log(&self, log: &[Entry], broken: &mut Vec<String>) {
        let mut held = false;
        for (number, entry) in log.iter().enumerate() {
            let at = entry.at;
            let is_open = at >= self.open.since && at < self.end;
            match &entry.what {
                EntryKind::Holds(holds) => held = *holds,
                EntryKind::Sends(sending) if is_open && !self.is_blocked(at) => {
                    let Ok(send) = sending.result else {
                        continue;
                    };
                    let later = log[number..].iter().take_while(|entry| entry.at == at);
                    let is_answered = later.into_iter().any(|entry| match &entry.what {
                        EntryKind::Flushes(through)
                        | EntryKind::Event(OwnedEvent::Sent(through)) => *through >= send,
                        EntryKind::Event(OwnedEvent::SendFailed(_, through, _)) => *through >= send,
                        _ => false,
                    });
                    if !is_answered {
                        broken.push(format!("send {send} waits for nothing"));
                    }
                }
                EntryKind::Sends(sending) if self.is_late(at) && sending.result.is_ok() => {
                    broken.push("a send is taken that nobody will get".to_owned());
                }
                EntryKind::Pings(_, Ok(ping)) if is_open && !self.is_blocked(at) => {
                    let frames = self.sent.wire.frames.iter();
                    let mut pings = frames.filter(|frame| frame.opcode == PING);
                    if !pings.any(|frame| frame.at == at) {
                        broken.push(format!("ping {ping} waits for nothing"));
                    }
                }
                _ => {}
            }
            let next_is_later = log.get(number + 1).is_none_or(|next| next.at > at);
            if next_is_later && is_open && !held {
                let (read, arrived) = (self.received.read.by(at), self.received.arrived.by(at));
                if read < arrived {
                    broken.push(format!("{read} of {arrived} bytes are read"));
                }
            }
        }
    }

    /// The server has closed, and this connection will not be made again.
    fn is_late(&self, at: Instant) -> bool {
        let ended = self.open.end.as_ref().map(|(at, _)| *at);
        self.plan.reconnect.is_none()
            && !self.open.was_held
            && self.closed == Some(self.end)
            && at > self.end
            && ended.is_none_or(|ended| at < ended)
    }

    /// Who waits for room takes it.
    fn check_offers(&self, broken: &mut Vec<String>) {
        for &(offered, taken) in &self.sent.offers {
            let is_open = offered >= self.open.since && offered < self.end;
            if is_open && taken.is_none_or(|taken| taken > offered) {
                broken.push(format!(
                    "room is left for {:?}",
                    taken.map(|it| it - offered)
                ));
            }
        }
    }
}
