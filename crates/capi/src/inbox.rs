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

    /// Gives it a queue with a thread, unless it has one already. Called under the object's lock:
    /// two calls at once would each start a thread.
    ///
    /// # Errors
    /// [`Code::System`]: the system refuses a thread.
    pub(crate) fn ensure_queue(&self) -> Result<(), Failure> {
        if self.queue.get().is_none() {
            let queue = EventQueue::with_thread().map_err(|error| {
                let why = format!("start a thread for callbacks: {error}");
                Failure::new(Code::System, why)
            })?;
            self.set_queue(queue);
        }
        Ok(())
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
