//! Random numbers from a seed: the same on every machine, whatever crates there are.
use std::time::Duration;

/// SplitMix64 (Steele, Lea and Flood, 2014).
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Another series, which what is drawn here later does not change.
    pub(crate) fn fork(&mut self) -> Random {
        Random(self.next())
    }

    /// From 0 to `end`, which is not among them.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    pub(crate) fn size_below(&mut self, end: usize) -> usize {
        self.below(end as u64) as usize
    }

    /// Whole milliseconds, as tokio's timers have them.
    pub(crate) fn millis_below(&mut self, end: u64) -> Duration {
        Duration::from_millis(self.below(end))
    }

    pub(crate) fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    pub(crate) fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.size_below(choices.len())].clone()
    }
}
