//! What a server answers that refuses the handshake.
use std::fmt;

use crate::Headers;

/// The answer of a server that is no acceptance.
///
/// Its `Debug` form shows the status alone: programs log errors, and fields and body may hold what
/// is nobody else's business.
#[derive(Clone, PartialEq, Eq)]
pub struct RefusalResponse {
    /// The HTTP status.
    pub status: u16,
    /// The header fields.
    pub headers: Headers,
    /// The body without the framing of its transfer: as much of it as came within a second, at most
    /// [`arkws::Client::MAX_REFUSAL_BODY`] bytes.
    pub body: Vec<u8>,
}

impl fmt::Debug for RefusalResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefusalResponse")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}
