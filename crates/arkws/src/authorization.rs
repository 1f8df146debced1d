//! Basic authorization.
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::HeaderValue;

/// Basic authorization (RFC 7617, 2), marked as sensitive.
pub(crate) fn basic(user: &[u8], password: &[u8]) -> HeaderValue {
    let credentials = BASE64_STANDARD.encode([user, b":", password].concat());
    let mut value = HeaderValue::try_from(format!("Basic {credentials}"))
        .expect("base64 has no character that a header field forbids");
    value.set_sensitive(true);
    value
}
