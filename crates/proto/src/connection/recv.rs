//! Bytes in, events out (RFC 6455, 5.2, 5.4, 5.5 and 8.1).
//!
//! A whole message of less than 64 KiB in one frame takes the fast path in [`Connection::recv`]:
//! it is unmasked where it lies, and lent from there. Everything else is out of line and goes
//! through the [`Stage`]s. What must be remembered of a message between two reads lies in an
//! [`Assembly`], which is made for the first message that arrives in pieces.
use std::num::NonZeroU64;

use bytes::{BufMut, BytesMut};

use super::assembly::{Assembly, Frame};
use super::buffer::Incomplete;
use super::state::Life;
use super::{Connection, Event, MessageKind};
use crate::deflate::Inflater;
use crate::frame::{FIN, Header, LENGTH_16, MASKED, MAX_HEADER, Opcode};
use crate::{Limits, Payload, ProtocolError, Role, Text, mask};

/// The receiving half of a connection.
pub(super) struct Receiver {
    stage: Stage,
    /// The beginning of a header whose end has not arrived.
    header: [u8; MAX_HEADER],
    header_len: u8,
    /// Frames up to this length meet both size limits, if they are whole messages.
    max_whole: usize,
    pub(super) assembly: Option<Box<Assembly>>,
    /// Made for the first message that arrives compressed.
    inflater: Option<Box<Inflater>>,
    /// Bytes that may be inflated before input is left alone.
    allowance: usize,
    /// The allowance is used up, and input was left because of that.
    paused: bool,
    /// Headers that have been read, not counting those of the fast path.
    headers: u64,
    /// Messages are [taken in pieces](Connection::receive_in_pieces), of up to so many bytes.
    pub(super) pieces: Option<NonZeroU64>,
}

/// Compressed bytes that are inflated at once. At most 1,032 times as many come out of them, as
/// DEFLATE cannot do better.
const SLICE: usize = 1 << 10;

/// What the next byte of input is.
enum Stage {
    /// The first byte of a header, and no message is open. Only here the fast path applies.
    Message,
    /// A byte of a header.
    Header,
    /// A byte of a payload.
    Payload(Frame),
    /// Nothing that matters: the connection is closed or has failed.
    End,
}

impl Connection {
    /// Parses at the front of `input`, in place, and moves `input` past what was consumed. What
    /// was appended to [`direct_buffer`](Self::direct_buffer) comes before it; to have that looked
    /// at alone, pass nothing.
    ///
    /// Returns the next event; `None` when all of `input` is consumed (an incomplete tail is kept
    /// inside, memory grows with bytes received only), or when
    /// [as much as allowed](Self::allow_inflating) has been inflated. Call it until it returns
    /// `None`.
    ///
    /// # Errors
    /// The peer broke the protocol or a limit. The matching close frame is queued; flush it, then
    /// end the transport. Later calls return the same error. Input after the peer's close frame
    /// is ignored (RFC 6455, 5.5.1).
    #[inline]
    pub fn recv<'b>(
        &mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Option<Event<'b>>, ProtocolError> {
        let Some((kind, payload)) = self.whole_message(input) else {
            return self.recv_staged(input);
        };
        let payload = Payload::Borrowed(payload);
        match kind {
            MessageKind::Binary => Ok(Some(Event::Binary(payload))),
            MessageKind::Text => match Text::new(payload) {
                Some(text) => Ok(Some(Event::Text(text))),
                None => Err(self.fail(ProtocolError::InvalidUtf8)),
            },
        }
    }

    /// Bounds the work that one packet can cause. When `bytes` more have been inflated, or up to
    /// 1 MiB above that, the rest of the input stays where it is, and [`recv`](Self::recv) returns
    /// `None` until this is called again. As long as this has not been called there is no bound.
    #[inline]
    pub fn allow_inflating(&mut self, bytes: usize) {
        self.receiver.allowance = bytes;
        self.receiver.paused = false;
    }

    /// Was input left because [as much as allowed](Self::allow_inflating) has been inflated?
    #[inline]
    pub fn is_paused(&self) -> bool {
        self.receiver.paused
    }

    /// Has a message or a control frame begun, and not ended?
    pub fn is_unfinished(&self) -> bool {
        !matches!(self.receiver.stage, Stage::Message | Stage::End)
    }

    /// Memory that is taken by a message which is not whole, in bytes.
    #[inline]
    pub fn unfinished_memory(&self) -> usize {
        match &self.receiver.assembly {
            None => 0,
            Some(message) => message.memory(),
        }
    }

    /// How many frames have begun, not counting messages that arrived in one frame and one read.
    pub fn frames_begun(&self) -> u64 {
        self.receiver.headers
    }

    /// The fast path. If there is a whole message at the front of `input`, in one frame of less
    /// than 64 KiB and not compressed: unmasks it, moves `input` past it, and returns its kind and
    /// its payload. `None`: nothing was done; [`Header::decode`] finds out what it is.
    #[inline(always)]
    pub(super) fn whole_message<'b>(
        &self,
        input: &mut &'b mut [u8],
    ) -> Option<(MessageKind, &'b mut [u8])> {
        const TEXT: u8 = FIN | Opcode::Text as u8;
        const BINARY: u8 = FIN | Opcode::Binary as u8;
        // Frames from a client are masked (RFC 6455, 5.1).
        let masked = self.role == Role::Server;
        let max_whole = self.receiver.max_whole;
        if !matches!(self.receiver.stage, Stage::Message) {
            return None;
        }
        let &[first, second, ref rest @ ..] = &**input else {
            return None;
        };
        let kind = match first {
            TEXT => MessageKind::Text,
            BINARY => MessageKind::Binary,
            _ => return None,
        };
        // With the wrong masking bit this is 128 or more.
        let len7 = second ^ if masked { MASKED } else { 0 };
        let (length, payload) = match len7 {
            0..LENGTH_16 => (0, usize::from(len7)),
            LENGTH_16 => match u16::from_be_bytes(*rest.first_chunk()?) {
                0..126 => return None,
                len => (2, usize::from(len)),
            },
            _ => return None,
        };
        let start = 2 + length + if masked { 4 } else { 0 };
        if input.len() < start + payload || payload > max_whole {
            return None;
        }
        let (header, rest) = std::mem::take(input).split_at_mut(start);
        let (payload, rest) = rest.split_at_mut(payload);
        *input = rest;
        if masked {
            mask::apply(payload, *header.last_chunk()?, 0);
        }
        Some((kind, payload))
    }

    /// Is the beginning of a message at the front of `input`, whose only frame takes at most
    /// `limit` bytes with its header and is not compressed? Then [`recv`](Self::recv) will lend the
    /// message out when the rest is there.
    pub(super) fn begins_message(&self, input: &[u8], limit: usize) -> Option<Incomplete> {
        if !matches!(self.receiver.stage, Stage::Message) || input.is_empty() || limit < MAX_HEADER
        {
            return None;
        }
        let Some((header, len)) = Header::decode(input).ok()? else {
            return Some(Incomplete {
                len: MAX_HEADER,
                text: false,
            });
        };
        let data = matches!(header.opcode, Opcode::Text | Opcode::Binary);
        let whole = header.len.saturating_add(len as u64);
        let begins = data
            && header.fin
            && whole > input.len() as u64
            && whole <= limit as u64
            && self.check_header(&header).is_ok()
            && !header.rsv1;
        begins.then_some(Incomplete {
            len: whole as usize,
            text: header.opcode == Opcode::Text,
        })
    }

    /// While a large message is incomplete: a buffer that the driver may read into, straight from
    /// the socket and without a second copy. It takes at most what is missing of the current frame.
    /// After something was appended, the next call of [`recv`](Self::recv) or
    /// [`recv_buffered`](Self::recv_buffered) unmasks and validates it, and returns the message if
    /// it is whole.
    ///
    /// `None`: pass the next bytes to one of these. Doing so is always right; this is a matter of
    /// speed.
    pub fn direct_buffer(&mut self) -> Option<impl BufMut> {
        match self.receiver.stage {
            Stage::Payload(frame) if !frame.opcode.is_control() => {
                self.receiver.assembly().lend(frame)
            }
            _ => None,
        }
    }

    /// All that does not take the fast path.
    #[inline(never)]
    fn recv_staged<'b>(
        &mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Option<Event<'b>>, ProtocolError> {
        if matches!(self.receiver.stage, Stage::End) {
            *input = &mut [];
            return match &self.life {
                Life::Failed(error) => Err(ProtocolError::clone(error)),
                _ => Ok(None),
            };
        }
        self.step(input).map_err(|error| self.fail(error))
    }

    /// Goes on until there is an event or no more input.
    fn step<'b>(&mut self, input: &mut &'b mut [u8]) -> Result<Option<Event<'b>>, ProtocolError> {
        loop {
            match self.receiver.stage {
                Stage::Message | Stage::Header => {
                    let Some(header) = self.receiver.read_header(input)? else {
                        return Ok(None);
                    };
                    self.check_header(&header)?;
                    self.receiver.headers += 1;
                    if let Some(payload) = self.receiver.read_whole(&header, input) {
                        return self
                            .on_frame(header.opcode, Payload::Borrowed(payload))
                            .map(Some);
                    }
                    self.receiver.begin_frame(&header);
                }
                Stage::Payload(frame) if input.is_empty() && self.receiver.lacks_input(frame) => {
                    return Ok(None);
                }
                Stage::Payload(frame) if frame.opcode.is_control() => {
                    if let Some(payload) = self.receiver.read_control(frame, input) {
                        return self
                            .on_frame(frame.opcode, Payload::Owned(payload))
                            .map(Some);
                    }
                }
                Stage::Payload(frame) => {
                    let event = self.receive_data(frame, input)?;
                    if event.is_some() || self.receiver.paused {
                        return Ok(event);
                    }
                }
                Stage::End => return Ok(None),
            }
        }
    }

    /// The rules for a header that depend on the connection.
    fn check_header(&self, header: &Header) -> Result<(), ProtocolError> {
        if header.rsv1 {
            match header.opcode {
                _ if self.deflate.is_none() => return Err(ProtocolError::ReservedBit(1)),
                Opcode::Text | Opcode::Binary => {}
                Opcode::Continuation => return Err(ProtocolError::CompressedContinuation),
                Opcode::Close | Opcode::Ping | Opcode::Pong => {
                    return Err(ProtocolError::CompressedControl);
                }
            }
        }
        match (self.role, header.mask) {
            (Role::Client, Some(_)) => return Err(ProtocolError::MaskedByServer),
            (Role::Server, None) => return Err(ProtocolError::UnmaskedByClient),
            _ => {}
        }
        if header.opcode.is_control() {
            return Ok(());
        }

        let open = self.receiver.open_message();
        match (header.opcode, open) {
            (Opcode::Continuation, None) => return Err(ProtocolError::UnexpectedContinuation),
            (Opcode::Text | Opcode::Binary, Some(_)) => {
                return Err(ProtocolError::UnfinishedMessage);
            }
            _ => {}
        }
        let limits = &self.limits;
        if header.len > limits.max_frame_size {
            let limit = limits.max_frame_size;
            return Err(ProtocolError::FrameTooLarge {
                len: header.len,
                limit,
            });
        }
        let (received, fragments) =
            open.map_or((0, 0), |message| (message.received(), message.fragments()));
        let compressed = open.map_or(header.rsv1, Assembly::is_compressed);
        let pieces = match open {
            Some(message) => message.pieces(),
            None => self.receiver.pieces.map(NonZeroU64::get),
        };
        let limit = pieces.unwrap_or(limits.max_message_size as u64);
        if !compressed && header.len > limit.saturating_sub(received) {
            return Err(ProtocolError::too_large(limit));
        }
        if fragments > 0 && fragments >= limits.max_fragments {
            return Err(ProtocolError::TooManyFragments {
                limit: limits.max_fragments,
            });
        }
        Ok(())
    }

    /// Adds input to the open message; returns it when it is whole.
    fn receive_data(
        &mut self,
        mut frame: Frame,
        input: &mut &mut [u8],
    ) -> Result<Option<Event<'static>>, ProtocolError> {
        let receiver = &mut self.receiver;
        let message = receiver.assembly.get_or_insert_default();
        if message.unseen() > 0 {
            return receiver.take_notice(frame);
        }
        if let Some(params) = &self.deflate
            && message.is_compressed()
        {
            let peer = self.role.peer();
            let inflater = receiver
                .inflater
                .get_or_insert_with(|| Box::new(Inflater::new(params, peer)));
            let limit = message
                .pieces()
                .unwrap_or(self.limits.max_message_size as u64);
            let discarded = message.is_discarded(receiver.pieces.is_some());
            loop {
                // The end of a frame without a payload is no work, and input that is left would
                // not be there.
                if receiver.allowance == 0 && frame.missing > 0 {
                    receiver.paused = true;
                    receiver.stage = Stage::Payload(frame);
                    return Ok(None);
                }
                let available = frame.available(input);
                let piece = take(input, available.min(SLICE));
                frame.unmask(piece);
                let last = frame.fin && frame.missing == 0;
                let inflated = message.inflate(piece, available, last, inflater, limit)?;
                if discarded {
                    message.discard();
                }
                if receiver.allowance != usize::MAX {
                    receiver.allowance = receiver.allowance.saturating_sub(inflated);
                }
                if available <= SLICE {
                    return receiver.progress(frame);
                }
            }
        }
        let piece = take(input, frame.available(input));
        message.append(&frame, piece);
        receiver.take_notice(frame)
    }

    /// A control frame, or a data frame that is a message by itself.
    fn on_frame<'b>(
        &mut self,
        opcode: Opcode,
        payload: Payload<'b>,
    ) -> Result<Event<'b>, ProtocolError> {
        Ok(match opcode {
            Opcode::Ping => {
                // After our close frame the peer ignores what we send.
                if matches!(self.life, Life::Open) {
                    self.transmit.pong(&payload);
                }
                Event::Ping(payload)
            }
            Opcode::Pong => Event::Pong(payload),
            Opcode::Close => Event::Close(self.on_close(&payload)?),
            Opcode::Text => Event::Text(Text::new(payload).ok_or(ProtocolError::InvalidUtf8)?),
            Opcode::Binary | Opcode::Continuation => Event::Binary(payload),
        })
    }
}

impl Receiver {
    pub(super) fn new(limits: &Limits) -> Receiver {
        Receiver {
            stage: Stage::Message,
            header: [0; MAX_HEADER],
            header_len: 0,
            max_whole: limits
                .max_message_size
                .min(usize::try_from(limits.max_frame_size).unwrap_or(usize::MAX)),
            assembly: None,
            inflater: None,
            allowance: usize::MAX,
            paused: false,
            headers: 0,
            pieces: None,
        }
    }

    /// The connection is closed or has failed: input is ignored, and what was received is dropped.
    pub(super) fn stop(&mut self) {
        self.stage = Stage::End;
        self.assembly = None;
        self.inflater = None;
    }

    pub(super) fn release_buffers(&mut self) {
        if matches!(self.stage, Stage::Message) {
            self.assembly = None;
            self.inflater.take_if(|inflater| inflater.is_disposable());
        }
    }

    fn assembly(&mut self) -> &mut Assembly {
        self.assembly.get_or_insert_default()
    }

    /// The message that has begun and not ended.
    pub(super) fn open_message(&self) -> Option<&Assembly> {
        self.assembly.as_deref().filter(|message| message.is_open())
    }

    /// Has nothing arrived of what is missing of `frame`?
    fn lacks_input(&self, frame: Frame) -> bool {
        let appended = self.assembly.as_deref().map_or(0, Assembly::unseen);
        frame.missing > 0 && appended == 0
    }

    /// What comes after a frame.
    fn next_frame(&mut self) {
        self.stage = match self.open_message() {
            Some(_) => Stage::Header,
            None => Stage::Message,
        };
    }

    /// Reads a header; keeps what there is of it if it is incomplete.
    fn read_header(&mut self, input: &mut &mut [u8]) -> Result<Option<Header>, ProtocolError> {
        let kept = usize::from(self.header_len);
        let added = input.len().min(MAX_HEADER - kept);
        self.header[kept..kept + added].copy_from_slice(&input[..added]);
        match Header::decode(&self.header[..kept + added])? {
            Some((header, len)) => {
                self.header_len = 0;
                take(input, len - kept);
                Ok(Some(header))
            }
            None => {
                self.header_len += added as u8;
                take(input, added);
                if self.header_len > 0 {
                    self.stage = Stage::Header;
                }
                Ok(None)
            }
        }
    }

    /// The payload of a control frame or of an unfragmented message, if all of it is in `input`.
    fn read_whole<'b>(
        &mut self,
        header: &Header,
        input: &mut &'b mut [u8],
    ) -> Option<&'b mut [u8]> {
        let whole = header.fin && !header.rsv1 && header.opcode != Opcode::Continuation;
        if !whole || (input.len() as u64) < header.len {
            return None;
        }
        let payload = take(input, header.len as usize);
        if let Some(key) = header.mask {
            mask::apply(payload, key, 0);
        }
        self.next_frame();
        Some(payload)
    }

    /// The payload of the frame will arrive in pieces, or be a piece of a message.
    fn begin_frame(&mut self, header: &Header) {
        let pieces = self.pieces.map(NonZeroU64::get);
        let message = self.assembly();
        match header.opcode {
            Opcode::Text => message.begin(MessageKind::Text, header.rsv1, pieces),
            Opcode::Binary => message.begin(MessageKind::Binary, header.rsv1, pieces),
            Opcode::Continuation => message.count_fragment(),
            Opcode::Close | Opcode::Ping | Opcode::Pong => {}
        }
        self.stage = Stage::Payload(Frame::new(header));
    }

    /// Adds input to a control frame; returns its payload when it is whole.
    fn read_control(&mut self, mut frame: Frame, input: &mut &mut [u8]) -> Option<BytesMut> {
        let piece = take(input, frame.available(input));
        frame.unmask(piece);
        let payload = self.assembly().add_control(piece, frame.missing == 0);
        match payload {
            Some(_) => self.next_frame(),
            None => self.stage = Stage::Payload(frame),
        }
        payload
    }

    /// Takes notice of what was appended to the open message; returns it when it is whole.
    fn take_notice(&mut self, mut frame: Frame) -> Result<Option<Event<'static>>, ProtocolError> {
        self.assembly().take_notice(&mut frame)?;
        self.progress(frame)
    }

    /// What comes after a piece of a data frame; the message, if that was its last.
    fn progress(&mut self, frame: Frame) -> Result<Option<Event<'static>>, ProtocolError> {
        let is_taken = self.pieces.is_some();
        let message = self.assembly();
        let discarded = message.is_discarded(is_taken);
        if discarded {
            message.discard();
        }
        if frame.missing > 0 {
            self.stage = Stage::Payload(frame);
            return Ok(None);
        }
        if !frame.fin {
            self.stage = Stage::Header;
            return Ok(None);
        }
        let event = self.assembly().end()?;
        self.stage = Stage::Message;
        Ok((!discarded).then_some(event))
    }
}

/// Splits the first `len` bytes off.
#[inline]
fn take<'b>(input: &mut &'b mut [u8], len: usize) -> &'b mut [u8] {
    let (taken, rest) = std::mem::take(input).split_at_mut(len);
    *input = rest;
    taken
}
