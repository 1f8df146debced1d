//! Where a connection's random numbers come from: masking keys, and the key of the opening
//! handshake (RFC 6455, 4.1 and 10.3).
//!
//! They are the only thing about a connection that its input does not decide. So they are a
//! parameter: with [`Entropy::Seed`] the same input gives the same output, to the byte.
use std::cell::Cell;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::Role;

/// Where a connection's random numbers come from. Default: [`System`](Entropy::System).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Entropy {
    /// From a cryptographic generator of the thread, which the operating system seeds. Nobody can
    /// foretell a masking key, as RFC 6455, 10.3 demands.
    #[default]
    System,
    /// From a generator of the connection's own with this seed: for tests and simulations that
    /// have to run the same way twice. **Not for the network**, because whoever knows the seed
    /// knows all keys. Two connections with one seed use the same keys, and another version of
    /// this crate may make others of it.
    Seed(u64),
}

/// What the numbers of one seed are for: each purpose has a sequence of its own.
#[derive(Clone, Copy)]
enum Purpose {
    Handshake = 0,
    Masking = 1,
}

impl Entropy {
    /// The bytes of a `Sec-WebSocket-Key` (RFC 6455, 4.1).
    pub(crate) fn handshake_key(self) -> [u8; 16] {
        let mut key = [0; 16];
        match self {
            Entropy::System => rand::rng().fill_bytes(&mut key),
            Entropy::Seed(seed) => generator(seed, Purpose::Handshake).fill_bytes(&mut key),
        }
        key
    }
}

fn generator(seed: u64, purpose: Purpose) -> StdRng {
    let mut full = [0; 32];
    full[..8].copy_from_slice(&seed.to_le_bytes());
    full[8] = purpose as u8;
    StdRng::from_seed(full)
}

/// The masking keys of one end of a connection.
///
/// No larger than a pointer and a tag: a generator is some 300 bytes, and most connections are
/// idle. So those with [`Entropy::System`] share that of their thread.
pub(crate) enum MaskingKeys {
    /// A server does not mask (RFC 6455, 5.1).
    None,
    OfThread,
    Seeded(Box<StdRng>),
}

impl MaskingKeys {
    pub(crate) fn new(role: Role, entropy: Entropy) -> MaskingKeys {
        match (role, entropy) {
            (Role::Server, _) => MaskingKeys::None,
            (Role::Client, Entropy::System) => MaskingKeys::OfThread,
            (Role::Client, Entropy::Seed(seed)) => {
                MaskingKeys::Seeded(Box::new(generator(seed, Purpose::Masking)))
            }
        }
    }

    /// Whether frames are masked.
    #[inline]
    pub(crate) fn are_used(&self) -> bool {
        !matches!(self, MaskingKeys::None)
    }

    /// A fresh key for the next frame; `None`: it is not masked.
    #[inline]
    pub(crate) fn next_key(&mut self) -> Option<[u8; 4]> {
        match self {
            MaskingKeys::None => None,
            MaskingKeys::OfThread => Some(next_of_thread()),
            MaskingKeys::Seeded(generator) => Some(next_of(generator)),
        }
    }
}

#[cold]
#[inline(never)]
fn next_of(generator: &mut StdRng) -> [u8; 4] {
    generator.next_u32().to_le_bytes()
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
fn next_of_thread() -> [u8; 4] {
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
