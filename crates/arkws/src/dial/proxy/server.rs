//! A proxy server, and how its address is read.
use std::fmt;

use crate::Host;
use http::HeaderMap;
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use super::error::ProxyError;
use super::exclusion;
use crate::WebSocketUrl;
use crate::url::parse_host;

/// How a proxy is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProxyProtocol {
    /// HTTP's CONNECT (RFC 9110, 9.3.6).
    Http,
    /// HTTP's CONNECT over TLS, secured as `ClientBuilder::proxy_tls` says. Needs the feature
    /// `nested-tls`.
    Https,
    /// SOCKS 5 (RFC 1928); the name is resolved here.
    Socks5,
    /// SOCKS 5 (RFC 1928); the name is resolved by the proxy.
    Socks5h,
}

impl ProxyProtocol {
    fn default_port(self) -> u16 {
        match self {
            ProxyProtocol::Http => 80,
            ProxyProtocol::Https => 443,
            ProxyProtocol::Socks5 | ProxyProtocol::Socks5h => 1080,
        }
    }
}

/// A proxy server. Its `Debug` form does not show the credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyServer {
    /// How it is spoken to.
    pub protocol: ProxyProtocol,
    /// Its name or address; IPv6 without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// User name and password, if it asks for them. The password is wiped before its memory is
    /// freed.
    pub credentials: Option<(String, Zeroizing<String>)>,
    /// Header fields of the request for a tunnel (CONNECT); SOCKS has none. A
    /// `Proxy-Authorization` replaces the credentials. Default: none.
    pub headers: HeaderMap,
    /// Hosts that are connected to directly. In a pattern `*` stands for any characters, case does
    /// not matter; IPv6 addresses may be written with or without brackets, in any form.
    pub exclusions: Vec<String>,
}

impl fmt::Debug for ProxyServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyServer")
            .field("protocol", &self.protocol)
            .field("host", &self.host)
            .field("port", &self.port)
            .field("has_credentials", &self.credentials.is_some())
            .field("headers", &self.headers.len())
            .field("exclusions", &self.exclusions)
            .finish()
    }
}

impl fmt::Display for ProxyServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl ProxyServer {
    /// Understands `[scheme://][user[:password]@]host[:port]` with the schemes `http`, `https`,
    /// `socks5` and `socks5h`. Without a scheme it is `http`; without a port it is `port`, else 80,
    /// 443 or 1080. User name and password may be percent-encoded.
    ///
    /// # Errors
    /// [`ProxyError::Address`].
    pub fn parse(address: &str, port: Option<u16>) -> Result<ProxyServer, ProxyError> {
        let wrong = |reason: &str| ProxyError::Address {
            reason: reason.to_owned(),
        };
        let (protocol, rest) = match address.trim().split_once("://") {
            None => (ProxyProtocol::Http, address.trim()),
            Some((scheme, rest)) => match scheme.to_ascii_lowercase().as_str() {
                "http" => (ProxyProtocol::Http, rest),
                "socks5" | "socks" => (ProxyProtocol::Socks5, rest),
                "socks5h" => (ProxyProtocol::Socks5h, rest),
                "https" => (ProxyProtocol::Https, rest),
                _ => return Err(wrong("the scheme must be http, https, socks5 or socks5h")),
            },
        };
        let rest = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (user_info, rest) = match rest.rsplit_once('@') {
            Some((user_info, rest)) => (Some(user_info), rest),
            None => (None, rest),
        };
        let credentials = user_info.map(|text| {
            let (user, password) = text.split_once(':').unwrap_or((text, ""));
            (
                percent_decode_str(user).decode_utf8_lossy().into_owned(),
                decode(password),
            )
        });
        let (host, own_port) =
            split_port(rest).ok_or_else(|| wrong("the port is not a number from 1 to 65535"))?;
        let port = own_port.or(port).unwrap_or(protocol.default_port());
        let host = match parse_host(host) {
            Ok(Host::Domain(name)) => name,
            Ok(Host::Ipv4(ip)) => ip.to_string(),
            Ok(Host::Ipv6(ip)) => ip.to_string(),
            Err(reason) => return Err(wrong(&reason)),
        };
        Ok(ProxyServer {
            protocol,
            host,
            port,
            credentials,
            headers: HeaderMap::new(),
            exclusions: Vec::new(),
        })
    }

    pub(super) fn excludes(&self, url: &WebSocketUrl) -> bool {
        self.exclusions
            .iter()
            .any(|pattern| exclusion::matches(pattern, url.host()))
    }
}

/// Percent-decodes in one buffer.
fn decode(password: &str) -> Zeroizing<String> {
    let mut decoded = Zeroizing::new(Vec::with_capacity(password.len()));
    decoded.extend(percent_decode_str(password));
    Zeroizing::new(String::from_utf8_lossy(&decoded).into_owned())
}

/// `host`, `host:port`, `[ipv6]`, `[ipv6]:port`; a bare IPv6 address is one without a port.
fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => return Some((text, None)),
    };
    match port.parse::<u16>() {
        Ok(number @ 1..) if !port.starts_with('+') => Some((host, Some(number))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(server: &ProxyServer) -> (ProxyProtocol, &str, u16, Option<(&str, &str)>) {
        let credentials = server
            .credentials
            .as_ref()
            .map(|(user, password)| (user.as_str(), password.as_str()));
        (server.protocol, &server.host, server.port, credentials)
    }

    #[test]
    fn an_address_may_have_scheme_credentials_and_port() {
        use ProxyProtocol::*;
        for (text, port, expected) in [
            ("a", None, (Http, "a", 80, None)),
            ("a", Some(3128), (Http, "a", 3128, None)),
            ("a:8080", Some(3128), (Http, "a", 8080, None)),
            (
                "user:pass@a:8080",
                None,
                (Http, "a", 8080, Some(("user", "pass"))),
            ),
            (
                "user:p%40s:s@a",
                None,
                (Http, "a", 80, Some(("user", "p@s:s"))),
            ),
            (
                "us@er:pass@a",
                None,
                (Http, "a", 80, Some(("us@er", "pass"))),
            ),
            ("user@a", None, (Http, "a", 80, Some(("user", "")))),
            (
                "http://A.Example:8080/",
                None,
                (Http, "a.example", 8080, None),
            ),
            (
                "SOCKS5://u:p@127.0.0.1",
                None,
                (Socks5, "127.0.0.1", 1080, Some(("u", "p"))),
            ),
            ("socks5h://[::1]:9050", None, (Socks5h, "::1", 9050, None)),
            ("[::1]", Some(1), (Http, "::1", 1, None)),
            ("https://a", None, (Https, "a", 443, None)),
        ] {
            let server = ProxyServer::parse(text, port).expect(text);

            assert_eq!(parts(&server), expected, "{text}");
        }
    }

    #[test]
    fn an_address_that_cannot_be_understood_is_an_error_without_the_password() {
        for text in [
            "",
            "http://",
            "ftp://a",
            "a:0",
            "a:65536",
            "a:x",
            "a:+1",
            "a b",
            "[::1",
            "u:secret@:1",
            "proxy:8080:me:secret",
            "me:secret:proxy",
            "http://secret:x",
        ] {
            let error = ProxyServer::parse(text, None).expect_err(text).to_string();

            assert!(error.contains("is not the address of a proxy"), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn credentials_are_not_shown() {
        let server = ProxyServer::parse("secret:secret@a", None).unwrap();

        assert!(!format!("{server:?} {server}").contains("secret"));
    }
}
