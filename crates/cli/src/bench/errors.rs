//! What went wrong, by cause.
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use arkws::http::Response;
use arkws::{CloseFrame, Error, HandshakeError};
use serde::Serialize;

use crate::exit::{self, Exit};
use crate::named_cause;

/// The errors of a run.
#[derive(Debug, Default)]
pub(super) struct Errors(Mutex<BTreeMap<String, ErrorCount>>);

/// Errors with the same cause.
#[derive(Debug, Clone, Serialize)]
pub(super) struct ErrorCount {
    pub(super) cause: String,
    pub(super) count: u64,
    /// The first of them.
    pub(super) example: String,
    /// The status that it gives the command.
    #[serde(skip)]
    pub(super) exit: Exit,
}

const NOT_CLOSED: &str = "not closed in time";

impl Errors {
    /// A connection could not be opened.
    pub(super) fn of_connecting(&self, error: &Error) {
        let cause = match error {
            Error::Handshake(HandshakeError::Refused(answer)) => {
                format!("refused with {}", Response::status(answer).as_u16())
            }
            error => format!("not connected: {}", error.cause().as_str()),
        };
        self.add(cause, 1, named_cause::words_of(error), Exit::Fault);
    }

    /// An open connection was lost, or the server broke the protocol.
    pub(super) fn of_connection(&self, error: &Error) {
        let cause = format!("lost: {}", error.cause().as_str());
        self.add(cause, 1, named_cause::words_of(error), Exit::AbnormalClose);
    }

    /// The server has closed a connection before the end.
    pub(super) fn of_close(&self, frame: Option<&CloseFrame>) {
        let (cause, example) = match frame {
            None => ("closed".to_owned(), String::new()),
            Some(frame) => (format!("closed with {}", frame.code()), frame.to_string()),
        };
        let exit = exit::abnormal(frame).map_or(Exit::Fault, |failure| failure.exit);
        self.add(cause, 1, example, exit);
    }

    /// So many connections were not closed in time.
    pub(super) fn of_closing(&self, count: u64) {
        let example = "the server had not taken all that was sent, and was not waited for any more";
        self.add(
            NOT_CLOSED.into(),
            count,
            example.into(),
            Exit::AbnormalClose,
        );
    }

    /// So many messages, with this fault.
    pub(super) fn of_messages(&self, cause: &str, count: u64) {
        if count > 0 {
            self.add(cause.to_owned(), count, String::new(), Exit::Fault);
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.all().iter().map(|kind| kind.count).sum()
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<ErrorCount> {
        let kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kinds.values().cloned().collect()
    }

    fn add(&self, cause: String, count: u64, example: String, exit: Exit) {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = kinds.entry(cause).or_insert_with_key(|cause| ErrorCount {
            cause: cause.clone(),
            count: 0,
            example,
            exit,
        });
        kind.count += count;
    }
}
