//! A whole server: accepts clients, gives each to the program's handler, and says goodbye.
//!
//! | file | what it does |
//! |---|---|
//! | `mod.rs` | the server and its options |
//! | `listening.rs` | where connections come from |
//! | `client.rs` | the task of one client |
//! | `open_connections.rs` | the connections that are asked to close when it stops |
mod client;
mod listening;
mod open_connections;

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
#[cfg(unix)]
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_core::Stream;
#[cfg(unix)]
use tokio::net::UnixListener;
use tokio::net::{TcpListener, ToSocketAddrs};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;
#[cfg(feature = "tls")]
use tokio_rustls::TlsAcceptor;

use super::Acceptor;
use super::admission::{Admission, ServerLimits};
use super::incoming::{IncomingRequest, PeerInfo};
use crate::{Transport, WebSocket, log};
use client::Clients;
use listening::{Listener, Listening, Streams};
use open_connections::OpenConnections;

/// A server that is running: it accepts clients, and gives each to the program's handler on a task
/// of its own.
///
/// Dropping it ends it at once: the listening socket is closed, and so are the connections, without
/// close frames. [`shutdown`](Self::shutdown) says goodbye.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// use arkws::{Acceptor, Server, ServerLimits};
/// use futures_util::StreamExt;
///
/// let server = Server::bind("127.0.0.1:0")
///     .await?
///     .acceptor(Acceptor::builder().protocols(["echo"]).build())
///     .limits(ServerLimits {
///         connections: 10_000,
///         ..ServerLimits::default()
///     })
///     .serve(|mut socket, _request| async move {
///         while let Some(Ok(message)) = socket.next().await {
///             if message.is_data() && socket.send(message).await.is_err() {
///                 return;
///             }
///         }
///     });
/// println!("listening on {:?}", server.local_addr());
/// // ... until the program is to end ...
/// server.shutdown(Duration::from_secs(10)).await;
/// # Ok(())
/// # }
/// ```
#[must_use = "a server ends when it is dropped"]
pub struct Server {
    local_addr: Option<SocketAddr>,
    admission: Admission,
    stop: Option<oneshot::Sender<Duration>>,
    /// Comes to how many connections were cut off.
    task: JoinHandle<usize>,
}

/// The options of a [`Server`], which listens already.
///
/// It is also made of a listening socket that the program has: `ServerBuilder::from(listener)`.
#[derive(Debug)]
pub struct ServerBuilder {
    listener: Listener,
    acceptor: Acceptor,
    limits: ServerLimits,
    #[cfg(feature = "tls")]
    tls: Option<Arc<rustls::ServerConfig>>,
}

impl Server {
    /// Listens on a port of TCP; on a free one if that is 0. Clients that connect wait until
    /// [`serve`](ServerBuilder::serve).
    ///
    /// # Errors
    /// The operating system's: for example, another program has the port.
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<ServerBuilder> {
        Ok(TcpListener::bind(address).await?.into())
    }

    /// Listens on a Unix socket at this path, where nothing may be yet. The file stays when the
    /// server ends. Its clients have no [address](crate::PeerInfo::address).
    ///
    /// # Errors
    /// The operating system's: for example, there is something at that path.
    #[cfg(unix)]
    pub fn bind_unix(path: impl AsRef<Path>) -> io::Result<ServerBuilder> {
        Ok(UnixListener::bind(path)?.into())
    }

    /// Serves connections that the program accepts by itself: of a listener that this crate does
    /// not know, or from within the program. What is known of a client comes with its connection,
    /// as for [`Acceptor::accept_from`]. When `streams` ends, the server goes on for those whom it
    /// has.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use arkws::{Client, PeerInfo, Server, Transport};
    /// use futures_util::{StreamExt, stream};
    ///
    /// let (near, far) = tokio::io::duplex(4096);
    /// let clients = stream::iter([(Transport::other(far), PeerInfo::default())]);
    /// let server = Server::from_streams(clients).serve(|mut socket, _request| async move {
    ///     let _ = socket.send("hello".into()).await;
    ///     while socket.recv().await.is_some() {}
    /// });
    /// let url = "ws://within.this.program/";
    /// let client = Client::builder().build()?;
    /// let (mut socket, _) = client.connect_over(url, near).await?;
    /// assert_eq!(socket.next().await.unwrap()?.as_text(), Some("hello"));
    /// # drop(server);
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_streams(
        streams: impl Stream<Item = (Transport, PeerInfo)> + Send + 'static,
    ) -> ServerBuilder {
        ServerBuilder::new(Listener::Streams(Streams::new(streams)))
    }

    /// Where it listens; `None` if that is not TCP.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.local_addr
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.admission.connections()
    }

    /// Stops: accepts no more clients, drops those that were not let in yet, and sends all others
    /// a close frame with 1001 (RFC 6455, 7.4.1), behind what waits for them. Then waits for the
    /// handlers to end, within this time at most. Returns how many were not done by then, and were
    /// cut off.
    ///
    /// A connection closes when its handler receives, and has received what had arrived; of a peer
    /// that goes on sending, the next 16 reads. What arrives later is discarded, as it could not be
    /// answered. A handler that does not receive goes on until the time is over. The peer may take
    /// [`Config::close_timeout`](crate::Config::close_timeout) to answer.
    ///
    /// # Cancel safety
    /// Dropping the future drops the server, which ends at once.
    pub async fn shutdown(mut self, deadline: Duration) -> usize {
        if let Some(stop) = self.stop.take() {
            // If its task has ended, the runtime ends, and there is nobody to wait for.
            let _ = stop.send(deadline);
        }
        (&mut self.task).await.unwrap_or(0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("local_addr", &self.local_addr)
            .field("connections", &self.connections())
            .finish_non_exhaustive()
    }
}

impl From<TcpListener> for ServerBuilder {
    fn from(listener: TcpListener) -> ServerBuilder {
        ServerBuilder::new(Listener::Tcp(listener))
    }
}

#[cfg(unix)]
impl From<UnixListener> for ServerBuilder {
    fn from(listener: UnixListener) -> ServerBuilder {
        ServerBuilder::new(Listener::Unix(listener))
    }
}

impl ServerBuilder {
    fn new(listener: Listener) -> ServerBuilder {
        ServerBuilder {
            listener,
            acceptor: Acceptor::default(),
            limits: ServerLimits::default(),
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// How requests are answered, and what connections are like. Default:
    /// [`Acceptor::default`]. Its [`handshake_timeout`](crate::AcceptorBuilder::handshake_timeout)
    /// is for TLS and the request together.
    #[must_use]
    pub fn acceptor(mut self, acceptor: Acceptor) -> ServerBuilder {
        self.acceptor = acceptor;
        self
    }

    /// How many clients may be in. Default: [`ServerLimits::default`]. Who comes beyond them is
    /// refused with status 503.
    #[must_use]
    pub fn limits(mut self, limits: ServerLimits) -> ServerBuilder {
        self.limits = limits;
        self
    }

    /// Speaks TLS, as [`Identity::server_config`](crate::Identity::server_config) or a
    /// configuration of your own says. Default: no TLS.
    #[must_use]
    #[cfg(feature = "tls")]
    pub fn tls(mut self, config: impl Into<Arc<rustls::ServerConfig>>) -> ServerBuilder {
        self.tls = Some(config.into());
        self
    }

    /// Where it listens; `None` if that is not TCP.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.listener.local_addr()
    }

    /// Lets clients in. `handler` gets each connection, with the request that it began with, and
    /// runs on a task of its own. The connection counts, and is asked to close by
    /// [`shutdown`](Server::shutdown), until the handler has ended. If it panics, its own
    /// connection ends.
    ///
    /// Clients that do not get as far, because their requests are refused or not valid, are shown
    /// in the logs only (feature `tracing`).
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn serve<H, Handled>(self, handler: H) -> Server
    where
        H: Fn(WebSocket<Transport>, IncomingRequest) -> Handled + Send + Sync + 'static,
        Handled: Future<Output = ()> + Send + 'static,
    {
        let local_addr = self.local_addr();
        let admission = Admission::new(self.limits);
        let clients = Arc::new(Clients {
            acceptor: self.acceptor,
            #[cfg(feature = "tls")]
            tls: self.tls.map(TlsAcceptor::from),
            admission: admission.clone(),
            open: OpenConnections::default(),
            handler,
        });
        let (stop, stopped) = oneshot::channel();
        Server {
            local_addr,
            admission,
            stop: Some(stop),
            task: tokio::spawn(run(clients, Listening::new(self.listener), stopped)),
        }
    }
}

/// Serves clients until the server is stopped, then waits for them.
async fn run<H, Handled>(
    clients: Arc<Clients<H>>,
    mut listening: Listening,
    mut stopped: oneshot::Receiver<Duration>,
) -> usize
where
    H: Fn(WebSocket<Transport>, IncomingRequest) -> Handled + Send + Sync + 'static,
    Handled: Future<Output = ()> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    let deadline = poll_fn(|cx| {
        if let Poll::Ready(stopped) = Pin::new(&mut stopped).poll(cx) {
            return Poll::Ready(stopped);
        }
        while let Poll::Ready(accepted) = listening.poll_accept(cx) {
            let clients = Arc::clone(&clients);
            tasks.spawn(async move { clients.serve(accepted).await });
        }
        while let Poll::Ready(Some(_)) = tasks.poll_join_next(cx) {}
        Poll::Pending
    });
    let deadline = deadline.await.unwrap_or_default();
    drop(listening);
    clients.open.stop();
    let ended = async { while tasks.join_next().await.is_some() {} };
    let _ = timeout(deadline, ended).await;
    let cut_off = tasks.len();
    if cut_off > 0 {
        log::debug!(cut_off, "the time of the server's clients is over");
    }
    tasks.shutdown().await;
    cut_off
}
