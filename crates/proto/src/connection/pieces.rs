//! Messages that are taken as they arrive, before they are whole: of any length, in little memory.
use std::num::NonZeroU64;

use bytes::Bytes;

use super::assembly::Assembly;
use super::{Connection, MessageKind};

impl Connection {
    /// Whether messages are taken in pieces. With a limit, in bytes for a message, which replaces
    /// [`Limits::max_message_size`](crate::Limits::max_message_size): what has arrived of an open
    /// message is there for [`take_piece`](Self::take_piece). Whoever sets it has to take pieces
    /// each time that [`recv`](Self::recv) wants more input, or all of the message gathers here.
    /// The event of the message comes at its end, with what is left; a text is an
    /// [`Event::Binary`](super::Event::Binary) then if pieces of it were taken, as what is left may
    /// begin within a character. Of a message that arrives whole there are no pieces, but its
    /// event alone.
    ///
    /// With `None`, messages are put together as ever, and what still arrives of one that was taken
    /// in pieces is discarded.
    pub fn receive_in_pieces(&mut self, limit: Option<u64>) {
        self.receiver.pieces = limit.and_then(|limit| NonZeroU64::new(limit.max(1)));
        if let Some(limit) = limit
            && let Some(message) = self.open_message()
        {
            message.begin_pieces(limit);
        }
    }

    /// Whether messages are [taken in pieces](Self::receive_in_pieces).
    pub fn receives_in_pieces(&self) -> bool {
        self.receiver.pieces.is_some()
    }

    /// What is left of the message that is being taken in pieces, if there is one, is discarded as
    /// it arrives: the next piece will be of the next message.
    pub fn abandon_pieces(&mut self) {
        if let Some(message) = self.open_message() {
            message.abandon();
        }
    }

    /// Text or binary: the message that has begun and is taken in pieces.
    pub fn message_in_pieces(&self) -> Option<MessageKind> {
        let message = self.receiver.open_message()?;
        match message.pieces().is_some() && !message.is_discarded(true) {
            true => message.open(),
            false => None,
        }
    }

    /// Whether there is something to [take](Self::take_piece).
    #[inline]
    pub fn has_piece(&self) -> bool {
        self.receiver.pieces.is_some()
            && self.message_in_pieces().is_some()
            && self
                .receiver
                .open_message()
                .is_some_and(|message| message.piece() > 0)
    }

    /// Takes what has arrived of the open message, unmasked and inflated; of a text, it is valid so
    /// far, but may end within a character. `None`: nothing has arrived since the last piece.
    pub fn take_piece(&mut self) -> Option<Bytes> {
        match self.has_piece() {
            true => self.open_message().map(Assembly::take_piece),
            false => None,
        }
    }

    fn open_message(&mut self) -> Option<&mut Assembly> {
        let message = self.receiver.assembly.as_deref_mut();
        message.filter(|message| message.is_open())
    }
}
