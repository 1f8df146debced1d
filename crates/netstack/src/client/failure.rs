//! Why something failed, in the words of the contract.
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arkws::http::header::{DATE, RETRY_AFTER};
use arkws::{Error, HandshakeError, Phase};
use httpdate::parse_http_date;

use crate::{BusinessError, Cause, RefusalResponse, option_hint};

/// Why an attempt failed, or a connection was lost.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    /// What happened, for people: `127.0.0.1:9: connection refused`.
    pub(super) detail: String,
    /// What happened, for programs.
    pub(super) cause: Cause,
    /// What the server answered that refused.
    pub(super) response: Option<Arc<RefusalResponse>>,
    /// Whether another attempt may succeed.
    pub(super) transient: bool,
}

impl Failure {
    /// The server closed the connection with a code that asks to connect again.
    pub(super) fn closed(code: u16, reason: &str) -> Failure {
        let separator = if reason.is_empty() { "" } else { ": " };
        Failure {
            detail: format!("the server closed the connection with {code}{separator}{reason}"),
            cause: arkws::Cause::Closed.into(),
            response: None,
            transient: true,
        }
    }

    /// The network thread has ended under the connection.
    pub(super) fn dropped() -> Failure {
        Failure {
            detail: "the network thread ended".to_owned(),
            cause: Cause::Internal,
            response: None,
            transient: false,
        }
    }

    /// The program has given the attempt up.
    pub(super) fn aborted(why: &str) -> Failure {
        let separator = if why.is_empty() { "" } else { ": " };
        Failure {
            detail: format!("it was aborted{separator}{why}"),
            cause: arkws::Cause::Closed.into(),
            response: None,
            transient: false,
        }
    }

    /// A defect of ours, or of the binding.
    pub(super) fn panic(payload: &(dyn std::any::Any + Send)) -> Failure {
        let words = match (
            payload.downcast_ref::<&str>(),
            payload.downcast_ref::<String>(),
        ) {
            (Some(words), _) => words,
            (None, Some(words)) => words.as_str(),
            (None, None) => "no message",
        };
        Failure {
            detail: format!("a panic on the network thread: {words}"),
            cause: Cause::Internal,
            response: None,
            transient: false,
        }
    }

    /// The `error` event of an attempt.
    pub(super) fn of_attempt(&self) -> BusinessError {
        let message = BusinessError::new(BusinessError::FAILED, &self.detail).message;
        let status = self.response.as_ref().map(|response| response.status);
        BusinessError {
            response: self.response.clone(),
            ..BusinessError::event(message, status, self.cause)
        }
    }

    /// For how long the server asks to be left alone. A date is one of the server's clock, so it
    /// counts from the response's `Date`, or else from `now`; one that has passed is no time at
    /// all.
    pub(super) fn retry_after(&self, now: SystemTime) -> Option<Duration> {
        let response = self.response.as_ref()?;
        let field = |name| response.headers.get(name)?.to_str().ok();
        match response.status {
            429 | 503 => {
                let server_now = field(DATE).and_then(|date| parse_http_date(date).ok());
                retry_after(field(RETRY_AFTER)?, server_now.unwrap_or(now))
            }
            _ => None,
        }
    }

    /// The program did not say with what the attempt was to be made.
    pub(super) fn not_renewed(why: &str, cause: arkws::Cause) -> Failure {
        Failure {
            detail: format!("the program's function for reconnect.url or reconnect.header {why}"),
            cause: cause.into(),
            response: None,
            transient: true,
        }
    }

    /// What the call fails with that was to begin the attempt.
    pub(super) fn of_call(&self) -> BusinessError {
        BusinessError::new(BusinessError::FAILED, &self.detail).and_event(self.cause)
    }

    /// The `error` event of a connection.
    pub(super) fn of_connection(&self) -> BusinessError {
        BusinessError::connection_lost(&self.detail, self.cause)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        let (cause, detail) = (error.cause().into(), describe(&error));
        let transient = error.is_transient();
        let response = match error {
            Error::Handshake(HandshakeError::Refused(response)) => Some(response),
            _ => None,
        };
        Failure {
            detail,
            cause,
            transient,
            response: response.map(|response| {
                let (head, body) = response.into_parts();
                Arc::new(RefusalResponse {
                    status: head.status.as_u16(),
                    headers: head.headers,
                    body: body.into_bytes(),
                })
            }),
        }
    }
}

/// `Retry-After` (RFC 9110, 10.2.3): seconds, or a date in one of the three forms that HTTP knows.
fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More than fits is as good as for ever: the caller bounds it.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// The error's words, and which option has to do with it.
fn describe(error: &Error) -> String {
    let option = match error {
        Error::Heartbeat { interval, timeout } => {
            return format!(
                "heartbeat: nothing came from the server within {timeout:?} (pongTimeout) of a ping \
                 that followed {interval:?} of silence (pingInterval)"
            );
        }
        Error::Lost(source) if source.kind() == io::ErrorKind::UnexpectedEof => {
            return "the server ended the connection without a closing handshake".into();
        }
        Error::Lost(source) => return source.to_string(),
        Error::DialTimeout { phase, .. } => match phase {
            Phase::Connect | Phase::Proxy => Some("connectTimeout"),
            _ => Some("handshakeTimeout"),
        },
        _ => option_hint::option(error),
    };
    match option {
        Some(option) => option_hint::named(error, option),
        None => option_hint::words(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sun, 06 Nov 1994 08:49:37 GMT
    const THEN: Duration = Duration::from_secs(784_111_777);

    #[test]
    fn retry_after_is_seconds_or_a_date_in_each_form_of_http() {
        let now = SystemTime::UNIX_EPOCH + THEN;
        let seconds = |value| retry_after(value, now).map(|after| after.as_secs());
        for (value, after) in [
            ("7", Some(7)),
            (" 0120\t", Some(120)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10)),
            (" Sun, 06 Nov 1994 08:49:47 GMT ", Some(10)),
            ("Sunday, 06-Nov-94 08:49:47 GMT", Some(10)),
            ("Sun Nov  6 08:49:47 1994", Some(10)),
            ("Mon, 07 Nov 1994 08:49:37 GMT", Some(24 * 60 * 60)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(0)),
            ("Sun, 06 Nov 1994 08:49:36 GMT", Some(0)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("99999999999999999999999", Some(u64::MAX)),
            // No such day, no such form.
            ("Sun, 31 Feb 1994 08:49:47 GMT", None),
            ("Mon, 06 Nov 1994 08:49:47 GMT", None),
            ("Sun, 06 Nov 1994 08:49:47 CET", None),
            ("1994-11-06T08:49:47Z", None),
            ("7.5", None),
            ("-7", None),
            ("+7", None),
            ("7 s", None),
            ("7, 8", None),
            ("", None),
        ] {
            assert_eq!(seconds(value), after, "{value}");
        }
        let soon = now + Duration::from_millis(500);
        assert_eq!(
            retry_after("Sun, 06 Nov 1994 08:49:47 GMT", soon),
            Some(Duration::from_millis(9500))
        );
    }
}
