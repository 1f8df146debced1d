//! The type of `arkws.h` that concerns queues.

/// `arkws_queue`: what a program has of a queue. Its address names the queue.
#[derive(Debug)]
#[repr(C)]
pub struct QueueMemory {
    /// No object is of no size.
    pub(crate) reserved: u64,
}
