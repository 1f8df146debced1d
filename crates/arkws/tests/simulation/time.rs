//! Promises about time: a peer that lives is not given up, and one that is gone is, on time.
use std::time::Duration;

use arkws::{Cause, Heartbeat, Phase, Role};
use tokio::time::Instant;

use crate::program::Received;
use crate::promises::Judged;
use crate::run::HORIZON;
use crate::timeline::Timeline;
use crate::wire::{Frame, PING, PONG};

/// Of the heartbeat's ping, with its header: what it moves itself is no sign of life.
const PING_FRAME: u64 = 14;

/// The most that TLS holds of what it was given, and what it adds to that. Neither the connection
/// nor the stream below sees it leave.
const HELD_BY_TLS: u64 = 66 << 10;

/// How long a stall may last before what the peer has taken is first looked at.
const FIRST_LOOK: Duration = Duration::from_millis(100);

/// If a time-out is noticed this much too late, it starts anew.
const LATE: Duration = Duration::from_secs(1);

/// Timers fire at whole milliseconds.
const TICK: Duration = Duration::from_millis(2);

pub(crate) fn check(judged: &mut Judged<'_>) {
    if let Some((at, failure)) = judged.failure() {
        // Whoever flushed may have known it before.
        let flushes = judged.own.flushes.iter();
        let same = flushes.filter(|it| it.failed.as_ref() == Some(failure));
        let at = same.map(|it| it.until).fold(at, Instant::min);
        match (failure.cause, failure.phase) {
            (Cause::Heartbeat, _) => check_heartbeat(judged, at),
            (Cause::Timeout, Some(Phase::Write)) => check_write(judged, at),
            (Cause::Timeout, Some(Phase::Close)) => check_close(judged, at),
            (Cause::Timeout, Some(Phase::Message)) => check_message(judged, at),
            _ => {}
        }
    }
    check_silence(judged);
    check_flushes(judged);
    check_wakes(judged);
    check_gaps(judged);
    check_closing(judged);
    check_last_steps(judged);
}

impl Judged<'_> {
    /// What the end knows of what its peer has taken.
    fn taken(&self) -> &Timeline {
        match self.link.plan.link.knows_progress {
            true => &self.sent.acknowledged,
            false => &self.sent.accepted,
        }
    }

    /// How much the peer has taken between two moments, neither of them included. The opening
    /// handshake does not count: it was over.
    fn taken_between(&self, from: Instant, to: Instant) -> u64 {
        let head = self.head_len();
        self.taken().before(to).max(head) - self.taken().by(from).max(head)
    }

    /// How many bytes may have moved unseen.
    fn unseen(&self) -> u64 {
        if self.link.is_secret { HELD_BY_TLS } else { 0 }
    }

    /// How many bytes of its opening handshake there were, that of TLS with it.
    fn head_len(&self) -> u64 {
        match (self.link.is_secret, self.own.opened) {
            (true, Some(opened)) => self.sent.accepted.by(opened),
            _ => self.sent.wire.head_len,
        }
    }

    /// When something last moved from it, before a time; at least `since`.
    fn last_progress(&self, since: Instant, before: Instant) -> Instant {
        let timelines = [self.taken(), &self.sent.accepted];
        let moved = timelines.iter().filter_map(|it| it.last_before(before));
        // TLS takes some more when nothing leaves.
        let queued = self.own.sent.iter().map(|sent| sent.at);
        let queued = queued.filter(|at| self.link.is_secret && *at < before);
        moved.chain(queued).fold(since, Instant::max)
    }

    fn write_limit(&self) -> Duration {
        self.config.write_timeout.unwrap_or(Duration::MAX / 4)
    }

    /// It could not write at this time.
    fn blocked(&self, at: Instant) -> bool {
        let mut blocked = self.sent.blocked.iter();
        blocked.any(|&(from, until)| from <= at && until.is_none_or(|until| at <= until))
    }

    /// Its program did not receive for some of this time.
    fn paused(&self, from: Instant, to: Instant) -> bool {
        let mut pauses = self.own.pauses.iter();
        pauses.any(|&(start, end)| start <= to && from <= end)
    }
}

fn heartbeat(judged: &Judged<'_>) -> Heartbeat {
    judged.config.heartbeat.unwrap_or(Heartbeat {
        interval: Duration::MAX / 4,
        timeout: Duration::MAX / 4,
    })
}

/// Whoever was given up by the heartbeat had shown no sign of life, and had its time.
fn check_heartbeat(judged: &mut Judged<'_>, at: Instant) {
    let Heartbeat { interval, timeout } = heartbeat(judged);
    let Some(since) = at.checked_sub(timeout) else {
        return judged.breaks("given up by a heartbeat that it has not");
    };
    let arrived = &judged.received.arrived;
    if arrived.before(at) > arrived.by(since) {
        judged.breaks("heartbeat: a peer that sends was given up");
    }
    if judged.taken_between(since, at) > PING_FRAME + judged.unseen() {
        judged.breaks("heartbeat: a peer that takes bytes was given up");
    }
    let silent_since = judged
        .received
        .arrived
        .last_before(at)
        .or(judged.own.opened);
    if silent_since.is_some_and(|since| at - since < interval + timeout) {
        judged.breaks("heartbeat: given up before its time");
    }
    if judged.link.is_secret {
        return;
    }
    let pings = judged.sent.wire.frames.iter();
    let mut left = pings.filter(|it| it.opcode == PING && it.payload.len() == 8 && it.at <= at);
    if left.next_back().is_none_or(|ping| at - ping.at < timeout) {
        judged.breaks("heartbeat: the ping had left too late to be answered");
    }
}

/// Whoever was given up by the write time-out had taken nothing for as long.
fn check_write(judged: &mut Judged<'_>, at: Instant) {
    let Some(limit) = judged.config.write_timeout else {
        return judged.breaks("a write time-out that it has not");
    };
    let accepted = &judged.sent.accepted;
    if accepted.before(at) > accepted.by(at - limit) + judged.unseen() {
        judged.breaks("write time-out: the transport took bytes");
    }
    let since = at - limit + FIRST_LOOK.min(limit / 8) + TICK;
    if judged.taken_between(since, at) > judged.unseen() {
        judged.breaks("write time-out: the peer took bytes");
    }
}

/// Whoever was given up while closing had its time from when it was last seen to take something;
/// and no more.
fn check_close(judged: &mut Judged<'_>, at: Instant) {
    let limit = judged.config.close_timeout;
    let Some(started) = &judged.own.close_started else {
        return judged.breaks("a time-out for a close frame that it has not sent");
    };
    let accepted = &judged.sent.accepted;
    let last = accepted.last_before(at).filter(|_| !judged.link.is_secret);
    let base = last.map_or(started.at, |last| last.max(started.at));
    if at < base + limit {
        judged.breaks("close time-out: before its time");
    }
    let sent = accepted.before(at);
    if judged.taken_between(at - limit, at) > judged.unseen() && judged.taken().by(at) < sent {
        judged.breaks("close time-out: the peer took bytes");
    }
    // When it looks follows from what it has seen.
    if judged.paused(started.at, at) || judged.link.is_secret {
        return;
    }
    // What the peer has taken is looked at whenever the time is over.
    let (mut since, mut look) = (started.at, base + limit);
    while look + TICK < at {
        let taken = judged.taken();
        if taken.by(look) <= taken.before(since) || taken.before(look) >= sent {
            let late = at - look;
            return judged.breaks(format!("close time-out: {late:?} too late"));
        }
        (since, look) = (look, look + limit);
    }
}

/// Whoever was given up because of a message had sent little of it.
fn check_message(judged: &mut Judged<'_>, at: Instant) {
    let Some(limit) = judged.config.message_timeout else {
        return judged.breaks("a message time-out that it has not");
    };
    if judged.program(judged.role).reads_in_pieces() {
        return judged.breaks("message time-out: the message is read in pieces");
    }
    let arrived = &judged.received.arrived;
    if arrived.before(at) - arrived.by(at - limit) > 128 << 10 {
        judged.breaks("message time-out: much had arrived");
    }
    // While nobody reads, the peer cannot go on: it has its time again afterwards.
    let due = |end| {
        let read = judged.received.read.last_before(end).or(judged.own.opened);
        read.unwrap_or(end) + limit
    };
    let mut pauses = judged.own.pauses.iter();
    if pauses.any(|&(_, end)| end <= at && at <= end + TICK && at > due(end) + LATE + TICK) {
        judged.breaks("message time-out: it had not been read from meanwhile");
    }
}

/// With a heartbeat, no silence is longer than it allows.
fn check_silence(judged: &mut Judged<'_>) {
    let (Some(Heartbeat { interval, timeout }), Some(opened)) =
        (judged.config.heartbeat, judged.own.opened)
    else {
        return;
    };
    let peer_closes = judged.peer.close_started.as_ref().map(|it| it.at);
    let end = [
        judged.own.close_started.as_ref().map(|it| it.at),
        judged.told().map(|(at, _)| at),
        judged.own.dropped,
        judged.received.fin_arrived,
        judged.sent.reset,
        // Nobody sees when its close frame comes.
        peer_closes.filter(|_| judged.link.is_secret),
        Some(opened + HORIZON),
    ];
    let end = end.into_iter().flatten().min().unwrap_or(opened);
    let heard = judged.received.arrived.last_before(end).unwrap_or(opened);
    let alive = judged.last_progress(opened.max(heard), end);
    let pings = judged.sent.wire.frames.iter();
    let pings = pings.filter(|it| it.opcode == PING && heard < it.at && it.at <= end);
    let (beats, others): (Vec<&Frame>, Vec<&Frame>) = pings.partition(|it| it.payload.len() == 8);
    let left = beats.first();
    // As long as the ping waits, only the write time-out applies.
    let write = judged.write_limit() * 2 + FIRST_LOOK;
    let wait = match left.is_none() && judged.blocked(end) {
        // Nobody sees whether the ping has left; or it waits behind one of the program's.
        true if judged.link.is_secret || !others.is_empty() => write.max(timeout * 2),
        true => write,
        false => timeout * 2,
    };
    let asked = left.map_or(alive, |ping| ping.at).max(alive + interval);
    if end.saturating_duration_since(asked) > wait + TICK && !judged.paused(alive, end) {
        judged.breaks(format!("heartbeat: silent for {:?}", end - alive));
    }
}

/// With a write time-out, no flush waits longer while nothing moves.
fn check_flushes(judged: &mut Judged<'_>) {
    let Some(limit) = judged.config.write_timeout else {
        return;
    };
    for flush in judged.own.flushes.clone() {
        let mut moved = judged.last_progress(flush.since, flush.until);
        if judged.link.is_secret {
            // A pong or a close frame may have been given to TLS since.
            let answer = judged.received.arrived.last_before(flush.until);
            moved = moved.max(answer.unwrap_or(moved));
            if flush
                .failed
                .is_some_and(|it| it.phase == Some(Phase::Message))
            {
                continue;
            }
        }
        let stood = flush.until - moved;
        if stood > limit * 2 + FIRST_LOOK + TICK {
            judged.breaks(format!("write time-out: a flush stood still for {stood:?}"));
        }
    }
}

/// Who waits until what is queued has left writes when there is room, and is told in the moment in
/// which the last of it leaves.
fn check_wakes(judged: &mut Judged<'_>) {
    let head = judged.head_len();
    for flush in judged.own.flushes.clone() {
        for (offered, taken) in judged.sent.offers.clone() {
            let taken = taken.map_or(flush.until, |taken| taken.min(flush.until));
            if offered >= flush.since && taken > offered {
                let waits = taken - offered;
                judged.breaks(format!("a flush leaves room for {waits:?}"));
            }
        }
        if judged.link.is_secret {
            // What is queued and what leaves have other lengths.
            continue;
        }
        let left = flush
            .through
            .and_then(|through| judged.sent.accepted.reached(head + through));
        let Some(left) = left.map(|left| left.max(flush.since)) else {
            continue;
        };
        if flush.until > left && !may_have_queued_more(judged, flush.since, left) {
            let late = flush.until - left;
            judged.breaks(format!("a flush is told {late:?} after its end"));
        }
    }
}

/// Whether something was queued by itself from one time to the other: a pong, a close frame, or a
/// ping of the heartbeat.
fn may_have_queued_more(judged: &Judged<'_>, from: Instant, to: Instant) -> bool {
    let asks = |frame: &Frame| frame.at <= to && frame.opcode != PONG;
    let beats = |heartbeat: &Heartbeat| {
        let heard = judged.received.arrived.last_before(from);
        to >= heard.or(judged.own.opened).unwrap_or(from) + heartbeat.interval
    };
    judged.received.wire.frames.iter().any(asks)
        || judged.config.heartbeat.as_ref().is_some_and(beats)
        || judged.gives_up()
}

/// A message that does not go on in its time ends the connection, and not later.
fn check_gaps(judged: &mut Judged<'_>) {
    let Some(limit) = judged.config.message_timeout else {
        return;
    };
    // Who reads in pieces waits.
    if judged.program(judged.role).reads_in_pieces() {
        return;
    }
    let told = judged.told().map(|(at, _)| at);
    let closing = judged.own.close_started.as_ref().map(|it| it.at);
    let gone = [told, closing, judged.own.dropped, judged.sent.reset];
    let gone = gone.into_iter().flatten().min();
    for &(from, until) in &judged.peer.gaps {
        let end = gone.map_or(until, |gone| gone.min(until));
        // What has come of it, or of anything behind it.
        let heard = judged.received.arrived.last_before(end);
        let heard = heard.filter(|heard| *heard >= from);
        let Some(heard) = heard.filter(|heard| end > *heard + limit) else {
            continue;
        };
        // The close frame that says so may have its time to leave.
        let moved = judged.last_progress(heard + limit, end);
        let late = judged.config.close_timeout * 2 + TICK;
        if end > moved + late && !judged.paused(heard, end) {
            let waited = end - heard;
            judged.breaks(format!("message time-out: not after {waited:?}"));
        }
    }
}

/// From the close frame to how the connection ends: while nothing moves, no longer than is allowed.
fn check_closing(judged: &mut Judged<'_>) {
    let Some(started) = judged.own.close_started.clone() else {
        return;
    };
    let end = judged.told().map_or(started.at + HORIZON, |(at, _)| at);
    let end = judged.own.dropped.map_or(end, |dropped| end.min(dropped));
    let moved = judged.last_progress(started.at, end);
    // What TLS holds has its time again when the peer has ended its side.
    let fin = judged.received.fin_arrived;
    let fin = fin.filter(|fin| judged.link.is_secret && *fin < end);
    let moved = fin.map_or(moved, |fin| fin.max(moved));
    let limit = judged.config.close_timeout * 2 + TICK;
    if end - moved > limit && !judged.paused(moved, end) {
        judged.breaks(format!("closing takes {:?}", end - moved));
    }
}

/// From how the connection ended to when nothing is left to do.
fn check_last_steps(judged: &mut Judged<'_>) {
    let [first, end, ..] = &judged.own.told[..] else {
        return;
    };
    let (told, finished) = (first.at, end.at);
    // RFC 6455, 7.1.1: the server ends the transport first, if it does so in time.
    let limit = judged.config.close_timeout;
    // Who reads in pieces is told when the transport has ended.
    let reads_pieces = judged.program(judged.role).reads_pieces;
    let is_closed = matches!(first.what, Received::Closed(_));
    let waits = judged.role == Role::Client && is_closed && !reads_pieces;
    let had_gone = |it: &Instant| *it <= finished;
    let gone = [judged.received.fin_arrived, judged.sent.reset];
    let is_gone = gone.iter().flatten().any(had_gone);
    let has_answered = judged.sent.wire.close().is_some();
    if waits && has_answered && !is_gone && finished < told + limit.min(judged.write_limit()) {
        judged.breaks("the client ended the transport before the server");
    }
    let ended_first = judged.sent.ended.is_some_and(|ended| {
        let had_gone = |it: &Instant| *it <= ended;
        !gone.iter().flatten().any(had_gone) && ended < told + limit.min(judged.write_limit())
    });
    if waits && has_answered && ended_first {
        judged.breaks("the client ended its side before the server");
    }
    let moved = judged.last_progress(told, finished);
    // TLS says by itself that its side has ended.
    let times = if judged.link.is_secret { 3 } else { 2 };
    let limit = judged.config.close_timeout * times + TICK;
    if finished - moved > limit && !judged.paused(told, finished) {
        judged.breaks(format!("the last steps take {:?}", finished - moved));
    }
}
