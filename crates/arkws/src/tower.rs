//! Clients and servers as services of [tower](https://docs.rs/tower), so that its layers (time-outs,
//! limits, retries, load shedding) go around connecting and accepting.
//!
//! | service | request | response |
//! |---|---|---|
//! | [`Client`] | a `http::Request<()>`, whose URI is the URL | the socket, and the server's answer |
//! | [`Acceptor`] | a byte stream | the socket |
//! | [`Acceptor`] | a [`ClientStream`]: a byte stream, and whose it is | the socket, and the request |
//!
//! Both are always ready, and cheap to clone.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! use std::time::Duration;
//!
//! use arkws::{Acceptor, Client};
//! use tokio::net::TcpListener;
//! use tower::{ServiceBuilder, ServiceExt};
//!
//! let listener = TcpListener::bind("127.0.0.1:0").await?;
//! let url = format!("ws://{}/", listener.local_addr()?);
//! // No more than 100 handshakes at a time.
//! let acceptor = ServiceBuilder::new()
//!     .concurrency_limit(100)
//!     .service(Acceptor::default());
//! let server = tokio::spawn(async move {
//!     let (stream, _) = listener.accept().await?;
//!     let mut socket = acceptor.clone().oneshot(stream).await?;
//!     socket.send("hello".into()).await
//! });
//!
//! let client = ServiceBuilder::new()
//!     .timeout(Duration::from_secs(10))
//!     .service(Client::builder().build()?);
//! let request = arkws::http::Request::get(url).body(())?;
//! let (mut socket, _response) = client.oneshot(request).await?;
//! assert!(socket.recv().await.transpose()?.is_some());
//! # server.await??;
//! # Ok(())
//! # }
//! ```
//!
//! A service that answers the requests of an HTTP server needs no more than a function:
//! [`arkws::hyper::upgrade`](crate::hyper::upgrade) in `tower::service_fn`.
use std::pin::Pin;
use std::task::{Context, Poll};

use arkws_proto::handshake::ClientResponse;
use tokio::io::{AsyncRead, AsyncWrite};
use tower_service::Service;

use crate::{Acceptor, Client, Error, IncomingRequest, PeerInfo, Transport, WebSocket};

/// What the services do: it has to be polled by whoever called them.
type Work<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// [`Client::connect`].
impl Service<http::Request<()>> for Client {
    type Response = (WebSocket<Transport>, ClientResponse);
    type Error = Error;
    type Future = Work<Self::Response>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<()>) -> Self::Future {
        let client = self.clone();
        Box::pin(async move { client.connect(request).await })
    }
}

/// [`Acceptor::accept`].
impl<S> Service<S> for Acceptor
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Response = WebSocket<S>;
    type Error = Error;
    type Future = Work<Self::Response>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, stream: S) -> Self::Future {
        let acceptor = self.clone();
        Box::pin(async move { acceptor.accept(stream).await })
    }
}

/// A byte stream, and what is known of the client behind it, which the functions of an [`Acceptor`]
/// see.
#[derive(Debug)]
pub struct ClientStream<S> {
    /// The stream.
    pub stream: S,
    /// The client.
    pub peer: PeerInfo,
}

/// [`Acceptor::accept_from`].
impl<S> Service<ClientStream<S>> for Acceptor
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Response = (WebSocket<S>, IncomingRequest);
    type Error = Error;
    type Future = Work<Self::Response>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, client: ClientStream<S>) -> Self::Future {
        let acceptor = self.clone();
        Box::pin(async move { acceptor.accept_from(client.stream, client.peer).await })
    }
}
