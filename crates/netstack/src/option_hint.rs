//! Which option changes the limit that an error is about: of clients and of servers, where they are
//! the same.
use arkws::{Cause, Error, HandshakeError, Phase, ProtocolError, ProxyError};

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
        _ if error.cause() == Cause::TooBig => Some("maxMessageSize"),
        _ => None,
    }
}

/// The error's words, and the option that changes the limit.
pub(crate) fn named(error: &Error, option: &str) -> String {
    let words = match error {
        // Without the name that the limit has in Rust.
        Error::Protocol(ProtocolError::TooManyFragments { limit }) => {
            format!("a message has more than {limit} fragments")
        }
        _ => error.to_string(),
    };
    format!("{words} (the option {option} changes the limit)")
}
