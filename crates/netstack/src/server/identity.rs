//! How a program and arkws tell the clients of a server apart: the contract's
//! address pair, and the numbers that a server object gives.
use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

/// `WebSocketConnection`: a client of the server.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Connection {
    /// The client's address; an IPv4 address also if it came to an IPv6 socket.
    /// [`LOCAL`](Self::LOCAL) if it has none.
    pub client_ip: String,
    /// The client's port; a number from 1 that no other such client has if it has no address.
    pub client_port: u16,
}

impl Connection {
    /// The address of a client that has none, since it came over a Unix socket, or over a stream of
    /// the program's that has none. Limits count such clients with those of 127.0.0.1.
    pub const LOCAL: &str = "local";
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
    /// arkws: where it comes from, as the proxies of
    /// [`trust_proxy`](super::ServerConfig::trust_proxy) say. `None`: from the address of
    /// `connection`.
    pub forwarded_for: Option<IpAddr>,
}

/// Whom a call of the program's is for.
#[derive(Debug, Clone, Copy)]
pub enum Recipient<'a> {
    /// Who has this address and port now.
    Address(&'a Connection),
    /// That client, and nobody who has its address and port after it.
    Client(ClientId),
}

impl<'a> From<&'a Connection> for Recipient<'a> {
    fn from(connection: &'a Connection) -> Recipient<'a> {
        Recipient::Address(connection)
    }
}

impl From<ClientId> for Recipient<'_> {
    fn from(client: ClientId) -> Self {
        Recipient::Client(client)
    }
}

/// Identifies a client of a server object, from before its `Request` and `Connect` events on. No
/// two clients of one object have the same, also over several runs: the id of a client that has
/// left finds nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(u64);

/// Identifies a call of [`stop_with`](super::WebSocketServer::stop_with). No two of one server
/// object have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StopId(u64);

/// To and from a plain number, for a language that has no other way to hold an id. A double holds
/// them exactly up to 2^53: at a billion a second that is 104 days.
macro_rules! number {
    ($id:ident) => {
        impl From<u64> for $id {
            #[inline]
            fn from(number: u64) -> Self {
                $id(number)
            }
        }

        impl From<$id> for u64 {
            #[inline]
            fn from(id: $id) -> u64 {
                id.0
            }
        }

        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(ClientId);
number!(StopId);

/// Draws ids of one kind, each once.
#[derive(Debug)]
pub(super) struct IdCounter(AtomicU64);

impl Default for IdCounter {
    /// Counts from 1. Where errors are looked for it begins where 32 bits end, so that every test
    /// crosses that.
    fn default() -> Self {
        IdCounter(AtomicU64::new(match cfg!(debug_assertions) {
            true => u32::MAX as u64 - 1,
            false => 0,
        }))
    }
}

impl IdCounter {
    pub(super) fn next<T: From<u64>>(&self) -> T {
        T::from(self.0.fetch_add(1, Ordering::Relaxed) + 1)
    }
}
