//! How streams to hosts are made, where the program makes them.
use std::io;
use std::sync::Arc;

use futures_core::future::BoxFuture;

use crate::{Host, Transport};

/// Makes streams to hosts in place of this crate: a simulated network, a tunnel of your own, a pool
/// of addresses. A function is one as well.
///
/// It is asked for the server of a URL, or for the proxy that leads to it, and what comes on top is
/// done over its stream: the tunnel through the proxy, TLS, WebSocket. A stream is a `TcpStream`,
/// or any other in [`Transport::other`], which knows by [`Progress`](crate::Progress) what its peer
/// has taken.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), arkws::Error> {
/// use arkws::{Client, Host, Proxy, Transport};
/// use futures_util::StreamExt;
///
/// // A network of one server, without any socket.
/// let network = |_host: &Host, _port: u16| async {
///     let (near, far) = tokio::io::duplex(4096);
///     tokio::spawn(async move {
///         let mut socket = arkws::accept(far).await?;
///         socket.send("hello".into()).await?;
///         socket.close(None).await
///     });
///     Ok(Transport::other(near))
/// };
/// let client = Client::builder().connector(network).proxy(Proxy::None).build()?;
///
/// let (mut socket, _) = client.connect("ws://anywhere.test/").await?;
/// assert_eq!(socket.next().await.transpose()?, Some("hello".into()));
/// # Ok(())
/// # }
/// ```
pub trait Connector: Send + Sync {
    /// A stream to a host. It has as long as connecting has
    /// ([`ClientBuilder::connect_timeout`](crate::ClientBuilder::connect_timeout)), and is dropped
    /// at any time if the attempt is.
    ///
    /// # Errors
    /// There is none: [`Error::Connect`](crate::Error::Connect) with this error in it.
    fn connect<'a>(&'a self, host: &'a Host, port: u16) -> BoxFuture<'a, io::Result<Transport>>;
}

impl<F, Connecting> Connector for F
where
    F: Fn(&Host, u16) -> Connecting + Send + Sync,
    Connecting: Future<Output = io::Result<Transport>> + Send + 'static,
{
    fn connect<'a>(&'a self, host: &'a Host, port: u16) -> BoxFuture<'a, io::Result<Transport>> {
        Box::pin(self(host, port))
    }
}

/// One that several clients share.
impl<C: Connector + ?Sized> Connector for Arc<C> {
    fn connect<'a>(&'a self, host: &'a Host, port: u16) -> BoxFuture<'a, io::Result<Transport>> {
        (**self).connect(host, port)
    }
}
