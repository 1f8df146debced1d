//! The output queue: encoded frames on their way to the transport.
//!
//! Headers and small payloads lie one after the other in one block, so that many frames leave in
//! one write. A large payload that we own is not copied there: it becomes a chunk of its own, and
//! the place in the block is noted behind which it leaves. So do pings and pongs, which go ahead of
//! everything that waits but the rest of a frame of which a part has left.
use std::collections::VecDeque;
use std::fmt;
use std::io::IoSlice;

use bytes::{Buf, Bytes};

use crate::entropy::MaskingKeys;
use crate::frame::{Header, MAX_CONTROL_PAYLOAD, MAX_HEADER, Opcode};
use crate::mask;

/// The first block of a connection that sends, in bytes. It doubles as needed.
const FIRST_BLOCK: usize = 256;

/// A payload from this size on becomes a chunk of its own when the block has no room for it, and
/// when it is owned, in bytes.
const LARGE: usize = 8 << 10;

/// Pongs that may wait at once. Beyond it only the latest ping is answered (RFC 6455, 5.5.3), so
/// that a flood of pings cannot grow the queue.
const MAX_WAITING_PONGS: u8 = 16;

/// The bytes that wait for the transport.
///
/// A [`Buf`] with one chunk per large payload and one for the frames between them.
pub struct Transmit {
    keys: MaskingKeys,
    /// All of it is initialised; the waiting bytes are `start..end`.
    block: Vec<u8>,
    start: usize,
    end: usize,
    /// Where in the block a frame begins: at or before the first that begins from `start` on.
    frame: usize,
    /// Up to here the block holds pings and pongs: those that were queued while nothing else
    /// waited.
    control_end: usize,
    /// What is not in the block, in the order in which it leaves.
    apart: VecDeque<Apart>,
    /// Waiting bytes, of the block and of what is apart.
    remaining: usize,
    /// Bytes that have left since the connection was made.
    sent: u64,
    pongs: Pongs,
}

/// Bytes that are not in the block.
struct Apart {
    /// They leave when the block has been sent up to here.
    after: usize,
    bytes: Bytes,
    /// A large payload, or else a ping or pong.
    is_payload: bool,
}

/// Answers to pings.
#[derive(Default)]
struct Pongs {
    /// How many are in the queue.
    waiting: u8,
    /// Where the last of them ends, counted as [`Transmit::sent`].
    end: u64,
    /// The answer to the latest ping, while too many are waiting.
    latest: Option<Box<[u8]>>,
}

impl Transmit {
    pub(super) fn new(keys: MaskingKeys) -> Transmit {
        Transmit {
            keys,
            block: Vec::new(),
            start: 0,
            end: 0,
            frame: 0,
            control_end: 0,
            apart: VecDeque::new(),
            remaining: 0,
            sent: 0,
            pongs: Pongs::default(),
        }
    }

    /// Bytes that wait, including an answer to a ping that is held back.
    pub(super) fn queued(&self) -> usize {
        let header = if self.keys.are_used() { 6 } else { 2 };
        let latest = self.pongs.latest.as_ref();
        let held_back = latest.map_or(0, |pong| header + pong.len());
        self.remaining + held_back
    }

    /// Waiting bytes of pings and pongs.
    pub(super) fn queued_control(&self) -> usize {
        let apart = self.apart.iter().filter(|it| !it.is_payload);
        let apart: usize = apart.map(|it| it.bytes.len()).sum();
        self.control_end.saturating_sub(self.start) + apart
    }

    /// Waiting bytes of messages, and of the close frame.
    pub(super) fn queued_data(&self) -> usize {
        self.remaining - self.queued_control()
    }

    /// Encodes a frame: header, masking key and masked copy in one go. Key and length are not taken
    /// from `header`.
    #[inline]
    pub(super) fn frame(&mut self, header: Header, payload: &[u8]) {
        let header = Header {
            mask: self.keys.next_key(),
            len: payload.len() as u64,
            ..header
        };
        if self.block.len() - self.end < MAX_HEADER + payload.len() {
            if payload.len() >= LARGE {
                let copy = match header.mask {
                    Some(key) => mask::copied(payload, key).into(),
                    None => Bytes::copy_from_slice(payload),
                };
                return self.large_frame(header, copy);
            }
            self.make_room(MAX_HEADER + payload.len());
        }
        let room = &mut self.block[self.end..];
        let start = header.encode(room.first_chunk_mut().expect("room for a header"));
        let end = start + payload.len();
        match header.mask {
            Some(key) => mask::copy(&mut room[start..end], payload, key),
            None => room[start..end].copy_from_slice(payload),
        }
        self.end += end;
        self.remaining += end;
    }

    /// Queues a frame whose payload is owned. A large one becomes a chunk of its own: as it is, or
    /// masked in place if nobody else owns it.
    pub(super) fn owned_frame(&mut self, opcode: Opcode, payload: Bytes) {
        if payload.len() < LARGE {
            return self.frame(Header::whole(opcode), &payload);
        }
        let header = Header {
            mask: self.keys.next_key(),
            len: payload.len() as u64,
            ..Header::whole(opcode)
        };
        let Some(key) = header.mask else {
            return self.large_frame(header, payload);
        };
        match payload.try_into_mut() {
            Ok(mut payload) => {
                mask::apply(&mut payload, key, 0);
                self.large_frame(header, payload.freeze());
            }
            // Copied and masked in one go, with a key of its own.
            Err(shared) => self.frame(Header::whole(opcode), &shared),
        }
    }

    /// Queues a frame whose payload, already masked if it must be, is a chunk of its own.
    #[inline(never)]
    fn large_frame(&mut self, header: Header, payload: Bytes) {
        if self.block.len() - self.end < MAX_HEADER {
            self.make_room(MAX_HEADER);
        }
        let room = &mut self.block[self.end..];
        let len = header.encode(room.first_chunk_mut().expect("room for a header"));
        self.end += len;
        self.remaining += len + payload.len();
        self.apart.push_back(Apart {
            after: self.end,
            bytes: payload,
            is_payload: true,
        });
    }

    /// Queues a ping or a pong: behind those before it and behind a frame of which a part has left,
    /// ahead of everything else. Returns how many bytes have to leave until it has, itself
    /// included.
    pub(super) fn control_frame(&mut self, opcode: Opcode, payload: &[u8]) -> usize {
        if self.remaining == self.control_end.saturating_sub(self.start) {
            self.frame(Header::whole(opcode), payload);
            self.control_end = self.end;
            return self.remaining;
        }
        let header = Header {
            mask: self.keys.next_key(),
            len: payload.len() as u64,
            ..Header::whole(opcode)
        };
        let mut room = [0; MAX_HEADER + MAX_CONTROL_PAYLOAD];
        let start = header.encode(room.first_chunk_mut().expect("room for a header"));
        let end = start + payload.len();
        match header.mask {
            Some(key) => mask::copy(&mut room[start..end], payload, key),
            None => room[start..end].copy_from_slice(payload),
        }

        let after = self.next_frame().max(self.control_end);
        // Behind the large payload of which a part may have left, and behind the pings and pongs
        // before it.
        let is_before =
            |(at, it): &(usize, &Apart)| it.after <= after && (!it.is_payload || *at == 0);
        let apart = self.apart.iter().enumerate().take_while(is_before);
        let (place, sizes) = apart.fold((0, 0), |(place, sizes), (_, it)| {
            (place + 1, sizes + it.bytes.len())
        });
        self.apart.insert(
            place,
            Apart {
                after,
                bytes: Bytes::copy_from_slice(&room[..end]),
                is_payload: false,
            },
        );
        self.remaining += end;
        (after - self.start) + sizes + end
    }

    /// Where in the block the first frame begins of which nothing has left, or else the block's
    /// end.
    fn next_frame(&mut self) -> usize {
        while self.frame < self.start {
            let Ok(Some((header, len))) = Header::decode(&self.block[self.frame..self.end]) else {
                unreachable!("whole headers of ours are in the block");
            };
            let payload = self.frame + len;
            self.frame = match self.apart.front() {
                Some(front) if front.is_payload && front.after == payload => payload,
                _ => payload + header.len as usize,
            };
        }
        self.frame
    }

    /// Answers a ping. While too many answers wait, the latest replaces the one before it.
    pub(super) fn pong(&mut self, payload: &[u8]) {
        if self.pongs.waiting < MAX_WAITING_PONGS {
            let ahead = self.control_frame(Opcode::Pong, payload);
            self.pongs.waiting += 1;
            self.pongs.end = self.sent + ahead as u64;
        } else {
            self.pongs.latest = Some(payload.into());
        }
    }

    /// Drops the answer that is held back: nothing may follow a close frame.
    pub(super) fn discard_held_pong(&mut self) {
        self.pongs.latest = None;
    }

    pub(super) fn release_buffers(&mut self) {
        if self.remaining == 0 {
            self.block = Vec::new();
            self.apart = VecDeque::new();
        }
    }

    /// Has a block to encode into?
    #[inline]
    pub(super) fn has_block(&self) -> bool {
        !self.block.is_empty()
    }

    pub(super) fn lend_block(&mut self, block: Box<[u8]>) {
        if !self.has_block() {
            self.block = block.into();
        }
    }

    pub(super) fn reclaim_block(&mut self) -> Option<Box<[u8]>> {
        let idle = self.remaining == 0 && self.has_block();
        idle.then(|| std::mem::take(&mut self.block).into_boxed_slice())
    }

    /// Moves the waiting bytes to the front: of the same block if that is cheap and enough, else of
    /// a larger one.
    #[cold]
    fn make_room(&mut self, len: usize) {
        // What has left is overwritten, and with it the header that says where its frame ends.
        self.next_frame();
        let waiting = self.start..self.end;
        let needed = waiting.len() + len;
        if needed <= self.block.len() && waiting.len() <= self.start {
            self.block.copy_within(waiting.clone(), 0);
        } else {
            let doubled = self.block.len().saturating_mul(2);
            let mut block = vec![0; needed.max(doubled).max(FIRST_BLOCK)];
            block[..waiting.len()].copy_from_slice(&self.block[waiting.clone()]);
            self.block = block;
        }
        for apart in &mut self.apart {
            apart.after -= waiting.start;
        }
        self.frame -= waiting.start;
        self.control_end = self.control_end.saturating_sub(waiting.start);
        self.start = 0;
        self.end = waiting.len();
    }

    /// How many bytes of the block leave before what is apart.
    fn run(&self) -> usize {
        self.apart.front().map_or(self.end, |apart| apart.after) - self.start
    }

    /// The last answer to a ping has left: the one that was held back may follow.
    #[cold]
    fn pongs_sent(&mut self) {
        self.pongs.waiting = 0;
        if let Some(latest) = self.pongs.latest.take() {
            self.pong(&latest);
        }
    }
}

impl Buf for Transmit {
    fn remaining(&self) -> usize {
        self.remaining
    }

    fn chunk(&self) -> &[u8] {
        match (self.run(), self.apart.front()) {
            (0, Some(apart)) => &apart.bytes,
            (run, _) => &self.block[self.start..self.start + run],
        }
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut filled = 0;
        let mut start = self.start;
        let apart = self.apart.iter().map(|apart| (apart.after, &*apart.bytes));
        for (end, bytes) in apart.chain([(self.end, &[][..])]) {
            for chunk in [&self.block[start..end], bytes] {
                if filled == slices.len() {
                    return filled;
                }
                if !chunk.is_empty() {
                    slices[filled] = IoSlice::new(chunk);
                    filled += 1;
                }
            }
            start = end;
        }
        filled
    }

    fn advance(&mut self, count: usize) {
        assert!(
            count <= self.remaining,
            "advanced by {count}, but only {} bytes wait",
            self.remaining
        );
        self.remaining -= count;
        self.sent += count as u64;
        let mut left = count;
        loop {
            let run = self.run().min(left);
            self.start += run;
            left -= run;
            match self.apart.front_mut() {
                Some(apart) if apart.after == self.start && left > 0 => {
                    let taken = left.min(apart.bytes.len());
                    left -= taken;
                    apart.bytes.advance(taken);
                    if apart.bytes.is_empty() {
                        self.apart.pop_front();
                        self.frame = self.start;
                    }
                }
                _ => break,
            }
        }
        if self.remaining == 0 {
            self.start = 0;
            self.end = 0;
            self.frame = 0;
            self.control_end = 0;
        }
        if self.pongs.waiting > 0 && self.sent >= self.pongs.end {
            self.pongs_sent();
        }
    }
}

/// Shows no bytes: neither those that wait nor what a lent block held before.
impl fmt::Debug for Transmit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transmit")
            .field("remaining", &self.remaining)
            .field("sent", &self.sent)
            .finish_non_exhaustive()
    }
}
