//! Counters of a connection.
use std::time::Duration;

/// Counters of one connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Messages received.
    pub messages_received: u64,
    /// Messages sent (queued for the transport).
    pub messages_sent: u64,
    /// Bytes received, as read from the transport.
    pub bytes_received: u64,
    /// Bytes sent, as written to the transport.
    pub bytes_sent: u64,
    /// Heartbeat pings sent.
    pub pings_sent: u64,
    /// Pings received from the peer.
    pub pings_received: u64,
    /// The round trip of the last heartbeat; `None` before the first.
    pub round_trip: Option<Duration>,
}
