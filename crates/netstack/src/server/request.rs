//! A request that waits for the program's answer.
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use http::StatusCode;
use tokio::sync::oneshot;

use super::identity::{ClientId, ConnectedClient, Connection};
use crate::{BusinessError, Headers};

/// What a client has sent to open its connection, as far as programs ask for it.
///
/// Its `Debug` form shows neither query nor values of header fields.
#[derive(Clone)]
#[non_exhaustive]
pub struct RequestHead {
    /// Path and query.
    pub target: String,
    /// Header fields.
    pub headers: Headers,
}

impl RequestHead {
    /// Without the query, which may hold secrets.
    fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }
}

impl fmt::Debug for RequestHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHead")
            .field("path", &self.path())
            .field("headers", &self.headers.len())
            .finish()
    }
}

/// An upgrade request that waits for the program's answer.
///
/// Dropped, or not answered within [`request_timeout`](super::ServerConfig::request_timeout):
/// refused with 503. [`ServerEvent::RequestOver`](super::ServerEvent::RequestOver) tells that an
/// answer would come too late: whoever keeps it until then can let it go.
///
/// Its `Debug` form shows neither query nor values of header fields.
pub struct PendingRequest {
    head: Arc<RequestHead>,
    client: ConnectedClient,
    answer: oneshot::Sender<Answer>,
}

impl fmt::Debug for PendingRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingRequest")
            .field("head", &self.head)
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

/// What the program said.
#[derive(Debug)]
pub(super) enum Answer {
    Accept,
    Refuse(StatusCode, String),
}

impl PendingRequest {
    pub(super) fn new(
        head: Arc<RequestHead>,
        client: ConnectedClient,
    ) -> (PendingRequest, oneshot::Receiver<Answer>) {
        let (answer, receiver) = oneshot::channel();
        let request = PendingRequest {
            head,
            client,
            answer,
        };
        (request, receiver)
    }

    /// What the client has sent. It may be kept: `Connect` has the same one.
    pub fn head(&self) -> &Arc<RequestHead> {
        &self.head
    }

    /// Path and query.
    pub fn target(&self) -> &str {
        &self.head.target
    }

    /// Header fields.
    pub fn headers(&self) -> &Headers {
        &self.head.headers
    }

    /// Whose request it is: `RequestOver` names the same one, and `Connect`, if it is let in.
    pub fn client(&self) -> ClientId {
        self.client.id
    }

    /// The address of the client.
    pub fn connection(&self) -> &Connection {
        &self.client.connection
    }

    /// arkws: where it comes from, as
    /// [`ConnectedClient::forwarded_for`](super::ConnectedClient::forwarded_for).
    pub fn forwarded_for(&self) -> Option<IpAddr> {
        self.client.forwarded_for
    }

    /// Lets the client in.
    pub fn accept(self) {
        // If nobody waits for the answer any more, the client is gone.
        let _ = self.answer.send(Answer::Accept);
    }

    /// Refuses with a status and a reason, which is the response's body.
    pub fn refuse(self, RefusalStatus(status): RefusalStatus, reason: &str) {
        let _ = self.answer.send(Answer::Refuse(status, reason.to_owned()));
    }

    /// Refuses with 500, since the program has failed to decide: its code has thrown.
    pub fn fail(self) {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        let reason = status.canonical_reason().unwrap_or_default();
        self.refuse(RefusalStatus(status), reason);
    }
}

/// The HTTP status that a program refuses a request with: 400 to 599.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefusalStatus(StatusCode);

impl RefusalStatus {
    /// A number of the program's as such a status.
    ///
    /// # Errors
    /// 401: it is none.
    pub fn new(status: f64) -> Result<RefusalStatus, BusinessError> {
        let whole = status as u16;
        StatusCode::from_u16(whole)
            .ok()
            .filter(|_| f64::from(whole) == status && (400..600).contains(&whole))
            .map(RefusalStatus)
            .ok_or_else(|| {
                BusinessError::parameter(format!(
                    "a request is refused with a status from 400 to 599, not {status}"
                ))
            })
    }
}
