//! Heads of HTTP messages as they arrive (RFC 9112, 2 to 5): one reader, with one set of limits and
//! errors, for what a client, a server and a proxy send.
use std::fmt;

use http::header::{
    AUTHORIZATION, COOKIE, LOCATION, PROXY_AUTHORIZATION, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SET_COOKIE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};

use super::{HandshakeError, headers};
use crate::Limits;

/// A start line and the header fields after it.
pub(super) trait Head: Sized {
    /// Whether a line may end with a line feed alone (RFC 9112, 2.2: a recipient may take it).
    const BARE_LINE_FEEDS: bool;

    /// Whether it is what the reader waits for: interim responses are skipped (RFC 9110, 15.2).
    fn is_final(&self) -> bool {
        true
    }

    /// Parses at the front of `bytes`. `Partial`: the head's end has not arrived. Otherwise the
    /// head and its length.
    fn parse<'b>(
        bytes: &'b [u8],
        fields: &mut [httparse::Header<'b>],
    ) -> Result<httparse::Status<(Self, usize)>, HeadError>;
}

/// Why a head cannot be taken.
pub(super) enum HeadError {
    Syntax(httparse::Error),
    Refused(HandshakeError),
}

impl From<httparse::Error> for HeadError {
    fn from(error: httparse::Error) -> HeadError {
        HeadError::Syntax(error)
    }
}

impl From<HandshakeError> for HeadError {
    fn from(error: HandshakeError) -> HeadError {
        HeadError::Refused(error)
    }
}

/// Collects a head that arrives in pieces, within limits. Its `Debug` form does not show them.
pub(super) struct HeadReader {
    bytes: Vec<u8>,
    /// Where the head starts that is being read: what lies before were interim responses.
    start: usize,
    max_bytes: usize,
    max_fields: usize,
}

impl fmt::Debug for HeadReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeadReader")
            .field("received", &self.bytes.len())
            .field("max_bytes", &self.max_bytes)
            .field("max_fields", &self.max_fields)
            .finish_non_exhaustive()
    }
}

/// Within so many bytes each piece is parsed, as garbage shows there. After them only a line's end
/// makes it worthwhile: a head that arrives byte by byte must not cost quadratic time.
const START_LINE_PROBE: usize = 32;

impl HeadReader {
    pub(super) fn new(limits: &Limits) -> HeadReader {
        HeadReader {
            bytes: Vec::new(),
            start: 0,
            max_bytes: limits.max_header_bytes,
            max_fields: limits.max_headers,
        }
    }

    /// Takes more bytes. `None`: the head is incomplete. Otherwise the first head that
    /// [is final](Head::is_final), and how many of *these* bytes belong to it.
    pub(super) fn read<H: Head>(
        &mut self,
        bytes: &[u8],
    ) -> Result<Option<(H, usize)>, HandshakeError> {
        let before = self.bytes.len();
        let room = self.max_bytes.saturating_sub(before);
        let taken = &bytes[..bytes.len().min(room)];
        self.bytes.extend_from_slice(taken);
        let full = self.bytes.len() >= self.max_bytes;
        if before < START_LINE_PROBE || full || taken.contains(&b'\n') {
            self.skip_empty_lines::<H>()?;
            while let Some((head, length)) = self.parse::<H>()? {
                self.start += length;
                if head.is_final() {
                    let consumed = self.start - before;
                    self.bytes = Vec::new();
                    self.start = 0;
                    return Ok(Some((head, consumed)));
                }
                self.skip_empty_lines::<H>()?;
            }
        }
        if full {
            return Err(HandshakeError::HeadTooLarge {
                limit: self.max_bytes,
            });
        }
        Ok(None)
    }

    /// RFC 9112, 2.2: empty lines before a start line are ignored. Each is looked at once, because
    /// nothing but the size of the head limits how many there are.
    fn skip_empty_lines<H: Head>(&mut self) -> Result<(), HandshakeError> {
        loop {
            self.start += match self.bytes[self.start..] {
                [b'\r', b'\n', ..] => 2,
                [b'\n', ..] if H::BARE_LINE_FEEDS => 1,
                [b'\n', ..] => return Err(HandshakeError::Malformed(BARE_LINE_FEED)),
                _ => return Ok(()),
            };
        }
    }

    fn parse<H: Head>(&self) -> Result<Option<(H, usize)>, HandshakeError> {
        let bytes = &self.bytes[self.start..];
        if bytes.is_empty() {
            return Ok(None);
        }
        // No field is shorter than "n:\n": memory follows what has arrived, not what is allowed.
        let room = self.max_fields.min(bytes.len() / 3 + 1);
        let mut fields = vec![httparse::EMPTY_HEADER; room];
        match H::parse(bytes, &mut fields) {
            Ok(httparse::Status::Complete((_, length)))
                if !H::BARE_LINE_FEEDS && has_bare_line_feed(&bytes[..length]) =>
            {
                Err(HandshakeError::Malformed(BARE_LINE_FEED))
            }
            Ok(httparse::Status::Complete(head)) => Ok(Some(head)),
            Ok(httparse::Status::Partial) => Ok(None),
            Err(HeadError::Refused(error)) => Err(error),
            Err(HeadError::Syntax(error)) => Err(match error {
                httparse::Error::TooManyHeaders => HandshakeError::TooManyHeaders {
                    limit: self.max_fields,
                },
                httparse::Error::Version => HandshakeError::HttpVersion,
                httparse::Error::HeaderName => HandshakeError::Malformed(FIELD_NAME),
                httparse::Error::HeaderValue => HandshakeError::Malformed(FIELD_VALUE),
                httparse::Error::NewLine => HandshakeError::Malformed(BARE_LINE_FEED),
                httparse::Error::Status => {
                    HandshakeError::Malformed("the status is not three digits")
                }
                httparse::Error::Token => {
                    HandshakeError::Malformed("the start line has a forbidden character")
                }
            }),
        }
    }
}

const BARE_LINE_FEED: &str = "a line does not end with CR LF";
const FIELD_NAME: &str = "a header field's name is not a token";
const FIELD_VALUE: &str = "a header field's value has a forbidden character";

/// Whether there is a line feed without a carriage return before it.
fn has_bare_line_feed(head: &[u8]) -> bool {
    let mut ends = head.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    ends.any(|(at, _)| !head[..at].ends_with(b"\r"))
}

/// Copies parsed fields into a map.
fn collect(fields: &[httparse::Header<'_>]) -> Result<HeaderMap, HandshakeError> {
    // Of more than a map can hold, the first that it has no room for is refused.
    let mut headers = HeaderMap::try_with_capacity(fields.len()).unwrap_or_default();
    for field in fields {
        let name = HeaderName::from_bytes(field.name.as_bytes())
            .map_err(|_| HandshakeError::Malformed(FIELD_NAME))?;
        let mut value = HeaderValue::from_bytes(field.value)
            .map_err(|_| HandshakeError::Malformed(FIELD_VALUE))?;
        value.set_sensitive(is_secret(&name));
        headers
            .try_append(name, value)
            .map_err(|_| HandshakeError::TooManyHeaders {
                limit: headers.len(),
            })?;
    }
    Ok(headers)
}

/// Whether a field is there to hold a secret, which the `Debug` form of a map does not show then.
fn is_secret(name: &HeaderName) -> bool {
    [
        AUTHORIZATION,
        PROXY_AUTHORIZATION,
        COOKIE,
        SET_COOKIE,
        LOCATION,
        SEC_WEBSOCKET_KEY,
        SEC_WEBSOCKET_PROTOCOL,
    ]
    .contains(name)
}

/// As httparse numbers those that it takes.
fn version(minor: Option<u8>) -> Version {
    match minor {
        Some(1) => Version::HTTP_11,
        _ => Version::HTTP_10,
    }
}

/// A request, not yet known to be one for WebSocket.
pub(super) struct RequestHead {
    /// HTTP/1.1 or 1.0.
    pub(super) version: Version,
    pub(super) method: Method,
    pub(super) target: String,
    pub(super) headers: HeaderMap,
}

impl Head for RequestHead {
    // A proxy before the server may take such a line feed for a part of a line, and see another
    // request than we do.
    const BARE_LINE_FEEDS: bool = false;

    fn parse<'b>(
        bytes: &'b [u8],
        fields: &mut [httparse::Header<'b>],
    ) -> Result<httparse::Status<(Self, usize)>, HeadError> {
        let mut request = httparse::Request::new(fields);
        let httparse::Status::Complete(length) = request.parse(bytes)? else {
            return Ok(httparse::Status::Partial);
        };
        let method = Method::from_bytes(request.method.unwrap_or_default().as_bytes())
            .map_err(|_| HandshakeError::Malformed("the method is not a token"))?;
        let target = request.path.unwrap_or_default().to_owned();
        let head = RequestHead {
            version: version(request.version),
            method,
            target,
            headers: collect(request.headers)?,
        };
        Ok(httparse::Status::Complete((head, length)))
    }
}

/// A response without its body.
pub(super) struct ResponseHead {
    pub(super) version: Version,
    pub(super) status: StatusCode,
    pub(super) reason: String,
    pub(super) headers: HeaderMap,
}

impl ResponseHead {
    pub(super) fn into_response(self) -> http::Response<()> {
        let mut response = http::Response::new(());
        *response.status_mut() = self.status;
        *response.version_mut() = self.version;
        *response.headers_mut() = self.headers;
        response
    }
}

impl Head for ResponseHead {
    // Old servers and scripts end lines like this, and it deceives nobody between us and them.
    const BARE_LINE_FEEDS: bool = true;

    fn is_final(&self) -> bool {
        self.status == StatusCode::SWITCHING_PROTOCOLS || !self.status.is_informational()
    }

    fn parse<'b>(
        bytes: &'b [u8],
        fields: &mut [httparse::Header<'b>],
    ) -> Result<httparse::Status<(Self, usize)>, HeadError> {
        let mut response = httparse::Response::new(fields);
        let httparse::Status::Complete(length) = response.parse(bytes)? else {
            return Ok(httparse::Status::Partial);
        };
        let status = StatusCode::from_u16(response.code.unwrap_or_default())
            .map_err(|_| HandshakeError::Malformed("the status is out of range"))?;
        let head = ResponseHead {
            version: version(response.version),
            status,
            reason: match response.reason.unwrap_or_default() {
                // It has none, or one that is not ASCII (RFC 9112, 4).
                "" => reason_phrase(&bytes[..length]),
                reason => reason.to_owned(),
            },
            headers: collect(response.headers)?,
        };
        Ok(httparse::Status::Complete((head, length)))
    }
}

/// The reason phrase, whatever bytes it is made of: what stands behind version and status.
fn reason_phrase(head: &[u8]) -> String {
    let line = head
        .split(|&byte| byte == b'\n')
        .find(|line| line.len() > 1);
    let phrase = line
        .unwrap_or_default()
        .splitn(3, |&byte| byte == b' ')
        .nth(2);
    headers::field_text(phrase.unwrap_or_default().trim_ascii_end()).into_owned()
}

/// The head of an HTTP response as it arrives, read within limits; interim responses are skipped
/// (RFC 9110, 15.2). What [`ClientHandshake`](super::ClientHandshake) reads with, for other
/// responses, such as a proxy's to CONNECT.
#[derive(Debug)]
pub struct ResponseReader(HeadReader);

impl ResponseReader {
    /// Nothing has arrived yet.
    pub fn new(limits: &Limits) -> ResponseReader {
        ResponseReader(HeadReader::new(limits))
    }

    /// Takes bytes of the response. `None`: more are needed. Otherwise the head, and how many of
    /// **these** bytes belonged to it.
    ///
    /// # Errors
    /// It is not HTTP, or is too large.
    pub fn recv(
        &mut self,
        bytes: &[u8],
    ) -> Result<Option<(http::Response<()>, usize)>, HandshakeError> {
        let head = self.0.read::<ResponseHead>(bytes)?;
        Ok(head.map(|(head, consumed)| (head.into_response(), consumed)))
    }
}
