//! Bytes as they were read from a transport, and the event that was found in them.
//!
//! There are two differences to [`Connection::recv`], which lends its event from the caller's bytes
//! and consumes all of them:
//!
//! - The event waits beside its bytes until it is taken. A driver that reads until there is an
//!   event cannot hold a loan of its buffer and read into it in the same loop.
//! - The beginning of a message may stay, so that the rest is read behind it and the whole is lent
//!   without having been copied.
#![allow(unsafe_code)]

use std::fmt;
use std::ops::Range;

use bytes::Bytes;

use super::storage::Storage;
use super::{Connection, Event, EventKind, MessageKind};
use crate::utf8::is_valid;
use crate::{Payload, ProtocolError, Text};

/// A driver's read buffer: bytes that wait to be parsed, and at most one event that waits to be
/// taken.
#[derive(Default)]
pub struct RecvBuffer {
    storage: Storage,
    unparsed: Range<usize>,
    /// Incomplete messages whose frame takes at most this many bytes stay.
    keeps: usize,
    /// The event that waits, if its payload is in the storage. Most are of this kind, which has no
    /// destructor to be called.
    found: Option<Found>,
    /// The event that waits, if it is not `found`.
    apart: Option<Event<'static>>,
}

/// A message of which the beginning waits in a [`RecvBuffer`].
#[derive(Debug, Clone, Copy)]
pub struct Incomplete {
    /// How many bytes the whole message takes, with its header. As long as the header is
    /// incomplete: how many bytes a header takes at most.
    pub len: usize,
    /// Whether it is a text, of which the beginning alone may be invalid already.
    pub text: bool,
}

/// An event whose loan has been given back. Its payload is the end of what has been parsed.
#[derive(Clone, Copy)]
struct Found {
    kind: EventKind,
    len: usize,
}

impl RecvBuffer {
    /// A buffer whose bytes have all been read already and wait to be parsed. Nothing stays in it.
    pub fn filled(storage: Storage) -> RecvBuffer {
        RecvBuffer {
            unparsed: 0..storage.len(),
            storage,
            ..RecvBuffer::default()
        }
    }

    /// An empty buffer to read into. The beginning of a message that takes at most `keeps` bytes
    /// with its header stays until the rest has been [added](RecvBuffer::add_filled), or until
    /// [`Connection::take_incomplete`].
    ///
    /// # Panics
    /// If `keeps` is not less than the length of the storage: there must be room for the rest.
    pub fn reading(storage: Storage, keeps: usize) -> RecvBuffer {
        assert!(keeps < storage.len(), "there must be room for the rest");
        RecvBuffer {
            storage,
            keeps,
            ..RecvBuffer::default()
        }
    }

    /// Has everything that was read been parsed?
    #[inline]
    pub fn is_parsed(&self) -> bool {
        self.unparsed.is_empty()
    }

    /// How many bytes wait to be parsed.
    pub fn waiting(&self) -> usize {
        self.unparsed.len()
    }

    /// The bytes that wait to be parsed.
    pub fn unparsed(&self) -> &[u8] {
        &self.storage[self.unparsed.clone()]
    }

    /// Whether there is a storage, or what is left of one.
    pub fn has_storage(&self) -> bool {
        self.storage.whole_len() > 0
    }

    /// Length of the storage, in bytes; of one of which parts are shared: of what is left.
    pub fn capacity(&self) -> usize {
        self.storage.len()
    }

    /// How many bytes can be read without moving what waits to be parsed.
    pub fn spare(&self) -> usize {
        self.storage.len() - self.unparsed.end
    }

    /// Where to read to; then say with [`add_filled`](RecvBuffer::add_filled) how much was read. It
    /// is at least the storage without what may be [kept](RecvBuffer::reading) of it. An event that
    /// waits is forgotten.
    pub fn room(&mut self) -> &mut [u8] {
        self.forget_event();
        if self.unparsed.is_empty() {
            self.unparsed = 0..0;
        } else if self.unparsed.end > self.keeps {
            self.storage.copy_within(self.unparsed.clone(), 0);
            self.unparsed = 0..self.unparsed.len();
        }
        &mut self.storage[self.unparsed.end..]
    }

    /// The first `len` bytes of [`room`](RecvBuffer::room) have been read.
    ///
    /// # Panics
    /// If there is not that much room.
    pub fn add_filled(&mut self, len: usize) {
        let end = self.unparsed.end + len;
        assert!(end <= self.storage.len(), "there is not that much room");
        self.forget_event();
        self.unparsed.end = end;
    }

    /// Goes on reading into `storage`, as [`reading`](RecvBuffer::reading) does, with the bytes
    /// that wait to be parsed. Returns the storage before. An event that waits is forgotten.
    ///
    /// # Panics
    /// If `keeps` is not less than the length of `storage`, or the bytes that wait are more than
    /// that.
    pub fn move_to(&mut self, storage: Storage, keeps: usize) -> Storage {
        let mut moved = RecvBuffer::reading(storage, keeps);
        let waiting = &self.storage[self.unparsed.clone()];
        moved.storage[..waiting.len()].copy_from_slice(waiting);
        moved.unparsed = 0..waiting.len();
        std::mem::replace(self, moved).storage
    }

    /// The last `len` bytes that have been parsed, without copying them: of an event that was taken
    /// just now and is lent from the storage, the payload. They share the storage, of which the
    /// buffer keeps what lies behind them: it is whole again when it has been
    /// [reclaimed](Storage::reclaim). `None`: so many bytes are not there any more.
    pub fn share(&mut self, len: usize) -> Option<Bytes> {
        let end = self.unparsed.start;
        let start = end.checked_sub(len)?;
        self.forget_event();
        self.unparsed = 0..self.unparsed.end - end;
        Some(self.storage.share(start..end))
    }

    /// The storage. Whatever it holds is forgotten.
    pub fn into_storage(self) -> Storage {
        self.storage
    }

    /// The payload of the event that waits; empty if there is none, and for a close frame.
    pub fn payload(&self) -> &[u8] {
        match (&self.found, &self.apart) {
            (Some(found), _) => {
                let end = self.unparsed.start;
                &self.storage[end - found.len..end]
            }
            (None, Some(Event::Text(text))) => text.as_bytes(),
            (None, Some(Event::Binary(data) | Event::Ping(data) | Event::Pong(data))) => data,
            (None, Some(Event::Close(_)) | None) => &[],
        }
    }

    /// The event that waits.
    #[inline(always)]
    pub fn take_event(&mut self) -> Option<Event<'_>> {
        // By fields: moved as a whole it is read in wider words than it has just been written in,
        // for which processors wait.
        let Some(Found { kind, len }) = self.found else {
            return self.apart.take();
        };
        self.found = None;
        let end = self.unparsed.start;
        let payload = Payload::Borrowed(&mut self.storage[end - len..end]);
        Some(match kind {
            // SAFETY: only `recv_buffered`, which has validated them, and `parse`, of a `Text`, say
            // `Text` of the bytes that end where the unparsed ones begin. Since then nothing has
            // moved that place or written before it: what does either (`room`, `add_filled`, the
            // next `recv_buffered` or `take_incomplete`) sets `found` to `None` first, or anew
            // behind it. All of them are in this file: the fields are private.
            EventKind::Text => Event::Text(unsafe { Text::validated(payload) }),
            EventKind::Binary => Event::Binary(payload),
            EventKind::Ping => Event::Ping(payload),
            EventKind::Pong => Event::Pong(payload),
            EventKind::Close => Event::Close(None),
        })
    }

    fn forget_event(&mut self) {
        self.found = None;
        self.apart = None;
    }
}

/// Shows no bytes: neither what was read nor the payload of the event that waits.
impl fmt::Debug for RecvBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = self.found.map(|found| found.kind);
        let event = found.or_else(|| self.apart.as_ref().map(Event::kind));
        f.debug_struct("RecvBuffer")
            .field("capacity", &self.capacity())
            .field("waiting", &self.waiting())
            .field("event", &event)
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// As [`recv`](Connection::recv) with the bytes that wait in `buffer`. An event stays there, to
    /// be [taken](RecvBuffer::take_event) before the next call; `None`: read on, for everything is
    /// parsed but for the beginning of a message that the buffer [keeps](RecvBuffer::reading).
    ///
    /// # Errors
    /// As [`recv`](Connection::recv).
    #[inline]
    pub fn recv_buffered(
        &mut self,
        buffer: &mut RecvBuffer,
    ) -> Result<Option<EventKind>, ProtocolError> {
        let mut input = &mut buffer.storage[buffer.unparsed.clone()];
        let Some((kind, payload)) = self.whole_message(&mut input) else {
            return self.recv_buffered_staged(buffer);
        };
        let consumed = buffer.unparsed.end - input.len();
        let len = payload.len();
        let kind = match kind {
            MessageKind::Binary => EventKind::Binary,
            MessageKind::Text if is_valid(payload) => EventKind::Text,
            MessageKind::Text => {
                buffer.forget_event();
                buffer.unparsed.start = consumed;
                return Err(self.fail(ProtocolError::InvalidUtf8));
            }
        };
        buffer.unparsed.start = consumed;
        buffer.apart = None;
        buffer.found = Some(Found { kind, len });
        Ok(Some(kind))
    }

    #[inline(never)]
    fn recv_buffered_staged(
        &mut self,
        buffer: &mut RecvBuffer,
    ) -> Result<Option<EventKind>, ProtocolError> {
        if self.incomplete(buffer).is_some() {
            buffer.forget_event();
            return Ok(None);
        }
        self.parse(buffer)
    }

    /// The message whose beginning [stays](RecvBuffer::reading) in `buffer`.
    pub fn incomplete(&self, buffer: &RecvBuffer) -> Option<Incomplete> {
        self.begins_message(&buffer.storage[buffer.unparsed.clone()], buffer.keeps)
    }

    /// Takes over the beginning of a message that [stays](RecvBuffer::reading) in `buffer`, if
    /// there is one, so that the buffer can be put to another use: for when there is nothing more
    /// to read for a while, or ever.
    ///
    /// # Errors
    /// The beginning of a text is not UTF-8: as [`recv`](Connection::recv).
    pub fn take_incomplete(&mut self, buffer: &mut RecvBuffer) -> Result<(), ProtocolError> {
        if self.incomplete(buffer).is_some() {
            let event = self.parse(buffer)?;
            debug_assert_eq!(event, None, "the message is incomplete");
        }
        Ok(())
    }

    /// As [`recv`](Connection::recv) with the bytes that wait in `buffer`.
    fn parse(&mut self, buffer: &mut RecvBuffer) -> Result<Option<EventKind>, ProtocolError> {
        buffer.forget_event();
        let mut input = &mut buffer.storage[buffer.unparsed.clone()];
        let event = self.recv(&mut input)?;
        buffer.unparsed.start = buffer.unparsed.end - input.len();
        let Some(event) = event else {
            return Ok(None);
        };
        let kind = event.kind();
        match event.detach() {
            Ok(event) => buffer.apart = Some(event),
            // What is lent out is the end of what was consumed.
            Err(len) => buffer.found = Some(Found { kind, len }),
        }
        Ok(Some(kind))
    }
}
