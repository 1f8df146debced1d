//! The words of an error, with the name of its cause, by which the book has what to do.
use arkws::{Cause, Error};

/// `127.0.0.1:9: connection refused [refused]`: the name stands at the end of the first line.
pub(crate) fn with_cause(words: &str, cause: Cause) -> String {
    let name = cause.as_str();
    match words.split_once('\n') {
        Some((first, rest)) => format!("{first} [{name}]\n{rest}"),
        None => format!("{words} [{name}]"),
    }
}

/// The words of this error.
pub(crate) fn words_of(error: &Error) -> String {
    with_cause(&error.to_string(), error.cause())
}
