//! Blocks to read into and to encode into, shared by all connections of a thread.
//!
//! A connection takes a block when it is about to read, or to queue messages, and gives it back as
//! soon as all of its bytes are consumed or written: an idle connection owns none, and a busy
//! thread works in memory that is still in its cache. A block is zeroed once, when it is made.
//!
//! A program may have parts of a block that was read into. What is left of it then is kept apart:
//! it is a block again when the program, perhaps on another thread, has let go of the last part.
use std::cell::RefCell;
use std::collections::VecDeque;

use arkws_proto::connection::Storage;

/// The size of a block, in bytes: large enough for one and a half of the largest reads, so that
/// what is left of one read stays where it is during the next; small enough for the second-level
/// cache.
pub(crate) const BLOCK: usize = 160 << 10;

/// Blocks of either kind that a thread keeps while no connection needs them.
const KEPT: usize = 4;

/// Blocks of which a program has parts, and that a thread takes again when it has none any more. As
/// many as a program that keeps up has at a time, and some more.
const LENT: usize = 16;

thread_local! {
    static FREE: RefCell<Vec<Box<[u8]>>> = const { RefCell::new(Vec::new()) };
    static READ: RefCell<Readable> = const { RefCell::new(Readable::new()) };
}

/// Blocks to read into.
struct Readable {
    free: Vec<Storage>,
    /// Of blocks of which a program has parts, what is left, the oldest first.
    lent: VecDeque<Storage>,
}

impl Readable {
    const fn new() -> Readable {
        Readable {
            free: Vec::new(),
            lent: VecDeque::new(),
        }
    }

    #[inline]
    fn take(&mut self) -> Option<Storage> {
        match self.free.pop() {
            None => self.reclaim(),
            free => free,
        }
    }

    #[inline(never)]
    fn reclaim(&mut self) -> Option<Storage> {
        let index = self.lent.iter_mut().position(Storage::reclaim)?;
        self.lent.remove(index)
    }

    #[inline]
    fn give_back(&mut self, block: Storage) {
        if block.whole_len() != BLOCK {
            return;
        }
        if !block.is_whole() {
            return self.lend(block);
        }
        // Little is lent now: what was is not needed again, one after the other.
        if !self.lent.is_empty() {
            self.lent.pop_front();
        }
        if self.free.len() < KEPT {
            self.free.push(block);
        }
    }

    #[inline(never)]
    fn lend(&mut self, rest: Storage) {
        if self.lent.len() == LENT {
            self.lent.pop_front();
        }
        self.lent.push_back(rest);
    }
}

/// A block of [`BLOCK`] bytes to encode into.
#[inline]
pub(crate) fn take() -> Box<[u8]> {
    FREE.try_with(|free| free.borrow_mut().pop())
        .ok()
        .flatten()
        .unwrap_or_else(|| vec![0; BLOCK].into_boxed_slice())
}

/// Gives such a block back; memory that is not a block is freed.
#[inline]
pub(crate) fn give_back(block: Box<[u8]>) {
    if block.len() != BLOCK {
        return;
    }
    // The pool is gone while its thread ends: then the block is simply freed.
    let _ = FREE.try_with(|free| {
        let mut free = free.borrow_mut();
        if free.len() < KEPT {
            free.push(block);
        }
    });
}

/// A block of [`BLOCK`] bytes to read into.
#[inline]
pub(crate) fn take_to_read() -> Storage {
    READ.try_with(|readable| readable.borrow_mut().take())
        .ok()
        .flatten()
        .unwrap_or_else(|| Storage::zeroed(BLOCK))
}

/// Gives such a block back, or what is left of it; memory that is not a block is freed.
#[inline]
pub(crate) fn give_back_read(block: Storage) {
    let _ = READ.try_with(|readable| readable.borrow_mut().give_back(block));
}
