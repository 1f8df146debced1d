//! What a program answers requests with.
use arkws::http::header::CONTENT_TYPE;
use arkws::http::{HeaderMap, HeaderValue, StatusCode};
use arkws::is_reserved;

use crate::{BusinessError, Header};

/// Bytes of the longest body, and of the names and values of all header fields. Ours: more than
/// a page that says why, and cookies; a file server is something else.
const MAX_BODY: usize = 1 << 20;
const MAX_HEADER_BYTES: usize = 16 << 10;

/// Fields that programs add to an answer.
///
/// # Errors
/// 401: a name is no token, a value has control characters, a field is one of the handshake's own
/// or says how long the answer is, or there are more than 16 KiB of them.
pub(super) fn fields(headers: &[Header]) -> Result<HeaderMap, BusinessError> {
    let bytes = headers
        .iter()
        .map(|given| given.name.len() + given.value.len());
    let bytes: usize = bytes.sum();
    if bytes > MAX_HEADER_BYTES {
        return Err(BusinessError::parameter(format!(
            "the header fields of the answer are {bytes} bytes, {MAX_HEADER_BYTES} are allowed"
        )));
    }
    let mut fields = HeaderMap::new();
    for given in headers {
        let (name, value) = given.parse()?;
        if is_reserved(&name) {
            return Err(BusinessError::parameter(format!(
                "the answer's header field {name} is arkws's own"
            )));
        }
        fields.append(name, value);
    }
    Ok(fields)
}

/// The body of a [`HttpResponse`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpBody {
    /// Its `Content-Type` is `text/plain; charset=utf-8`, unless the program gives one.
    Text(String),
    /// The same with `application/octet-stream`.
    Binary(Vec<u8>),
}

/// An HTTP answer of the program's. The connection ends with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpResponse {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl HttpResponse {
    /// An answer with a status from 200 to 599, header fields, and a body of at most 1 MiB.
    ///
    /// # Errors
    /// 401: the status is none; a name is no token, a value has control characters, a field is one
    /// of the handshake's own or says how long the answer is, or there are more than 16 KiB of
    /// them; the body is too long.
    pub fn new(
        status: f64,
        headers: &[Header],
        body: HttpBody,
    ) -> Result<HttpResponse, BusinessError> {
        let whole = status as u16;
        let status = StatusCode::from_u16(whole)
            .ok()
            .filter(|_| f64::from(whole) == status && (200..600).contains(&whole))
            .ok_or_else(|| {
                BusinessError::parameter(format!(
                    "a request is answered with a status from 200 to 599, not {status}"
                ))
            })?;
        HttpResponse::checked(status, headers, body)
    }

    /// The same with a status that refuses: see
    /// [`PendingRequest::refuse_with`](super::PendingRequest::refuse_with).
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn refusal(
        RefusalStatus(status): RefusalStatus,
        headers: &[Header],
        body: HttpBody,
    ) -> Result<HttpResponse, BusinessError> {
        HttpResponse::checked(status, headers, body)
    }

    fn checked(
        status: StatusCode,
        headers: &[Header],
        body: HttpBody,
    ) -> Result<HttpResponse, BusinessError> {
        let mut headers = fields(headers)?;
        let body = match body {
            HttpBody::Text(text) => text.into_bytes(),
            HttpBody::Binary(bytes) => {
                headers
                    .entry(CONTENT_TYPE)
                    .or_insert(HeaderValue::from_static("application/octet-stream"));
                bytes
            }
        };
        if body.len() > MAX_BODY {
            return Err(BusinessError::parameter(format!(
                "the body of the answer is {} bytes, {MAX_BODY} are allowed",
                body.len()
            )));
        }
        Ok(HttpResponse {
            status,
            headers,
            body,
        })
    }

    /// As a refusal of an upgrade.
    pub(super) fn into_refusal(self) -> arkws::Refusal {
        let mut refusal = arkws::Refusal::new(self.status, "").with_body(self.body);
        for (name, value) in &self.headers {
            refusal = refusal.with_header(name.clone(), value.clone());
        }
        refusal
    }
}

/// The HTTP status that a program refuses a request with: 400 to 599.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefusalStatus(pub(super) StatusCode);

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
