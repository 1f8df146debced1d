//! The lock and the atomic of what several threads share: `tests/loom` puts its own in their place.
pub(crate) use std::sync::atomic::{AtomicBool, Ordering};
pub(crate) use std::sync::{Mutex, MutexGuard, PoisonError};
