//! Messages as JSON objects, one a line: what `connect --jsonl` and `proxy --record` write, and
//! `serve --script` and `replay` read.
//!
//! | file | what it holds |
//! |---|---|
//! | `mod.rs` | a message as an object |
//! | `read.rs` | a file of them |
//! | `har.rs` | the same as HAR files have it |
mod har;
mod read;

use std::time::{SystemTime, UNIX_EPOCH};

use arkws::Message;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

pub(crate) use har::HarMessage;
pub(crate) use read::read;

/// Which way a message went, as the client sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Direction {
    /// To the server.
    Out,
    /// From there.
    In,
}

/// What became of a message on its way through a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Fate {
    /// It went on as it was.
    #[default]
    Passed,
    /// It was changed.
    Edited,
    /// It went no further.
    Dropped,
    /// It came from nobody but the proxy.
    Injected,
    /// It came when the other end took nothing any more.
    Late,
}

impl Fate {
    /// Whether the other end has got it, as far as is known.
    pub(crate) fn is_delivered(self) -> bool {
        !matches!(self, Fate::Dropped | Fate::Late)
    }

    fn is_passed(&self) -> bool {
        *self == Fate::Passed
    }
}

/// A message of a recording.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Recorded {
    pub(crate) direction: Direction,
    /// Seconds since 1970, if the file has it.
    pub(crate) time: Option<f64>,
    pub(crate) message: Message,
}

/// A message that was sent or received.
#[derive(Debug, Serialize)]
pub(crate) struct Record<'a> {
    /// Which of several connections.
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<u64>,
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
    #[serde(skip_serializing_if = "Fate::is_passed")]
    fate: Fate,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Data<'a> {
    Text(&'a str),
    Base64(String),
}

impl<'a> Record<'a> {
    /// A message that goes by at this time.
    pub(crate) fn new(direction: Direction, time: SystemTime, message: &'a Message) -> Record<'a> {
        let base64 = |data: &[u8]| Some(Data::Base64(BASE64_STANDARD.encode(data)));
        let data = match message {
            Message::Text(text) => Some(Data::Text(text)),
            Message::Binary(data) | Message::Ping(data) | Message::Pong(data) => base64(data),
            Message::Close(_) => None,
        };
        let close = match message {
            Message::Close(frame) => frame.as_ref(),
            _ => None,
        };
        Record {
            connection: None,
            direction,
            time: seconds(time),
            kind: kind(message),
            // A close frame begins with its code (RFC 6455, 5.5.1).
            size: close.map_or(message.len(), |frame| 2 + frame.reason().len()),
            data,
            code: close.map(|frame| frame.code().get()),
            reason: close.map(|frame| frame.reason()),
            fate: Fate::Passed,
        }
    }

    /// As one of this connection through a proxy.
    pub(crate) fn through(self, connection: u64, fate: Fate) -> Record<'a> {
        Record {
            connection: Some(connection),
            fate,
            ..self
        }
    }
}

/// The name of a kind of message.
pub(crate) fn kind(message: &Message) -> &'static str {
    match message {
        Message::Text(_) => "text",
        Message::Binary(_) => "binary",
        Message::Ping(_) => "ping",
        Message::Pong(_) => "pong",
        Message::Close(_) => "close",
    }
}

/// Since 1970.
pub(crate) fn seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64()
}
