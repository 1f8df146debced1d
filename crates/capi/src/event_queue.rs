//! Events that wait for the thread that runs callbacks: one of the queue's own, or whichever calls
//! `arkws_poll`.
use std::collections::VecDeque;
use std::ffi::c_int;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::JoinHandle;

use crate::callback_gate::inside_callback;
use crate::descriptor::Descriptor;
use crate::event::{Event, EventTarget};

/// The stack of a thread that runs callbacks, in bytes: as much as programs in C are used to, where
/// there are addresses enough.
const CALLBACK_STACK: usize = if size_of::<usize>() < 8 {
    2 << 20
} else {
    8 << 20
};

/// Events in the order in which they came, each with whom it is for.
pub(crate) struct EventQueue {
    state: Mutex<QueueState>,
    /// For a thread of the queue's own.
    more: Condvar,
    /// For a loop of the program's.
    descriptor: Option<Descriptor>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct QueueState {
    waiting: VecDeque<(Weak<dyn EventTarget>, Event)>,
    stopped: bool,
    polling: bool,
}

/// A poll of the queue runs already.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct IsPolled;

impl EventQueue {
    /// With a descriptor, for `arkws_poll`.
    ///
    /// # Errors
    /// The system has no descriptors left.
    pub(crate) fn with_descriptor() -> io::Result<Arc<EventQueue>> {
        Ok(Arc::new(EventQueue::new(Some(Descriptor::new()?))))
    }

    /// With a thread that runs the callbacks.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub(crate) fn with_thread() -> io::Result<Arc<EventQueue>> {
        let queue = Arc::new(EventQueue::new(None));
        let thread = {
            let queue = Arc::clone(&queue);
            std::thread::Builder::new()
                .name("arkws-callbacks".to_owned())
                .stack_size(CALLBACK_STACK)
                .spawn(move || queue.run())?
        };
        *queue.thread() = Some(thread);
        Ok(queue)
    }

    fn new(descriptor: Option<Descriptor>) -> EventQueue {
        EventQueue {
            state: Mutex::default(),
            more: Condvar::new(),
            descriptor,
            thread: Mutex::default(),
        }
    }

    /// Has events wait, behind those that do already.
    pub(crate) fn push(
        &self,
        target: &Weak<dyn EventTarget>,
        events: impl IntoIterator<Item = Event>,
    ) {
        let mut state = self.lock();
        if state.stopped {
            return;
        }
        let was_empty = state.waiting.is_empty();
        let events = events.into_iter().map(|event| (target.clone(), event));
        state.waiting.extend(events);
        if was_empty && !state.waiting.is_empty() {
            self.more.notify_one();
            if let Some(descriptor) = &self.descriptor {
                descriptor.signal();
            }
        }
    }

    /// Runs the callbacks of what waits, of `max` events at most; 0: of all that wait now. Returns
    /// of how many.
    pub(crate) fn poll(&self, max: usize) -> Result<usize, IsPolled> {
        let limit = {
            let mut state = self.lock();
            if state.polling {
                return Err(IsPolled);
            }
            state.polling = true;
            match max {
                0 => state.waiting.len(),
                max => max.min(state.waiting.len()),
            }
        };
        let _poll = Poll(self);
        let mut count = 0;
        while count < limit {
            let Some((target, event)) = self.lock().waiting.pop_front() else {
                break;
            };
            deliver(&target, event);
            count += 1;
        }
        Ok(count)
    }

    /// The thread of the queue's own.
    fn run(&self) {
        loop {
            let mut state = self.lock();
            let (target, event) = loop {
                if state.stopped {
                    return;
                }
                match state.waiting.pop_front() {
                    Some(next) => break next,
                    None => {
                        state = self
                            .more
                            .wait(state)
                            .unwrap_or_else(PoisonError::into_inner);
                    }
                }
            };
            drop(state);
            deliver(&target, event);
        }
    }

    /// Readable while events wait.
    pub(crate) fn descriptor(&self) -> Option<c_int> {
        self.descriptor.as_ref().map(Descriptor::number)
    }

    /// Drops what waits for somebody who wants no more events. A queue that has a thread is
    /// nobody else's: it ends. Waits for that, but not inside a callback.
    pub(crate) fn leave(&self, target: &Weak<dyn EventTarget>) {
        let thread = self.thread().take();
        let Some(thread) = thread else {
            let mut state = self.lock();
            let (gone, waiting) = std::mem::take(&mut state.waiting)
                .into_iter()
                .partition(|(other, _)| other.ptr_eq(target));
            state.waiting = waiting;
            drop(state);
            // Without the lock: this may free a lot.
            drop::<VecDeque<_>>(gone);
            return;
        };
        self.stop();
        if !inside_callback() {
            // A panic of the thread has been told on standard error.
            let _ = thread.join();
        }
    }

    /// Takes no more events, and drops those that wait.
    pub(crate) fn stop(&self) {
        let mut state = self.lock();
        state.stopped = true;
        let waiting = std::mem::take(&mut state.waiting);
        if let Some(descriptor) = &self.descriptor {
            // Somebody may still wait for it, for as long as a client or server has this queue.
            descriptor.clear();
        }
        drop(state);
        self.more.notify_all();
        drop(waiting);
    }

    fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn thread(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn deliver(target: &Weak<dyn EventTarget>, event: Event) {
    if let Some(target) = target.upgrade() {
        target.deliver(event);
    }
}

/// A poll, for as long as this lives.
struct Poll<'a>(&'a EventQueue);

impl Drop for Poll<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.polling = false;
        if state.waiting.is_empty()
            && let Some(descriptor) = &self.0.descriptor
        {
            descriptor.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Sends on the codes of the closes that are delivered to it.
    struct CodeSender(mpsc::Sender<u16>);

    impl EventTarget for CodeSender {
        fn deliver(&self, event: Event) {
            if let Event::Close { code, .. } = event {
                self.0.send(code).unwrap();
            }
        }
    }

    fn event(code: u16) -> Event {
        Event::Close {
            peer: 0,
            code,
            reason: c"".into(),
        }
    }

    fn target() -> (Arc<dyn EventTarget>, mpsc::Receiver<u16>) {
        let (sender, receiver) = mpsc::channel();
        (Arc::new(CodeSender(sender)), receiver)
    }

    #[test]
    fn a_thread_delivers_in_order_and_ends_when_the_queue_is_left() {
        let queue = EventQueue::with_thread().unwrap();
        let (target, receiver) = target();
        let weak = Arc::downgrade(&target);
        queue.push(&weak, (0..100).map(event));
        queue.push(&weak, (100..200).map(event));
        let codes: Vec<u16> = receiver.iter().take(200).collect();
        assert_eq!(codes, Vec::from_iter(0..200));
        queue.leave(&weak);
        queue.push(&weak, [event(7)]);
        // The thread has let go of the queue.
        assert_eq!(Arc::strong_count(&queue), 1);
        assert!(receiver.try_recv().is_err());
    }

    #[test]
    fn a_poll_takes_as_many_as_it_is_asked_for() {
        let queue = EventQueue::with_descriptor().unwrap();
        let (target, receiver) = target();
        let weak = Arc::downgrade(&target);
        queue.push(&weak, (0..5).map(event));
        assert_eq!(queue.poll(2), Ok(2));
        assert_eq!(queue.poll(0), Ok(3));
        assert_eq!(queue.poll(0), Ok(0));
        assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn what_waits_for_one_that_leaves_is_dropped_and_others_keep_theirs() {
        let queue = EventQueue::with_descriptor().unwrap();
        let (one, from_one) = target();
        let (other, from_other) = target();
        let weak = Arc::downgrade(&one);
        queue.push(&weak, [event(1)]);
        queue.push(&Arc::downgrade(&other), [event(2)]);
        queue.leave(&weak);
        assert_eq!(queue.poll(0), Ok(1));
        assert!(from_one.try_recv().is_err());
        assert_eq!(from_other.try_recv(), Ok(2));
    }

    /// Polls the queue that delivers to it.
    struct PollsAgain(Arc<EventQueue>, mpsc::Sender<Result<usize, IsPolled>>);

    impl EventTarget for PollsAgain {
        fn deliver(&self, _: Event) {
            self.1.send(self.0.poll(0)).unwrap();
        }
    }

    #[test]
    fn a_poll_inside_a_poll_is_refused() {
        let queue = EventQueue::with_descriptor().unwrap();
        let (sender, receiver) = mpsc::channel();
        let target: Arc<dyn EventTarget> = Arc::new(PollsAgain(Arc::clone(&queue), sender));
        queue.push(&Arc::downgrade(&target), [event(1)]);
        assert_eq!(queue.poll(0), Ok(1));
        assert_eq!(receiver.try_recv().unwrap(), Err(IsPolled));
        assert_eq!(queue.poll(0), Ok(0));
    }
}
