//! The generator of the thread.
use std::cell::Cell;

use rand::Rng;

pub(super) fn fill(bytes: &mut [u8]) {
    rand::rng().fill_bytes(bytes);
}

/// Keys that a thread draws from its generator at once: one key costs a few loads then.
const DRAWN: usize = 256;

/// Keys of this thread that have been drawn. Those up to `used` have masked a frame.
struct Drawn {
    keys: [Cell<[u8; 4]>; DRAWN],
    used: Cell<usize>,
}

thread_local! {
    static OF_THREAD: Drawn = const {
        Drawn { keys: [const { Cell::new([0; 4]) }; DRAWN], used: Cell::new(DRAWN) }
    };
}

#[inline]
pub(super) fn next_key() -> [u8; 4] {
    OF_THREAD.with(|drawn| {
        let used = drawn.used.get();
        match drawn.keys.get(used) {
            Some(key) => {
                drawn.used.set(used + 1);
                key.get()
            }
            None => draw(drawn),
        }
    })
}

/// Draws the next keys, and takes the first.
#[cold]
#[inline(never)]
fn draw(drawn: &Drawn) -> [u8; 4] {
    let mut bytes = [0; 4 * DRAWN];
    rand::rng().fill_bytes(&mut bytes);
    let (keys, _) = bytes.as_chunks();
    for (drawn, key) in drawn.keys.iter().zip(keys) {
        drawn.set(*key);
    }
    drawn.used.set(1);
    keys[0]
}
