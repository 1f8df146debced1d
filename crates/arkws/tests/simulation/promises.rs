//! What is promised, checked on the records of a run.
//!
//! | file | promises |
//! |---|---|
//! | `promises.rs` | delivery, order, one end with its code or cause, the bound of the queue |
//! | `time.rs` | who is given up, when, and who is not |
//! | `attempts.rs` | the opening handshake, and when the next attempt is made |
use std::fmt::Debug;

use arkws::{Bytes, Cause, CloseCode, CloseFrame, Config, Message, Phase, Role, SendError};
use tokio::time::Instant;

use crate::direction::Seen;
use crate::network::{Fault, index, other};
use crate::program::{Failure, Received, Record, name};
use crate::run::Link;
use crate::schedule::{End, Program, Schedule};
use crate::time;

/// One end of a connection, its peer, and what was seen between them.
pub(crate) struct Judged<'a> {
    pub(crate) role: Role,
    pub(crate) config: &'a Config,
    pub(crate) peer_config: &'a Config,
    pub(crate) own: &'a Record,
    pub(crate) peer: &'a Record,
    pub(crate) link: &'a Link,
    /// What it wrote, and what its peer wrote.
    pub(crate) sent: &'a Seen,
    pub(crate) received: &'a Seen,
    pub(crate) broken: &'a mut Vec<String>,
}

/// Checks both ends of a connection. What is broken is added, in words.
pub(crate) fn check(schedule: &Schedule, link: &Link, broken: &mut Vec<String>) {
    let seen = [Role::Client, Role::Server].map(|role| link.seen(role));
    let records = [link.records[0].record(), link.records[1].record()];
    for role in [Role::Client, Role::Server] {
        let (own, peer) = (index(role), index(other(role)));
        broken.extend(seen[own].wire.violations.iter().cloned());
        let judged = Judged {
            role,
            config: schedule.config(role),
            peer_config: schedule.config(other(role)),
            own: &records[own],
            peer: &records[peer],
            link,
            sent: &seen[own],
            received: &seen[peer],
            broken,
        };
        judged.check();
    }
}

impl Judged<'_> {
    pub(crate) fn breaks(&mut self, promise: impl Into<String>) {
        let promise = promise.into();
        self.broken.push(format!("{}: {promise}", name(self.role)));
    }

    /// How it was told that the connection is over.
    pub(crate) fn told(&self) -> Option<(Instant, &Received)> {
        self.own.told.first().map(|told| (told.at, &told.what))
    }

    pub(crate) fn failure(&self) -> Option<(Instant, &Failure)> {
        match self.told() {
            Some((at, Received::Failed(failure))) => Some((at, failure)),
            _ => None,
        }
    }

    fn is_closed(&self) -> bool {
        matches!(self.told(), Some((_, Received::Closed(_))))
    }

    fn check(mut self) {
        if self.own.opened.is_none() {
            return;
        }
        self.check_delivery();
        self.check_end();
        self.check_close_frame();
        self.check_cause();
        self.check_queue();
        self.check_last_words();
        time::check(&mut self);
    }

    /// What the peer sent arrives in order, once, and unchanged; behind its close frame nothing is
    /// missing.
    fn check_delivery(&mut self) {
        fn data<T: Clone>(sent: &[crate::program::At<T>]) -> Vec<T> {
            sent.iter().map(|sent| sent.what.clone()).collect()
        }
        let own_pings: Vec<Bytes> = data(&self.own.pings_sent);
        let (sent, pings) = (data(&self.peer.sent), data(&self.peer.pings_sent));
        let received: Vec<Message> = data(&self.own.received);
        let ours = |data: &&Bytes| data.starts_with(b"ping number");
        let pinged: Vec<Bytes> = self
            .own
            .pings_received
            .iter()
            .filter(ours)
            .cloned()
            .collect();
        let certain = sent.len() - usize::from(self.peer.in_doubt);
        self.check_prefix("messages", &received, &sent, certain);
        // Who reads in pieces is told of none.
        if !self.program(self.role).reads_pieces {
            self.check_prefix("pings", &pinged, &pings, pings.len());
        }
        let mut sent_pings = own_pings.iter();
        for pong in &self.own.pongs_received {
            if !sent_pings.any(|ping| ping == pong) {
                self.breaks(format!("a pong that nobody asked for: {pong:?}"));
            }
        }
    }

    /// Who sends nothing more may still read: it gets all that was queued for it, if it takes that
    /// in time.
    fn check_last_words(&mut self) {
        let failed = |record: &Record| match &record.told[..] {
            [told, end, ..] => match &told.what {
                Received::Failed(failure) if failure.ended_by_peer => Some(end.at - told.at),
                _ => None,
            },
            _ => None,
        };
        let limits = [
            Some(self.peer_config.close_timeout),
            self.peer_config.write_timeout,
        ];
        let limit = limits.into_iter().flatten().min().unwrap_or_default();
        let is_well = self.half_closed() == Some(self.role)
            && failed(self.own).is_some()
            && failed(self.peer).is_some_and(|took| took < limit);
        let certain = self.peer.sent.len() - usize::from(self.peer.in_doubt);
        let received = self.own.received.len();
        if is_well && received < certain {
            self.breaks(format!(
                "only {received} of the last {certain} messages have arrived"
            ));
        }
    }

    /// `certain`: so many of them have left.
    fn check_prefix<T: PartialEq + Debug>(
        &mut self,
        what: &str,
        received: &[T],
        sent: &[T],
        certain: usize,
    ) {
        let mut pairs = received.iter().zip(sent).enumerate();
        if let Some((number, _)) = pairs.find(|(_, (received, sent))| received != sent) {
            self.breaks(format!("{what}: number {number} is not what was sent"));
        }
        if received.len() > sent.len() {
            self.breaks(format!("{what}: more than were sent"));
        }
        if self.is_closed() && received.len() < certain {
            let received = received.len();
            let promise = format!("{what}: closed, and {received} of {certain} have arrived");
            self.breaks(promise);
        }
    }

    /// It is told the end once, then that there is no more.
    fn check_end(&mut self) {
        if !self.own.was_told_the_end_once() {
            self.breaks(format!("it was told the end so: {:?}", self.own.told));
        }
        if self.own.finished.is_none() && !self.may_wait_for_ever() {
            self.breaks("it never ends");
        }
        let Some(refused) = &self.own.refused_at_last else {
            let has_tried = self.own.finished.is_some() && self.own.dropped.is_none();
            if has_tried && !matches!(self.program(self.role).end, End::Drops) {
                self.breaks("a message is taken after the end");
            }
            return;
        };
        let agrees = match (self.told(), refused) {
            (Some((_, Received::Closed(_))), SendError::Closing) => true,
            (Some((_, Received::Failed(failure))), refused) => refused.cause() == failure.cause,
            _ => false,
        };
        if !agrees {
            let refused = format!("a message is refused at last with {refused:?}");
            self.breaks(format!("{refused}, and the end was {:?}", self.own.told[0]));
        }
    }

    /// Nothing comes any more, and it is not to find that out.
    fn may_wait_for_ever(&self) -> bool {
        let is_dead = |fault: &Fault| matches!(fault, Fault::Death { .. });
        let is_blocked = matches!(self.sent.blocked.last(), Some((_, None)));
        let ping_waits = is_blocked && self.config.write_timeout.is_none();
        self.link.plan.link.faults.iter().any(is_dead)
            && (self.config.heartbeat.is_none() || ping_waits)
            && self.own.close_started.is_none()
    }

    /// The close frame is the peer's, or its answer to ours; and says why the peer gave us up.
    fn check_close_frame(&mut self) {
        let Some((_, Received::Closed(frame))) = self.told() else {
            return;
        };
        let frame = frame.clone();
        let gave_up = self.peer.told.first().and_then(|told| match &told.what {
            Received::Failed(failure) => Some(failure),
            _ => None,
        });
        let echo = |frame: &CloseFrame| CloseFrame::new(frame.code(), "");
        let (expected, exactly) = match (&self.peer.close_started, &self.own.close_started) {
            (Some(started), _) => (started.what.clone(), true),
            (None, Some(started)) if gave_up.is_none() => (started.what.as_ref().map(echo), true),
            (None, started) => match gave_up.map(|failure| (failure.cause, failure.phase)) {
                Some((Cause::Heartbeat, _)) => {
                    (Some(CloseFrame::new(CloseCode::INTERNAL_ERROR, "")), false)
                }
                Some((_, Some(Phase::Message))) => {
                    (Some(CloseFrame::new(CloseCode::POLICY, "")), false)
                }
                // It had answered, and then could not write on.
                Some(_) if started.is_some() => return,
                _ => {
                    self.breaks(format!("it was sent the close frame {frame:?} by nobody"));
                    return;
                }
            },
        };
        let code = |frame: &Option<CloseFrame>| frame.as_ref().map(CloseFrame::code);
        let agrees = match exactly {
            true => frame == expected,
            false => code(&frame) == code(&expected),
        };
        if !agrees {
            self.breaks(format!("the close frame is {frame:?}, not {expected:?}"));
        }
    }

    /// A connection is lost only if somebody or something has ended it.
    fn check_cause(&mut self) {
        let Some((at, failure)) = self.failure() else {
            return;
        };
        let failure = failure.clone();
        match (failure.cause, failure.phase) {
            (Cause::Reset, None) => {}
            (Cause::Timeout | Cause::Heartbeat, _) => return,
            _ => {
                self.breaks(format!("it failed with {failure:?}"));
                return;
            }
        }
        let was_reset =
            |fault: &Fault| matches!(fault, Fault::Reset { .. } | Fault::HalfClose { .. });
        let is_rooted = self.link.plan.link.faults.iter().any(was_reset)
            || matches!(self.program(other(self.role)).end, End::Drops)
            || self.peer_could_not_close()
            || matches!(self.peer.told.first(), Some(told) if matches!(told.what, Received::Failed(_)))
            || self.peer.opened.is_none();
        let is_told = match failure.ended_by_peer {
            // TLS has an end of its own, which comes first.
            true if self.link.is_secret => true,
            true => self.received.fin_arrived.is_some_and(|fin| fin <= at),
            false => self.sent.reset.is_some_and(|reset| reset <= at),
        };
        if !is_rooted || !is_told {
            self.breaks(format!("lost for no reason: {failure:?}"));
        }
        let peer_closed = self.received.wire.close().is_some();
        if failure.ended_by_peer && peer_closed && self.half_closed() != Some(other(self.role)) {
            self.breaks("the peer's close frame was on its way, and is lost");
        }
    }

    /// Whose direction has ended alone.
    fn half_closed(&self) -> Option<Role> {
        let faults = self.link.plan.link.faults.iter();
        let mut from = faults.filter_map(|fault| match fault {
            Fault::HalfClose { from, .. } => Some(*from),
            _ => None,
        });
        from.next()
    }

    /// The peer was told that we had closed, and had no way to answer within its time; or its run
    /// was over.
    fn peer_could_not_close(&self) -> bool {
        if self.peer.finished.is_none() {
            return true;
        }
        let [told, end, ..] = &self.peer.told[..] else {
            return false;
        };
        let accepted = match self.link.is_secret {
            // TLS has something that leaves unseen.
            true => {
                let closes = self.peer.close_started.iter().map(|started| started.at);
                let waits = self.peer.flushes.iter().filter(|it| it.failed.is_some());
                let waits = waits.map(|flush| flush.since);
                Some(closes.chain(waits).fold(told.at, Instant::min))
            }
            false => self.received.accepted.last_before(end.at),
        };
        let limits = [
            Some(self.peer_config.close_timeout),
            self.peer_config.write_timeout,
        ];
        let limit = limits.into_iter().flatten().min().unwrap_or_default();
        self.received.wire.close().is_none() && accepted.is_some_and(|at| end.at - at >= limit)
    }

    pub(crate) fn program(&self, role: Role) -> &Program {
        match role {
            Role::Client => &self.link.plan.client,
            Role::Server => &self.link.plan.server,
        }
    }

    /// What waits to be sent is bounded, and what is refused is refused for a reason.
    fn check_queue(&mut self) {
        let limit = self.config.limits.max_queued;
        // Pings, pongs and a close frame wait with the messages, and do not count.
        let control = 1000 + self.own.pings_sent.len() * 24;
        if self.own.taken_at >= limit.saturating_add(control) {
            self.breaks("a message was taken beyond max_queued");
        }
        let is_over = |at: Instant| self.told().is_some_and(|(told, _)| told <= at);
        let is_secret = self.link.is_secret;
        // Its close frame that says so may wait for room.
        let failure = self.failure().map(|(_, failure)| failure);
        let gave_up = failure.is_some_and(|failure| failure.phase == Some(Phase::Message));
        let mut broken = Vec::new();
        for refused in &self.own.refused {
            let (at, queued) = (refused.at, refused.what.queued);
            let flush_failed = |it: &crate::program::Flush| it.failed.is_some() && it.until <= at;
            let is_well = match &refused.what.error {
                SendError::QueueFull { .. } => queued >= limit,
                // Why is in frames that nobody has seen.
                SendError::Closing | SendError::Lost(_) if is_secret => true,
                SendError::Closing => is_over(at) || self.peer_closed_by(at),
                SendError::Lost(_) => {
                    is_over(at)
                        || gave_up
                        || self.own.flushes.iter().any(flush_failed)
                        || self.sent.reset.is_some()
                        || self.received.fin_arrived.is_some_and(|fin| fin <= at)
                }
                _ => false,
            };
            if !is_well {
                broken.push(format!("refused for no reason: {refused:?}"));
            }
        }
        for flush in &self.own.flushes {
            let Some(failed) = &flush.failed else {
                continue;
            };
            let agrees = match self.told() {
                Some((_, Received::Failed(failure))) => failure.cause == failed.cause,
                // What had arrived before that is received still.
                Some((told, Received::Closed(_))) if flush.until <= told => true,
                None => self.own.dropped.is_some(),
                _ => matches!(failed.cause, Cause::Reset | Cause::Closed),
            };
            if !agrees {
                broken.push(format!(
                    "a flush failed with {failed:?}: {:?}",
                    self.own.told
                ));
            }
        }
        broken.into_iter().for_each(|it| self.breaks(it));
    }

    /// It told the peer why it gives it up, before it was told so itself.
    pub(crate) fn gives_up(&self) -> bool {
        let failure = self.failure().map(|(_, failure)| failure);
        failure.is_some_and(|failure| failure.phase == Some(Phase::Message))
            && self.sent.wire.close().is_some()
    }

    fn peer_closed_by(&self, at: Instant) -> bool {
        self.received
            .wire
            .close()
            .is_some_and(|frame| frame.at <= at)
    }
}
