//! WebSocket URLs (RFC 6455, 3), by the rules of the WHATWG URL standard.
use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::HeaderValue;
use percent_encoding::percent_decode_str;
use url::{Host, ParseError, Url};

/// Why a URL cannot be connected to. The URL is shown bounded and without its password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// Not a URL by the WHATWG rules.
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

/// Reads a URL as [`Client::connect`](crate::Client::connect) does, without connecting. The result
/// has no fragment.
///
/// # Errors
/// Not a URL, not one of a WebSocket, or without a host.
pub fn parse_url(text: &str) -> Result<Url, UrlError> {
    Ok(Endpoint::parse(text)?.url)
}

/// Where a URL leads to.
#[derive(Clone)]
pub(crate) struct Endpoint {
    url: Url,
    host: Host<String>,
    port: u16,
}

// The URL may hold a password or a token.
impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Endpoint").field(&self.authority()).finish()
    }
}

impl Endpoint {
    pub(crate) fn parse(text: &str) -> Result<Endpoint, UrlError> {
        match Url::parse(text) {
            Ok(url) => Endpoint::new(url),
            Err(ParseError::EmptyHost) => Err(UrlError::NoHost(shown(text))),
            Err(ParseError::InvalidPort) => Err(UrlError::Port(shown(text))),
            Err(reason) => Err(UrlError::Invalid {
                url: shown(text),
                reason: reason.to_string(),
            }),
        }
    }

    /// # Errors
    /// Another scheme than ws or wss.
    pub(crate) fn new(mut url: Url) -> Result<Endpoint, UrlError> {
        if !matches!(url.scheme(), "ws" | "wss") {
            let scheme = shown(url.scheme());
            return Err(UrlError::Scheme {
                url: shown(url.as_str()),
                scheme,
            });
        }
        // RFC 6455, 3: a fragment has no meaning here and must not be sent.
        url.set_fragment(None);
        match (
            url.host().map(|host| host.to_owned()),
            url.port_or_known_default(),
        ) {
            (Some(host), Some(port)) => Ok(Endpoint { url, host, port }),
            _ => Err(UrlError::NoHost(shown(url.as_str()))),
        }
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// `wss`: over TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.url.scheme() == "wss"
    }

    pub(crate) fn host(&self) -> &Host<String> {
        &self.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// `host:port`, IPv6 in brackets: for people, and for proxies.
    pub(crate) fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// The `Host` field: a port only if it is not the scheme's default (RFC 6455, 4.1.4).
    pub(crate) fn host_field(&self) -> String {
        match self.url.port() {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.to_string(),
        }
    }

    /// Path and query (RFC 6455, 3: the resource name).
    pub(crate) fn target(&self) -> String {
        match self.url.query() {
            Some(query) => format!("{}?{query}", self.url.path()),
            None => self.url.path().to_owned(),
        }
    }

    /// The origin of a page on this host.
    pub(crate) fn page_origin(&self, with_port: bool) -> HeaderValue {
        let scheme = if self.is_secure() { "https" } else { "http" };
        let host = self.host();
        let origin = match self.url.port().filter(|_| with_port) {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        };
        HeaderValue::try_from(origin).expect("a host has no character that a header field forbids")
    }

    /// User name and password as Basic authorization (RFC 7617).
    pub(crate) fn authorization(&self) -> Option<HeaderValue> {
        if self.url.username().is_empty() && self.url.password().is_none() {
            return None;
        }
        let user = percent_decode_str(self.url.username()).collect::<Vec<u8>>();
        let password =
            percent_decode_str(self.url.password().unwrap_or_default()).collect::<Vec<u8>>();
        Some(basic(&user, &password))
    }
}

/// Basic authorization (RFC 7617, 2), marked as sensitive.
pub(crate) fn basic(user: &[u8], password: &[u8]) -> HeaderValue {
    let credentials = BASE64_STANDARD.encode([user, b":", password].concat());
    let mut value = HeaderValue::try_from(format!("Basic {credentials}"))
        .expect("base64 has no character that a header field forbids");
    value.set_sensitive(true);
    value
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_what_goes_into_the_request() {
        for (text, secure, authority, host_field, target) in [
            ("ws://a", false, "a:80", "a", "/"),
            (
                "WSS://Example.COM",
                true,
                "example.com:443",
                "example.com",
                "/",
            ),
            ("ws://a:80/x", false, "a:80", "a", "/x"),
            ("ws://a:443", false, "a:443", "a:443", "/"),
            ("wss://a:443?q", true, "a:443", "a", "/?q"),
            (
                "wss://a:8443/p/?q=1&r#fragment",
                true,
                "a:8443",
                "a:8443",
                "/p/?q=1&r",
            ),
            ("ws://[::1]:9001/", false, "[::1]:9001", "[::1]:9001", "/"),
            ("ws://[0:0::1]", false, "[::1]:80", "[::1]", "/"),
            ("ws://127.1", false, "127.0.0.1:80", "127.0.0.1", "/"),
            (
                "ws://bücher.example/ä b",
                false,
                "xn--bcher-kva.example:80",
                "xn--bcher-kva.example",
                "/%C3%A4%20b",
            ),
            ("ws://a//b", false, "a:80", "a", "//b"),
            (
                "ws://a/\"<>`{|}\\",
                false,
                "a:80",
                "a",
                "/%22%3C%3E%60%7B|%7D/",
            ),
        ] {
            let endpoint = Endpoint::parse(text).expect(text);

            assert_eq!(endpoint.is_secure(), secure, "{text}");
            assert_eq!(endpoint.authority(), authority, "{text}");
            assert_eq!(endpoint.host_field(), host_field, "{text}");
            assert_eq!(endpoint.target(), target, "{text}");
            assert_eq!(endpoint.authorization(), None, "{text}");
        }
    }

    #[test]
    fn user_info_becomes_basic_authorization() {
        for (text, credentials) in [
            ("ws://user:pass@a", "user:pass"),
            ("ws://user@a", "user:"),
            ("ws://:pass@a", ":pass"),
            ("ws://us%20er:p%40ss@a", "us er:p@ss"),
        ] {
            let value = Endpoint::parse(text).unwrap().authorization().expect(text);

            assert_eq!(
                value,
                format!("Basic {}", BASE64_STANDARD.encode(credentials)),
                "{text}"
            );
            assert!(value.is_sensitive());
        }
    }

    #[test]
    fn an_error_says_what_is_wrong_with_a_url() {
        for text in [
            "",
            "hello",
            "123",
            "//a",
            "ws//a",
            "ws://[::1",
            "ws://a b",
            "ws://1.2.3.4.5",
        ] {
            assert!(
                matches!(Endpoint::parse(text), Err(UrlError::Invalid { .. })),
                "{text}"
            );
        }
        for text in [
            "http://x",
            "https://x",
            "ftp://x",
            "hello:world",
            "file:///x",
            "localhost:80",
        ] {
            assert!(
                matches!(Endpoint::parse(text), Err(UrlError::Scheme { .. })),
                "{text}"
            );
        }
        for text in ["ws://", "wss://", "ws:", "ws://:80", "ws://?a"] {
            assert!(
                matches!(Endpoint::parse(text), Err(UrlError::NoHost(_))),
                "{text}"
            );
        }
        for text in ["ws://a:99999", "ws://a:x", "ws://a:-1"] {
            assert!(
                matches!(Endpoint::parse(text), Err(UrlError::Port(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn an_error_shows_neither_passwords_nor_megabytes_nor_control_characters() {
        for text in [
            "http://me:secret@x",
            "ws://me:secret@x:99999",
            "me:secret@x y",
            "ws://me:sec@ret@:x",
        ] {
            let words = Endpoint::parse(text).expect_err(text).to_string();
            assert!(!words.contains("sec"), "{words}");
        }
        for text in [
            "http://x/path?token=secret",
            "http://x/path#token=secret",
            "ws://x:99999/path?token=secret&mail=me@secret",
            "ws://me:sec?ret@x:99999/path",
            "ws://me:sec#ret@x:99999/path",
            "me:secret@x y?token=secret",
            "x?redirect=ws://me:secret@y",
            "x@y?url=ws://secret",
        ] {
            let words = Endpoint::parse(text).expect_err(text).to_string();
            assert!(!words.contains("sec") && !words.contains("ret"), "{words}");
        }
        let words = Endpoint::parse(&format!("http://a/\r\n{}", "x".repeat(1 << 20)))
            .unwrap_err()
            .to_string();
        assert!(words.len() < 300 && !words.contains('\n'), "{words}");
    }
}
