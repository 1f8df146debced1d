//! Events on their way from the network thread to the JavaScript thread.
//!
//! The network thread collects what is pending, which becomes ready under one lock, and one wake-up
//! announces any number of events; the JavaScript thread takes all of them at once. A small message
//! costs two to eighteen bytes beside its payload, and no allocation; a large one keeps the buffer
//! it was received into. Text is brought into a form that JavaScript copies: Latin-1 if that is
//! possible, else UTF-16. Small messages of a kind that follow each other form a run, of which
//! JavaScript makes one value and cuts the messages out of it. The queue is bounded by the
//! back-pressure of the connections: what was taken is reported as consumed only after its
//! listeners have run.
use std::cell::RefCell;
use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::Arc;

use arkws_netstack::{ClientId, Payload, Text};
use bytes::{Bytes, BytesMut};
use encoding_rs::mem;

use crate::event::Event;
use crate::object_id::ObjectId;
use crate::sync::{Mutex, MutexGuard, PoisonError};
use crate::text::latin1;

/// An owned payload up to this size is copied into the arena, which frees its buffer for the
/// network thread.
const SMALL: usize = 16 * 1024;

/// A binary message of at least this size is not copied into the queue, but shares the block that
/// it was read into, which it keeps: the block is less than three times as large.
pub(crate) const SHARED_FROM: usize = 60 * 1024;

/// A borrowed payload from this size on gets a buffer of its own: the arena would keep so much
/// memory.
const LARGE: usize = 200 * 1024;

/// Text of up to so many characters joins a run of texts...
const RUN_TEXT: u32 = 64;
/// ...which has so many at most: V8 keeps all of them as long as a program keeps one of the texts.
const RUN_TEXTS: u32 = 512;
/// A binary message of up to so many bytes joins a run of them...
const RUN_BINARY: u32 = 16 * 1024;
/// ...which has so many at most: a program that has asked for views keeps all of them with one.
const RUN_BINARIES: u32 = 64 * 1024;
/// The most messages of a run.
const RUN_MESSAGES: u32 = 256;

/// The network thread hands over what is pending, without waiting for a pause, when it is this
/// much.
const READY_MESSAGES: usize = 1024;
const READY_BYTES: usize = 256 * 1024;

/// What is handed over joins the batch before, if both together are not more than this.
const JOINED_BYTES: usize = 16 * 1024;

/// What a batch has used of any kind is kept for the next one up to this size.
const KEPT_BYTES: usize = 512 * 1024;
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

/// Events in order.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) items: Vec<Item>,
    /// The messages of all items, one after the other.
    pub(crate) locations: Vec<PayloadLocation>,
    pub(crate) arenas: Arenas,
    /// Of the messages of all runs: bytes, or units of UTF-16.
    pub(crate) lengths: Vec<u16>,
    /// Payloads that are not in an arena.
    pub(crate) owned: Vec<OwnedPayload>,
    messages: usize,
    /// Of payloads.
    bytes: usize,
    /// How much of it has been delivered.
    pub(crate) cursor: Cursor,
}

/// How much of a batch has been delivered: of each of its lists, so many from the front.
#[derive(Default)]
pub(crate) struct Cursor {
    pub(crate) items: usize,
    pub(crate) locations: usize,
    pub(crate) narrow: usize,
    pub(crate) wide: usize,
    pub(crate) lengths: usize,
    pub(crate) owned: usize,
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
    pub(crate) object: ObjectId,
    pub(crate) kind: ItemKind,
}

pub(crate) enum ItemKind {
    /// The messages of the next `locations` locations.
    Messages { origin: Origin, locations: usize },
    /// `dataEnd` of a message whose last piece has been taken already.
    DataEnd,
    /// Sends are done, all that have not failed up to that number: of a client object, or of a
    /// server object to that client.
    Sent {
        client: Option<ClientId>,
        through: u64,
    },
    /// Anything rarer; `None`: it has been delivered.
    Event(Option<Box<Event>>),
}

/// Where the messages of an item come from, and whether they are whole.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Messages to a client object, each with its `dataEnd`.
    Client,
    /// Pieces of a message to a client object.
    Pieces,
    /// Messages to a server object, from that client.
    Connection(ClientId),
}

impl Origin {
    /// The client of a server.
    pub(crate) fn connection(self) -> Option<ClientId> {
        match self {
            Origin::Client | Origin::Pieces => None,
            Origin::Connection(client) => Some(client),
        }
    }
}

/// Where payloads lie.
pub(crate) enum PayloadLocation {
    /// One is the next `len` bytes, or units of UTF-16, of its arena; this many bytes were
    /// received.
    Small { kind: Kind, len: u32, received: u32 },
    /// `count` of them are the same; the next `count` lengths are theirs.
    Run {
        kind: Kind,
        count: u32,
        len: u32,
        received: u32,
    },
    /// One is the next owned one.
    Owned { kind: Kind },
}

/// A payload that is not in an arena.
pub(crate) enum OwnedPayload {
    /// In memory of its own.
    Alone(BytesMut),
    /// In a block of the network thread, which gets that back when this is dropped.
    Shared(Bytes),
}

impl Default for OwnedPayload {
    fn default() -> OwnedPayload {
        OwnedPayload::Shared(Bytes::new())
    }
}

impl Deref for OwnedPayload {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            OwnedPayload::Alone(bytes) => bytes,
            OwnedPayload::Shared(bytes) => bytes,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Latin1,
    Utf16,
    Binary,
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

impl Batch {
    /// Moves all events of `more` behind those that are there.
    fn append(&mut self, more: &mut Batch) {
        self.items.append(&mut more.items);
        self.locations.append(&mut more.locations);
        self.arenas.narrow.append(&mut more.arenas.narrow);
        self.arenas.wide.append(&mut more.arenas.wide);
        self.lengths.append(&mut more.lengths);
        self.owned.append(&mut more.owned);
        self.messages += std::mem::take(&mut more.messages);
        self.bytes += std::mem::take(&mut more.bytes);
    }

    /// Empties the batch and gives memory back if it was an unusually large one.
    fn recycle(&mut self) {
        reuse(&mut self.items);
        reuse(&mut self.locations);
        reuse(&mut self.lengths);
        reuse(&mut self.owned);
        reuse(&mut self.arenas.narrow);
        reuse(&mut self.arenas.wide);
        self.messages = 0;
        self.bytes = 0;
        self.cursor = Cursor::default();
    }

    fn item(&mut self, object: ObjectId, kind: ItemKind) {
        self.items.push(Item { object, kind });
    }

    #[inline]
    fn begin_message(&mut self, object: ObjectId, origin: Origin) {
        match self.items.last() {
            Some(Item {
                object: last,
                kind: ItemKind::Messages { origin: same, .. },
            }) if *last == object && *same == origin => {}
            _ => self.item(
                object,
                ItemKind::Messages {
                    origin,
                    locations: 0,
                },
            ),
        }
        self.messages += 1;
    }

    /// For payloads that are shorter than [`LARGE`].
    #[inline]
    fn copied(&mut self, kind: Kind, bytes: &[u8]) {
        self.arenas.narrow.extend_from_slice(bytes);
        let len = bytes.len() as u32;
        self.placed(kind, len, len);
    }

    fn transcoded(&mut self, text: Text<'_>) {
        let Ok(received) = u32::try_from(text.len()) else {
            // Node-API has no string of so many bytes, in any form: so it will say.
            return self.payload(Kind::Latin1, text.into_payload());
        };
        let (kind, len) = self.arenas.transcode(&text);
        // No form takes more units than UTF-8 takes bytes.
        self.placed(kind, len as u32, received);
    }

    fn payload(&mut self, kind: Kind, payload: Payload<'_>) {
        let bytes = match payload {
            Payload::Borrowed(bytes) if bytes.len() < LARGE => return self.copied(kind, bytes),
            Payload::Borrowed(bytes) => BytesMut::from(&*bytes),
            Payload::Owned(bytes) => bytes,
        };
        self.owned(kind, OwnedPayload::Alone(bytes));
    }

    fn owned(&mut self, kind: Kind, payload: OwnedPayload) {
        self.bytes += payload.len();
        self.owned.push(payload);
        self.location(PayloadLocation::Owned { kind });
    }

    /// A message has been appended to its arena.
    #[inline]
    fn placed(&mut self, kind: Kind, len: u32, received: u32) {
        self.bytes += received as usize;
        let (message, all) = kind.run();
        if len > message {
            return self.location(PayloadLocation::Small {
                kind,
                len,
                received,
            });
        }
        self.lengths.push(len as u16);
        // A location of another item has other listeners.
        if let Some(Item {
            kind: ItemKind::Messages { locations: 1.., .. },
            ..
        }) = self.items.last()
            && let Some(PayloadLocation::Run {
                kind: last,
                count,
                len: total,
                received: total_received,
            }) = self.locations.last_mut()
            && *last == kind
            && *count < RUN_MESSAGES
            && *total + len <= all
        {
            *count += 1;
            *total += len;
            *total_received += received;
            return;
        }
        self.location(PayloadLocation::Run {
            kind,
            count: 1,
            len,
            received,
        });
    }

    #[inline]
    fn location(&mut self, location: PayloadLocation) {
        self.locations.push(location);
        if let Some(Item {
            kind: ItemKind::Messages { locations, .. },
            ..
        }) = self.items.last_mut()
        {
            *locations += 1;
        }
    }
}

impl Arenas {
    /// Appends text that is not ASCII, as Latin-1 or as UTF-16, and tells how many bytes or units
    /// that took.
    fn transcode(&mut self, text: &str) -> (Kind, usize) {
        let start = self.narrow.len();
        self.narrow.resize(start + text.len(), 0);
        let converted = latin1::from_utf8(text.as_bytes(), &mut self.narrow[start..]);
        self.narrow.truncate(start + converted.unwrap_or(0));
        match converted {
            Some(len) => (Kind::Latin1, len),
            None => {
                let start = self.wide.len();
                self.wide.resize(start + text.len(), 0);
                let len = mem::convert_str_to_utf16(text, &mut self.wide[start..]);
                self.wide.truncate(start + len);
                (Kind::Utf16, len)
            }
        }
    }
}

impl Kind {
    /// The longest message that joins a run, and the longest run.
    fn run(self) -> (u32, u32) {
        match self {
            Kind::Latin1 | Kind::Utf16 => (RUN_TEXT, RUN_TEXTS),
            Kind::Binary => (RUN_BINARY, RUN_BINARIES),
        }
    }
}

/// Empties `memory`, and gives back what is unusually much.
fn reuse<T>(memory: &mut Vec<T>) {
    memory.clear();
    memory.shrink_to(KEPT_BYTES / size_of::<T>());
}
