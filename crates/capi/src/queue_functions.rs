//! The functions of `arkws.h` that concern events in a loop of the program's own; the header
//! documents them.
use std::ffi::c_int;
use std::ptr;
use std::sync::Arc;

use crate::boundary::{guard, status};
use crate::code::Code;
use crate::environment;
use crate::event_queue::{EventQueue, IsPolled};
use crate::failure::Failure;
use crate::objects::{self, QUEUES};
use crate::queue_type::QueueMemory;

/// Makes a queue; NULL: the system refuses descriptors.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_queue_create() -> *mut QueueMemory {
    guard(|| {
        environment::check_process()?;
        let queue = EventQueue::with_descriptor().map_err(|error| {
            Failure::new(
                Code::System,
                format!("open descriptors for a queue: {error}"),
            )
        })?;
        QUEUES
            .insert(usize::MAX, QueueMemory { reserved: 0 }, |_| {
                Arc::clone(&queue)
            })
            .ok_or_else(|| Failure::new(Code::Internal, "there is no room"))
    })
    .unwrap_or(ptr::null_mut())
}

/// The descriptor that is readable while events wait; -1: there is no such queue.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_queue_descriptor(queue: *mut QueueMemory) -> c_int {
    guard(|| Ok(objects::queue(queue)?.descriptor()))
        .ok()
        .flatten()
        .unwrap_or(-1)
}

/// Runs the callbacks of the events that wait; returns of how many, or -1.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_poll(queue: *mut QueueMemory, max: usize) -> c_int {
    guard(|| {
        let queue = objects::queue(queue)?;
        let max = max.min(c_int::MAX as usize);
        queue.poll(max).map_err(|IsPolled| {
            let why =
                "arkws_poll runs for this queue already, on another thread or around this call";
            Failure::new(Code::WrongState, why)
        })
    })
    .map_or(-1, |count| c_int::try_from(count).unwrap_or(c_int::MAX))
}

/// Frees a queue, and the events in it.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_queue_destroy(queue: *mut QueueMemory) -> c_int {
    status(|| {
        objects::take_queue(queue)?.stop();
        Ok(())
    })
}
