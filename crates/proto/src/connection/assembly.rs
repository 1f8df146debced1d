//! A message that arrives in pieces: in several reads, in several frames, or compressed.
use bytes::{BufMut, Bytes, BytesMut};

use super::{Event, MessageKind};
use crate::deflate::Inflater;
use crate::frame::{Header, Opcode};
use crate::utf8::Validator;
use crate::{Payload, ProtocolError, Text, mask};

/// From this many missing bytes on a read of its own is cheaper than a copy out of a shared read
/// buffer.
const DIRECT_FROM: u64 = 16 << 10;

/// Memory that an incomplete message may take before its bytes arrive, in bytes ...
const FIRST_BUFFER: usize = 64 << 10;
/// ... and how many times the bytes received it may take after that.
const GROWTH: usize = 4;

/// A frame of which the header and a part of the payload have arrived.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    pub(super) opcode: Opcode,
    pub(super) fin: bool,
    /// The masking key as it applies to the next byte.
    key: Option<[u8; 4]>,
    /// Bytes of the payload that have not arrived.
    pub(super) missing: u64,
}

/// What has arrived of a message, and of a control frame in its midst.
#[derive(Default)]
pub(super) struct Assembly {
    /// The message that has begun and not ended.
    open: Option<MessageKind>,
    /// The open message arrives compressed, and is put together in `inflated` instead of in
    /// `buffer`.
    compressed: bool,
    inflated: Vec<u8>,
    buffer: BytesMut,
    /// How many bytes have been looked at: of `buffer` those that have been unmasked, and of a
    /// text, in `buffer` or `inflated`, those that have been validated.
    seen: usize,
    validator: Validator,
    fragments: u32,
    control: BytesMut,
    /// The open message is taken in pieces, and may have so many bytes.
    pieces: Option<u64>,
    /// Nobody takes what is left of the open message.
    abandoned: bool,
    /// How many bytes of the open message have been taken, or discarded.
    taken: u64,
}

impl Frame {
    pub(super) fn new(header: &Header) -> Frame {
        Frame {
            opcode: header.opcode,
            fin: header.fin,
            key: header.mask,
            missing: header.len,
        }
    }

    /// How much of the payload is in `input`.
    pub(super) fn available(&self, input: &[u8]) -> usize {
        usize::try_from(self.missing).map_or(input.len(), |missing| missing.min(input.len()))
    }

    /// Unmasks the next piece of the payload.
    pub(super) fn unmask(&mut self, piece: &mut [u8]) {
        self.missing -= piece.len() as u64;
        if let Some(key) = &mut self.key {
            mask::apply(piece, *key, 0);
            *key = mask::rotated(*key, piece.len());
        }
    }
}

impl Assembly {
    /// The first frame of a message.
    pub(super) fn begin(&mut self, kind: MessageKind, compressed: bool, pieces: Option<u64>) {
        self.open = Some(kind);
        self.compressed = compressed;
        self.seen = 0;
        self.fragments = 1;
        self.pieces = pieces;
        self.abandoned = false;
        self.taken = 0;
    }

    /// A continuation frame.
    pub(super) fn count_fragment(&mut self) {
        self.fragments += 1;
    }

    /// Text or binary, if a message is open.
    pub(super) fn open(&self) -> Option<MessageKind> {
        self.open
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// The most bytes that the message may have, if it is taken in pieces. What is left of one that
    /// nobody takes may have any length.
    pub(super) fn pieces(&self) -> Option<u64> {
        match self.abandoned {
            true => Some(u64::MAX),
            false => self.pieces,
        }
    }

    /// The message is taken in pieces from here on, if it is not already.
    pub(super) fn begin_pieces(&mut self, limit: u64) {
        self.pieces.get_or_insert(limit);
    }

    /// Nobody takes the rest of the message, if it is one that is taken in pieces.
    pub(super) fn abandon(&mut self) {
        if self.pieces.is_some() {
            self.abandoned = true;
            self.discard();
        }
    }

    /// Whether what arrives of the message is for nobody, as it is taken in pieces and nobody does;
    /// `is_taken`: somebody takes pieces now.
    pub(super) fn is_discarded(&self, is_taken: bool) -> bool {
        self.pieces.is_some() && (self.abandoned || !is_taken)
    }

    /// Drops what has been looked at.
    pub(super) fn discard(&mut self) {
        drop(self.take_piece());
    }

    /// How many bytes can be taken.
    pub(super) fn piece(&self) -> usize {
        match self.compressed {
            true => self.inflated.len(),
            false => self.seen,
        }
    }

    /// Takes what has been looked at.
    pub(super) fn take_piece(&mut self) -> Bytes {
        let piece = match self.compressed {
            true => Bytes::from(std::mem::take(&mut self.inflated)),
            false => self.buffer.split_to(self.seen).freeze(),
        };
        self.seen = 0;
        self.taken += piece.len() as u64;
        piece
    }

    pub(super) fn is_compressed(&self) -> bool {
        self.compressed
    }

    /// How many frames have begun.
    pub(super) fn fragments(&self) -> u32 {
        self.fragments
    }

    /// Bytes received of an uncompressed message.
    pub(super) fn received(&self) -> u64 {
        self.taken + self.buffer.len() as u64
    }

    /// A buffer for what is missing of `frame`, if that is much.
    pub(super) fn lend(&mut self, frame: Frame) -> Option<impl BufMut> {
        let missing = frame.missing - self.unseen() as u64;
        if self.compressed || missing < DIRECT_FROM {
            return None;
        }
        let missing = usize::try_from(missing).unwrap_or(usize::MAX);
        if self.buffer.len() == self.buffer.capacity() {
            grow(&mut self.buffer, missing, 0);
        }
        Some((&mut self.buffer).limit(missing))
    }

    /// How many bytes have been appended, and not been unmasked and validated by
    /// [`take_notice`](Self::take_notice).
    pub(super) fn unseen(&self) -> usize {
        if self.compressed {
            0
        } else {
            self.buffer.len() - self.seen
        }
    }

    /// Appends a piece of `frame` as it came.
    pub(super) fn append(&mut self, frame: &Frame, piece: &[u8]) {
        if self.buffer.capacity() - self.buffer.len() < piece.len() {
            let missing = usize::try_from(frame.missing).unwrap_or(usize::MAX);
            grow(&mut self.buffer, missing, piece.len());
        }
        self.buffer.extend_from_slice(piece);
    }

    /// Unmasks and validates what was appended.
    pub(super) fn take_notice(&mut self, frame: &mut Frame) -> Result<(), ProtocolError> {
        frame.unmask(&mut self.buffer[self.seen..]);
        self.validate()
    }

    /// Memory that the message takes, and a control frame in its midst, in bytes.
    pub(super) fn memory(&self) -> usize {
        self.buffer.capacity() + self.inflated.capacity() + self.control.capacity()
    }

    /// Inflates and validates a piece of a compressed message, of which `available` bytes have
    /// arrived with this piece. Returns how many bytes the piece became.
    pub(super) fn inflate(
        &mut self,
        piece: &[u8],
        available: usize,
        last: bool,
        inflater: &mut Inflater,
        limit: u64,
    ) -> Result<usize, ProtocolError> {
        let before = self.inflated.len();
        let left = usize::try_from(limit.saturating_sub(self.taken)).unwrap_or(usize::MAX);
        let mut pushed = inflater.push(piece, available, &mut self.inflated, left);
        if last && pushed.is_ok() {
            pushed = inflater.finish(&mut self.inflated, left);
        }
        pushed.map_err(|error| match error {
            ProtocolError::MessageTooLarge { .. } => ProtocolError::too_large(limit),
            error => error,
        })?;
        self.validate()?;
        Ok(self.inflated.len() - before)
    }

    fn validate(&mut self) -> Result<(), ProtocolError> {
        let received = if self.compressed {
            &self.inflated[..]
        } else {
            &self.buffer
        };
        if self.open == Some(MessageKind::Text) {
            self.validator
                .push(&received[self.seen..])
                .map_err(|_| ProtocolError::InvalidUtf8)?;
        }
        self.seen = received.len();
        Ok(())
    }

    /// The message is whole. Of one of which pieces were taken, this is the rest: bytes, even of a
    /// text.
    pub(super) fn end(&mut self) -> Result<Event<'static>, ProtocolError> {
        self.seen = 0;
        let payload = Payload::Owned(if self.compressed {
            // Not copied: nobody else owns it.
            BytesMut::from(Bytes::from(std::mem::take(&mut self.inflated)))
        } else {
            std::mem::take(&mut self.buffer)
        });
        Ok(match self.open.take() {
            Some(MessageKind::Text) => {
                self.validator
                    .finish()
                    .map_err(|_| ProtocolError::InvalidUtf8)?;
                if self.taken > 0 {
                    // It may begin within a character.
                    return Ok(Event::Binary(payload));
                }
                // SAFETY: `validate` has shown the validator every byte, in order: all that was
                // appended is unmasked and shown before `progress` ends a message. All of them are
                // here, as none was taken (`taken` counts what `take_piece` takes, the only one
                // that takes any of an open message). What was shown
                // has not changed: only `buffer[seen..]` is unmasked, `lend` gives a `BufMut`,
                // which appends, and so does the inflater. The validator knew of no other message:
                // it finished the one before, or had failed it, and with the connection this
                // `Assembly` was dropped (`Receiver::stop`).
                #[allow(unsafe_code)]
                Event::Text(unsafe { Text::validated(payload) })
            }
            Some(MessageKind::Binary) | None => Event::Binary(payload),
        })
    }

    /// Adds to a control frame; returns its payload when it is whole.
    pub(super) fn add_control(&mut self, piece: &[u8], whole: bool) -> Option<BytesMut> {
        self.control.extend_from_slice(piece);
        whole.then(|| std::mem::take(&mut self.control))
    }
}

/// Makes room for at least `len` more bytes; for all that are `missing` only as far as the bytes
/// that have arrived justify it.
fn grow(buffer: &mut BytesMut, missing: usize, len: usize) {
    let received = buffer.len() + len;
    let justified = received.saturating_mul(GROWTH).max(FIRST_BUFFER) - buffer.len();
    buffer.reserve(missing.min(justified).max(len));
}
