//! What is found in what was received.
use crate::frame::Opcode;
use crate::{CloseFrame, Payload, Text};

/// What [`Connection::recv`](super::Connection::recv) found.
///
/// Pings have already been answered and a close frame has already been echoed (both lie in the
/// output queue) when the event is returned.
#[derive(Debug)]
pub enum Event<'b> {
    /// A whole text message.
    Text(Text<'b>),
    /// A whole binary message.
    Binary(Payload<'b>),
    /// A ping; its pong is queued.
    Ping(Payload<'b>),
    /// A pong.
    Pong(Payload<'b>),
    /// The peer's close frame; `None`: it had no body (RFC 6455, 7.1.5: status 1005).
    Close(Option<CloseFrame>),
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

/// Text or binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageKind {
    /// UTF-8 text.
    Text,
    /// Bytes.
    Binary,
}

impl Event<'_> {
    pub(super) fn kind(&self) -> EventKind {
        match self {
            Event::Text(_) => EventKind::Text,
            Event::Binary(_) => EventKind::Binary,
            Event::Ping(_) => EventKind::Ping,
            Event::Pong(_) => EventKind::Pong,
            Event::Close(_) => EventKind::Close,
        }
    }

    /// The event, if it borrows nothing; otherwise the length of what it borrows.
    pub(super) fn detach(self) -> Result<Event<'static>, usize> {
        Ok(match self {
            Event::Text(text) => Event::Text(text.detach()?),
            Event::Binary(payload) => Event::Binary(payload.detach()?),
            Event::Ping(payload) => Event::Ping(payload.detach()?),
            Event::Pong(payload) => Event::Pong(payload.detach()?),
            Event::Close(frame) => Event::Close(frame),
        })
    }
}

impl MessageKind {
    pub(super) fn opcode(self) -> Opcode {
        match self {
            MessageKind::Text => Opcode::Text,
            MessageKind::Binary => Opcode::Binary,
        }
    }
}
