//! What callbacks are told, on its way to them.
use std::ffi::CString;
use std::time::Duration;

use crate::failure::Failure;

/// Which client of a server it is about; 0 for a client's own events.
pub(crate) type PeerNumber = u64;

/// An event of a client or a server.
#[derive(Debug)]
pub(crate) enum Event {
    /// A client's connection is open.
    Open {
        status: u16,
        reason: CString,
        protocol: Option<CString>,
    },
    /// A server has let a client in.
    Accept {
        peer: PeerNumber,
        address: CString,
        target: CString,
        origin: Option<CString>,
        protocol: Option<CString>,
    },
    Message {
        peer: PeerNumber,
        /// With a NUL behind it.
        data: Vec<u8>,
        is_text: bool,
    },
    /// The answer to a ping of the program's.
    Pong {
        /// With a NUL behind it.
        data: Vec<u8>,
        round_trip: Duration,
    },
    Error {
        peer: PeerNumber,
        failure: Failure,
    },
    /// The last messages that were queued were not sent.
    Unsent {
        peer: PeerNumber,
        messages: u64,
        failure: Failure,
    },
    Close {
        peer: PeerNumber,
        code: u16,
        reason: CString,
    },
    /// A server is done with all of its clients.
    Stop,
}

/// An object whose callbacks are told events, one at a time.
pub(crate) trait EventTarget: Send + Sync + 'static {
    fn deliver(&self, event: Event);
}
