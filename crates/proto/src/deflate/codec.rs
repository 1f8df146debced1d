//! Compressing and inflating.
//!
//! A codec is made for the first message that it is needed for: a compressor takes 165 to 290 KiB,
//! depending on its window, an inflater 47 KiB, and connections that negotiate compression often
//! send nothing that is worth it.
//!
//! Inflating goes through flate2. Compressing calls zlib-rs, which is behind flate2, directly:
//! flate2 has no way to say how much memory to take.
use flate2::{Decompress, FlushDecompress, Status};
use zlib_rs::{Deflate, DeflateFlush, Method, Strategy};

use super::DeflateParams;
use crate::{ProtocolError, Role};

/// RFC 7692, 7.2.1: a sync flush ends with an empty stored block, whose last four bytes are not
/// sent.
const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

/// RFC 7692, 7.2.3.6: an empty message is one empty stored block without its tail.
const EMPTY_MESSAGE: [u8; 1] = [0x00];

/// The smallest window that zlib can compress with.
const MIN_ZLIB_WINDOW_BITS: u8 = 9;

/// zlib's memLevel, which says how many symbols a block has at most: here 4,096. With zlib's
/// default, 8, a connection takes 84 KiB more, and messages of up to 16 KiB do not get smaller.
const MEM_LEVEL: i32 = 6;

/// Room that a compressor needs to finish a sync flush: with less, zlib may repeat the empty block
/// at its end.
const FLUSH_ROOM: usize = 16;

/// Compresses the messages of one connection (RFC 7692, 7.2.1).
pub(crate) struct Deflater {
    context: Deflate,
    /// The context is kept from one message to the next.
    takeover: bool,
    /// Begins with the latest message, compressed.
    output: Vec<u8>,
}

impl Deflater {
    /// The compressor of the `role` end. `None`: the window is too small for zlib, messages go
    /// uncompressed (RFC 7692, 6 allows that for any message).
    pub(crate) fn new(params: &DeflateParams, role: Role) -> Option<Deflater> {
        let (window_bits, takeover) = params.compressor(role);
        (window_bits >= MIN_ZLIB_WINDOW_BITS).then(|| Deflater {
            context: Deflate::new_with_config(zlib_rs::DeflateConfig {
                level: params.level.min(9).into(),
                method: Method::Deflated,
                // zlib's way to ask for neither header nor checksum.
                window_bits: -i32::from(window_bits.min(15)),
                mem_level: MEM_LEVEL,
                strategy: Strategy::Default,
            }),
            takeover,
            output: Vec::new(),
        })
    }

    /// Compresses a message. `None`: send it as it is, which is always allowed; it is smaller like
    /// that.
    pub(crate) fn compress(&mut self, message: &[u8]) -> Option<&[u8]> {
        if message.is_empty() {
            return Some(&EMPTY_MESSAGE);
        }
        let filled = self.flush(message)?;
        let compressed = &self.output[..filled - TAIL.len()];
        if !self.takeover {
            self.context.reset();
            if compressed.len() >= message.len() {
                return None;
            }
        }
        Some(compressed)
    }

    /// Compresses the next fragment of a message, of which it is the `last` or not. Whatever was
    /// passed can be inflated from what has been returned.
    pub(crate) fn compress_fragment(&mut self, payload: &[u8], last: bool) -> &[u8] {
        let filled = match payload {
            [] => 0,
            // zlib fails on a stream that was misused; this one is not.
            _ => self.flush(payload).expect("a compressor takes all bytes"),
        };
        if !last {
            return &self.output[..filled];
        }
        if !self.takeover {
            self.context.reset();
        }
        self.end_of_message(filled)
    }

    /// The last `filled` bytes of a message, without those that are not sent.
    fn end_of_message(&self, filled: usize) -> &[u8] {
        match filled {
            // What was sent before ends with its tail: another empty block follows.
            0 => &EMPTY_MESSAGE,
            _ => &self.output[..filled - TAIL.len()],
        }
    }

    /// Compresses `input` to the front of `output`, up to a sync flush. Returns how much that is.
    fn flush(&mut self, input: &[u8]) -> Option<usize> {
        let (context, output) = (&mut self.context, &mut self.output);
        let room = input.len() / 2 + FLUSH_ROOM;
        if output.len() < room {
            output.resize(room, 0);
        }
        let mut rest = input;
        let mut filled = 0;
        loop {
            let (total_in, total_out) = (context.total_in(), context.total_out());
            // Fails only on a stream that was misused.
            context
                .compress(rest, &mut output[filled..], DeflateFlush::SyncFlush)
                .ok()?;
            rest = &rest[(context.total_in() - total_in) as usize..];
            filled += (context.total_out() - total_out) as usize;
            // zlib has finished the flush when it leaves room in the output.
            if rest.is_empty() && filled < output.len() {
                break;
            }
            output.resize(filled + filled.max(FLUSH_ROOM), 0);
        }
        debug_assert!(output[..filled].ends_with(&TAIL));
        Some(filled)
    }

    /// Nothing is lost when this compressor is dropped between two messages.
    pub(crate) fn is_disposable(&self) -> bool {
        !self.takeover
    }

    pub(crate) fn release_buffers(&mut self) {
        self.output = Vec::new();
    }
}

/// Inflates the messages of one connection as their bytes arrive (RFC 7692, 7.2.2).
pub(crate) struct Inflater {
    context: Decompress,
    takeover: bool,
    /// The last byte of input was the end of a block with BFINAL set (RFC 7692, 7.2.3.4).
    ended: bool,
}

impl Inflater {
    /// Inflates what the `peer` end compresses.
    pub(crate) fn new(params: &DeflateParams, peer: Role) -> Inflater {
        let (_, takeover) = params.compressor(peer);
        Inflater {
            // A window of 15 bits inflates what was compressed with any window, and the backend
            // takes the same memory for all of them.
            context: Decompress::new(false),
            takeover,
            ended: false,
        }
    }

    /// Inflates a piece of a message, of which `available` bytes have arrived with this piece, and
    /// appends the result to `message`.
    ///
    /// # Errors
    /// The piece is not valid, or the message grows beyond `limit` bytes.
    pub(crate) fn push(
        &mut self,
        mut piece: &[u8],
        available: usize,
        message: &mut Vec<u8>,
        limit: usize,
    ) -> Result<(), ProtocolError> {
        loop {
            if message.len() == message.capacity() {
                // JSON and the like shrink to a quarter. One byte more than the limit shows that it
                // is exceeded.
                let room = message.len().max(available.saturating_mul(4)).max(64);
                message.reserve_exact(room.min((limit - message.len()).saturating_add(1)));
            }
            let filled = message.len();
            let before = self.context.total_in();
            let status = self
                .context
                .decompress_vec(piece, message, FlushDecompress::None)
                .map_err(|_| ProtocolError::InvalidDeflate)?;
            let consumed = (self.context.total_in() - before) as usize;
            piece = &piece[consumed..];
            if message.len() > limit {
                return Err(ProtocolError::MessageTooLarge { limit });
            }
            if status == Status::StreamEnd {
                // What follows a block with BFINAL set is a stream of its own, with a window of its
                // own.
                self.context.reset(false);
                self.ended = true;
            } else if consumed > 0 {
                self.ended = false;
            }
            if message.len() < message.capacity() {
                if piece.is_empty() {
                    return Ok(());
                }
                if consumed == 0 && message.len() == filled {
                    return Err(ProtocolError::InvalidDeflate);
                }
            }
        }
    }

    /// The message is at its end: inflates what was held back, and prepares for the next message.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub(crate) fn finish(
        &mut self,
        message: &mut Vec<u8>,
        limit: usize,
    ) -> Result<(), ProtocolError> {
        // A sender that ends its stream and adds nothing leaves nothing to be completed.
        if !std::mem::take(&mut self.ended) {
            self.push(&TAIL, TAIL.len(), message, limit)?;
        }
        if !self.takeover {
            self.context.reset(false);
        }
        Ok(())
    }

    /// Nothing is lost when this inflater is dropped between two messages.
    pub(crate) fn is_disposable(&self) -> bool {
        !self.takeover
    }
}
