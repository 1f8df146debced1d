//! The error of every call and event, with the contract's codes and texts.
use std::fmt;
use std::sync::Arc;

use crate::{Cause, RefusalResponse};

/// An error as the contract knows it: a code and a message, sometimes with data.
///
/// [`message`](Self::message) begins with the contract's text for the code and goes on with what
/// was attempted, on what, and why it failed. What people are shown, the `Display`, ends with the
/// name of the cause in brackets, if there is one: the book has a section of that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct BusinessError {
    /// One of the constants of this type.
    pub code: i32,
    /// For people.
    pub message: String,
    /// For the `error` event: the HTTP status of a refused handshake, else `"0"`.
    pub data: Option<String>,
    /// The kind of the failure, where there is one to branch on. It is that
    /// - of every `error` event, and of a `connect` whose failure such an event tells as well;
    /// - of sends that failed with their connection, and of calls on one that has ended: how it
    ///   ended;
    /// - of a send that was refused because too much waits already;
    /// - of a `connect` or `start` that the operating system has no thread or descriptor for, and
    ///   of a `start` under which the network thread has ended.
    pub cause: Option<Cause>,
    /// What the server answered that refused the handshake: of the `error` event of such an
    /// attempt, of the sends that waited for it, and of the
    /// [`Reconnecting`](crate::Event::Reconnecting) after one.
    pub response: Option<Arc<RefusalResponse>>,
    /// Whether this is the failure of a `connect` that events tell of, too: an `error` event with
    /// the same words, then [`Idle`](crate::Event::Idle). `false` for all other failures.
    pub event_follows: bool,
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
    /// [`FAILED`](Self::FAILED) has two texts: this is `connect`'s, [`not_sent`](Self::not_sent) is
    /// `send`'s.
    pub fn new(code: i32, detail: impl AsRef<str>) -> BusinessError {
        let text = TEXTS.iter().find(|(known, _)| *known == code);
        let text = text.map_or(UNKNOWN, |(_, text)| text);
        BusinessError::with_text(code, text, detail.as_ref())
    }

    /// A mistake in the arguments of a call: code [`PARAMETER`](Self::PARAMETER).
    pub fn parameter(detail: impl fmt::Display) -> BusinessError {
        BusinessError::new(Self::PARAMETER, detail.to_string())
    }

    /// A message was not sent: code [`FAILED`](Self::FAILED) with the text that the contract has
    /// for `send`.
    pub fn not_sent(detail: impl AsRef<str>) -> BusinessError {
        BusinessError::with_text(Self::FAILED, UNKNOWN, detail.as_ref())
    }

    /// What an `error` event carries: code 200, and `data` `"0"` unless the server refused the
    /// handshake with an HTTP status.
    pub(crate) fn event(message: String, status: Option<u16>, cause: Cause) -> BusinessError {
        BusinessError {
            code: Self::EVENT,
            message: printable(message),
            data: Some(status.unwrap_or(0).to_string()),
            cause: Some(cause),
            response: None,
            event_follows: false,
        }
    }

    /// What an `error` event carries when an open connection is lost, for this reason.
    pub fn connection_lost(why: impl fmt::Display, cause: impl Into<Cause>) -> BusinessError {
        let message = format!("Websocket connection lost: {why}");
        BusinessError::event(message, None, cause.into())
    }

    pub(crate) fn with_cause(self, cause: impl Into<Cause>) -> BusinessError {
        BusinessError {
            cause: Some(cause.into()),
            ..self
        }
    }

    /// The same failure, of a `connect`; events tell of it, too.
    pub(crate) fn and_event(self, cause: impl Into<Cause>) -> BusinessError {
        BusinessError {
            event_follows: true,
            ..self.with_cause(cause)
        }
    }

    /// What the `error` event carries that tells of a failed `connect`.
    pub(crate) fn into_event(self) -> BusinessError {
        BusinessError {
            code: Self::EVENT,
            data: Some("0".to_owned()),
            event_follows: false,
            ..self
        }
    }

    /// The stable name of the [`cause`](Self::cause).
    pub fn cause_name(&self) -> Option<&'static str> {
        self.cause.map(Cause::as_str)
    }

    /// The [`message`](Self::message) without the contract's text for a code: what failed, and why.
    /// Where it is nothing but such a text, that.
    pub fn detail(&self) -> &str {
        let detail = |text| self.message.strip_prefix(text)?.strip_prefix(": ");
        let known = TEXTS.iter().map(|(_, text)| *text);
        let found = known.chain([UNKNOWN]).find_map(detail);
        found.unwrap_or(&self.message)
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
            response: None,
            event_follows: false,
        }
    }
}

impl fmt::Display for BusinessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match self.cause {
            Some(cause) => write!(f, " [{cause}]"),
            None => Ok(()),
        }
    }
}

/// The text, with escapes for the characters that a terminal or a reader of lines would obey: a
/// message may have words of the peer's in it, such as the reason of its close.
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

/// The contract's text for each code; [`UNKNOWN`] for all others.
const TEXTS: [(i32, &str); 12] = [
    (BusinessError::PARAMETER, "Parameter error"),
    (BusinessError::PERMISSION, "Permission denied"),
    (BusinessError::FAILED, "Websocket connect failed"),
    (BusinessError::EVENT, "Websocket connect failed"),
    (BusinessError::URL, "Websocket url error"),
    (
        BusinessError::CERTIFICATE_FILE,
        "Websocket certificate file does not exist",
    ),
    (
        BusinessError::ALREADY_CONNECTED,
        "Websocket connection already exist",
    ),
    (BusinessError::NIC, "Can't listen to the given NIC"),
    (BusinessError::PORT, "Can't listen to the given Port"),
    (
        BusinessError::NO_CONNECTION,
        "websocket connection does not exist",
    ),
    (
        BusinessError::PORT_OCCUPIED,
        "Websocket port already occupied",
    ),
    (
        BusinessError::DOMAIN,
        "It is not allowed to access this domain",
    ),
];

const UNKNOWN: &str = "Websocket Unknown Other Error";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_detail_is_what_follows_the_contracts_text() {
        let url = BusinessError::new(BusinessError::URL, "a: b");
        assert_eq!(
            (url.message.as_str(), url.detail()),
            ("Websocket url error: a: b", "a: b")
        );
        assert_eq!(BusinessError::not_sent("full").detail(), "full");
        assert_eq!(
            BusinessError::new(0, "x")
                .and_event(arkws::Cause::Io)
                .into_event()
                .detail(),
            "x"
        );
        assert_eq!(
            BusinessError::new(BusinessError::NIC, "").detail(),
            "Can't listen to the given NIC"
        );
        assert_eq!(
            BusinessError::connection_lost("x", arkws::Cause::Io).detail(),
            "Websocket connection lost: x"
        );
    }
}
