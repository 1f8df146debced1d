//! Blocks to read into and to encode into, shared by all connections of a thread.
//!
//! A connection takes a block when it is about to read, or to queue messages, and gives it back as
//! soon as all of its bytes are consumed or written: an idle connection owns none, and a busy
//! thread works in memory that is still in its cache. A block is zeroed once, when it is made.
use std::cell::RefCell;

/// The size of a block, in bytes: large enough for one and a half of the largest reads, so that
/// what is left of one read stays where it is during the next; small enough for the second-level
/// cache.
pub(crate) const BLOCK: usize = 160 << 10;

/// Blocks that a thread keeps while no connection needs them.
const KEPT: usize = 4;

thread_local! {
    static FREE: RefCell<Vec<Box<[u8]>>> = const { RefCell::new(Vec::new()) };
}

/// A block of [`BLOCK`] bytes.
#[inline]
pub(crate) fn take() -> Box<[u8]> {
    FREE.try_with(|free| free.borrow_mut().pop())
        .ok()
        .flatten()
        .unwrap_or_else(|| vec![0; BLOCK].into_boxed_slice())
}

/// Gives a block back; memory that is not a block is freed.
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
