//! What the readers of URLs have in common.
use super::host::Host;

/// What a reader has found in a text.
pub(super) struct Parts {
    pub(super) secure: bool,
    pub(super) username: String,
    pub(super) password: Option<String>,
    pub(super) host: Host,
    pub(super) port: Option<u16>,
    /// Path and query.
    pub(super) target: String,
}

/// The URL that a relative one is relative to.
#[cfg(feature = "client")]
pub(super) struct Base<'a> {
    pub(super) text: &'a str,
    /// Where its path begins.
    #[cfg_attr(feature = "idna", expect(dead_code))]
    pub(super) path: usize,
}

/// RFC 3986, 3.1.
pub(crate) fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}
