//! What was delivered, and is yet to be reported: what JavaScript has not handed on does not count
//! as consumed.
use std::time::Instant;

use crate::object_id::ObjectId;
use crate::queue::batch::Origin;

/// What `drain` has to know when `deliver` has stopped. JavaScript keeps the values that it has not
/// handed on yet, and `drain` calls it once more before all else.
#[derive(Default)]
pub(crate) struct Interrupted {
    /// Until when it may go on, in this turn of the event loop. `None`: it is another turn.
    pub(crate) until: Option<Instant>,
    /// What was in the values that `deliver` was given last.
    pub(crate) consumed: Vec<Consumed>,
}

/// Messages of one connection.
pub(crate) struct Consumed {
    pub(crate) object: ObjectId,
    pub(crate) origin: Origin,
    pub(crate) events: usize,
    pub(crate) bytes: usize,
}
