//! Where a connection's random numbers come from: masking keys, and the key of the opening
//! handshake (RFC 6455, 4.1 and 10.3).
//!
//! They are the only thing about a connection that its input does not decide. So they are a
//! parameter: with `Entropy::Seed` the same input gives the same output, to the byte.
#[cfg(feature = "rand")]
mod seeded;
#[cfg(feature = "rand")]
mod thread;

use crate::Role;

/// Where a connection's random numbers come from. Default: `System`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "rand", derive(Default))]
pub enum Entropy {
    /// From a cryptographic generator of the thread, which the operating system seeds. Nobody can
    /// foretell a masking key, as RFC 6455, 10.3 demands.
    #[cfg(feature = "rand")]
    #[default]
    System,
    /// From a generator of the connection's own with this seed: for tests and simulations that
    /// have to run the same way twice. **Not for the network**, because whoever knows the seed
    /// knows all keys. Two connections with one seed use the same keys, and another version of
    /// this crate may make others of it.
    #[cfg(feature = "rand")]
    Seed(u64),
    /// From a function of the program's own: where there is no operating system, say.
    Source(EntropySource),
}

/// A function that fills bytes with random numbers, for each handshake and each masked frame. They
/// must be unpredictable (RFC 6455, 10.3).
///
/// ```
/// use arkws_proto::{Entropy, EntropySource};
///
/// fn fill(bytes: &mut [u8]) {
///     // The device's generator...
///     # bytes.fill(4);
/// }
/// let entropy = Entropy::Source(EntropySource(fill));
/// # assert_eq!(entropy, entropy);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct EntropySource(
    /// Fills all of the bytes.
    pub fn(&mut [u8]),
);

impl PartialEq for EntropySource {
    fn eq(&self, other: &EntropySource) -> bool {
        std::ptr::fn_addr_eq(self.0, other.0)
    }
}

impl Eq for EntropySource {}

impl Entropy {
    /// The bytes of a `Sec-WebSocket-Key` (RFC 6455, 4.1).
    pub(crate) fn handshake_key(self) -> [u8; 16] {
        let mut key = [0; 16];
        match self {
            #[cfg(feature = "rand")]
            Entropy::System => thread::fill(&mut key),
            #[cfg(feature = "rand")]
            Entropy::Seed(seed) => seeded::Generator::for_handshake(seed).fill(&mut key),
            Entropy::Source(EntropySource(fill)) => fill(&mut key),
        }
        key
    }

    /// A random number for another purpose than a connection's: for the `nth` of a series of
    /// delays, for example. Each is its own; with a seed, the same each time.
    #[cfg_attr(not(feature = "rand"), expect(unused_variables))]
    pub fn number(self, nth: u64) -> u64 {
        let mut bytes = [0; 8];
        match self {
            #[cfg(feature = "rand")]
            Entropy::System => thread::fill(&mut bytes),
            #[cfg(feature = "rand")]
            Entropy::Seed(seed) => seeded::Generator::for_number(seed, nth).fill(&mut bytes),
            Entropy::Source(EntropySource(fill)) => fill(&mut bytes),
        }
        u64::from_le_bytes(bytes)
    }
}

/// The masking keys of one end of a connection.
///
/// No larger than a pointer and a tag: a generator is some 300 bytes, and most connections are
/// idle. So those with `Entropy::System` share that of their thread.
pub(crate) enum MaskingKeys {
    /// A server does not mask (RFC 6455, 5.1).
    None,
    #[cfg(feature = "rand")]
    OfThread,
    #[cfg(feature = "rand")]
    Seeded(Box<seeded::Generator>),
    Source(EntropySource),
}

impl MaskingKeys {
    pub(crate) fn new(role: Role, entropy: Entropy) -> MaskingKeys {
        match (role, entropy) {
            (Role::Server, _) => MaskingKeys::None,
            #[cfg(feature = "rand")]
            (Role::Client, Entropy::System) => MaskingKeys::OfThread,
            #[cfg(feature = "rand")]
            (Role::Client, Entropy::Seed(seed)) => {
                MaskingKeys::Seeded(Box::new(seeded::Generator::for_masking(seed)))
            }
            (Role::Client, Entropy::Source(source)) => MaskingKeys::Source(source),
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
            #[cfg(feature = "rand")]
            MaskingKeys::OfThread => Some(thread::next_key()),
            #[cfg(feature = "rand")]
            MaskingKeys::Seeded(generator) => Some(generator.next_key()),
            MaskingKeys::Source(source) => Some(next_of(*source)),
        }
    }
}

#[cold]
#[inline(never)]
fn next_of(EntropySource(fill): EntropySource) -> [u8; 4] {
    let mut key = [0; 4];
    fill(&mut key);
    key
}
