//! The answer of a server that does not want a WebSocket, as a person reads it.
use std::fmt::Write;

use arkws::RefusalBody;
use arkws::field_text;
use arkws::http::Response;

/// Status, header fields and body, one below the other.
pub(crate) fn shown(answer: &Response<RefusalBody>) -> String {
    let mut text = format!("{:?} {}", answer.version(), answer.status());
    for (name, value) in answer.headers() {
        _ = write!(text, "\n{name}: {}", field_text(value.as_bytes()));
    }
    let body = String::from_utf8_lossy(answer.body());
    if !body.is_empty() {
        _ = write!(text, "\n\n{}", body.trim_end());
    }
    text
}
