//! A request, read by an HTTP implementation, that does not become a WebSocket.
use std::error;
use std::fmt;

use arkws_proto::handshake::HandshakeError;
use bytes::Bytes;
use http::Response;

use super::Refusal;
use crate::Error;

/// Why a request does not become a WebSocket, and the answer that says so: for programs whose HTTP
/// implementation reads the requests and writes the answers.
pub struct Rejection(Box<Rejected>);

struct Rejected {
    error: Error,
    response: Response<Bytes>,
}

impl Rejection {
    pub(crate) fn new(error: Error, response: Response<Bytes>) -> Rejection {
        Rejection(Box::new(Rejected { error, response }))
    }

    /// Why.
    pub fn error(&self) -> &Error {
        &self.0.error
    }

    /// The answer: status, header fields, and a body of plain text (or what a
    /// [`Refusal`] has).
    pub fn into_response<B: From<Bytes>>(self) -> Response<B> {
        self.0.response.map(B::from)
    }
}

impl From<HandshakeError> for Rejection {
    fn from(error: HandshakeError) -> Rejection {
        let response = error.http_rejection();
        Rejection::new(error.into(), response)
    }
}

impl From<Refusal> for Rejection {
    fn from(refusal: Refusal) -> Rejection {
        let response = refusal.http_response();
        Rejection::new(refusal.into(), response)
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Header fields may hold secrets.
        f.debug_struct("Rejection")
            .field("error", &self.0.error)
            .field("status", &self.0.response.status())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.error.fmt(f)
    }
}

impl error::Error for Rejection {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.0.error.source()
    }
}
