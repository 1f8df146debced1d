//! Basic authorization.
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::HeaderValue;
use zeroize::Zeroizing;

/// Basic authorization (RFC 7617, 2), marked as sensitive.
pub(crate) fn basic(user: &[u8], password: &[u8]) -> HeaderValue {
    let mut value = HeaderValue::from_str(&basic_text(user, password))
        .expect("base64 has no character that a header field forbids");
    value.set_sensitive(true);
    value
}

/// The same, in a buffer of our own.
pub(crate) fn basic_text(user: &[u8], password: &[u8]) -> Zeroizing<String> {
    const SCHEME: &str = "Basic ";
    let plain = Zeroizing::new([user, b":", password].concat());
    let length = base64::encoded_len(plain.len(), true).unwrap_or_default();
    let mut text = Zeroizing::new(String::with_capacity(SCHEME.len() + length));
    text.push_str(SCHEME);
    BASE64_STANDARD.encode_string(&*plain, &mut text);
    text
}
