//! What a program asks of one connection, on its way from the program's threads to the connection's task.
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use arkws::{CloseFrame, Message};

/// A connection is no longer read from when the program has left this many delivered messages, or bytes of them, unconsumed...
const HIGH_WATER: Backlog = Backlog {
    events: 16 << 10,
    bytes: 4 << 20,
};
/// ...and is again when it has come down to this. (Messages count, too: millions of empty ones are not free.)
const LOW_WATER: Backlog = Backlog {
    events: 4 << 10,
    bytes: 1 << 20,
};
/// Messages go to the socket in batches of about this many bytes; the next when the last has been handed to the operating system.
const BATCH: usize = 64 << 10;

/// The orders to one connection. `T` is how its sender recognises a message.
#[derive(Debug)]
pub(crate) struct Outbox<T>(Mutex<Orders<T>>);

#[derive(Debug)]
struct Orders<T> {
    queue: VecDeque<(Message, T)>,
    /// Bytes that have not been handed to the operating system, with those that the driver has taken.
    bytes: usize,
    /// Most bytes that may wait, unless it is those of a single message.
    limit: usize,
    phase: Phase,
    /// Delivered and not consumed.
    backlog: Backlog,
    paused: bool,
    /// The driver's.
    waker: Option<Waker>,
}

/// Messages that were delivered and not consumed. Below zero when the program was faster than the driver's report.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Backlog {
    pub(crate) events: isize,
    pub(crate) bytes: isize,
}

impl Backlog {
    fn exceeds(&self, other: &Backlog) -> bool {
        self.events > other.events || self.bytes > other.bytes
    }
}

/// How far the end of the connection has come, seen from the program.
#[derive(Debug)]
enum Phase {
    /// Messages are taken.
    Open,
    /// The program has asked for the end; messages that it sent before go first if `drain`.
    Closing { frame: CloseFrame, drain: bool },
    /// The connection has ended, or its peer has begun to end it.
    Closed { requested: Option<CloseFrame> },
}

/// Why a message was not queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The connection is closing or closed.
    Closed,
    /// Too much is waiting already.
    Full {
        /// Bytes that wait.
        queued: usize,
        /// Bytes that may.
        limit: usize,
    },
}

/// What the driver is to do with data that arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Deliver it.
    Deliver,
    /// Leave it in the transport: the program lags behind.
    Pause,
    /// The program lags behind, but has asked for a close, whose answer lies behind the data.
    Discard,
}

/// The next thing to do for a driver.
#[derive(Debug)]
pub(crate) struct Next {
    /// A close frame that is to be sent now.
    pub(crate) close: Option<CloseFrame>,
    /// A close waits for messages to be sent.
    pub(crate) draining: bool,
    /// What to do with data that arrives.
    pub(crate) reading: Reading,
}

impl<T> Outbox<T> {
    /// At most `limit` bytes may wait.
    pub(crate) fn new(limit: usize) -> Outbox<T> {
        Outbox(Mutex::new(Orders {
            queue: VecDeque::new(),
            bytes: 0,
            limit,
            phase: Phase::Open,
            backlog: Backlog::default(),
            paused: false,
            waker: None,
        }))
    }

    /// Queues a message. One that is larger than the limit is taken if nothing else waits. Those that wait count as much as their
    /// places in the queue at least: millions of empty ones are not free.
    pub(crate) fn push(&self, message: Message, tag: T) -> Result<(), Refused> {
        let mut orders = self.lock();
        if !matches!(orders.phase, Phase::Open) {
            return Err(Refused::Closed);
        }
        let places = orders.queue.len() * size_of::<(Message, T)>();
        let queued = orders.bytes.max(places);
        if queued > 0 && queued.saturating_add(size(&message)) > orders.limit {
            return Err(Refused::Full {
                queued,
                limit: orders.limit,
            });
        }
        orders.bytes += size(&message);
        orders.queue.push_back((message, tag));
        orders.wake();
        Ok(())
    }

    /// Asks for the end of the connection; `false` if it is ending already. Without `drain`, messages that still wait are given up.
    pub(crate) fn close(&self, frame: CloseFrame, drain: bool) -> bool {
        let mut orders = self.lock();
        if !matches!(orders.phase, Phase::Open) {
            return false;
        }
        orders.phase = Phase::Closing { frame, drain };
        orders.wake();
        true
    }

    /// Gives up the messages that a close waits for.
    pub(crate) fn abandon(&self) {
        let mut orders = self.lock();
        if let Phase::Closing { drain, .. } = &mut orders.phase {
            *drain = false;
            orders.wake();
        }
    }

    /// The program has consumed `events` messages with `bytes` of data in all.
    pub(crate) fn consumed(&self, events: usize, bytes: usize) {
        let mut orders = self.lock();
        orders.backlog.events -= events as isize;
        orders.backlog.bytes -= bytes as isize;
        if orders.paused && !orders.backlog.exceeds(&LOW_WATER) {
            orders.paused = false;
            orders.wake();
        }
    }

    /// For the driver: fills `batch`, unless it is `None`, and says what else is to be done. Orders that come later wake it.
    pub(crate) fn next(&self, waker: &Waker, batch: Option<&mut VecDeque<(Message, T)>>) -> Next {
        let mut orders = self.lock();
        let orders = &mut *orders;
        let abandon = match orders.phase {
            Phase::Open | Phase::Closing { drain: true, .. } => false,
            Phase::Closing { drain: false, .. } | Phase::Closed { .. } => true,
        };
        let idle = batch.is_some();
        if let Some(batch) = batch
            && !abandon
        {
            let mut bytes = 0;
            while bytes < BATCH
                && let Some(entry) = orders.queue.pop_front()
            {
                bytes += size(&entry.0);
                batch.push_back(entry);
            }
        }
        if !orders
            .waker
            .as_ref()
            .is_some_and(|known| known.will_wake(waker))
        {
            orders.waker = Some(waker.clone());
        }
        let reading = match (orders.paused, &orders.phase) {
            (false, _) => Reading::Deliver,
            (true, Phase::Open) => Reading::Pause,
            (true, Phase::Closing { .. } | Phase::Closed { .. }) => Reading::Discard,
        };
        let sent = abandon || (idle && orders.queue.is_empty());
        match &orders.phase {
            Phase::Closing { frame, .. } => Next {
                close: sent.then(|| frame.clone()),
                draining: !sent,
                reading,
            },
            Phase::Open | Phase::Closed { .. } => Next {
                close: None,
                draining: false,
                reading,
            },
        }
    }

    /// For the driver: `bytes` of messages have been handed to the operating system.
    pub(crate) fn handed_over(&self, bytes: usize) {
        self.lock().bytes -= bytes;
    }

    /// For the driver: these have been delivered.
    pub(crate) fn delivered(&self, more: Backlog) {
        let mut orders = self.lock();
        orders.backlog.events += more.events;
        orders.backlog.bytes += more.bytes;
        orders.paused |= orders.backlog.exceeds(&HIGH_WATER);
    }

    /// From now on at most `limit` bytes may wait.
    pub(crate) fn set_limit(&self, limit: usize) {
        self.lock().limit = limit;
    }

    /// Bytes of messages that have not been handed to the operating system.
    pub(crate) fn bytes(&self) -> usize {
        self.lock().bytes
    }

    /// Whether messages are taken.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.lock().phase, Phase::Open)
    }

    /// Ready when the program has asked for the end: for the time before there is a connection.
    pub(crate) fn poll_close(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut orders = self.lock();
        if !matches!(orders.phase, Phase::Open) {
            return Poll::Ready(());
        }
        orders.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// For the driver: nothing is sent any more.
    pub(crate) fn end(&self) {
        let mut orders = self.lock();
        let phase = std::mem::replace(&mut orders.phase, Phase::Closed { requested: None });
        orders.phase = Phase::Closed {
            requested: match phase {
                Phase::Open => None,
                Phase::Closing { frame, .. } => Some(frame),
                Phase::Closed { requested } => requested,
            },
        };
    }

    /// The messages that still wait, after [`end`](Self::end).
    pub(crate) fn unsent(&self) -> Vec<T> {
        let mut orders = self.lock();
        orders.bytes = 0;
        orders.waker = None;
        orders.queue.drain(..).map(|(_, tag)| tag).collect()
    }

    /// The close frame with which the program ended the connection, if it was first.
    pub(crate) fn requested_close(&self) -> Option<CloseFrame> {
        match &self.lock().phase {
            Phase::Open => None,
            Phase::Closing { frame, .. } => Some(frame.clone()),
            Phase::Closed { requested } => requested.clone(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Orders<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Orders<T> {
    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// The bytes of a message's payload.
pub(crate) fn size(message: &Message) -> usize {
    match message {
        Message::Text(text) => text.len(),
        Message::Binary(data) | Message::Ping(data) | Message::Pong(data) => data.len(),
        Message::Close(_) => 0,
    }
}
