//! How many clients a server lets in at a time.

/// How many clients a server lets in at a time: see [`Admission`](super::Admission). Each number
/// may be [`usize::MAX`], which is no limit; 0 lets nobody in.
///
/// An address is that of a [`ClientAddress`](super::ClientAddress): an IPv6 network (/64) is one.
/// Clients without an address, those of a Unix socket, are limited only by what holds for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerLimits {
    /// Most open connections of all clients together. Default: no limit.
    pub connections: usize,
    /// Most addresses that have connections. Default: no limit.
    pub addresses: usize,
    /// Most open connections of one address. Default: no limit, as all clients have the same
    /// address behind a proxy.
    pub connections_per_address: usize,
    /// Most opening handshakes in progress. The oldest without a complete request makes room for
    /// the next. Default: [`ServerLimits::DEFAULT_HANDSHAKES`].
    pub handshakes: usize,
    /// Most of these of one address; the oldest of that address makes room. Default: no limit.
    pub handshakes_per_address: usize,
}

impl ServerLimits {
    /// Opening handshakes in progress. Our choice: more than a busy server has at a time, as each
    /// takes some milliseconds, and few enough that those who connect and say nothing take little.
    pub const DEFAULT_HANDSHAKES: usize = 256;
}

impl Default for ServerLimits {
    fn default() -> ServerLimits {
        ServerLimits {
            connections: usize::MAX,
            addresses: usize::MAX,
            connections_per_address: usize::MAX,
            handshakes: ServerLimits::DEFAULT_HANDSHAKES,
            handshakes_per_address: usize::MAX,
        }
    }
}
