//! The lock and the atomic of what both threads share: `tests/loom` puts its own in their place.
pub(crate) use std::sync::atomic::{AtomicUsize, Ordering};
pub(crate) use std::sync::{Mutex, MutexGuard, PoisonError};
