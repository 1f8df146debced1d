//! Header fields of the program's own.
use arkws_proto::handshake::MAX_OWN_HEADERS;
use http::{HeaderMap, HeaderName, HeaderValue};

/// Adds a field, unless there are too many already, which the handshake refuses to send:
/// `HeaderMap` itself would panic sooner or later.
pub(crate) fn append(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    if headers.len() <= MAX_OWN_HEADERS {
        headers.append(name, value);
    }
}
