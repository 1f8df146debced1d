//! A request that waits for the program's answer.
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use arkws::PeerCertificate;
use arkws::http::{HeaderMap, StatusCode};
use tokio::sync::oneshot;

use super::identity::{ClientId, ConnectedClient, Connection};
use super::response::{self, HttpResponse, RefusalStatus};
use crate::{BusinessError, Header, Headers};

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
    /// arkws: the certificate that it has shown, if the server
    /// [asks for one](super::ServerCertificate::client_ca).
    pub certificate: Option<PeerCertificate>,
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
    Accept(Acceptance),
    Refuse(arkws::Refusal),
}

/// How a client is let in: see [`PendingRequest::acceptance`].
#[derive(Debug, Clone, Default)]
pub struct Acceptance {
    /// `None`: as the server's configuration says.
    pub(super) protocol: Option<String>,
    pub(super) headers: HeaderMap,
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
        self.accept_with(Acceptance::default());
    }

    /// Lets the client in with an answer of the program's.
    pub fn accept_with(self, acceptance: Acceptance) {
        // If nobody waits for the answer any more, the client is gone.
        let _ = self.answer.send(Answer::Accept(acceptance));
    }

    /// The sub-protocol that is agreed on, instead of what
    /// [`protocol`](super::ServerConfig::protocol) says, and header fields for the answer.
    ///
    /// # Errors
    /// 401: the client did not offer that sub-protocol; a name is no token, a value has control
    /// characters, a field is one of the handshake's own, or there are more than 16 KiB of them.
    pub fn acceptance(
        &self,
        protocol: Option<String>,
        headers: &[Header],
    ) -> Result<Acceptance, BusinessError> {
        // It may be a token, and is not shown.
        if protocol
            .as_deref()
            .is_some_and(|chosen| !self.offers(chosen))
        {
            return Err(BusinessError::parameter(
                "accept with a sub-protocol that the client did not offer",
            ));
        }
        let headers = response::fields(headers)?;
        Ok(Acceptance { protocol, headers })
    }

    fn offers(&self, protocol: &str) -> bool {
        let lines = self.headers().get_all("sec-websocket-protocol").iter();
        let mut offered = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(','));
        offered.any(|offered| offered.trim() == protocol)
    }

    /// Refuses with a status and a reason, which is the response's body.
    pub fn refuse(self, RefusalStatus(status): RefusalStatus, reason: &str) {
        let refusal = arkws::Refusal::new(status, reason);
        let _ = self.answer.send(Answer::Refuse(refusal));
    }

    /// Refuses with an answer of the program's.
    pub fn refuse_with(self, response: HttpResponse) {
        let _ = self.answer.send(Answer::Refuse(response.into_refusal()));
    }

    /// Refuses with 500, since the program has failed to decide: its code has thrown.
    pub fn fail(self) {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        let reason = status.canonical_reason().unwrap_or_default();
        self.refuse(RefusalStatus(status), reason);
    }
}
