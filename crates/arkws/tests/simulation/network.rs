//! A network in memory: links with delay, bandwidth, buffers and windows of any size, that stall,
//! are reset or die without a word. Whatever happens on it, happens at a whole millisecond of
//! simulated time and in an order that depends on nothing but the link's seed.
//!
//! It does as TCP does. What a stream accepts waits in its send buffer, then flies, then waits for
//! the reader, and is acknowledged when it has arrived there. Ending one side leaves the other
//! open. A stream that is dropped with bytes unread, or that bytes come for later, is reset.
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::Duration;

use arkws::{Progress, Role};
use bytes::Buf;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::direction::{Direction, Packet, Path, Seen, earlier, wake};
use crate::random::Random;

/// What goes wrong with a link, and when, from its beginning.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// Nothing moves in these directions, named for who writes, for a while.
    Stall {
        at: Duration,
        lasts: Duration,
        from: Vec<Role>,
    },
    /// Nothing moves any more, and nobody is told.
    Death { at: Duration, from: Vec<Role> },
    /// What is on its way from there is lost and nothing more comes, and the other end is told that
    /// this is the end. It still gets there what it sends.
    HalfClose { at: Duration, from: Role },
    /// Both ends are told that the connection is gone.
    Reset { at: Duration },
}

/// A link as it is planned.
#[derive(Debug, Clone)]
pub(crate) struct LinkPlan {
    pub(crate) from_client: Path,
    pub(crate) from_server: Path,
    pub(crate) faults: Vec<Fault>,
    /// A reset loses what has arrived and was not read.
    pub(crate) reset_discards: bool,
    /// What a stream says of its progress: what was acknowledged, or all that it has accepted.
    pub(crate) knows_progress: bool,
}

struct State {
    plan: LinkPlan,
    start: Instant,
    /// By who writes: client, server.
    directions: [Direction; 2],
    was_reset: bool,
}

struct Link {
    state: Mutex<State>,
    changed: Notify,
}

/// One end of a link.
pub(crate) struct End {
    link: Arc<Link>,
    role: Role,
}

/// Looks at a link after its ends are gone.
pub(crate) struct Observer(Arc<Link>);

/// Makes a link, and a task that moves what is on it.
pub(crate) fn link(plan: LinkPlan, mut random: Random) -> (End, End, Observer) {
    let now = Instant::now();
    let mut direction = |path: &Path, writer| Direction::new(path, random.fork(), writer, now);
    let directions = [
        direction(&plan.from_client, Role::Client),
        direction(&plan.from_server, Role::Server),
    ];
    let link = Arc::new(Link {
        state: Mutex::new(State {
            plan,
            start: now,
            directions,
            was_reset: false,
        }),
        changed: Notify::new(),
    });
    tokio::spawn(carry(Arc::clone(&link)));
    let end = |role| End {
        link: Arc::clone(&link),
        role,
    };
    (end(Role::Client), end(Role::Server), Observer(link))
}

/// Moves what is on a link until both ends are gone.
async fn carry(link: Arc<Link>) {
    loop {
        let next = link.lock().step(Instant::now());
        match next {
            Next::At(time) => {
                tokio::select! {
                    biased;
                    () = link.changed.notified() => {}
                    () = sleep_until(time) => {}
                }
            }
            Next::Changed => link.changed.notified().await,
            Next::Nothing => return,
        }
    }
}

enum Next {
    At(Instant),
    Changed,
    Nothing,
}

pub(crate) fn index(role: Role) -> usize {
    match role {
        Role::Client => 0,
        Role::Server => 1,
    }
}

pub(crate) fn other(role: Role) -> Role {
    match role {
        Role::Client => Role::Server,
        Role::Server => Role::Client,
    }
}

const ROLES: [Role; 2] = [Role::Client, Role::Server];

impl Link {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl State {
    /// Does all that is due, and tells when there is more to do.
    fn step(&mut self, now: Instant) -> Next {
        if self.directions.iter().all(|it| it.reader_gone) {
            return Next::Nothing;
        }
        let mut next = self.reset_if_due(now);
        if let Some(time) = self.half_close_if_due(now) {
            next = Some(next.map_or(time, |next| next.min(time)));
        }
        let mut again = true;
        while again {
            again = false;
            for role in ROLES {
                match self.flow(role, now) {
                    Flow::Moved => again = true,
                    Flow::At(time) => next = earlier(next, Some(time)),
                    Flow::Idle => {}
                }
            }
        }
        match next {
            Some(time) => Next::At(time),
            None => Next::Changed,
        }
    }

    fn half_close_if_due(&mut self, now: Instant) -> Option<Instant> {
        let (at, role) = self.plan.faults.iter().find_map(|fault| match fault {
            Fault::HalfClose { at, from } => Some((self.start + *at, *from)),
            _ => None,
        })?;
        let direction = &mut self.directions[index(role)];
        if direction.is_cut || at > now {
            return (!direction.is_cut).then_some(at);
        }
        direction.is_cut = true;
        direction.buffer.clear();
        direction.is_full = false;
        direction.flying.clear();
        direction.flying_bytes = 0;
        direction.fin_sent = true;
        direction.fin_arrived = true;
        direction.seen.fin_arrived.get_or_insert(now);
        wake(&mut direction.reader);
        wake(&mut direction.writer);
        None
    }

    fn reset_if_due(&mut self, now: Instant) -> Option<Instant> {
        for fault in &self.plan.faults {
            if let Fault::Reset { at } = fault
                && !self.was_reset
            {
                let at = self.start + *at;
                if at > now {
                    return Some(at);
                }
                self.was_reset = true;
                ROLES.iter().for_each(|&role| self.reset(role, now));
                return None;
            }
        }
        None
    }

    /// Moves what may move now of what `role` writes.
    fn flow(&mut self, role: Role, now: Instant) -> Flow {
        let stalled_until = match self.halted(role, now) {
            Halted::No => None,
            Halted::Until(time) => Some(time),
            Halted::ForEver => return Flow::Idle,
        };
        if let Some(time) = stalled_until {
            return Flow::At(time);
        }
        if let Some(&(arrives, _)) = self.directions[index(role)].flying.front()
            && arrives <= now
        {
            self.arrive(role, now);
            return Flow::Moved;
        }
        let direction = &mut self.directions[index(role)];
        if direction.depart(now) {
            return Flow::Moved;
        }
        let arrival = direction.flying.front().map(|&(arrives, _)| arrives);
        let departure = direction.may_depart().then_some(direction.free_at);
        // A halt that begins before that is looked at then.
        match earlier(arrival, departure) {
            Some(time) => Flow::At(time),
            None => Flow::Idle,
        }
    }

    fn halted(&self, role: Role, now: Instant) -> Halted {
        let mut halted = Halted::No;
        for fault in &self.plan.faults {
            match fault {
                Fault::Death { at, from } if from.contains(&role) && self.start + *at <= now => {
                    return Halted::ForEver;
                }
                Fault::Stall { at, lasts, from }
                    if from.contains(&role)
                        && self.start + *at <= now
                        && now < self.start + *at + *lasts =>
                {
                    halted = Halted::Until(self.start + *at + *lasts);
                }
                _ => {}
            }
        }
        halted
    }

    fn arrive(&mut self, role: Role, now: Instant) {
        let back = self.directions[index(other(role))].path.delay;
        let direction = &mut self.directions[index(role)];
        let Some((_, packet)) = direction.flying.pop_front() else {
            return;
        };
        match packet {
            Packet::Data(bytes) => {
                direction.flying_bytes -= bytes.len();
                if direction.reader_gone {
                    // Nobody is there: TCP says so.
                    direction.buffer.clear();
                    self.send_reset(other(role), now);
                    return;
                }
                direction.inbox.extend_from_slice(&bytes);
                let count = bytes.len() as u64;
                direction.seen.arrived.add(now, count);
                direction.acknowledgements.push_back((now + back, count));
                wake(&mut direction.reader);
            }
            Packet::Fin => {
                direction.fin_arrived = true;
                direction.seen.fin_arrived = Some(now);
                wake(&mut direction.reader);
            }
            Packet::Reset => self.reset(other(role), now),
        }
    }

    /// The stream of `role` learns that the connection is gone.
    fn reset(&mut self, role: Role, now: Instant) {
        let discards = self.plan.reset_discards;
        let outgoing = &mut self.directions[index(role)];
        outgoing.seen.reset.get_or_insert(now);
        outgoing.buffer.clear();
        wake(&mut outgoing.writer);
        let incoming = &mut self.directions[index(other(role))];
        incoming.flying.clear();
        incoming.flying_bytes = 0;
        if discards {
            incoming.inbox.clear();
        }
        wake(&mut incoming.reader);
    }

    /// The stream of `role` tells the other end that the connection is gone.
    fn send_reset(&mut self, role: Role, now: Instant) {
        let direction = &mut self.directions[index(role)];
        direction.buffer.clear();
        direction.fin_sent = true;
        let arrives = direction.arrival(now);
        direction.flying.push_back((arrives, Packet::Reset));
    }
}

enum Flow {
    Moved,
    At(Instant),
    Idle,
}

enum Halted {
    No,
    Until(Instant),
    ForEver,
}

impl Observer {
    /// Whether all that `role` wrote was read, and nothing of it waits for its rest.
    pub(crate) fn is_read(&self, role: Role) -> bool {
        let state = self.0.lock();
        let Seen {
            accepted,
            read,
            wire,
            ..
        } = &state.directions[index(role)].seen;
        accepted.total() == read.total() && wire.is_between_frames()
    }

    /// What was seen of what `role` wrote.
    pub(crate) fn seen(&self, role: Role) -> Seen {
        let mut state = self.0.lock();
        let direction = &mut state.directions[index(role)];
        // The run is over, and its clock with it: those that were on their way, too.
        while let Some((at, count)) = direction.acknowledgements.pop_front() {
            direction.seen.acknowledged.add(at, count);
        }
        direction.seen.clone()
    }
}

impl AsyncRead for End {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut state = self.link.lock();
        let was_reset = state.directions[index(self.role)].seen.reset.is_some();
        let incoming = &mut state.directions[index(other(self.role))];
        let count = incoming
            .inbox
            .len()
            .min(buffer.remaining())
            .min(incoming.path.read);
        if count > 0 {
            incoming.seen.read.add(Instant::now(), count as u64);
            buffer.put_slice(&incoming.inbox[..count]);
            incoming.inbox.advance(count);
            // The window opens.
            self.link.changed.notify_one();
            return Poll::Ready(Ok(()));
        }
        if was_reset {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if incoming.fin_arrived || buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        incoming.reader = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl AsyncWrite for End {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut state = self.link.lock();
        let direction = &mut state.directions[index(self.role)];
        if direction.seen.reset.is_some() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        assert!(!direction.ended, "written to after its end");
        let free = match direction.is_cut {
            true => bytes.len(),
            false => direction.path.send_buffer - direction.buffer.len(),
        };
        if direction.is_full || free == 0 {
            direction.is_full = true;
            direction.writer = Some(cx.waker().clone());
            if !matches!(direction.seen.blocked.last(), Some((_, None))) {
                direction.seen.blocked.push((Instant::now(), None));
            }
            return Poll::Pending;
        }
        let count = free.min(bytes.len());
        let now = Instant::now();
        let Seen {
            offers, blocked, ..
        } = &mut direction.seen;
        for (_, written) in offers.last_mut().into_iter().chain(blocked.last_mut()) {
            written.get_or_insert(now);
        }
        match direction.is_cut {
            // It goes nowhere.
            true => direction.seen.acknowledged.add(now, count as u64),
            false => direction.buffer.extend_from_slice(&bytes[..count]),
        }
        direction.seen.accepted.add(now, count as u64);
        direction.seen.wire.write(now, &bytes[..count]);
        self.link.changed.notify_one();
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.link.lock();
        let direction = &mut state.directions[index(self.role)];
        if direction.seen.reset.is_some() {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        }
        direction.ended = true;
        direction.seen.ended.get_or_insert_with(Instant::now);
        self.link.changed.notify_one();
        Poll::Ready(Ok(()))
    }
}

impl Progress for End {
    fn taken(&self, accepted: u64) -> u64 {
        let mut state = self.link.lock();
        if !state.plan.knows_progress {
            return accepted;
        }
        let direction = &mut state.directions[index(self.role)];
        direction.note_acknowledgements(Instant::now());
        let held = direction.seen.accepted.total() - direction.seen.acknowledged.total();
        // The opening handshake is not among what the connection has written.
        accepted.saturating_sub(held)
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let now = Instant::now();
        let mut state = self.link.lock();
        let outgoing = &mut state.directions[index(self.role)];
        outgoing.seen.dropped = Some(now);
        outgoing.seen.ended.get_or_insert(now);
        outgoing.ended = true;
        let was_reset = outgoing.seen.reset.is_some();
        let incoming = &mut state.directions[index(other(self.role))];
        incoming.reader_gone = true;
        let unread = std::mem::take(&mut incoming.inbox);
        if !unread.is_empty() && !was_reset {
            state.send_reset(self.role, now);
        }
        self.link.changed.notify_one();
    }
}
