//! Events on their way from the network thread to the JavaScript thread.
//!
//! The network thread collects what is pending, which becomes ready under one lock, and one wake-up
//! announces any number of events; the JavaScript thread takes all of them at once, as
//! [batches](Batch). The queue is bounded by the back-pressure of the connections: what was taken
//! is reported as consumed only after its listeners have run.
use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;

use arkws_netstack::{ClientId, Payload, Text};
use bytes::Bytes;

use crate::event::Event;
use crate::object_id::ObjectId;
use crate::sync::{Mutex, MutexGuard, PoisonError};

pub(crate) mod batch;

use self::batch::{Batch, Item, ItemKind, Kind, Origin, OwnedPayload, SMALL};

/// The network thread hands over what is pending, without waiting for a pause, when it is this
/// much.
const READY_MESSAGES: usize = 1024;
const READY_BYTES: usize = 256 * 1024;

/// What is handed over joins the batch before, if both together are not more than this.
const JOINED_BYTES: usize = 16 * 1024;

/// So many batches are kept.
const KEPT_BATCHES: usize = 3;

/// What one JavaScript environment has yet to be told.
pub(crate) struct Queue {
    state: Mutex<State>,
    /// Wakes the JavaScript thread; `None`: it waits for nothing. Locked after `state`, if both
    /// are.
    wake: Mutex<Option<Box<dyn Fn() + Send>>>,
}

struct State {
    ready: VecDeque<Batch>,
    /// Empty ones, for their memory.
    spare: Vec<Batch>,
    /// The JavaScript thread has been woken and has not yet found the queue empty.
    awake: bool,
    /// Nobody will take anything any more.
    closed: bool,
}

thread_local! {
    /// What the network thread has not handed over: a lock for each message would cost more than
    /// all else that is done with it.
    static PENDING: RefCell<Pending> = RefCell::default();
}

/// Events for one queue that are not yet in it.
#[derive(Default)]
struct Pending {
    batch: Batch,
    queue: Option<Arc<Queue>>,
}

impl Default for Queue {
    /// A queue whose events are not announced yet.
    fn default() -> Queue {
        Queue {
            state: Mutex::new(State {
                ready: VecDeque::new(),
                spare: Vec::new(),
                awake: false,
                closed: false,
            }),
            wake: Mutex::new(None),
        }
    }
}

impl Queue {
    /// From now on `wake` announces events. It does so at once, whether or not there are any: the
    /// last call of the one before may not have come to anything.
    pub(crate) fn open(&self, wake: Box<dyn Fn() + Send>) {
        let mut state = self.lock();
        state.awake = true;
        *self.waker() = Some(wake);
        drop(state);
        if let Some(wake) = &*self.waker() {
            wake();
        }
    }

    /// No event is announced: when this returns `wake` is not being called and will not be, before
    /// the queue is [opened](Self::open) again.
    pub(crate) fn silence(&self) {
        *self.waker() = None;
    }

    // Small payloads are taken by reference: to move one about takes longer than all else that is
    // done with it.

    #[inline]
    pub(crate) fn text(self: &Arc<Self>, object: ObjectId, origin: Origin, text: Text<'_>) {
        if !text.is_ascii() {
            self.message(object, origin, |batch| batch.transcoded(text));
        } else if text.len() <= SMALL {
            self.message(object, origin, |batch| {
                batch.copied(Kind::Latin1, text.as_bytes());
            });
        } else {
            self.message(object, origin, |batch| {
                batch.payload(Kind::Latin1, text.into_payload());
            });
        }
    }

    #[inline]
    pub(crate) fn binary(self: &Arc<Self>, object: ObjectId, origin: Origin, payload: Payload<'_>) {
        if payload.len() <= SMALL {
            self.message(object, origin, |batch| batch.copied(Kind::Binary, &payload));
        } else {
            self.message(object, origin, |batch| batch.payload(Kind::Binary, payload));
        }
    }

    pub(crate) fn shared(self: &Arc<Self>, object: ObjectId, origin: Origin, payload: Bytes) {
        self.message(object, origin, |batch| {
            batch.owned(Kind::Binary, OwnedPayload::Shared(payload));
        });
    }

    #[inline]
    fn message(self: &Arc<Self>, object: ObjectId, origin: Origin, add: impl FnOnce(&mut Batch)) {
        self.append(|batch| {
            batch.begin_message(object, origin);
            add(batch);
        });
    }

    pub(crate) fn data_end(self: &Arc<Self>, object: ObjectId) {
        self.append(|batch| batch.item(object, ItemKind::DataEnd));
    }

    /// Sends are done, all that have not failed up to `through`: of a client object, or of a server
    /// object to one client.
    pub(crate) fn sent(self: &Arc<Self>, object: ObjectId, client: Option<ClientId>, through: u64) {
        self.append(|batch| match batch.items.last_mut() {
            Some(Item {
                object: last,
                kind:
                    ItemKind::Sent {
                        client: same,
                        through: before,
                    },
            }) if *last == object && *same == client => *before = through,
            _ => batch.item(object, ItemKind::Sent { client, through }),
        });
    }

    pub(crate) fn event(self: &Arc<Self>, object: ObjectId, event: Event) {
        self.append(|batch| batch.item(object, ItemKind::Event(Some(Box::new(event)))));
    }

    #[inline]
    fn append(self: &Arc<Self>, append: impl FnOnce(&mut Batch)) {
        PENDING.with_borrow_mut(|pending| {
            if !pending.is_for(self) {
                pending.hand_over();
                pending.queue = Some(Arc::clone(self));
            }
            append(&mut pending.batch);
            if pending.batch.messages >= READY_MESSAGES || pending.batch.bytes >= READY_BYTES {
                pending.hand_over();
                self.announce();
            }
        });
    }

    /// The network thread has nothing more to add for now.
    pub(crate) fn flush(self: &Arc<Self>) {
        PENDING.with_borrow_mut(|pending| {
            if pending.is_for(self) {
                pending.hand_over();
            }
        });
        self.announce();
    }

    /// Wakes the JavaScript thread if something lies ready of which it does not know.
    fn announce(&self) {
        let mut state = self.lock();
        if state.awake || state.ready.is_empty() {
            return;
        }
        state.awake = true;
        // The first thing that the JavaScript thread wants is that lock.
        drop(state);
        if let Some(wake) = &*self.waker() {
            wake();
        }
    }

    /// Takes all that lies ready, into `batches`, which is empty.
    pub(crate) fn take(&self, batches: &mut VecDeque<Batch>) {
        std::mem::swap(&mut self.lock().ready, batches);
    }

    /// Gives back what [`take`](Self::take) has taken, and tells whether more came since. If not,
    /// the next event wakes the JavaScript thread again; both happen under one lock, or a wake-up
    /// could be lost.
    pub(crate) fn give_back(&self, batches: &mut VecDeque<Batch>) -> bool {
        batches.iter_mut().for_each(Batch::recycle);
        let mut state = self.lock();
        let room = KEPT_BATCHES.saturating_sub(state.spare.len());
        state.spare.extend(batches.drain(..room.min(batches.len())));
        state.awake = !state.ready.is_empty();
        let more = state.awake;
        drop(state);
        batches.clear();
        more
    }

    /// The environment is going: nothing is appended, and when this returns `wake` is not being
    /// called and never will be. (That comes first: whatever fails here, `wake` must not stay.)
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        *self.waker() = None;
        let left = (
            std::mem::take(&mut state.ready),
            std::mem::take(&mut state.spare),
        );
        drop(state);
        // Not under the lock: there are requests among it, which are refused by being dropped.
        drop(left);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn waker(&self) -> MutexGuard<'_, Option<Box<dyn Fn() + Send>>> {
        self.wake.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pending {
    fn is_for(&self, queue: &Arc<Queue>) -> bool {
        self.queue
            .as_ref()
            .is_some_and(|own| Arc::ptr_eq(own, queue))
    }

    /// What was pending lies ready.
    fn hand_over(&mut self) {
        let Some(queue) = self.queue.take() else {
            return;
        };
        let mut state = queue.lock();
        // Nobody will take it when the queue is closed.
        if state.closed {
            self.batch.recycle();
            return;
        }
        match state.ready.back_mut() {
            Some(last) if last.bytes + self.batch.bytes <= JOINED_BYTES => {
                last.append(&mut self.batch);
            }
            _ => {
                let next = state.spare.pop().unwrap_or_default();
                state
                    .ready
                    .push_back(std::mem::replace(&mut self.batch, next));
            }
        }
    }
}
