//! A message as a JSON object, one a line (`--jsonl`).
use std::time::{SystemTime, UNIX_EPOCH};

use arkws::Message;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;

/// Which way a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Direction {
    /// To the other end.
    Out,
    /// From there.
    In,
}

/// A message that was sent or received.
#[derive(Debug, Serialize)]
pub(super) struct Record<'a> {
    direction: Direction,
    /// Seconds since 1970.
    time: f64,
    #[serde(rename = "type")]
    kind: &'static str,
    /// Of the payload, in bytes.
    size: usize,
    /// The text, or binary data in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Data<'a>>,
    /// Of a close frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Data<'a> {
    Text(&'a str),
    Base64(String),
}

impl<'a> Record<'a> {
    /// A message that goes by now.
    pub(super) fn now(direction: Direction, message: &'a Message) -> Record<'a> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let base64 = |data: &[u8]| Some(Data::Base64(BASE64_STANDARD.encode(data)));
        let (kind, data) = match message {
            Message::Text(text) => ("text", Some(Data::Text(text))),
            Message::Binary(data) => ("binary", base64(data)),
            Message::Ping(data) => ("ping", base64(data)),
            Message::Pong(data) => ("pong", base64(data)),
            Message::Close(_) => ("close", None),
        };
        let close = match message {
            Message::Close(frame) => frame.as_ref(),
            _ => None,
        };
        Record {
            direction,
            time: since.unwrap_or_default().as_secs_f64(),
            kind,
            // A close frame begins with its code (RFC 6455, 5.5.1).
            size: close.map_or(message.len(), |frame| 2 + frame.reason().len()),
            data,
            code: close.map(|frame| frame.code().get()),
            reason: close.map(|frame| frame.reason()),
        }
    }
}
