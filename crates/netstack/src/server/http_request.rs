//! A request that does not ask for a WebSocket, and waits for the program's answer.
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::identity::{ClientId, ConnectedClient, Connection};
use super::request::RequestHead;
use super::response::HttpResponse;

/// A request that does not ask for a WebSocket, that of a health check for example. Its body, if it
/// has one, is not read.
///
/// Dropped, or not answered within [`request_timeout`](super::ServerConfig::request_timeout):
/// answered with 503. [`ServerEvent::RequestOver`](super::ServerEvent::RequestOver) as of a
/// [`PendingRequest`](super::PendingRequest). Its `Debug` form shows neither query nor header
/// fields.
pub struct PendingHttpRequest {
    method: String,
    head: Arc<RequestHead>,
    client: ConnectedClient,
    answer: oneshot::Sender<HttpAnswer>,
}

/// What the program said.
#[derive(Debug)]
pub(super) enum HttpAnswer {
    Response(HttpResponse),
    /// As if it were not asked.
    Reject,
}

impl PendingHttpRequest {
    pub(super) fn new(
        method: String,
        head: Arc<RequestHead>,
        client: ConnectedClient,
    ) -> (PendingHttpRequest, oneshot::Receiver<HttpAnswer>) {
        let (answer, receiver) = oneshot::channel();
        let request = PendingHttpRequest {
            method,
            head,
            client,
            answer,
        };
        (request, receiver)
    }

    /// Its method, such as `GET`.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Target and header fields.
    pub fn head(&self) -> &Arc<RequestHead> {
        &self.head
    }

    /// Whose request it is: `RequestOver` names the same one.
    pub fn client(&self) -> ClientId {
        self.client.id
    }

    /// The address of the client.
    pub fn connection(&self) -> &Connection {
        &self.client.connection
    }

    /// As [`ConnectedClient::forwarded_for`](super::ConnectedClient::forwarded_for).
    pub fn forwarded_for(&self) -> Option<IpAddr> {
        self.client.forwarded_for
    }

    /// Answers; a HEAD request gets no body.
    pub fn respond(self, response: HttpResponse) {
        // If nobody waits for the answer any more, the client is gone.
        let _ = self.answer.send(HttpAnswer::Response(response));
    }

    /// Answers as a server does that does not ask: with 426, or 405 for another method than GET,
    /// and an `Error` event.
    pub fn reject(self) {
        let _ = self.answer.send(HttpAnswer::Reject);
    }
}

impl fmt::Debug for PendingHttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingHttpRequest")
            .field("method", &self.method)
            .field("head", &self.head)
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}
