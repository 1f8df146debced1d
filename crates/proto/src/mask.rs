//! Masking (RFC 6455, 5.3) and masking keys (10.3).
//!
//! The loops work on whole 32-byte blocks at any alignment: a form that compilers turn into vector instructions without
//! `unsafe` and without a scalar prologue.
use std::cell::RefCell;

use rand::Rng as _;

/// One step of the loops: two SSE2 or NEON registers, one AVX2 register.
const BLOCK: usize = 32;

/// Bytes of key material that are drawn from the generator at once: 256 keys.
const KEY_POOL: usize = 1024;

/// Key material of this thread that has not been used yet.
struct KeyPool {
    bytes: [u8; KEY_POOL],
    used: usize,
}

thread_local! {
    static KEYS: RefCell<KeyPool> = const {
        RefCell::new(KeyPool { bytes: [0; KEY_POOL], used: KEY_POOL })
    };
}

/// A fresh, unpredictable masking key from a cryptographic generator (RFC 6455, 10.3).
///
/// Keys are drawn from the thread's ChaCha generator 256 at a time, so that one costs a few loads.
#[inline]
pub fn fresh_key() -> [u8; 4] {
    KEYS.with_borrow_mut(|pool| {
        if pool.used == KEY_POOL {
            refill(pool);
        }
        let (keys, _) = pool.bytes.as_chunks();
        let key = keys[pool.used / 4];
        pool.used += 4;
        key
    })
}

#[cold]
fn refill(pool: &mut KeyPool) {
    rand::rng().fill_bytes(&mut pool.bytes);
    pool.used = 0;
}

/// Masks or unmasks in place; `offset` is the position of `payload[0]` within the frame's payload.
#[inline]
pub fn apply(payload: &mut [u8], key: [u8; 4], offset: usize) {
    let key = rotated(key, offset);
    let pattern = repeated(key);
    let (blocks, tail) = payload.as_chunks_mut::<BLOCK>();
    for block in blocks {
        for (byte, k) in block.iter_mut().zip(pattern) {
            *byte ^= k;
        }
    }
    let (words, tail) = tail.as_chunks_mut::<8>();
    let key8 = u64::from_ne_bytes(*pattern.first_chunk().expect("32 >= 8"));
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ key8).to_ne_bytes();
    }
    for (byte, k) in tail.iter_mut().zip(pattern) {
        *byte ^= k;
    }
}

/// Masks while copying: `to[i] = from[i] ^ key[i % 4]`.
///
/// # Panics
/// If the two slices differ in length.
#[inline]
pub fn copy(to: &mut [u8], from: &[u8], key: [u8; 4]) {
    assert_eq!(
        to.len(),
        from.len(),
        "masking copies between slices of one length"
    );
    let pattern = repeated(key);
    let (to_blocks, to_tail) = to.as_chunks_mut::<BLOCK>();
    let (from_blocks, from_tail) = from.as_chunks::<BLOCK>();
    for (to, from) in to_blocks.iter_mut().zip(from_blocks) {
        for i in 0..BLOCK {
            to[i] = from[i] ^ pattern[i];
        }
    }
    let key8 = u64::from_ne_bytes(*pattern.first_chunk().expect("32 >= 8"));
    let (to_words, to_tail) = to_tail.as_chunks_mut::<8>();
    let (from_words, from_tail) = from_tail.as_chunks::<8>();
    for (to, from) in to_words.iter_mut().zip(from_words) {
        *to = (u64::from_ne_bytes(*from) ^ key8).to_ne_bytes();
    }
    for ((to, from), k) in to_tail.iter_mut().zip(from_tail).zip(pattern) {
        *to = from ^ k;
    }
}

/// The key as it applies from `offset` on.
fn rotated(mut key: [u8; 4], offset: usize) -> [u8; 4] {
    key.rotate_left(offset % 4);
    key
}

/// The key, often enough for one block.
fn repeated(key: [u8; 4]) -> [u8; BLOCK] {
    let mut pattern = [0; BLOCK];
    for (i, byte) in pattern.iter_mut().enumerate() {
        *byte = key[i % 4];
    }
    pattern
}
