//! A request that waits for the program's answer.
use std::fmt;

use http::StatusCode;
use tokio::sync::oneshot;

use super::identity::{Connection, RequestId};
use crate::{BusinessError, Headers};

/// An upgrade request that waits for the program's answer.
///
/// Dropped, or not answered within [`request_timeout`](super::ServerConfig::request_timeout):
/// refused with 503. [`ServerEvent::RequestOver`](super::ServerEvent::RequestOver) tells that an
/// answer would come too late: whoever keeps it until then can let it go.
///
/// Its `Debug` form shows neither query nor values of header fields.
pub struct PendingRequest {
    id: RequestId,
    target: String,
    headers: Headers,
    connection: Connection,
    answer: oneshot::Sender<Answer>,
}

impl fmt::Debug for PendingRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.target.split('?').next().unwrap_or_default();
        f.debug_struct("PendingRequest")
            .field("id", &self.id)
            .field("path", &path)
            .field("connection", &self.connection)
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
        id: RequestId,
        target: String,
        headers: Headers,
        connection: Connection,
    ) -> (PendingRequest, oneshot::Receiver<Answer>) {
        let (answer, receiver) = oneshot::channel();
        let request = PendingRequest {
            id,
            target,
            headers,
            connection,
            answer,
        };
        (request, receiver)
    }

    /// What [`ServerEvent::RequestOver`](super::ServerEvent::RequestOver) names it by.
    pub fn id(&self) -> RequestId {
        self.id
    }

    /// Path and query.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Header fields.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The client.
    pub fn connection(&self) -> &Connection {
        &self.connection
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
