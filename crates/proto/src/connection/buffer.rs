//! Bytes as they were read from a transport, and the event that was found in them.
//!
//! [`Connection::recv`] lends its event from the caller's bytes. A driver that reads until there is an event cannot hold
//! that loan and read on in the same loop; here the event waits beside its bytes until the loop is over.
#![allow(unsafe_code)]

use std::ops::Range;

use bytes::BytesMut;

use super::{Connection, Event, Payload};
use crate::{CloseFrame, ProtocolError, Text};

/// A driver's read buffer: bytes that wait to be parsed, and at most one event that waits to be taken.
#[derive(Debug, Default)]
pub struct RecvBuffer {
    storage: Box<[u8]>,
    unparsed: Range<usize>,
    found: Option<Found>,
}

/// Which [`Event`] was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// [`Event::Text`].
    Text,
    /// [`Event::Binary`].
    Binary,
    /// [`Event::Ping`].
    Ping,
    /// [`Event::Pong`].
    Pong,
    /// [`Event::Close`].
    Close,
}

/// An event whose loan has been given back.
#[derive(Debug)]
enum Found {
    Text(Place),
    Binary(Place),
    Ping(Place),
    Pong(Place),
    Close(Option<CloseFrame>),
}

/// Where a payload is.
#[derive(Debug)]
enum Place {
    Storage(Range<usize>),
    Own(BytesMut),
}

impl RecvBuffer {
    /// A buffer whose bytes have all been read already and wait to be parsed.
    pub fn filled(storage: Box<[u8]>) -> RecvBuffer {
        let unparsed = 0..storage.len();
        RecvBuffer {
            storage,
            unparsed,
            found: None,
        }
    }

    /// Has everything that was read been parsed?
    #[inline]
    pub fn is_parsed(&self) -> bool {
        self.unparsed.is_empty()
    }

    /// Length of the storage, in bytes.
    pub fn capacity(&self) -> usize {
        self.storage.len()
    }

    /// Where to read to, followed by [`set_filled`](RecvBuffer::set_filled). Whatever the buffer holds is forgotten.
    pub fn storage(&mut self) -> &mut [u8] {
        self.forget();
        &mut self.storage
    }

    /// The first `len` bytes of the [`storage`](RecvBuffer::storage) have been read.
    ///
    /// # Panics
    /// If the storage is not that long.
    pub fn set_filled(&mut self, len: usize) {
        assert!(len <= self.storage.len(), "the storage is not that long");
        self.found = None;
        self.unparsed = 0..len;
    }

    /// Exchanges the storage. Whatever the buffer holds is forgotten.
    pub fn replace_storage(&mut self, storage: Box<[u8]>) -> Box<[u8]> {
        self.forget();
        std::mem::replace(&mut self.storage, storage)
    }

    /// The payload of the event that waits; empty if there is none, and for a close frame.
    pub fn payload(&self) -> &[u8] {
        match &self.found {
            Some(Found::Text(at) | Found::Binary(at) | Found::Ping(at) | Found::Pong(at)) => {
                match at {
                    Place::Storage(range) => &self.storage[range.clone()],
                    Place::Own(bytes) => bytes,
                }
            }
            Some(Found::Close(_)) | None => &[],
        }
    }

    /// The event that waits.
    #[inline]
    pub fn take_event(&mut self) -> Option<Event<'_>> {
        let found = self.found.take()?;
        let storage = &mut self.storage;
        Some(match found {
            // SAFETY: `detach` got this payload out of a `Text`, so it is valid UTF-8. Nothing has written to the storage
            // since: whatever lends or exchanges it sets `found` to `None`.
            Found::Text(at) => Event::Text(unsafe { Text::validated(at.payload(storage)) }),
            Found::Binary(at) => Event::Binary(at.payload(storage)),
            Found::Ping(at) => Event::Ping(at.payload(storage)),
            Found::Pong(at) => Event::Pong(at.payload(storage)),
            Found::Close(frame) => Event::Close(frame),
        })
    }

    fn forget(&mut self) {
        self.found = None;
        self.unparsed = 0..0;
    }
}

impl Found {
    /// Gives the loan back; `offset` says where in the storage a borrowed payload begins.
    #[inline]
    fn detach(event: Event<'_>, offset: impl FnOnce(&[u8]) -> usize) -> Found {
        let place = |payload| match payload {
            Payload::Borrowed(bytes) => {
                let start = offset(bytes);
                Place::Storage(start..start + bytes.len())
            }
            Payload::Owned(bytes) => Place::Own(bytes),
        };
        match event {
            Event::Text(text) => Found::Text(place(text.into_payload())),
            Event::Binary(payload) => Found::Binary(place(payload)),
            Event::Ping(payload) => Found::Ping(place(payload)),
            Event::Pong(payload) => Found::Pong(place(payload)),
            Event::Close(frame) => Found::Close(frame),
        }
    }

    fn kind(&self) -> EventKind {
        match self {
            Found::Text(_) => EventKind::Text,
            Found::Binary(_) => EventKind::Binary,
            Found::Ping(_) => EventKind::Ping,
            Found::Pong(_) => EventKind::Pong,
            Found::Close(_) => EventKind::Close,
        }
    }
}

impl Place {
    #[inline]
    fn payload(self, storage: &mut [u8]) -> Payload<'_> {
        match self {
            Place::Storage(range) => Payload::Borrowed(&mut storage[range]),
            Place::Own(bytes) => Payload::Owned(bytes),
        }
    }
}

impl Connection {
    /// As [`recv`](Connection::recv) with the bytes that wait in `buffer`. An event stays there, to be
    /// [taken](RecvBuffer::take_event) before the next call; `None` when everything is parsed.
    ///
    /// # Errors
    /// As [`recv`](Connection::recv).
    #[inline]
    pub fn recv_buffered(
        &mut self,
        buffer: &mut RecvBuffer,
    ) -> Result<Option<EventKind>, ProtocolError> {
        let storage = buffer.storage.as_ptr().addr();
        let mut input = &mut buffer.storage[buffer.unparsed.clone()];
        let event = self.recv(&mut input)?;
        buffer.unparsed.start = buffer.unparsed.end - input.len();
        buffer.found =
            event.map(|event| Found::detach(event, |bytes| bytes.as_ptr().addr() - storage));
        Ok(buffer.found.as_ref().map(Found::kind))
    }

    /// As [`recv_direct`](Connection::recv_direct). An event stays in `buffer`, to be
    /// [taken](RecvBuffer::take_event) before the next call.
    ///
    /// # Errors
    /// As [`recv`](Connection::recv).
    pub fn recv_direct_buffered(
        &mut self,
        buffer: &mut RecvBuffer,
    ) -> Result<Option<EventKind>, ProtocolError> {
        let event = self.recv_direct()?;
        buffer.found = event.map(|event| {
            Found::detach(event, |_| {
                unreachable!("what is received directly is not in the storage")
            })
        });
        Ok(buffer.found.as_ref().map(Found::kind))
    }
}
