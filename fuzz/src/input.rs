//! What a target reads its choices from.

/// Bytes of the fuzzer, read from the front. Behind their end everything is zero, so that any input
/// means something, and a seed can be written down by hand: the choices first, then what a peer
/// would send.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// All of `data`.
    pub(crate) fn new(data: &'a [u8]) -> Input<'a> {
        Input(data)
    }

    /// Whether nothing is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next byte.
    pub(crate) fn byte(&mut self) -> u8 {
        self.array::<1>()[0]
    }

    /// An even or an odd byte.
    pub(crate) fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// Two bytes, the higher one first.
    pub(crate) fn u16(&mut self) -> u16 {
        u16::from_be_bytes(self.array())
    }

    /// `N` bytes.
    pub(crate) fn array<const N: usize>(&mut self) -> [u8; N] {
        let taken = self.bytes(N);
        let mut array = [0; N];
        array[..taken.len()].copy_from_slice(taken);
        array
    }

    /// `len` bytes, or what is left.
    pub(crate) fn bytes(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// As many bytes as the next one says.
    pub(crate) fn short(&mut self) -> &'a [u8] {
        let len = self.byte();
        self.bytes(len.into())
    }

    /// All that is left.
    pub(crate) fn rest(self) -> &'a [u8] {
        self.0
    }
}

/// The lengths of reads, without end.
#[derive(Debug, Clone)]
pub(crate) struct Cuts(u64);

impl Cuts {
    /// Those that a byte stands for: 0 is all at once, 1 is byte by byte, others are mixed.
    pub(crate) fn new(choice: u8) -> Cuts {
        Cuts(choice.into())
    }
}

impl Iterator for Cuts {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        match self.0 {
            0 => return Some(usize::MAX),
            1 => return Some(1),
            _ => {}
        }
        // A linear congruential generator: Knuth's MMIX.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        let bits = self.0 >> 33;
        // Mostly a few bytes, now and then many.
        let most = [2, 8, 16, 128, 4096][bits as usize % 5];
        Some(1 + (bits >> 8) as usize % most)
    }
}
