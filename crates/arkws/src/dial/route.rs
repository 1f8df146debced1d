//! The way to a server or a proxy, with what the program says of it: how names are resolved, from
//! where connections are made, or who makes them.
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::{Host, Transport};
use futures_core::future::BoxFuture;

use super::connector::Connector;
use super::resolve;
use super::tcp::{self, ConnectError, LocalEnd};
#[cfg(feature = "nested-tls")]
use crate::tls::ClientTls;

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
#[derive(Clone, Default)]
pub(crate) struct Route {
    /// `None`: TCP connections.
    pub(crate) connector: Option<Arc<dyn Connector>>,
    /// Names that are not looked up, in lower case.
    pub(crate) known: HashMap<String, Vec<IpAddr>>,
    /// `None`: the operating system resolves names.
    pub(crate) lookup: Option<Lookup>,
    pub(crate) local: LocalEnd,
    /// How proxies are spoken to over TLS.
    #[cfg(feature = "nested-tls")]
    pub(crate) proxy_tls: Option<Arc<ClientTls>>,
}

impl Route {
    /// The addresses of a host that is [connected](Self::connect) to: none where the program's
    /// connector finds its way by itself.
    ///
    /// # Errors
    /// The name does not resolve.
    pub(crate) async fn find(&self, host: &Host, port: u16) -> io::Result<Vec<SocketAddr>> {
        match self.connector {
            Some(_) => Ok(Vec::new()),
            None => self.resolve(host, port).await,
        }
    }

    /// A stream to a host with these addresses, which errors call `shown`.
    pub(crate) async fn connect(
        &self,
        host: &Host,
        port: u16,
        addresses: Vec<SocketAddr>,
        shown: String,
    ) -> Result<Transport, ConnectError> {
        if let Some(connector) = &self.connector {
            let stream = connector.connect(host, port).await;
            return stream.map_err(|error| ConnectError::of_connector(shown, error));
        }
        let stream = tcp::connect(shown, addresses, &self.local).await;
        stream.map(Transport::from)
    }

    /// A host's addresses, in the order in which they are to be tried.
    ///
    /// # Errors
    /// The name does not resolve.
    pub(crate) async fn resolve(&self, host: &Host, port: u16) -> io::Result<Vec<SocketAddr>> {
        let Host::Domain(name) = host else {
            return resolve::resolve(host, port).await;
        };
        let addresses = match (self.known.get(name), &self.lookup) {
            (Some(addresses), _) => addresses.clone(),
            (None, Some(lookup)) => (lookup.0)(name).await?,
            (None, None) => return resolve::resolve(host, port).await,
        };
        if addresses.is_empty() {
            let why = "the program's lookup has found no address";
            return Err(io::Error::new(io::ErrorKind::NotFound, why));
        }
        let addresses = addresses.into_iter();
        Ok(addresses.map(|ip| SocketAddr::new(ip, port)).collect())
    }
}
