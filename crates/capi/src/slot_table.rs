//! The live objects of a kind, looked up by the address that C has of each.
//!
//! An address that C hands over is compared with those of live objects and never followed before.
//! The memory at an address that was given out is kept, and used again for another object at the
//! earliest when [`REUSED_AFTER`] others have been made: who still has the address of an object
//! that was destroyed is told so, and does not meet a new one.
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

/// How many others are made before an address is given out again.
pub(crate) const REUSED_AFTER: u64 = 1024;

/// Objects of one kind: `Memory` is what is at their addresses, for C to see.
pub(crate) struct SlotTable<Memory, Object> {
    slots: LazyLock<Mutex<Slots<Memory, Object>>>,
}

struct Slots<Memory, Object> {
    live: HashMap<usize, (Slot<Memory>, Arc<Object>)>,
    /// The oldest first, each with how many had been made when it was retired.
    retired: VecDeque<(u64, Slot<Memory>)>,
    made: u64,
}

/// Memory that stays where it is.
struct Slot<Memory>(*mut Memory);

// SAFETY: a table only holds the pointer. What is behind it is C's, and written by whoever has the
// object's lock.
unsafe impl<Memory: Send> Send for Slot<Memory> {}

impl<Memory, Object> SlotTable<Memory, Object> {
    pub(crate) const fn new() -> Self {
        SlotTable {
            slots: LazyLock::new(|| {
                Mutex::new(Slots {
                    live: HashMap::new(),
                    retired: VecDeque::new(),
                    made: 0,
                })
            }),
        }
    }

    /// Puts an object in. `make` gets its address, where `memory` is.
    ///
    /// `None`: there are `limit` already.
    pub(crate) fn insert(
        &self,
        limit: usize,
        memory: Memory,
        make: impl FnOnce(*mut Memory) -> Arc<Object>,
    ) -> Option<*mut Memory> {
        let mut slots = self.lock();
        if slots.live.len() >= limit {
            return None;
        }
        let rested = match slots.retired.front() {
            Some((made, _)) if slots.made - made >= REUSED_AFTER => slots.retired.pop_front(),
            _ => None,
        };
        let pointer = match rested {
            Some((_, Slot(pointer))) => {
                // SAFETY: it came from a box of this type, and no object has it.
                unsafe { pointer.write(memory) };
                pointer
            }
            None => Box::into_raw(Box::new(memory)),
        };
        slots.made += 1;
        let object = make(pointer);
        slots.live.insert(pointer.addr(), (Slot(pointer), object));
        Some(pointer)
    }

    /// The object at this address; `None`: there is none.
    pub(crate) fn get(&self, pointer: *const Memory) -> Option<Arc<Object>> {
        let slots = self.lock();
        let (_, object) = slots.live.get(&pointer.addr())?;
        Some(Arc::clone(object))
    }

    /// Takes the object at this address out; `None`: there is none.
    pub(crate) fn remove(&self, pointer: *const Memory) -> Option<Arc<Object>> {
        let mut slots = self.lock();
        let (slot, object) = slots.live.remove(&pointer.addr())?;
        let made = slots.made;
        slots.retired.push_back((made, slot));
        Some(object)
    }

    fn lock(&self) -> MutexGuard<'_, Slots<Memory, Object>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In statics, as the library has them: nothing of a table is ever freed.
    type Table = SlotTable<u64, u64>;

    fn insert(table: &Table, number: u64) -> *mut u64 {
        table
            .insert(usize::MAX, number, |_| Arc::new(number))
            .unwrap()
    }

    #[test]
    fn an_address_is_given_out_again_after_so_many_others_and_not_before() {
        static TABLE: Table = Table::new();
        let table = &TABLE;
        let first = insert(table, 0);
        table.remove(first).unwrap();
        for number in 0..REUSED_AFTER {
            let other = insert(table, number);
            assert_ne!(other, first);
            table.remove(other).unwrap();
        }
        assert_eq!(insert(table, 7), first);
        assert_eq!(*table.get(first).unwrap(), 7);
    }

    #[test]
    fn those_made_before_it_was_destroyed_do_not_count() {
        static TABLE: Table = Table::new();
        let table = &TABLE;
        let first = insert(table, 0);
        let others: Vec<_> = (0..REUSED_AFTER).map(|n| insert(table, n)).collect();
        table.remove(first).unwrap();
        for other in others {
            table.remove(other).unwrap();
        }
        assert_ne!(insert(table, 1), first);
    }

    #[test]
    fn addresses_that_are_nobodys_find_nobody() {
        static TABLE: Table = Table::new();
        let table = &TABLE;
        let pointer = insert(table, 1);
        assert!(table.get(pointer.wrapping_add(1)).is_none());
        assert!(table.get(std::ptr::null()).is_none());
        assert!(table.remove(std::ptr::without_provenance(1)).is_none());
        assert!(table.remove(pointer).is_some());
        assert!(table.get(pointer).is_none());
        assert!(table.remove(pointer).is_none());
    }

    #[test]
    fn a_limit_counts_the_live_ones() {
        static TABLE: Table = Table::new();
        let table = &TABLE;
        let one = table.insert(1, 1, |_| Arc::new(1)).unwrap();
        assert!(table.insert(1, 2, |_| Arc::new(2)).is_none());
        table.remove(one).unwrap();
        assert!(table.insert(1, 3, |_| Arc::new(3)).is_some());
    }
}
