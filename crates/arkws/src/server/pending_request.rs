//! A request for a WebSocket, and its answer.
use std::fmt;
use std::sync::Arc;

use arkws_proto::handshake::ServerRequest;
use http::HeaderMap;
use tokio::io::{AsyncRead, AsyncWrite};

use super::builder::AcceptorOptions;
use super::read::gone;
use super::refusal::Refusal;
use crate::{Error, WebSocket};

/// A valid request that has not been answered: see [`Acceptor::request`](super::Acceptor::request).
pub struct PendingRequest<S> {
    pub(super) stream: S,
    pub(super) request: ServerRequest,
    /// What the client sent behind its request, without waiting for the answer.
    pub(super) leftover: Vec<u8>,
    pub(super) options: Arc<AcceptorOptions>,
}

impl<S: AsyncRead + AsyncWrite + Unpin + 'static> PendingRequest<S> {
    /// What the client asks for.
    pub fn request(&self) -> &ServerRequest {
        &self.request
    }

    /// The transport, for example to ask for the client's address.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// Ready when the client has gone: it has ended the transport, or the transport has failed. For
    /// programs that take their time to decide, and want to stop when nobody waits any more.
    ///
    /// What the client sends meanwhile is kept for the connection. After 64 KiB of it no more is
    /// read, and this is never ready.
    ///
    /// ```no_run
    /// # async fn run(mut pending: arkws::PendingRequest<tokio::net::TcpStream>) {
    /// # async fn is_known(_: String) -> bool { true }
    /// let target = pending.request().target.clone();
    /// tokio::select! {
    ///     known = is_known(target) => { /* accept or refuse */ }
    ///     () = pending.gone() => return,
    /// }
    /// # }
    /// ```
    ///
    /// # Cancel safety
    /// Safe: nothing is lost when the future is dropped.
    pub async fn gone(&mut self) {
        gone(&mut self.stream, &mut self.leftover).await;
    }

    /// Accepts. `protocol` must be one of those offered; `headers` are added to the answer.
    ///
    /// # Errors
    /// `protocol` was not offered or a header is one of the handshake's own: then the client is
    /// given status 500. Or the transport failed, or did not take the answer in time.
    ///
    /// # Cancel safety
    /// Not safe: the transport is lost with the future.
    pub async fn accept(
        self,
        protocol: Option<&str>,
        headers: &HeaderMap,
    ) -> Result<WebSocket<S>, Error> {
        let (request, leftover) = (&self.request, &self.leftover);
        self.options
            .open(self.stream, request, leftover, protocol, headers)
            .await
    }

    /// Refuses, and ends the transport. Best effort: a client that is not there any more is no
    /// error.
    ///
    /// # Cancel safety
    /// Not safe: the transport is lost with the future.
    pub async fn refuse(self, refusal: &Refusal) {
        self.options.refuse(self.stream, refusal).await;
    }
}

impl<S> fmt::Debug for PendingRequest<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Target and header fields may hold secrets.
        f.debug_struct("PendingRequest")
            .field("protocols", &self.request.protocols.len())
            .finish_non_exhaustive()
    }
}
