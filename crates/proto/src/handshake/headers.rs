//! Heads of requests and responses as they arrive, and what their fields are made of: tokens,
//! lists, extensions (RFC 6455, 9.1; RFC 9110, 5.6; RFC 9112, 2 to 5).
use std::borrow::Cow;
use std::fmt;

use http::header::{AUTHORIZATION, COOKIE, LOCATION, PROXY_AUTHORIZATION, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::HandshakeError;
use crate::Limits;

/// A start line and the header fields after it.
pub(super) trait Head: Sized {
    /// Whether a line may end with a line feed alone (RFC 9112, 2.2: a recipient may take it).
    const BARE_LINE_FEEDS: bool;

    /// Parses at the front of `bytes`; `None`: the head's end has not arrived. Otherwise the head
    /// and its length.
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

/// Garbage shows in the first bytes. After these, a line's end is awaited before parsing again, so
/// that a head which arrives byte by byte costs no quadratic time.
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

    /// Takes more bytes. `None`: the head is incomplete. Otherwise the first head that `is_final`,
    /// and how many of *these* bytes belong to it; earlier ones are skipped (RFC 9110, 15.2:
    /// interim responses).
    pub(super) fn read<H: Head>(
        &mut self,
        bytes: &[u8],
        is_final: impl Fn(&H) -> bool,
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
                if is_final(&head) {
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

    /// RFC 9112, 2.2: empty lines before a start line are ignored. Each is looked at once: they are
    /// no lines of a head, whose number is limited.
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
                httparse::Error::HeaderName => {
                    HandshakeError::Malformed("a header field's name is not a token")
                }
                httparse::Error::HeaderValue => {
                    HandshakeError::Malformed("a header field's value has a forbidden character")
                }
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

/// Not before every line feed is a carriage return. What stands before us may see other lines then.
fn has_bare_line_feed(head: &[u8]) -> bool {
    let mut ends = head.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    ends.any(|(at, _)| !head[..at].ends_with(b"\r"))
}

/// Copies parsed fields into a map.
pub(super) fn collect(fields: &[httparse::Header<'_>]) -> Result<HeaderMap, HandshakeError> {
    let mut headers = HeaderMap::with_capacity(fields.len());
    for field in fields {
        let name = HeaderName::from_bytes(field.name.as_bytes())
            .map_err(|_| HandshakeError::Malformed("a header field's name is not a token"))?;
        let mut value = HeaderValue::from_bytes(field.value).map_err(|_| {
            HandshakeError::Malformed("a header field's value has a forbidden character")
        })?;
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
    ]
    .contains(name)
}

/// Shows the names of fields only: any value may be a secret.
pub(super) struct Names<'h>(pub(super) &'h HeaderMap);

impl fmt::Debug for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

/// What a field's value or a reason phrase says: UTF-8, or, if it is not that, Latin-1. RFC 9110,
/// 5.5 leaves open which; this loses nothing.
pub fn field_text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

/// A request target without what may be a secret of it: user information, query and fragment.
pub(super) fn without_secrets(target: &str) -> String {
    let public = match target.find(['?', '#']) {
        Some(at) => &target[..=at],
        None => target,
    };
    let rest = if public.len() < target.len() {
        "..."
    } else {
        ""
    };
    // Wherever it stands: what is shown need not be a URL.
    match public.rsplit_once('@') {
        Some((_, public)) if !target.starts_with('/') => format!("...@{public}{rest}"),
        _ => format!("{public}{rest}"),
    }
}

/// Whether these are a host and perhaps a port (RFC 9110, 7.2; RFC 3986, 3.2.2 and 3.2.3); a name
/// may be empty.
pub(super) fn is_authority(text: &[u8]) -> bool {
    let is_port = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
    if let [b'[', rest @ ..] = text {
        let Some(end) = rest.iter().position(|&byte| byte == b']') else {
            return false;
        };
        let (address, port) = (&rest[..end], &rest[end + 1..]);
        let in_address = |byte: &u8| byte.is_ascii_hexdigit() || b":.".contains(byte);
        let port = port.strip_prefix(b":").or(port.is_empty().then_some(port));
        return !address.is_empty() && address.iter().all(in_address) && port.is_some_and(is_port);
    }
    let (name, port) = match text.iter().position(|&byte| byte == b':') {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &[][..]),
    };
    let in_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%".contains(byte);
    name.iter().all(in_name) && is_port(port)
}

/// Writes `name: value` and the line's end.
pub(super) fn write_field(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// Fields that the handshake itself writes (RFC 6455, 4.1 and 4.2.2), or that would change how the
/// message ends (RFC 9112, 6): nobody else may set them.
pub(super) fn is_reserved(name: &HeaderName) -> bool {
    let name = name.as_str();
    matches!(
        name,
        "upgrade" | "connection" | "content-length" | "transfer-encoding"
    ) || name.starts_with("sec-websocket-")
}

/// RFC 9110, 5.6.2: one or more visible characters that are no delimiters.
pub(super) fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|&byte| is_token_byte(byte))
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// The only line of a field: `None` if it is absent.
///
/// # Errors
/// The field came more than once.
pub(super) fn single<'h>(
    headers: &'h HeaderMap,
    name: &'static str,
) -> Result<Option<&'h HeaderValue>, HandshakeError> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    match values.next() {
        None => Ok(first),
        Some(_) => Err(HandshakeError::DuplicateHeader(name)),
    }
}

/// The elements of a comma-separated list over all lines of a field, empty ones left out (RFC 9110,
/// 5.6.1). For fields whose elements are tokens: quotes are not understood.
pub(super) fn list<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = &'h [u8]> {
    headers
        .get_all(name)
        .iter()
        .flat_map(|value| value.as_bytes().split(|&byte| byte == b','))
        .map(|element| element.trim_ascii())
        .filter(|element| !element.is_empty())
}

/// All lines of a field, bounded and escaped, to be shown to a person; `None` if the field is
/// absent.
pub(super) fn shown(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines: Vec<&[u8]> = headers
        .get_all(name)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    if lines.is_empty() {
        None
    } else {
        Some(excerpt(&lines.join(&b", "[..])))
    }
}

/// What a peer or a caller gave, bounded and escaped, to be shown to a person.
pub(super) fn excerpt(bytes: &[u8]) -> String {
    const MAX: usize = 64;
    if bytes.len() <= MAX {
        bytes.escape_ascii().to_string()
    } else {
        format!("{}...", bytes[..MAX].escape_ascii())
    }
}

/// One element of `Sec-WebSocket-Extensions` (RFC 6455, 9.1).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Extension {
    pub(super) name: String,
    pub(super) params: Vec<(String, Option<String>)>,
}

pub(super) const EXTENSIONS: &str = "sec-websocket-extensions";

/// The extensions that a message names, in order.
///
/// # Errors
/// The field does not follow the grammar of RFC 6455, 9.1.
pub(super) fn extensions(headers: &HeaderMap) -> Result<Vec<Extension>, HandshakeError> {
    let mut all = Vec::new();
    for value in headers.get_all(EXTENSIONS) {
        let mut scanner = Scanner(value.as_bytes());
        scanner
            .extension_list(&mut all)
            .ok_or_else(|| HandshakeError::MalformedExtensions(excerpt(value.as_bytes())))?;
    }
    Ok(all)
}

/// The rest of a field's value. Each method takes one grammar rule from its front; `None`: it is
/// not there.
struct Scanner<'v>(&'v [u8]);

impl Scanner<'_> {
    /// `extension-list = 1#extension`
    fn extension_list(&mut self, all: &mut Vec<Extension>) -> Option<()> {
        loop {
            self.skip_space();
            if self.0.is_empty() {
                return Some(());
            }
            if self.take(b',') {
                continue;
            }
            all.push(self.extension()?);
            if !self.0.is_empty() && !self.take(b',') {
                return None;
            }
        }
    }

    /// `extension = extension-token *( ";" extension-param )`
    fn extension(&mut self) -> Option<Extension> {
        let name = self.token()?;
        let mut params = Vec::new();
        self.skip_space();
        while self.take(b';') {
            self.skip_space();
            params.push(self.param()?);
            self.skip_space();
        }
        Some(Extension { name, params })
    }

    /// `extension-param = token [ "=" (token | quoted-string) ]`; the text of the quoted string
    /// must be a token too.
    fn param(&mut self) -> Option<(String, Option<String>)> {
        let name = self.token()?;
        self.skip_space();
        if !self.take(b'=') {
            return Some((name, None));
        }
        self.skip_space();
        let value = if self.take(b'"') {
            self.quoted()?
        } else {
            self.token()?
        };
        Some((name, Some(value)))
    }

    fn token(&mut self) -> Option<String> {
        let length = self
            .0
            .iter()
            .take_while(|&&byte| is_token_byte(byte))
            .count();
        let (token, rest) = self.0.split_at(length);
        self.0 = rest;
        if token.is_empty() {
            None
        } else {
            String::from_utf8(token.to_vec()).ok()
        }
    }

    /// The rest of a quoted string, after its opening quote (RFC 9110, 5.6.4).
    fn quoted(&mut self) -> Option<String> {
        let mut text = Vec::new();
        loop {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            match byte {
                b'"' => break,
                b'\\' => {
                    let (&escaped, rest) = self.0.split_first()?;
                    self.0 = rest;
                    text.push(escaped);
                }
                _ => text.push(byte),
            }
        }
        if is_token(&text) {
            String::from_utf8(text).ok()
        } else {
            None
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        match self.0.split_first() {
            Some((&first, rest)) if first == byte => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    fn skip_space(&mut self) {
        while let Some((b' ' | b'\t', rest)) = self.0.split_first() {
            self.0 = rest;
        }
    }
}
