//! WebSocket URLs (RFC 6455, 3).
//!
//! With the feature `idna` they are read by the rules of the WHATWG URL standard, as browsers do;
//! without it by those of RFC 3986, and host names have to be in ASCII.
#[cfg(feature = "idna")]
mod convert;
mod error;
mod host;
mod parts;
#[cfg(not(feature = "idna"))]
mod uri;
#[cfg(feature = "idna")]
mod whatwg;

#[cfg(not(feature = "idna"))]
use uri as reader;
#[cfg(feature = "idna")]
use whatwg as reader;

use std::fmt;
use std::str::FromStr;

#[cfg(feature = "client")]
use http::HeaderValue;
#[cfg(feature = "client")]
use percent_encoding::percent_decode_str;

#[cfg(feature = "client")]
use crate::authorization;

pub use error::UrlError;
#[cfg(feature = "client")]
pub(crate) use error::shown;
pub use host::Host;
#[cfg(feature = "client")]
use parts::Base;
use parts::Parts;
pub(crate) use parts::is_scheme;
pub(crate) use reader::parse_host;

/// The URL of a WebSocket: where a connection leads to. It has no fragment, which would have no
/// meaning here (RFC 6455, 3). Its `Debug` form shows host and port only: user information, path
/// and query may hold a password or a token.
///
/// ```
/// use arkws::{Host, WebSocketUrl};
///
/// let url: WebSocketUrl = "wss://example.org/rooms?id=1".parse()?;
/// assert!(url.is_secure());
/// assert_eq!((url.host(), url.port()), (&Host::Domain("example.org".into()), 443));
/// assert_eq!(url.target(), "/rooms?id=1");
/// # Ok::<_, arkws::UrlError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct WebSocketUrl {
    text: String,
    secure: bool,
    /// Percent-encoded.
    username: String,
    /// Percent-encoded.
    password: Option<String>,
    host: Host,
    /// `None`: the scheme's default.
    own_port: Option<u16>,
    /// Where the path begins in `text`.
    path: usize,
}

impl WebSocketUrl {
    /// Reads a URL as [`Client::connect`](crate::Client::connect) does.
    ///
    /// # Errors
    /// Not a URL, not one of a WebSocket, or without a host.
    pub fn parse(text: &str) -> Result<WebSocketUrl, UrlError> {
        reader::parse(text).map(WebSocketUrl::from_parts)
    }

    fn from_parts(parts: Parts) -> WebSocketUrl {
        let own_port = parts
            .port
            .filter(|port| *port != default_port(parts.secure));
        let mut text = String::from(if parts.secure { "wss://" } else { "ws://" });
        if !parts.username.is_empty() || parts.password.is_some() {
            text += &parts.username;
            if let Some(password) = &parts.password {
                text.push(':');
                text += password;
            }
            text.push('@');
        }
        text += &parts.host.to_string();
        if let Some(port) = own_port {
            text += &format!(":{port}");
        }
        let path = text.len();
        text += &parts.target;
        WebSocketUrl {
            text,
            secure: parts.secure,
            username: parts.username,
            password: parts.password,
            host: parts.host,
            own_port,
            path,
        }
    }

    /// The whole URL, with user name and password if it has them.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `"ws"` or `"wss"`.
    pub fn scheme(&self) -> &'static str {
        if self.secure { "wss" } else { "ws" }
    }

    /// `wss`: over TLS.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The host.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port, that of the scheme if the URL names none: 80 or 443 (RFC 6455, 3).
    pub fn port(&self) -> u16 {
        self.own_port.unwrap_or(default_port(self.secure))
    }

    /// `host[:port]`, the port only if it is not the scheme's default: the `Host` field (RFC 6455,
    /// 4.1.4).
    pub fn host_field(&self) -> String {
        match self.own_port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.to_string(),
        }
    }

    /// Path and query (RFC 6455, 3: the resource name).
    pub fn target(&self) -> &str {
        &self.text[self.path..]
    }

    /// `host:port`, IPv6 in brackets: for people, and for proxies.
    pub(crate) fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port())
    }
}

#[cfg(feature = "client")]
impl WebSocketUrl {
    /// Where a `Location` leads to, which may be relative. Servers that know nothing of WebSocket
    /// name `http` and `https`.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub(crate) fn join(&self, location: &str) -> Result<WebSocketUrl, UrlError> {
        let base = Base {
            text: &self.text,
            path: self.path,
        };
        reader::join(&base, location).map(WebSocketUrl::from_parts)
    }

    /// Whether both lead to the same server, in the same way (RFC 6454, 5).
    pub(crate) fn has_origin_of(&self, other: &WebSocketUrl) -> bool {
        let origin = |url: &WebSocketUrl| (url.secure, url.port());
        origin(self) == origin(other) && self.host == other.host
    }

    /// The origin of a page on this host.
    pub(crate) fn page_origin(&self, with_port: bool) -> HeaderValue {
        let scheme = if self.secure { "https" } else { "http" };
        let host = self.host();
        let origin = match self.own_port.filter(|_| with_port) {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        };
        HeaderValue::try_from(origin).expect("a host has no character that a header field forbids")
    }

    /// User name and password as Basic authorization (RFC 7617).
    pub(crate) fn authorization(&self) -> Option<HeaderValue> {
        if self.username.is_empty() && self.password.is_none() {
            return None;
        }
        let decoded = |text| percent_decode_str(text).collect::<Vec<u8>>();
        let password = self.password.as_deref().unwrap_or_default();
        Some(authorization::basic(
            &decoded(&self.username),
            &decoded(password),
        ))
    }
}

impl fmt::Debug for WebSocketUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = self.authority();
        f.debug_tuple("WebSocketUrl").field(&authority).finish()
    }
}

impl FromStr for WebSocketUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<WebSocketUrl, UrlError> {
        WebSocketUrl::parse(text)
    }
}

impl TryFrom<&http::Uri> for WebSocketUrl {
    type Error = UrlError;

    fn try_from(uri: &http::Uri) -> Result<WebSocketUrl, UrlError> {
        WebSocketUrl::parse(&uri.to_string())
    }
}

/// RFC 6455, 3.
fn default_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
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
            ("ws://127.0.0.1", false, "127.0.0.1:80", "127.0.0.1", "/"),
            ("ws://a//b", false, "a:80", "a", "//b"),
        ] {
            let endpoint = WebSocketUrl::parse(text).expect(text);

            assert_eq!(endpoint.is_secure(), secure, "{text}");
            assert_eq!(endpoint.authority(), authority, "{text}");
            assert_eq!(endpoint.host_field(), host_field, "{text}");
            assert_eq!(endpoint.target(), target, "{text}");
            assert_eq!(endpoint.authorization(), None, "{text}");
        }
    }

    #[test]
    fn user_info_becomes_basic_authorization() {
        for (text, user, password) in [
            ("ws://user:pass@a", "user", "pass"),
            ("ws://user@a", "user", ""),
            ("ws://:pass@a", "", "pass"),
            ("ws://us%20er:p%40ss@a", "us er", "p@ss"),
        ] {
            let value = WebSocketUrl::parse(text)
                .unwrap()
                .authorization()
                .expect(text);

            assert_eq!(
                value,
                authorization::basic(user.as_bytes(), password.as_bytes()),
                "{text}"
            );
            assert!(value.is_sensitive());
        }
    }

    /// The examples of RFC 3986, 5.4, and what a `Location` has beside them.
    #[cfg(feature = "client")]
    #[test]
    fn a_location_is_resolved_against_the_url_that_was_asked() {
        let base = WebSocketUrl::parse("ws://a/b/c/d;p?q").unwrap();
        for (location, expected) in [
            ("g", "ws://a/b/c/g"),
            ("./g", "ws://a/b/c/g"),
            ("g/", "ws://a/b/c/g/"),
            ("/g", "ws://a/g"),
            ("//g", "ws://g/"),
            ("?y", "ws://a/b/c/d;p?y"),
            ("g?y", "ws://a/b/c/g?y"),
            ("#s", "ws://a/b/c/d;p?q"),
            ("g#s", "ws://a/b/c/g"),
            ("g?y#s", "ws://a/b/c/g?y"),
            (";x", "ws://a/b/c/;x"),
            ("g;x", "ws://a/b/c/g;x"),
            ("g;x?y#s", "ws://a/b/c/g;x?y"),
            ("", "ws://a/b/c/d;p?q"),
            (".", "ws://a/b/c/"),
            ("./", "ws://a/b/c/"),
            ("..", "ws://a/b/"),
            ("../", "ws://a/b/"),
            ("../g", "ws://a/b/g"),
            ("../..", "ws://a/"),
            ("../../", "ws://a/"),
            ("../../g", "ws://a/g"),
            ("../../../g", "ws://a/g"),
            ("../../../../g", "ws://a/g"),
            ("/./g", "ws://a/g"),
            ("/../g", "ws://a/g"),
            ("g.", "ws://a/b/c/g."),
            (".g", "ws://a/b/c/.g"),
            ("g..", "ws://a/b/c/g.."),
            ("..g", "ws://a/b/c/..g"),
            ("./../g", "ws://a/b/g"),
            ("./g/.", "ws://a/b/c/g/"),
            ("g/./h", "ws://a/b/c/g/h"),
            ("g/../h", "ws://a/b/c/h"),
            ("g;x=1/./y", "ws://a/b/c/g;x=1/y"),
            ("g;x=1/../y", "ws://a/b/c/y"),
            ("g?y/./x", "ws://a/b/c/g?y/./x"),
            ("g?y/../x", "ws://a/b/c/g?y/../x"),
            ("g#s/./x", "ws://a/b/c/g"),
            ("g#s/../x", "ws://a/b/c/g"),
            // Dots count in a whole URL too, and empty segments are segments.
            ("http://g/h/../i/./?j", "ws://g/i/?j"),
            ("HTTPS://g:444/h/..", "wss://g:444/"),
            ("//g/h/./../i", "ws://g/i"),
            ("/g//h/../i", "ws://a/g//i"),
            ("/g/..//h", "ws://a//h"),
            // What looks like another server, or a path, in a query.
            ("?u=ws://g/../h", "ws://a/b/c/d;p?u=ws://g/../h"),
            ("g?//h", "ws://a/b/c/g?//h"),
            (" /g ", "ws://a/g"),
        ] {
            let url = base.join(location).expect(location);

            assert_eq!(url.as_str(), expected, "{location}");
        }
        for location in ["g:h", "mailto:g@h", "http://", "//g:x/", "//[g]/"] {
            assert!(base.join(location).is_err(), "{location}");
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
                matches!(WebSocketUrl::parse(text), Err(UrlError::Invalid { .. })),
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
                matches!(WebSocketUrl::parse(text), Err(UrlError::Scheme { .. })),
                "{text}"
            );
        }
        for text in ["ws://", "wss://", "ws:", "ws://:80", "ws://?a"] {
            assert!(
                matches!(WebSocketUrl::parse(text), Err(UrlError::NoHost(_))),
                "{text}"
            );
        }
        for text in ["ws://a:99999", "ws://a:x", "ws://a:-1"] {
            assert!(
                matches!(WebSocketUrl::parse(text), Err(UrlError::Port(_))),
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
            let words = WebSocketUrl::parse(text).expect_err(text).to_string();
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
            let words = WebSocketUrl::parse(text).expect_err(text).to_string();
            assert!(!words.contains("sec") && !words.contains("ret"), "{words}");
        }
        let words = WebSocketUrl::parse(&format!("http://a/\r\n{}", "x".repeat(1 << 20)))
            .unwrap_err()
            .to_string();
        assert!(words.len() < 300 && !words.contains('\n'), "{words}");
    }

    #[test]
    fn a_uri_of_the_crate_http_is_read_too() {
        let uri: http::Uri = "wss://a.example:8443/b?c".parse().unwrap();

        let url = WebSocketUrl::try_from(&uri).unwrap();

        assert_eq!(url.as_str(), "wss://a.example:8443/b?c");
        let relative = http::Uri::from_static("/b");
        assert!(WebSocketUrl::try_from(&relative).is_err());
    }

    /// As browsers read them: WHATWG URL, 4.4.
    #[cfg(feature = "idna")]
    #[test]
    fn with_idna_urls_are_read_as_browsers_do() {
        for (text, expected) in [
            ("ws://127.1", "ws://127.0.0.1/"),
            (
                "ws://bücher.example/ä b",
                "ws://xn--bcher-kva.example/%C3%A4%20b",
            ),
            ("ws:a", "ws://a/"),
            ("ws://a/b/../c", "ws://a/c"),
            ("ws://a/\"<>`{|}\\", "ws://a/%22%3C%3E%60%7B|%7D/"),
        ] {
            assert_eq!(WebSocketUrl::parse(text).unwrap().as_str(), expected);
        }
    }

    #[cfg(not(feature = "idna"))]
    #[test]
    fn without_idna_what_is_not_ascii_is_an_error_that_names_the_feature() {
        for text in ["ws://bücher.example", "wss://例え.jp/"] {
            let words = WebSocketUrl::parse(text).unwrap_err().to_string();
            assert!(words.contains("arkws's feature `idna`"), "{words}");
        }
        let words = WebSocketUrl::parse("ws://a/ä").unwrap_err().to_string();
        assert!(words.contains("has to be percent-encoded"), "{words}");
    }
}
