//! The way of events from the network thread to the queue that an object has.
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use crate::code::Code;
use crate::event::{Event, EventTarget};
use crate::event_queue::EventQueue;
use crate::failure::Failure;

/// Collects an object's events, and hands them to its queue in batches: one wake-up for each.
pub(crate) struct Inbox {
    target: Weak<dyn EventTarget>,
    queue: OnceLock<Arc<EventQueue>>,
    batch: Mutex<Vec<Event>>,
}

impl Inbox {
    pub(crate) fn new(target: Weak<dyn EventTarget>) -> Inbox {
        Inbox {
            target,
            queue: OnceLock::new(),
            batch: Mutex::default(),
        }
    }

    /// Gives it a queue; `false`: it has one already.
    pub(crate) fn set_queue(&self, queue: Arc<EventQueue>) -> bool {
        self.queue.set(queue).is_ok()
    }

    /// Makes a queue with a thread, unless the object has a queue. Called under the object's lock,
    /// which is held for as long as the result lives: two calls at once would each start a thread.
    ///
    /// # Errors
    /// [`Code::System`]: the system refuses a thread.
    pub(crate) fn prepare_queue(&self) -> Result<PreparedQueue<'_>, Failure> {
        let queue = match self.queue.get() {
            Some(_) => None,
            None => Some(EventQueue::with_thread().map_err(|error| {
                let why = format!("start a thread for callbacks: {error}");
                Failure::new(Code::System, why)
            })?),
        };
        Ok(PreparedQueue { inbox: self, queue })
    }

    /// Collects an event until the next [`flush`](Self::flush).
    pub(crate) fn collect(&self, event: Event) {
        self.batch
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(event);
    }

    /// Has what was collected be delivered. Nothing is before the object has a queue.
    pub(crate) fn flush(&self) {
        let Some(queue) = self.queue.get() else {
            return;
        };
        // Under the lock: a batch that follows stays behind this one.
        let mut batch = self.batch.lock().unwrap_or_else(PoisonError::into_inner);
        queue.push(&self.target, batch.drain(..));
    }

    /// The object wants no more events.
    pub(crate) fn leave(&self) {
        if let Some(queue) = self.queue.get() {
            queue.leave(&self.target);
        }
    }
}

/// A queue for an object that has none, as it is about to have events: if it comes to none, the
/// thread ends with this, and the program may still give the object a queue of its own.
pub(crate) struct PreparedQueue<'a> {
    inbox: &'a Inbox,
    queue: Option<Arc<EventQueue>>,
}

impl PreparedQueue<'_> {
    /// The object has it from now on, and what was collected meanwhile is delivered.
    pub(crate) fn keep(mut self) {
        if let Some(queue) = self.queue.take() {
            self.inbox.set_queue(queue);
            self.inbox.flush();
        }
    }
}

impl Drop for PreparedQueue<'_> {
    fn drop(&mut self) {
        if let Some(queue) = self.queue.take() {
            queue.leave(&self.inbox.target);
        }
    }
}
