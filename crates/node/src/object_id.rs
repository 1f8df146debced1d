//! What JavaScript knows client and server objects by: numbers.

/// Identifies a client or server object of one environment. No two have the same: a late event of
/// an object that is gone finds nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ObjectId(u64);

impl From<u64> for ObjectId {
    fn from(number: u64) -> ObjectId {
        ObjectId(number)
    }
}

impl From<ObjectId> for u64 {
    fn from(object: ObjectId) -> u64 {
        object.0
    }
}

/// Counts objects, from 1.
///
/// Where errors are looked for it begins where 32 bits end, so that every test crosses that.
#[derive(Debug)]
pub(crate) struct ObjectCount(u64);

impl Default for ObjectCount {
    fn default() -> Self {
        ObjectCount(match cfg!(debug_assertions) {
            true => u32::MAX as u64 - 1,
            false => 0,
        })
    }
}

impl ObjectCount {
    /// The id of a new object. JavaScript's numbers are exact up to 2^53: at a billion a second
    /// that is 104 days.
    pub(crate) fn next(&mut self) -> ObjectId {
        self.0 += 1;
        ObjectId(self.0)
    }
}
