//! From a host to its addresses.
use std::io;
use std::net::{IpAddr, SocketAddr};

use crate::Host;
use tokio::net::lookup_host;

/// A host's addresses, in the resolver's order.
///
/// # Errors
/// The name does not resolve.
pub(crate) async fn resolve(host: &Host, port: u16) -> io::Result<Vec<SocketAddr>> {
    match host {
        Host::Ipv4(ip) => Ok(vec![SocketAddr::new(IpAddr::V4(*ip), port)]),
        Host::Ipv6(ip) => Ok(vec![SocketAddr::new(IpAddr::V6(*ip), port)]),
        Host::Domain(name) => {
            let addresses: Vec<SocketAddr> = lookup_host((name.as_str(), port)).await?.collect();
            if addresses.is_empty() {
                return Err(io::Error::new(
                    io::ErrorKind::NotFound,
                    "the name has no addresses",
                ));
            }
            Ok(addresses)
        }
    }
}
