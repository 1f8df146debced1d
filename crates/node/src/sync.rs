//! The lock of what both threads share: `tests/loom` puts its own in its place.
pub(crate) use std::sync::{Mutex, MutexGuard, PoisonError};
