//! The proxy that the environment names.
use super::error::ProxyError;
use super::exclusion;
use super::server::ProxyServer;
use crate::WebSocketUrl;

/// `variable` looks up an environment variable.
pub(super) fn proxy(
    url: &WebSocketUrl,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<ProxyServer>, ProxyError> {
    let either_case = |name: &str| {
        [name.to_owned(), name.to_ascii_uppercase()]
            .iter()
            .filter_map(|name| variable(name))
            .find(|value| !value.trim().is_empty())
    };
    let no_proxy = either_case("no_proxy").unwrap_or_default();
    if no_proxy
        .split(',')
        .any(|entry| exclusion::matches_no_proxy(entry, url.host()))
    {
        return Ok(None);
    }
    let name = if url.is_secure() {
        "https_proxy"
    } else {
        "http_proxy"
    };
    match either_case(name).or_else(|| either_case("all_proxy")) {
        Some(address) => ProxyServer::parse(&address, None).map(Some),
        None => Ok(None),
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
        proxy(&WebSocketUrl::parse(url).unwrap(), lookup)
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

        assert!(proxy(&WebSocketUrl::parse("ws://a").unwrap(), lookup).is_err());
    }
}
