//! Events on their way from the network thread to the JavaScript thread.
//!
//! The network thread appends; one wake-up announces any number of events; the JavaScript thread takes all of them
//! at once. Small payloads share one arena, so that a message costs no allocation; large ones keep the buffer they
//! were received into. The queue is bounded by the back-pressure of the connections: what was taken is reported as
//! consumed only after its listeners have run.
use std::sync::{Mutex, MutexGuard, PoisonError};

use arkws_netstack::{Payload, Text};
use bytes::BytesMut;

use crate::event::Event;

/// An owned payload up to this size is copied into the arena, which frees its buffer for the network thread.
const SMALL: usize = 16 * 1024;

/// A borrowed payload from this size on gets a buffer of its own, which JavaScript can adopt without a second copy.
pub(crate) const LARGE: usize = 200 * 1024;

/// The network thread wakes the JavaScript thread without waiting for the end of its own batch when this much lies ready.
const READY_ITEMS: usize = 256;
const READY_BYTES: usize = 256 * 1024;

/// An arena larger than this is not kept for the next batch.
const KEPT_BYTES: usize = 1024 * 1024;

/// What one JavaScript environment has yet to be told.
pub(crate) struct Queue(Mutex<State>);

struct State {
    batch: Batch,
    /// Wakes the JavaScript thread; `None`: the environment is gone, or going.
    wake: Option<Box<dyn Fn() + Send>>,
    /// The JavaScript thread has been woken and has not yet found the queue empty.
    awake: bool,
}

/// Events in order, and the bytes of the small ones.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) items: Vec<Item>,
    pub(crate) arena: Vec<u8>,
}

pub(crate) struct Item {
    /// The object that the event belongs to.
    pub(crate) object: u32,
    pub(crate) what: What,
}

pub(crate) enum What {
    /// A message to a client object, or a piece of one.
    Message {
        body: Body,
        /// `dataEnd` follows.
        last: bool,
    },
    /// A message to a server object, from the connection of that number.
    MessageFrom { connection: u32, body: Body },
    /// `dataEnd` of a message whose last piece has been taken already.
    DataEnd,
    /// The oldest sends of a client object are done.
    Sent { count: u32 },
    /// Anything rarer.
    Event(Box<Event>),
}

/// A payload.
pub(crate) struct Body {
    pub(crate) kind: Kind,
    pub(crate) bytes: Stored,
}

pub(crate) enum Kind {
    /// Text that is ASCII, and so Latin-1, which JavaScript makes a string of by copying.
    Ascii,
    /// Any other text.
    Utf8,
    Binary,
}

/// Where a payload lies.
pub(crate) enum Stored {
    /// It is the next so many bytes of the arena.
    Arena(usize),
    Owned(BytesMut),
}

impl Queue {
    /// A queue whose events are announced by `wake`.
    pub(crate) fn new(wake: Box<dyn Fn() + Send>) -> Queue {
        Queue(Mutex::new(State {
            batch: Batch::default(),
            wake: Some(wake),
            awake: false,
        }))
    }

    pub(crate) fn text(&self, object: u32, text: Text<'_>) {
        self.append(object, |batch| What::Message {
            body: batch.text(text),
            last: false,
        });
    }

    pub(crate) fn binary(&self, object: u32, payload: Payload<'_>) {
        self.append(object, |batch| What::Message {
            body: batch.binary(payload),
            last: false,
        });
    }

    pub(crate) fn text_from(&self, object: u32, connection: u32, text: Text<'_>) {
        self.append(object, |batch| What::MessageFrom {
            connection,
            body: batch.text(text),
        });
    }

    pub(crate) fn binary_from(&self, object: u32, connection: u32, payload: Payload<'_>) {
        self.append(object, |batch| What::MessageFrom {
            connection,
            body: batch.binary(payload),
        });
    }

    pub(crate) fn data_end(&self, object: u32) {
        let mut state = self.lock();
        match state.batch.items.last_mut() {
            Some(Item {
                object: of,
                what: What::Message { last, .. },
            }) if *of == object && !*last => *last = true,
            _ => state.push(object, What::DataEnd),
        }
    }

    pub(crate) fn sent(&self, object: u32, more: u32) {
        let mut state = self.lock();
        match state.batch.items.last_mut() {
            Some(Item {
                object: of,
                what: What::Sent { count },
            }) if *of == object => *count += more,
            _ => state.push(object, What::Sent { count: more }),
        }
    }

    pub(crate) fn event(&self, object: u32, event: Event) {
        self.append(object, |_| What::Event(Box::new(event)));
    }

    fn append(&self, object: u32, what: impl FnOnce(&mut Batch) -> What) {
        let mut state = self.lock();
        // Payloads, too, are dropped at once when nobody will take them.
        if state.wake.is_some() {
            let what = what(&mut state.batch);
            state.push(object, what);
        }
    }

    /// The network thread has nothing more to add for now.
    pub(crate) fn flush(&self) {
        self.lock().announce();
    }

    /// Takes all that lies ready; `spare` becomes the next batch.
    pub(crate) fn take(&self, spare: Batch) -> Batch {
        std::mem::replace(&mut self.lock().batch, spare)
    }

    /// Whether more came since [`take`](Self::take). If not, the next event wakes the JavaScript thread again; both happen
    /// under one lock, or a wake-up could be lost.
    pub(crate) fn has_more(&self) -> bool {
        let mut state = self.lock();
        state.awake = !state.batch.items.is_empty();
        state.awake
    }

    /// The environment is going: nothing is appended and nobody is woken any more.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.wake = None;
        state.batch = Batch::default();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn push(&mut self, object: u32, what: What) {
        if self.wake.is_none() {
            return;
        }
        self.batch.items.push(Item { object, what });
        if self.batch.items.len() >= READY_ITEMS || self.batch.arena.len() >= READY_BYTES {
            self.announce();
        }
    }

    fn announce(&mut self) {
        if let Some(wake) = &self.wake
            && !self.awake
            && !self.batch.items.is_empty()
        {
            self.awake = true;
            wake();
        }
    }
}

impl Batch {
    /// Empties the batch and gives the arena back if it was an unusually large one.
    pub(crate) fn recycle(&mut self) {
        self.items.clear();
        self.arena.clear();
        self.arena.shrink_to(KEPT_BYTES);
    }

    fn text(&mut self, text: Text<'_>) -> Body {
        let payload = text.into_payload();
        Body {
            kind: if payload.is_ascii() {
                Kind::Ascii
            } else {
                Kind::Utf8
            },
            bytes: self.store(payload),
        }
    }

    fn binary(&mut self, payload: Payload<'_>) -> Body {
        Body {
            kind: Kind::Binary,
            bytes: self.store(payload),
        }
    }

    fn store(&mut self, payload: Payload<'_>) -> Stored {
        match payload {
            Payload::Owned(bytes) if bytes.len() > SMALL => Stored::Owned(bytes),
            Payload::Borrowed(bytes) if bytes.len() >= LARGE => {
                Stored::Owned(BytesMut::from(&*bytes))
            }
            small => {
                self.arena.extend_from_slice(&small);
                Stored::Arena(small.len())
            }
        }
    }
}
