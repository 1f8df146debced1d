//! Counters and facts of a client's connection.
use std::time::Duration;

/// Counters and facts of a connection.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stats {
    /// Messages received.
    pub messages_received: u64,
    /// Messages handed to the operating system.
    pub messages_sent: u64,
    /// Bytes read from the transport.
    pub bytes_received: u64,
    /// Bytes written to the transport.
    pub bytes_sent: u64,
    /// Heartbeat pings sent.
    pub pings_sent: u64,
    /// Pings received.
    pub pings_received: u64,
    /// Last round trip of a heartbeat.
    pub round_trip: Option<Duration>,
    /// Negotiated sub-protocol.
    pub protocol: Option<String>,
    /// Negotiated extensions, as on the wire.
    pub extensions: Option<String>,
    /// `"TLSv1.3"`...
    pub tls_version: Option<&'static str>,
    /// `ip:port` of the peer (of the proxy, if there is one).
    pub remote_address: Option<String>,
}

impl Stats {
    pub(super) fn count(&mut self, stats: arkws::Stats) {
        self.messages_received = stats.messages_received;
        self.messages_sent = stats.messages_sent;
        self.bytes_received = stats.bytes_received;
        self.bytes_sent = stats.bytes_sent;
        self.pings_sent = stats.pings_sent;
        self.pings_received = stats.pings_received;
        self.round_trip = stats.round_trip;
    }
}
