//! Events in order, in few pieces of memory: one side of the queue fills it, the other delivers it.
//!
//! A small message costs two to eighteen bytes beside its payload, and no allocation; a large one
//! keeps the buffer it was received into. Text is brought into a form that JavaScript copies:
//! Latin-1 if that is possible, else UTF-16. Small messages of a kind that follow each other form a
//! run, of which JavaScript makes one value and cuts the messages out of it.
use std::ops::Deref;

use arkws_netstack::{ClientId, Payload, Text};
use bytes::{Bytes, BytesMut};
use encoding_rs::mem;

use crate::event::Event;
use crate::object_id::ObjectId;
use crate::text::latin1;

/// An owned payload up to this size is copied into the arena, which frees its buffer for the
/// network thread.
pub(super) const SMALL: usize = 16 * 1024;

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

/// What a batch has used of any kind is kept for the next one up to this size.
const KEPT_BYTES: usize = 512 * 1024;

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
    pub(super) messages: usize,
    /// Of payloads.
    pub(super) bytes: usize,
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

impl Batch {
    /// Moves all events of `more` behind those that are there.
    pub(super) fn append(&mut self, more: &mut Batch) {
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
    pub(super) fn recycle(&mut self) {
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

    pub(super) fn item(&mut self, object: ObjectId, kind: ItemKind) {
        self.items.push(Item { object, kind });
    }

    #[inline]
    pub(super) fn begin_message(&mut self, object: ObjectId, origin: Origin) {
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
    pub(super) fn copied(&mut self, kind: Kind, bytes: &[u8]) {
        self.arenas.narrow.extend_from_slice(bytes);
        let len = bytes.len() as u32;
        self.placed(kind, len, len);
    }

    pub(super) fn transcoded(&mut self, text: Text<'_>) {
        let Ok(received) = u32::try_from(text.len()) else {
            // Node-API has no string of so many bytes, in any form: so it will say.
            return self.payload(Kind::Latin1, text.into_payload());
        };
        let (kind, len) = self.arenas.transcode(&text);
        // No form takes more units than UTF-8 takes bytes.
        self.placed(kind, len as u32, received);
    }

    pub(super) fn payload(&mut self, kind: Kind, payload: Payload<'_>) {
        let bytes = match payload {
            Payload::Borrowed(bytes) if bytes.len() < LARGE => return self.copied(kind, bytes),
            Payload::Borrowed(bytes) => BytesMut::from(&*bytes),
            Payload::Owned(bytes) => bytes,
        };
        self.owned(kind, OwnedPayload::Alone(bytes));
    }

    pub(super) fn owned(&mut self, kind: Kind, payload: OwnedPayload) {
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
