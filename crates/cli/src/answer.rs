//! The answer of a server to the opening handshake, as a person reads it.
use std::fmt::Write;

use arkws::http::{HeaderMap, Response, StatusCode};
use arkws::{RefusalBody, field_text};

/// Status and header fields, one below the other.
pub(crate) fn head(status: StatusCode, headers: &HeaderMap) -> String {
    let mut text = format!("HTTP/1.1 {status}");
    for (name, value) in headers {
        _ = write!(text, "\n{name}: {}", field_text(value.as_bytes()));
    }
    text
}

/// The answer of one that does not want a WebSocket, with its body.
pub(crate) fn refusal(answer: &Response<RefusalBody>) -> String {
    let mut text = head(answer.status(), answer.headers());
    let body = String::from_utf8_lossy(answer.body());
    if !body.is_empty() {
        _ = write!(text, "\n\n{}", body.trim_end());
    }
    text
}
