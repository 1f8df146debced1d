//! Counters and facts of a client's connection.

/// Counters and facts of a connection.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stats {
    /// Messages, bytes and pings. A message counts as sent when it is queued for the transport.
    pub counters: arkws::Stats,
    /// The sub-protocol that was agreed on. `None`, as the next two: none, or there was no
    /// connection.
    pub protocol: Option<String>,
    /// The extensions that were agreed on, as the server wrote them.
    pub extensions: Option<String>,
    /// The version of TLS, such as `"TLSv1.3"`; `None`: without TLS.
    pub tls_version: Option<&'static str>,
    /// `ip:port` of the peer (of the proxy, if there is one).
    pub remote_address: Option<String>,
}
