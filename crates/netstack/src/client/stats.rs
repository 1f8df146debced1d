//! Counters and facts of a client's connection.

/// Counters and facts of a connection.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stats {
    /// Messages, bytes and pings. A message counts as sent when it is queued for the transport.
    pub counters: arkws::Stats,
    /// Negotiated sub-protocol.
    pub protocol: Option<String>,
    /// Negotiated extensions, as on the wire.
    pub extensions: Option<String>,
    /// `"TLSv1.3"`...
    pub tls_version: Option<&'static str>,
    /// `ip:port` of the peer (of the proxy, if there is one).
    pub remote_address: Option<String>,
}
