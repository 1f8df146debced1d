//! Why a URL cannot be used, and what may be shown of one.

/// Why a URL cannot be connected to. The URL is shown bounded and without its password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// Not a URL.
    #[error("\"{url}\" is not a URL: {reason}")]
    Invalid {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A URL, but not of a WebSocket.
    #[error("\"{url}\" is not a WebSocket URL: its scheme is {scheme}, not ws or wss")]
    Scheme {
        /// What was given.
        url: String,
        /// Its scheme.
        scheme: String,
    },
    /// `ws://`, for example.
    #[error("\"{0}\" has no host")]
    NoHost(String),
    /// Not a number from 0 to 65535.
    #[error("\"{0}\" has a port that is not a number from 0 to 65535")]
    Port(String),
}

impl UrlError {
    pub(super) fn invalid(url: &str, reason: impl ToString) -> UrlError {
        UrlError::Invalid {
            url: shown(url),
            reason: reason.to_string(),
        }
    }

    pub(super) fn scheme(url: &str, scheme: &str) -> UrlError {
        UrlError::Scheme {
            url: shown(url),
            scheme: shown(scheme),
        }
    }
}

/// What a caller or a peer gave, to be shown to a person: bounded, escaped, and without the parts
/// that may hold a password or a token: user information, query and fragment.
pub(crate) fn shown(text: &str) -> String {
    const MAX: usize = 100;
    let scheme = text.find("://").map_or(0, |at| at + 3);
    let public = match text.rfind('@') {
        // A query with an `@`, or a password with a `?`: nobody can tell.
        Some(at) if text[..at].contains(['?', '#']) => format!("{}...", &text[..scheme]),
        Some(at) if scheme <= at => format!("{}...{}", &text[..scheme], without_query(&text[at..])),
        _ => without_query(text),
    };
    let escaped = public.escape_debug().to_string();
    match escaped.char_indices().nth(MAX) {
        None => escaped,
        Some((end, _)) => format!("{}...", &escaped[..end]),
    }
}

fn without_query(text: &str) -> String {
    match text.find(['?', '#']) {
        Some(at) => format!("{}...", &text[..=at]),
        None => text.to_owned(),
    }
}
