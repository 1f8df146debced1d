//! Where a server gets its clients from: what the program asks for, and what it has got.
use std::fmt;
use std::net::SocketAddr;
#[cfg(unix)]
use std::os::fd::OwnedFd;
use std::path::PathBuf;
#[cfg(unix)]
use std::sync::Arc;

/// Where a server gets its clients from.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum ListenOn {
    /// A port of TCP: [`server_ip`](super::ServerConfig::server_ip) and
    /// [`server_port`](super::ServerConfig::server_port).
    #[default]
    Port,
    /// A Unix socket at this path, where nothing may be yet. When the server stops, it removes the
    /// file that it has made. Without TLS.
    Path(PathBuf),
    /// A stream socket, of TCP or a Unix socket, that somebody has bound: a service manager, say.
    /// Its clients wait in it even while no server has it, as long as it is open anywhere.
    #[cfg(unix)]
    Socket(Arc<OwnedFd>),
    /// Nowhere: the program [hands clients over](super::WebSocketServer::hand_over), which it can
    /// do with any server. Without TLS: that is the matter of whoever accepts them.
    Nowhere,
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ListenAddress {
    /// A port of TCP.
    Port(SocketAddr),
    /// A Unix socket; empty: one without a path.
    Path(PathBuf),
    /// Nowhere: clients are handed to it.
    Nowhere,
}

impl ListenAddress {
    /// Address and port, if it is TCP.
    pub fn socket_address(&self) -> Option<SocketAddr> {
        match self {
            ListenAddress::Port(address) => Some(*address),
            ListenAddress::Path(_) | ListenAddress::Nowhere => None,
        }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ListenAddress::Port(address) => address.fmt(f),
            ListenAddress::Path(path) => path.display().fmt(f),
            ListenAddress::Nowhere => f.write_str("nowhere"),
        }
    }
}
