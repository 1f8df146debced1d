//! What waits to be sent: its batches, its counts and its limit.
use std::collections::VecDeque;
use std::ops::Range;

use crate::connection::batch::{Batch, HEADER, Outgoing};

/// Messages are left to the driver when so many bytes wait, with their headers: to mask and write
/// large ones takes a tenth of a millisecond, and the thread that sends may have better things to
/// do. Bytes.
pub(crate) const MUCH: usize = 512 << 10;

/// The numbers of sends: 1, 2, ... of those that are answered. And how far their bytes have come.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SendNumbers {
    /// Of the last one that was taken; 0: there is none.
    last: u64,
    /// Of the last one that has failed; 0: none has.
    failed: u64,
    /// Bytes of messages that the operating system has.
    handed_over: u64,
    /// Bytes of messages that were given up.
    given_up: u64,
}

impl SendNumbers {
    /// Bytes of all messages that the operating system has.
    pub(crate) fn handed_over(&self) -> u64 {
        self.handed_over
    }

    /// Bytes of all messages that were taken, but for those that wait in a queue.
    pub(crate) fn dealt_with(&self) -> u64 {
        self.handed_over + self.given_up
    }
}

/// Joins two ranges of sends, of which `next` follows `first`. Either may be empty.
pub(crate) fn joined(first: Range<u64>, next: Range<u64>) -> Range<u64> {
    match (first.is_empty(), next.is_empty()) {
        (true, _) => next,
        (_, true) => first,
        (false, false) => first.start..next.end,
    }
}

/// Messages on their way to the driver, in order.
#[derive(Debug)]
pub(crate) struct SendQueue {
    /// The driver takes one batch when it has handed the last to the operating system; messages are
    /// added to the newest.
    batches: VecDeque<Batch>,
    /// The memory of the batch before, while the connection is busy.
    spare: Option<Batch>,
    /// Messages that have not been handed to the operating system, and their bytes. Those that the
    /// driver has taken count as well.
    messages: usize,
    bytes: usize,
    /// Most bytes that may wait, unless it is those of a single message.
    limit: usize,
    /// What a message counts for at least, in bytes, while it waits.
    message_cost: usize,
    numbers: SendNumbers,
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

impl SendQueue {
    /// At most `limit` bytes may wait. A message counts for `message_cost` bytes at least. Sends
    /// are numbered on from `numbers`.
    pub(crate) fn new(limit: usize, message_cost: usize, numbers: SendNumbers) -> SendQueue {
        SendQueue {
            batches: VecDeque::new(),
            spare: None,
            messages: 0,
            bytes: 0,
            limit,
            message_cost: message_cost.max(Batch::PLACE),
            numbers,
        }
    }

    /// Adds a message that is answered, and returns its number. One that is larger than the limit
    /// is taken if nothing else waits.
    ///
    /// # Errors
    /// Too much is waiting already.
    #[inline]
    pub(crate) fn push(&mut self, message: Outgoing<'_>) -> Result<u64, Refused> {
        let number = self.numbers.last + 1;
        self.add(message, Some(number))?;
        self.numbers.last = number;
        Ok(number)
    }

    /// Adds a message that is not answered.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub(crate) fn push_unanswered(&mut self, message: Outgoing<'_>) -> Result<(), Refused> {
        self.add(message, None)
    }

    #[inline]
    fn add(&mut self, message: Outgoing<'_>, number: Option<u64>) -> Result<(), Refused> {
        let len = message.len();
        let queued = self.queued();
        if queued > 0 && queued.saturating_add(len) > self.limit {
            return Err(Refused::Full {
                queued,
                limit: self.limit,
            });
        }
        self.messages += 1;
        self.bytes += len;
        self.last_batch(len).push(message, number);
        Ok(())
    }

    /// What waits, as the limit counts it.
    fn queued(&self) -> usize {
        self.bytes.max(self.messages * self.message_cost)
    }

    /// The batch that a message of `len` bytes is added to.
    fn last_batch(&mut self, len: usize) -> &mut Batch {
        let fits = self.batches.back().is_some_and(|last| last.has_room(len));
        if !fits {
            let next = self.spare.take().unwrap_or_default();
            self.batches.push_back(next);
        }
        self.batches.back_mut().expect("there is one now")
    }

    /// So much waits that the driver is to be told.
    #[inline]
    pub(crate) fn is_much(&self) -> bool {
        // Half of what may wait is much, too: what comes next must not be refused because nobody
        // was told.
        self.bytes + self.messages * HEADER >= MUCH.min(self.limit / 2)
    }

    /// Puts the next messages into `batch`, an empty one; `false`: there are none.
    #[inline]
    pub(crate) fn take(&mut self, batch: &mut Batch) -> bool {
        let Some(next) = self.batches.pop_front() else {
            return false;
        };
        self.spare = Some(std::mem::replace(batch, next));
        true
    }

    /// There is nothing to take.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// Gives the memory of an empty queue back.
    #[inline]
    pub(crate) fn release(&mut self) {
        self.batches = VecDeque::new();
        self.spare = None;
    }

    /// The messages of this batch, which was taken, have been handed to the operating system.
    #[inline]
    pub(crate) fn handed_over(&mut self, batch: &Batch) {
        self.messages -= batch.len();
        self.bytes -= batch.bytes();
        self.numbers.handed_over += batch.bytes() as u64;
    }

    /// Gives up the messages that still wait; returns the numbers of those that are answered.
    pub(crate) fn give_up(&mut self) -> Range<u64> {
        self.messages = 0;
        self.numbers.given_up += self.bytes as u64;
        self.bytes = 0;
        self.spare = None;
        let given_up = std::mem::take(&mut self.batches);
        let mut sends = given_up
            .iter()
            .map(Batch::sends)
            .filter(|sends| !sends.is_empty());
        let unsent = match sends.next() {
            // What is behind them waits as well.
            Some(first) => first.start..self.numbers.last + 1,
            None => 0..0,
        };
        self.failed(&unsent);
        unsent
    }

    /// Sends of these numbers have failed.
    pub(crate) fn failed(&mut self, sends: &Range<u64>) {
        if !sends.is_empty() {
            self.numbers.failed = sends.end - 1;
        }
    }

    /// Whether all sends that have failed so far are among the first `answered` ones.
    #[inline]
    pub(crate) fn none_failed_behind(&self, answered: u64) -> bool {
        self.numbers.failed <= answered
    }

    /// Where the numbers of the next connection's sends go on.
    pub(crate) fn numbers(&self) -> SendNumbers {
        self.numbers
    }

    /// From now on at most `limit` bytes may wait.
    pub(crate) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Messages that have not been handed to the operating system.
    #[inline]
    pub(crate) fn messages(&self) -> usize {
        self.messages
    }

    /// Bytes of them.
    #[inline]
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes of all messages that were taken, on this connection and those before.
    pub(crate) fn accepted(&self) -> u64 {
        self.numbers.dealt_with() + self.bytes as u64
    }

    /// More than a quarter of what may wait does.
    #[inline]
    pub(crate) fn is_quarter_full(&self) -> bool {
        self.queued() > self.limit / 4
    }

    #[cfg(test)]
    pub(crate) fn owns_memory(&self) -> bool {
        self.batches.capacity() > 0 || self.spare.is_some()
    }
}
