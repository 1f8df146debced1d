//! The proxy that the environment names.
use std::fmt;

use zeroize::Zeroizing;

use super::error::ProxyError;
use super::exclusion;
use super::server::ProxyServer;
use crate::WebSocketUrl;

/// What the environment says of proxies, as it was when it was read. Its `Debug` form does not show
/// the values, which may have passwords in them.
///
/// For programs that change their environment while others of their threads connect, which
/// [`Proxy::System`](super::Proxy::System) reads: the environment of a process is safe to read only
/// while nobody changes it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ProxyEnvironment {
    http_proxy: Option<Zeroizing<String>>,
    https_proxy: Option<Zeroizing<String>>,
    all_proxy: Option<Zeroizing<String>>,
    no_proxy: Option<String>,
}

impl ProxyEnvironment {
    /// Reads `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, each in lower case, else in
    /// upper case. One that is empty or not UTF-8 is not set.
    pub fn read() -> ProxyEnvironment {
        ProxyEnvironment::from_variables(|name| std::env::var(name).ok())
    }

    /// `variable` looks up an environment variable.
    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> ProxyEnvironment {
        let set = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let either = |lower: &str, upper: &str| set(lower).or_else(|| set(upper));
        ProxyEnvironment {
            http_proxy: either("http_proxy", "HTTP_PROXY").map(Zeroizing::new),
            https_proxy: either("https_proxy", "HTTPS_PROXY").map(Zeroizing::new),
            all_proxy: either("all_proxy", "ALL_PROXY").map(Zeroizing::new),
            no_proxy: either("no_proxy", "NO_PROXY"),
        }
    }

    /// The proxy for a URL; `None`: it is connected to directly.
    ///
    /// # Errors
    /// The proxy's address cannot be understood.
    pub(super) fn for_url(&self, url: &WebSocketUrl) -> Result<Option<ProxyServer>, ProxyError> {
        let no_proxy = self.no_proxy.as_deref().unwrap_or_default();
        if no_proxy
            .split(',')
            .any(|entry| exclusion::matches_no_proxy(entry, url.host()))
        {
            return Ok(None);
        }
        let of_scheme = match url.is_secure() {
            true => &self.https_proxy,
            false => &self.http_proxy,
        };
        let address = of_scheme.as_ref().or(self.all_proxy.as_ref());
        address
            .map(|address| ProxyServer::parse(address, None))
            .transpose()
    }
}

impl fmt::Debug for ProxyEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProxyEnvironment")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(url: &str, variables: &[(&str, &str)]) -> Option<String> {
        let lookup = |name: &str| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        ProxyEnvironment::from_variables(lookup)
            .for_url(&WebSocketUrl::parse(url).unwrap())
            .unwrap()
            .map(|server| server.to_string())
    }

    #[test]
    fn the_scheme_chooses_the_variable_and_lower_case_goes_first() {
        let all: &[_] = &[
            ("http_proxy", "http://a:1"),
            ("HTTP_PROXY", "http://b:2"),
            ("HTTPS_PROXY", "c:3"),
            ("all_proxy", "socks5://d"),
        ];
        assert_eq!(chosen("ws://x", all).as_deref(), Some("a:1"));
        assert_eq!(chosen("wss://x", all).as_deref(), Some("c:3"));
        assert_eq!(chosen("ws://x", &all[1..]).as_deref(), Some("b:2"));
        assert_eq!(chosen("ws://x", &all[2..]).as_deref(), Some("d:1080"));
        assert_eq!(
            chosen("ws://x", &[("http_proxy", ""), ("ALL_PROXY", "e")]).as_deref(),
            Some("e:80")
        );
        assert_eq!(chosen("ws://x", &[]), None);
    }

    #[test]
    fn hosts_in_no_proxy_are_connected_to_directly() {
        let all = &[
            ("all_proxy", "p:1"),
            ("NO_PROXY", "localhost, .example,10.0.0.0/8"),
        ];
        for url in ["ws://localhost:8080", "wss://a.example", "ws://10.9.8.7"] {
            assert_eq!(chosen(url, all), None, "{url}");
        }
        assert_eq!(chosen("ws://a.example.org", all).as_deref(), Some("p:1"));
        assert_eq!(
            chosen("ws://a", &[("all_proxy", "p:1"), ("no_proxy", "*")]),
            None
        );
    }

    #[test]
    fn a_proxy_that_cannot_be_understood_is_an_error_and_not_a_direct_connection() {
        let lookup = |name: &str| (name == "http_proxy").then(|| "gopher://x".to_owned());

        let environment = ProxyEnvironment::from_variables(lookup);
        assert!(
            environment
                .for_url(&WebSocketUrl::parse("ws://a").unwrap())
                .is_err()
        );
    }

    #[test]
    fn its_debug_form_shows_no_password() {
        let environment =
            ProxyEnvironment::from_variables(|_| Some("http://user:secret@proxy".to_owned()));

        assert_eq!(format!("{environment:?}"), "ProxyEnvironment");
    }
}
