//! Why something failed, in the words of the contract.
use std::io;
use std::sync::Arc;
use std::time::Duration;

use arkws::{Error, HandshakeError, Phase};

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
    /// For how long the server asks to be left alone.
    pub(super) retry_after: Option<Duration>,
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
            retry_after: None,
        }
    }

    /// The network thread has ended under the connection.
    pub(super) fn dropped() -> Failure {
        Failure {
            detail: "the network thread ended".to_owned(),
            cause: Cause::Internal,
            response: None,
            transient: false,
            retry_after: None,
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
            retry_after: None,
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
            retry_after: None,
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

    /// The program did not say with what the attempt was to be made.
    pub(super) fn not_renewed(why: &str, cause: arkws::Cause) -> Failure {
        Failure {
            detail: format!("the program's function for reconnect.url or reconnect.header {why}"),
            cause: cause.into(),
            response: None,
            transient: true,
            retry_after: None,
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
        let (transient, retry_after) = (error.is_transient(), error.retry_after());
        let response = match error {
            Error::Handshake(HandshakeError::Refused(response)) => Some(response),
            _ => None,
        };
        Failure {
            detail,
            cause,
            transient,
            retry_after,
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
            Phase::Lookup | Phase::Connect | Phase::Proxy => Some("connectTimeout"),
            _ => Some("handshakeTimeout"),
        },
        _ => option_hint::option(error),
    };
    match option {
        Some(option) => option_hint::named(error, option),
        None => option_hint::words(error),
    }
}
