//! What header fields are made of: tokens, lists, extensions (RFC 6455, 9.1; RFC 9110, 5.6). And
//! how they are written and shown.
use std::borrow::Cow;
use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::HandshakeError;

/// So many header fields of the program's own one head may have. Our choice: `http::HeaderMap`
/// panics at some 24,576, and there are the handshake's, too.
pub const MAX_OWN_HEADERS: usize = 8192;

/// # Errors
/// There are more of them.
pub(super) fn check_count(own: &HeaderMap) -> Result<(), HandshakeError> {
    match own.len() > MAX_OWN_HEADERS {
        true => Err(HandshakeError::TooManyOwnHeaders),
        false => Ok(()),
    }
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

/// What should be the value of a `Host` field, to be shown to a person.
pub(super) fn shown_host(host: &[u8]) -> String {
    excerpt(without_secrets(&field_text(host)).as_bytes())
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
pub fn is_reserved(name: &HeaderName) -> bool {
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
