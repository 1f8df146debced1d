//! The error of every call and event, with the contract's codes and texts.
use std::fmt;

/// An error as the contract knows it: a code and a message, sometimes with data.
///
/// [`message`](Self::message) begins with the contract's text for the code and goes on with what
/// was attempted, on what, and why it failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BusinessError {
    /// One of the constants of this type.
    pub code: i32,
    /// For people.
    pub message: String,
    /// For the `error` event: the HTTP status of a refused handshake, else `"0"`.
    pub data: Option<String>,
    /// For the `error` event, for a `connect` whose failure that event tells as well, for sends that the connection's end has
    /// failed, and for calls that come after it: the stable name of an [`arkws::Cause`], or `"policy"` (2302998) or `"internal"` (a defect of ours or of a binding).
    ///
    /// A send that was refused because too much waits already has `"queue-full"`, and so has the
    /// `error` event of a server that has closed such a client.
    pub cause: Option<&'static str>,
}

impl BusinessError {
    /// Parameter error.
    pub const PARAMETER: i32 = 401;
    /// Permission denied.
    pub const PERMISSION: i32 = 201;
    /// The code of every `error` event.
    pub const EVENT: i32 = 200;
    /// connect: the request could not be created; send: not connected.
    pub const FAILED: i32 = -1;
    /// Websocket url error.
    pub const URL: i32 = 2302001;
    /// Websocket certificate file does not exist.
    pub const CERTIFICATE_FILE: i32 = 2302002;
    /// Websocket connection already exist.
    pub const ALREADY_CONNECTED: i32 = 2302003;
    /// Can't listen to the given NIC.
    pub const NIC: i32 = 2302004;
    /// Can't listen to the given Port.
    pub const PORT: i32 = 2302005;
    /// websocket connection does not exist.
    pub const NO_CONNECTION: i32 = 2302006;
    /// Websocket port already occupied.
    pub const PORT_OCCUPIED: i32 = 2302007;
    /// It is not allowed to access this domain.
    pub const DOMAIN: i32 = 2302998;
    /// Websocket Unknown Other Error.
    pub const OTHER: i32 = 2302999;

    /// The contract's text for `code`, followed by `: detail` unless that is empty.
    ///
    /// [`FAILED`](Self::FAILED) has two texts: this is `connect`'s, [`not_sent`](Self::not_sent) is `send`'s.
    pub fn new(code: i32, detail: impl AsRef<str>) -> BusinessError {
        let text = match code {
            Self::PARAMETER => "Parameter error",
            Self::PERMISSION => "Permission denied",
            Self::FAILED | Self::EVENT => "Websocket connect failed",
            Self::URL => "Websocket url error",
            Self::CERTIFICATE_FILE => "Websocket certificate file does not exist",
            Self::ALREADY_CONNECTED => "Websocket connection already exist",
            Self::NIC => "Can't listen to the given NIC",
            Self::PORT => "Can't listen to the given Port",
            Self::NO_CONNECTION => "websocket connection does not exist",
            Self::PORT_OCCUPIED => "Websocket port already occupied",
            Self::DOMAIN => "It is not allowed to access this domain",
            _ => UNKNOWN,
        };
        BusinessError::with_text(code, text, detail.as_ref())
    }

    /// A mistake in the arguments of a call: code [`PARAMETER`](Self::PARAMETER).
    pub fn parameter(detail: impl fmt::Display) -> BusinessError {
        BusinessError::new(Self::PARAMETER, detail.to_string())
    }

    /// A message was not sent: code [`FAILED`](Self::FAILED) with the text that the contract has for `send`.
    pub fn not_sent(detail: impl AsRef<str>) -> BusinessError {
        BusinessError::with_text(Self::FAILED, UNKNOWN, detail.as_ref())
    }

    /// What an `error` event carries: code 200, and `data` `"0"` unless a server's HTTP status is known.
    pub(crate) fn event(
        message: String,
        status: Option<u16>,
        cause: &'static str,
    ) -> BusinessError {
        BusinessError {
            code: Self::EVENT,
            message: printable(message),
            data: Some(status.unwrap_or(0).to_string()),
            cause: Some(cause),
        }
    }

    pub(crate) fn with_cause(self, cause: &'static str) -> BusinessError {
        BusinessError {
            cause: Some(cause),
            ..self
        }
    }

    fn with_text(code: i32, text: &str, detail: &str) -> BusinessError {
        BusinessError {
            code,
            message: if detail.is_empty() {
                text.to_owned()
            } else {
                printable(format!("{text}: {detail}"))
            },
            data: None,
            cause: None,
        }
    }
}

/// The text with what a terminal or a reader of lines would obey written as an escape: a message may
/// have words of the peer's in it, such as the reason of its close.
pub(crate) fn printable(text: String) -> String {
    let acts = |c: char| {
        c.is_control()
            // Ends of lines and of paragraphs, and what turns the direction of others.
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(acts) {
        return text;
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match acts(c) {
            true => escaped.extend(c.escape_default()),
            false => escaped.push(c),
        }
    }
    escaped
}

const UNKNOWN: &str = "Websocket Unknown Other Error";
