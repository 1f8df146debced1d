//! How addresses are found and from where they are connected to, where the program says so.
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::Host;
use futures_core::future::BoxFuture;

use super::resolve;

/// Resolves names in place of the operating system.
#[derive(Clone)]
pub struct Lookup(Arc<Function>);

type Function = dyn Fn(&str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync;

impl Lookup {
    /// `lookup` is asked for the addresses of a name, in the order in which they are to be tried,
    /// as often as a connection is made. An error, or no address, fails the attempt as
    /// [`Error::Dns`](crate::Error::Dns). It has as long as connecting has.
    pub fn new<F>(lookup: F) -> Lookup
    where
        F: Fn(&str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync + 'static,
    {
        Lookup(Arc::new(lookup))
    }
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lookup")
    }
}

/// What the program says of the way to a server, or to a proxy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Route {
    /// `None`: the operating system resolves names.
    pub(crate) lookup: Option<Lookup>,
    /// `None`: the operating system's choice.
    pub(crate) local_address: Option<IpAddr>,
}

impl Route {
    /// A host's addresses, in the order in which they are to be tried.
    ///
    /// # Errors
    /// The name does not resolve.
    pub(crate) async fn resolve(&self, host: &Host, port: u16) -> io::Result<Vec<SocketAddr>> {
        let (Some(lookup), Host::Domain(name)) = (&self.lookup, host) else {
            return resolve::resolve(host, port).await;
        };
        let addresses = (lookup.0)(name).await?;
        if addresses.is_empty() {
            let why = "the program's lookup has found no address";
            return Err(io::Error::new(io::ErrorKind::NotFound, why));
        }
        let addresses = addresses.into_iter();
        Ok(addresses.map(|ip| SocketAddr::new(ip, port)).collect())
    }
}
