//! What waits to be sent: its batches, its counts and its limit.
use std::collections::VecDeque;

use crate::connection::batch::{Batch, HEADER, Outgoing};

/// Messages are left to the driver when so many bytes wait, with their headers: to mask and write large
/// ones takes a tenth of a millisecond, and the thread that sends may have better things to do. Bytes.
pub(crate) const MUCH: usize = 512 << 10;

/// Messages on their way to the driver, in order. `T` is how their sender recognises one.
#[derive(Debug)]
pub(crate) struct SendQueue<T> {
    /// The driver takes one batch when it has handed the last to the operating system; messages are
    /// added to the newest.
    batches: VecDeque<Batch<T>>,
    /// The memory of the batch before, while the connection is busy.
    spare: Option<Batch<T>>,
    /// Messages, and bytes of them, that have not been handed to the operating system, with those that
    /// the driver has taken.
    messages: usize,
    bytes: usize,
    /// Most bytes that may wait, unless it is those of a single message.
    limit: usize,
    /// What a message counts for at least, in bytes, while it waits.
    message_cost: usize,
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

impl<T> SendQueue<T> {
    /// At most `limit` bytes may wait. A message counts for `message_cost` bytes at least.
    pub(crate) fn new(limit: usize, message_cost: usize) -> SendQueue<T> {
        SendQueue {
            batches: VecDeque::new(),
            spare: None,
            messages: 0,
            bytes: 0,
            limit,
            message_cost: message_cost.max(Batch::<T>::PLACE),
        }
    }

    /// Adds a message. One that is larger than the limit is taken if nothing else waits.
    ///
    /// # Errors
    /// Too much is waiting already.
    #[inline]
    pub(crate) fn push(&mut self, message: Outgoing<'_>, tag: T) -> Result<(), Refused> {
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
        self.last_batch(len).push(message, tag);
        Ok(())
    }

    /// What waits, as the limit counts it.
    fn queued(&self) -> usize {
        self.bytes.max(self.messages * self.message_cost)
    }

    /// The batch that a message of `len` bytes is added to.
    fn last_batch(&mut self, len: usize) -> &mut Batch<T> {
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
        // Half of what may wait is much, too: what comes next must not be refused because nobody was told.
        self.bytes + self.messages * HEADER >= MUCH.min(self.limit / 2)
    }

    /// Puts the next messages into `batch`, an empty one; `false`: there are none.
    #[inline]
    pub(crate) fn take(&mut self, batch: &mut Batch<T>) -> bool {
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
    pub(crate) fn handed_over(&mut self, batch: &Batch<T>) {
        self.messages -= batch.len();
        self.bytes -= batch.bytes();
    }

    /// The messages that still wait, and that are given up.
    pub(crate) fn give_up(&mut self) -> Vec<T> {
        self.messages = 0;
        self.bytes = 0;
        self.spare = None;
        let unsent = std::mem::take(&mut self.batches);
        unsent.into_iter().flat_map(Batch::into_tags).collect()
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
