//! Numbers of objects and connections, which JavaScript knows them by.
//!
//! Each kind counts by itself, and no number is used twice: a late event of one that is gone finds
//! nobody.

/// Counts up, from 1.
///
/// Where errors are looked for it begins where 32 bits end, so that every test crosses that.
#[derive(Debug)]
pub(crate) struct Numbers(u64);

impl Default for Numbers {
    fn default() -> Self {
        Numbers(match cfg!(debug_assertions) {
            true => u32::MAX as u64 - 1,
            false => 0,
        })
    }
}

impl Numbers {
    /// The next one. JavaScript's numbers are exact up to 2^53: at a billion a second that is 104
    /// days.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }
}
