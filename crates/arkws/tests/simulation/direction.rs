//! One direction of a link: what its writer holds, what flies, and what waits for its reader.
use std::collections::VecDeque;
use std::task::Waker;
use std::time::Duration;

use arkws::Role;
use bytes::{Bytes, BytesMut};
use tokio::time::Instant;

use crate::random::Random;
use crate::timeline::Timeline;
use crate::wire::Wire;

/// What one direction of a link is like.
#[derive(Debug, Clone)]
pub(crate) struct Path {
    pub(crate) delay: Duration,
    /// On top of the delay, up to this.
    pub(crate) jitter: Duration,
    pub(crate) bytes_per_millisecond: usize,
    /// The most bytes that travel together.
    pub(crate) packet: usize,
    /// How many bytes may fly and wait for the reader.
    pub(crate) window: usize,
    /// How many bytes the writer's side holds.
    pub(crate) send_buffer: usize,
    /// A full send buffer takes more only when a third of it is free, as a kernel's does.
    pub(crate) fills_and_drains: bool,
    /// The most bytes that one read gives.
    pub(crate) read: usize,
}

pub(crate) enum Packet {
    Data(Bytes),
    Fin,
    Reset,
}

pub(crate) struct Direction {
    pub(crate) path: Path,
    pub(crate) random: Random,
    pub(crate) buffer: BytesMut,
    pub(crate) is_full: bool,
    /// The writer has ended its side.
    pub(crate) ended: bool,
    pub(crate) fin_sent: bool,
    /// Something on the way has ended it.
    pub(crate) is_cut: bool,
    /// When the next packet may leave.
    pub(crate) free_at: Instant,
    /// When the last packet that left arrives: none overtakes another.
    pub(crate) last_arrival: Instant,
    pub(crate) flying: VecDeque<(Instant, Packet)>,
    pub(crate) flying_bytes: usize,
    pub(crate) inbox: BytesMut,
    pub(crate) fin_arrived: bool,
    pub(crate) acknowledgements: VecDeque<(Instant, u64)>,
    pub(crate) reader: Option<Waker>,
    pub(crate) writer: Option<Waker>,
    pub(crate) reader_gone: bool,
    pub(crate) seen: Seen,
}

/// What was seen of one direction, for whoever judges a run.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Bytes that its writer's stream has accepted; that its reader could read; and of which its
    /// writer was told so.
    pub(crate) accepted: Timeline,
    pub(crate) arrived: Timeline,
    pub(crate) acknowledged: Timeline,
    /// Bytes that its reader has read.
    pub(crate) read: Timeline,
    /// When its writer found no room, and when it wrote then.
    pub(crate) blocked: Vec<(Instant, Option<Instant>)>,
    /// When a writer that waited was told of room, and when it wrote then.
    pub(crate) offers: Vec<(Instant, Option<Instant>)>,
    /// Frames as they were accepted.
    pub(crate) wire: Wire,
    pub(crate) fin_arrived: Option<Instant>,
    /// Its writer has ended it.
    pub(crate) ended: Option<Instant>,
    /// Its writer was told that the connection is reset.
    pub(crate) reset: Option<Instant>,
    /// Its writer's stream was dropped.
    pub(crate) dropped: Option<Instant>,
}

impl Direction {
    pub(crate) fn new(path: &Path, random: Random, writer: Role, now: Instant) -> Direction {
        Direction {
            path: path.clone(),
            random,
            buffer: BytesMut::new(),
            is_full: false,
            ended: false,
            fin_sent: false,
            is_cut: false,
            free_at: now,
            last_arrival: now,
            flying: VecDeque::new(),
            flying_bytes: 0,
            inbox: BytesMut::new(),
            fin_arrived: false,
            acknowledgements: VecDeque::new(),
            reader: None,
            writer: None,
            reader_gone: false,
            seen: Seen {
                accepted: Timeline::default(),
                arrived: Timeline::default(),
                acknowledged: Timeline::default(),
                read: Timeline::default(),
                blocked: Vec::new(),
                offers: Vec::new(),
                wire: Wire::new(writer),
                fin_arrived: None,
                ended: None,
                reset: None,
                dropped: None,
            },
        }
    }

    /// How many bytes may leave.
    pub(crate) fn room(&self) -> usize {
        let taken = self.flying_bytes + self.inbox.len();
        let room = self.path.window.saturating_sub(taken);
        room.min(self.buffer.len()).min(self.path.packet)
    }

    pub(crate) fn may_depart(&self) -> bool {
        self.room() > 0 || (self.ended && self.buffer.is_empty() && !self.fin_sent)
    }

    /// Sends the next packet, if it may leave now.
    pub(crate) fn depart(&mut self, now: Instant) -> bool {
        if !self.may_depart() || self.free_at > now {
            return false;
        }
        let count = self.room();
        let packet = match count {
            0 => {
                self.fin_sent = true;
                Packet::Fin
            }
            count => {
                self.flying_bytes += count;
                let millis = count / self.path.bytes_per_millisecond;
                self.free_at = now + Duration::from_millis(millis as u64);
                Packet::Data(self.buffer.split_to(count).freeze())
            }
        };
        let arrives = self.arrival(self.free_at.max(now));
        self.flying.push_back((arrives, packet));
        let free = self.path.send_buffer - self.buffer.len().min(self.path.send_buffer);
        if !self.is_full || free * 3 >= self.path.send_buffer || !self.path.fills_and_drains {
            self.is_full = false;
            if self.writer.is_some() {
                self.seen.offers.push((now, None));
            }
            wake(&mut self.writer);
        }
        true
    }

    pub(crate) fn arrival(&mut self, leaves: Instant) -> Instant {
        let jitter = self
            .random
            .millis_below(self.path.jitter.as_millis() as u64 + 1);
        self.last_arrival = self.last_arrival.max(leaves + self.path.delay + jitter);
        self.last_arrival
    }

    /// Looks at which acknowledgements have come back.
    pub(crate) fn note_acknowledgements(&mut self, now: Instant) {
        while let Some(&(at, count)) = self.acknowledgements.front()
            && at <= now
        {
            self.acknowledgements.pop_front();
            self.seen.acknowledged.add(at, count);
        }
    }
}

pub(crate) fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

pub(crate) fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}
