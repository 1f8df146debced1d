//! Which option changes the limit that an error is about: of clients and of servers, where they are
//! the same.
use arkws::{Cause, Error, HandshakeError, Phase, ProtocolError, ProxyError, RedirectError};

/// The option's name; `None`: there is none, or its owner says more about it.
pub(crate) fn option(error: &Error) -> Option<&'static str> {
    match error {
        Error::Handshake(source) | Error::Proxy(ProxyError::Answer { source, .. }) => {
            match source {
                HandshakeError::HeadTooLarge { .. } => Some("maxHeaderBytes"),
                HandshakeError::TooManyHeaders { .. } => Some("maxHeaders"),
                _ => None,
            }
        }
        Error::Timeout { phase, .. } => match phase {
            Phase::Write => Some("writeTimeout"),
            Phase::Message => Some("messageTimeout"),
            _ => None,
        },
        Error::UnfinishedBudget { .. } => None,
        Error::Protocol(ProtocolError::TooManyFragments { .. }) => Some("maxFragments"),
        Error::Redirect(RedirectError::TooMany { .. }) => Some("maxRedirects"),
        _ if error.cause() == Cause::TooBig => Some("maxMessageSize"),
        _ => None,
    }
}

/// The error's words, and the option that changes the limit.
pub(crate) fn named(error: &Error, option: &str) -> String {
    format!("{} (the option {option} changes the limit)", words(error))
}

/// The error's words, without the name that a limit has in Rust.
pub(crate) fn words(error: &Error) -> String {
    match error {
        Error::Protocol(ProtocolError::TooManyFragments { limit }) => {
            format!("a message has more than {limit} fragments")
        }
        Error::UnfinishedBudget { limit } => format!(
            "the incomplete messages of all connections take more than {limit} bytes, and this \
             one's a large part of that"
        ),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_no_name_that_only_rust_has() {
        for error in [
            Error::Protocol(ProtocolError::TooManyFragments { limit: 5 }),
            Error::UnfinishedBudget { limit: 5 },
        ] {
            let words = words(&error);
            assert!(!words.contains('_') && words.contains("than 5 "), "{words}");
        }
    }
}
