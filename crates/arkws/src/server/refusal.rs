//! The answer to a request that is not accepted.
use std::fmt;

use arkws_proto::handshake::ServerRequest;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use crate::{Error, own_headers};

/// The HTTP answer to a request that is not accepted.
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal(Box<Answer>);

#[derive(Clone, PartialEq, Eq)]
struct Answer {
    status: StatusCode,
    reason: String,
    /// `None`: the reason.
    body: Option<Vec<u8>>,
    headers: HeaderMap,
}

impl Refusal {
    /// A refusal with a status, such as 403, and the reason in words, which is the body of the
    /// answer.
    pub fn new(status: StatusCode, reason: impl Into<String>) -> Refusal {
        Refusal(Box::new(Answer {
            status,
            reason: reason.into(),
            body: None,
            headers: HeaderMap::new(),
        }))
    }

    /// Adds a header field, such as `Retry-After`. What is beyond 8,192 fields is left out.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Refusal {
        own_headers::append(&mut self.0.headers, name, value);
        self
    }

    /// A body instead of the reason, which is then for logs and errors only. Its `Content-Type` is
    /// plain text, unless that is given.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Vec<u8>>) -> Refusal {
        self.0.body = Some(body.into());
        self
    }

    /// The server has begun to stop.
    pub(super) fn going_away() -> Refusal {
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the server is going away")
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// Why, in words.
    pub fn reason(&self) -> &str {
        &self.0.reason
    }

    /// The answer in bytes, for a transport whose request is not even read.
    pub fn response(&self) -> Vec<u8> {
        ServerRequest::refuse(self.0.status, self.body(), &self.0.headers)
    }

    /// The answer for an HTTP implementation that writes it, and adds the length of the body to it.
    pub fn http_response(&self) -> Response<Bytes> {
        let body = Bytes::copy_from_slice(self.body());
        ServerRequest::refuse_http(self.0.status, body, &self.0.headers)
    }

    /// The reason, if the program has given no body.
    fn body(&self) -> &[u8] {
        self.0.body.as_deref().unwrap_or(self.0.reason.as_bytes())
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        Error::Refused {
            status: refusal.0.status,
            reason: refusal.0.reason,
        }
    }
}

/// Header fields may hold secrets: it is not shown which there are.
impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusal")
            .field("status", &self.status())
            .field("reason", &self.reason())
            .finish_non_exhaustive()
    }
}
