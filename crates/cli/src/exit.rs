//! How the command ends: its exit status, and which error has which.
use std::process::ExitCode;

use arkws::{Cause, CloseCode, CloseFrame, Error, HandshakeError, UrlError};

use crate::{answer, escape, named_cause};

/// The exit statuses, the same for each subcommand. Wrong usage that clap finds ends with 2, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// All is well.
    Good = 0,
    /// A fault was found, or a case failed.
    Fault = 1,
    /// An argument cannot be used.
    Usage = 2,
    /// There was no connection.
    NotConnected = 3,
    /// A connection was lost, or closed with an error.
    AbnormalClose = 4,
    /// By Ctrl-C: as shells have it, 128 and the number of SIGINT.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// Why a subcommand ended without success.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    words: String,
}

impl Failure {
    /// A fault was found.
    pub(crate) fn fault(words: impl Into<String>) -> Failure {
        Failure::new(Exit::Fault, words)
    }

    /// An argument cannot be used.
    pub(crate) fn usage(words: impl Into<String>) -> Failure {
        Failure::new(Exit::Usage, words)
    }

    /// The URL cannot be connected to.
    pub(crate) fn of_url(error: UrlError) -> Failure {
        Failure::new(Exit::Usage, named_cause::words_of(&error.into()))
    }

    /// There was no connection.
    pub(crate) fn not_connected(words: &str, cause: Cause) -> Failure {
        Failure::new(Exit::NotConnected, named_cause::with_cause(words, cause))
    }

    /// What ended an attempt to connect to `url`.
    pub(crate) fn of_connecting(url: &str, error: &Error) -> Failure {
        if let Error::Handshake(HandshakeError::Refused(answer)) = error {
            let refused = format!("{url} refused the WebSocket handshake");
            let words = format!("{refused}\n{}", answer::refusal(answer));
            return Failure::not_connected(&words, error.cause());
        }
        let exit = match error.cause() {
            Cause::Invalid => Exit::Usage,
            _ => Exit::NotConnected,
        };
        Failure::new(exit, named_cause::words_of(error))
    }

    /// What ended an open connection.
    pub(crate) fn of_connection(error: &Error) -> Failure {
        Failure::new(Exit::AbnormalClose, named_cause::words_of(error))
    }

    /// A connection was lost, or closed with an error.
    pub(crate) fn abnormal_close(words: impl Into<String>) -> Failure {
        Failure::new(Exit::AbnormalClose, words)
    }

    fn new(exit: Exit, words: impl Into<String>) -> Failure {
        Failure {
            exit,
            words: words.into(),
        }
    }

    /// On standard error. What others said is in it.
    pub(crate) fn say(&self) {
        eprintln!("arkws: {}", escape::controls(&self.words));
    }
}

/// Whether the peer's goodbye says that something went wrong there, and what. No frame, and one
/// without a code, says nothing (RFC 6455, 7.4.1).
pub(crate) fn abnormal(close: Option<&CloseFrame>) -> Option<Failure> {
    let close = close?;
    let is_normal = matches!(close.code(), CloseCode::NORMAL | CloseCode::GOING_AWAY);
    (!is_normal).then(|| {
        let words = format!("the other end closed the connection with {close}");
        Failure::new(Exit::AbnormalClose, words)
    })
}
