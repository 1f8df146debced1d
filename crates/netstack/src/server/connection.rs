//! What a program knows a client of its server by.
use std::fmt;

/// `WebSocketConnection`: a client of the server.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Connection {
    /// The client's address; an IPv4 address also if it came to an IPv6 socket.
    pub client_ip: String,
    /// The client's port.
    pub client_port: u16,
}

impl fmt::Display for Connection {
    /// `ip:port`, IPv6 without brackets, as the contract orders connections.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.client_ip, self.client_port)
    }
}
