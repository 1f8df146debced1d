//! The same numbers each time.
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// A generator with a seed.
pub(crate) struct Generator(StdRng);

/// What the numbers of one seed are for: each purpose has a sequence of its own.
#[derive(Clone, Copy)]
enum Purpose {
    Handshake = 0,
    Masking = 1,
    Number = 2,
}

impl Generator {
    pub(super) fn for_handshake(seed: u64) -> Generator {
        Generator::new(seed, Purpose::Handshake, 0)
    }

    pub(super) fn for_masking(seed: u64) -> Generator {
        Generator::new(seed, Purpose::Masking, 0)
    }

    pub(super) fn for_number(seed: u64, nth: u64) -> Generator {
        Generator::new(seed, Purpose::Number, nth)
    }

    fn new(seed: u64, purpose: Purpose, nth: u64) -> Generator {
        let mut full = [0; 32];
        full[..8].copy_from_slice(&seed.to_le_bytes());
        full[8] = purpose as u8;
        full[16..24].copy_from_slice(&nth.to_le_bytes());
        Generator(StdRng::from_seed(full))
    }

    pub(super) fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }

    #[cold]
    #[inline(never)]
    pub(super) fn next_key(&mut self) -> [u8; 4] {
        self.0.next_u32().to_le_bytes()
    }
}
