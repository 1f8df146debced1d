//! Events on their way from the network thread to the JavaScript thread.
//!
//! The network thread appends; one wake-up announces any number of events; the JavaScript thread takes all of them
//! at once. A small message costs twelve bytes beside its payload, and no allocation; a large one keeps the buffer it
//! was received into. Text is brought into a form that JavaScript copies: Latin-1 if that is possible, else UTF-16. The
//! queue is bounded by the back-pressure of the connections: what was taken is reported as consumed only after
//! its listeners have run.
use std::sync::{Mutex, MutexGuard, PoisonError};

use arkws_netstack::{Payload, Text};
use bytes::BytesMut;
use encoding_rs::mem;

use crate::event::Event;
use crate::latin1;

/// An owned payload up to this size is copied into the arena, which frees its buffer for the network thread.
const SMALL: usize = 16 * 1024;

/// A borrowed payload from this size on gets a buffer of its own, which JavaScript can adopt without a second copy.
pub(crate) const LARGE: usize = 200 * 1024;

/// The network thread wakes the JavaScript thread without waiting for the end of its own batch when this much lies ready.
const READY_MESSAGES: usize = 1024;
const READY_BYTES: usize = 256 * 1024;

/// What a batch has used of any kind is kept for the next one up to this size.
const KEPT_BYTES: usize = 1024 * 1024;

/// What one JavaScript environment has yet to be told.
pub(crate) struct Queue {
    state: Mutex<State>,
    /// Wakes the JavaScript thread; `None`: the environment is gone, or going. Locked after `state`, if both are.
    wake: Mutex<Option<Box<dyn Fn() + Send>>>,
}

struct State {
    batch: Batch,
    /// The JavaScript thread has been woken and has not yet found the queue empty.
    awake: bool,
    /// Nobody will take anything any more.
    closed: bool,
}

/// Events in order.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) items: Vec<Item>,
    /// The messages of all items, one after the other.
    pub(crate) bodies: Vec<Body>,
    pub(crate) arenas: Arenas,
    /// Payloads that are not in an arena.
    pub(crate) owned: Vec<BytesMut>,
    /// Of payloads.
    bytes: usize,
}

/// The small payloads, one behind the other.
#[derive(Default)]
pub(crate) struct Arenas {
    pub(crate) narrow: Vec<u8>,
    /// UTF-16.
    pub(crate) wide: Vec<u16>,
}

pub(crate) struct Item {
    /// The object that it belongs to.
    pub(crate) object: u32,
    pub(crate) what: What,
}

pub(crate) enum What {
    /// The next `count` messages.
    Messages { of: Of, count: usize },
    /// `dataEnd` of a message whose last piece has been taken already.
    DataEnd,
    /// The oldest sends of a client object are done.
    Sent { count: u32 },
    /// Anything rarer.
    Event(Box<Event>),
}

/// What the messages of an item are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// Messages to a client object, each with its `dataEnd`.
    Client,
    /// Pieces of a message to a client object.
    Pieces,
    /// Messages to a server object, from the connection of that number.
    Connection(u32),
}

/// Where a payload lies.
pub(crate) enum Body {
    /// It is the next `len` bytes, or units of UTF-16, of its arena; this many bytes were received.
    Small { kind: Kind, len: u32, received: u32 },
    /// It is the next owned one.
    Owned { kind: Kind },
}

#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Latin1,
    Utf16,
    Binary,
}

impl Queue {
    /// A queue whose events are announced by `wake`.
    pub(crate) fn new(wake: Box<dyn Fn() + Send>) -> Queue {
        Queue {
            state: Mutex::new(State {
                batch: Batch::default(),
                awake: false,
                closed: false,
            }),
            wake: Mutex::new(Some(wake)),
        }
    }

    pub(crate) fn text(&self, object: u32, of: Of, text: Text<'_>) {
        self.append(|batch| batch.message(object, of, |batch| batch.text(text)));
    }

    pub(crate) fn binary(&self, object: u32, of: Of, payload: Payload<'_>) {
        self.append(|batch| {
            batch.message(object, of, |batch| batch.payload(Kind::Binary, payload))
        });
    }

    pub(crate) fn data_end(&self, object: u32) {
        self.append(|batch| batch.item(object, What::DataEnd));
    }

    pub(crate) fn sent(&self, object: u32, more: u32) {
        self.append(|batch| match batch.items.last_mut() {
            Some(Item {
                object: of,
                what: What::Sent { count },
            }) if *of == object => *count += more,
            _ => batch.item(object, What::Sent { count: more }),
        });
    }

    pub(crate) fn event(&self, object: u32, event: Event) {
        self.append(|batch| batch.item(object, What::Event(Box::new(event))));
    }

    #[inline]
    fn append(&self, append: impl FnOnce(&mut Batch)) {
        let mut state = self.lock();
        // Payloads, too, are dropped at once when nobody will take them.
        if !state.closed {
            append(&mut state.batch);
            if state.batch.bodies.len() >= READY_MESSAGES || state.batch.bytes >= READY_BYTES {
                self.announce(state);
            }
        }
    }

    /// The network thread has nothing more to add for now.
    pub(crate) fn flush(&self) {
        self.announce(self.lock());
    }

    fn announce(&self, mut state: MutexGuard<'_, State>) {
        if state.awake || state.batch.items.is_empty() {
            return;
        }
        state.awake = true;
        // The first thing that the JavaScript thread wants is that lock.
        drop(state);
        if let Some(wake) = &*self.waker() {
            wake();
        }
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
        state.closed = true;
        state.batch = Batch::default();
        *self.waker() = None;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn waker(&self) -> MutexGuard<'_, Option<Box<dyn Fn() + Send>>> {
        self.wake.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Batch {
    /// Empties the batch and gives memory back if it was an unusually large one.
    pub(crate) fn recycle(&mut self) {
        reuse(&mut self.items);
        reuse(&mut self.bodies);
        reuse(&mut self.owned);
        reuse(&mut self.arenas.narrow);
        reuse(&mut self.arenas.wide);
        self.bytes = 0;
    }

    fn item(&mut self, object: u32, what: What) {
        self.items.push(Item { object, what });
    }

    #[inline]
    fn message(&mut self, object: u32, of: Of, body: impl FnOnce(&mut Batch) -> Body) {
        let body = body(self);
        self.bodies.push(body);
        match self.items.last_mut() {
            Some(Item {
                object: last,
                what: What::Messages { of: what, count },
            }) if *last == object && *what == of => *count += 1,
            _ => self.item(object, What::Messages { of, count: 1 }),
        }
    }

    #[inline]
    fn text(&mut self, text: Text<'_>) -> Body {
        if text.is_ascii() {
            self.payload(Kind::Latin1, text.into_payload())
        } else {
            self.bytes += text.len();
            self.arenas.transcode(&text)
        }
    }

    #[inline]
    fn payload(&mut self, kind: Kind, payload: Payload<'_>) -> Body {
        self.bytes += payload.len();
        match payload {
            Payload::Owned(bytes) if bytes.len() > SMALL => self.owned.push(bytes),
            Payload::Borrowed(bytes) if bytes.len() >= LARGE => {
                self.owned.push(BytesMut::from(&*bytes));
            }
            small => {
                self.arenas.narrow.extend_from_slice(&small);
                return Body::small(kind, small.len(), small.len());
            }
        }
        Body::Owned { kind }
    }
}

impl Arenas {
    /// Appends text that is not ASCII, as Latin-1 or as UTF-16.
    fn transcode(&mut self, text: &str) -> Body {
        let start = self.narrow.len();
        self.narrow.resize(start + text.len(), 0);
        let converted = latin1::from_utf8(text.as_bytes(), &mut self.narrow[start..]);
        self.narrow.truncate(start + converted.unwrap_or(0));
        let (kind, len) = match converted {
            Some(len) => (Kind::Latin1, len),
            None => {
                let start = self.wide.len();
                self.wide.resize(start + text.len(), 0);
                let len = mem::convert_str_to_utf16(text, &mut self.wide[start..]);
                self.wide.truncate(start + len);
                (Kind::Utf16, len)
            }
        };
        Body::small(kind, len, text.len())
    }
}

impl Body {
    #[inline]
    fn small(kind: Kind, len: usize, received: usize) -> Body {
        let short =
            |len| u32::try_from(len).expect("texts and small payloads are shorter than 4 GiB");
        Body::Small {
            kind,
            len: short(len),
            received: short(received),
        }
    }
}

/// Empties `memory`, and gives back what is unusually much.
fn reuse<T>(memory: &mut Vec<T>) {
    memory.clear();
    memory.shrink_to(KEPT_BYTES / size_of::<T>());
}
