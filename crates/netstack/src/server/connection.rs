//! What a program knows a client of its server by.
use std::fmt;

use super::id::ClientId;

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

/// A client that is in, as events name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectedClient {
    /// Which one it is.
    pub id: ClientId,
    /// What the program knows it by, and calls it. Another client may have had the same address and
    /// port before.
    pub connection: Connection,
}
