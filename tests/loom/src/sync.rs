//! In place of the standard library's: loom's.
use std::ops::{Deref, DerefMut};

pub(crate) use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
pub(crate) use std::sync::{LockResult, PoisonError, TryLockResult};

/// Loom's lock, with what it lacks. A panic ends the model, so that nobody sees a poisoned one.
#[derive(Debug)]
pub(crate) struct Mutex<T> {
    lock: loom::sync::Mutex<T>,
    /// Counts attempts and ends. Loom changes threads only where both touch something, and does not
    /// take the end of a lock for that: nobody would ever try a lock that is held.
    turns: AtomicUsize,
}

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Mutex<T> {
        Mutex {
            lock: loom::sync::Mutex::new(value),
            turns: AtomicUsize::new(0),
        }
    }

    pub(crate) fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        Ok(self.guard(self.lock.lock().expect("see above")))
    }

    pub(crate) fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        self.turn();
        match self.lock.try_lock() {
            Ok(guard) => Ok(self.guard(guard)),
            Err(_) => Err(std::sync::TryLockError::WouldBlock),
        }
    }

    pub(crate) fn clear_poison(&self) {}

    fn guard<'a>(&'a self, guard: loom::sync::MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        MutexGuard { lock: self, guard }
    }

    fn turn(&self) {
        self.turns.fetch_add(1, Ordering::Relaxed);
    }
}

/// What a [`Mutex`] is held with.
#[derive(Debug)]
pub(crate) struct MutexGuard<'a, T> {
    lock: &'a Mutex<T>,
    guard: loom::sync::MutexGuard<'a, T>,
}

impl<T> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.lock.turn();
        }
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}
