//! Who may see what passes: whoever has the page's URL, and no other site.
use std::io;

use arkws::http::HeaderMap;
use arkws::http::header::{HOST, ORIGIN};
use arkws::rustls::crypto::ring;

/// The secret, and where the page is.
pub(super) struct Access {
    token: String,
    port: u16,
}

/// Below the secret: the page, and its WebSocket.
pub(super) const PAGE: &str = "/";
pub(super) const EVENTS: &str = "/events";

/// What everybody else is told.
pub(super) const REFUSAL: &str =
    "This is the inspector of `arkws proxy`. Open the URL that the command has printed.\n";

/// Names of this machine.
const HOSTS: [&str; 2] = ["127.0.0.1", "localhost"];

impl Access {
    /// # Errors
    /// The system has no random numbers.
    pub(super) fn new(port: u16) -> io::Result<Access> {
        Ok(Access {
            token: secret()?,
            port,
        })
    }

    /// Of the page.
    pub(super) fn url(&self) -> String {
        let Access { token, port } = self;
        format!("http://127.0.0.1:{port}/{token}{PAGE}")
    }

    /// Where the page may connect to, for those browsers to which `'self'` does not say it.
    pub(super) fn socket_origins(&self) -> String {
        let origins = HOSTS.map(|host| format!("ws://{host}:{}", self.port));
        origins.join(" ")
    }

    /// Whether a request has the secret, and comes neither from another site's page nor by another
    /// site's name.
    pub(super) fn allows(&self, headers: &HeaderMap, target: &str, place: &str) -> bool {
        let token = target
            .strip_prefix('/')
            .and_then(|it| it.strip_suffix(place));
        let has_token = token.is_some_and(|token| is_same(token, &self.token));
        let mut hosts = headers.get_all(HOST).iter();
        let host = hosts.next().and_then(|host| host.to_str().ok());
        let host = host.filter(|host| hosts.next().is_none() && self.is_ours(host));
        let is_own = host.is_some_and(|host| {
            let mut origins = headers.get_all(ORIGIN).iter();
            origins.all(|origin| origin.as_bytes() == format!("http://{host}").as_bytes())
        });
        has_token && is_own
    }

    fn is_ours(&self, host: &str) -> bool {
        let port = format!(":{}", self.port);
        let name = host.strip_suffix(&port);
        name.is_some_and(|name| HOSTS.contains(&name))
    }
}

/// 128 bits that nobody can guess.
///
/// # Errors
/// The system has none.
pub(super) fn secret() -> io::Result<String> {
    let mut bytes = [0; 16];
    let random = ring::default_provider().secure_random;
    let filled = random.fill(&mut bytes);
    filled.map_err(|_| io::Error::other("the system has no random numbers"))?;
    Ok(bytes.map(|byte| format!("{byte:02x}")).concat())
}

/// In a time that does not tell how far they are the same.
fn is_same(given: &str, secret: &str) -> bool {
    let bytes = given.bytes().zip(secret.bytes());
    given.len() == secret.len() && bytes.fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use arkws::http::HeaderValue;

    use super::*;

    #[test]
    fn the_token_the_host_and_the_origin_have_to_be_right() {
        let access = Access::new(1234).unwrap();
        let other = Access::new(1234).unwrap();
        assert_ne!(access.token, other.token);
        let allows = |token: &str, host: &'static str, origin: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static(host));
            if let Some(origin) = origin {
                headers.insert(ORIGIN, HeaderValue::from_static(origin));
            }
            access.allows(&headers, &format!("/{token}{EVENTS}"), EVENTS)
        };
        let token = access.token.as_str();
        let own = "127.0.0.1:1234";
        assert!(allows(token, own, None));
        assert!(allows(token, own, Some("http://127.0.0.1:1234")));
        assert!(allows(
            token,
            "localhost:1234",
            Some("http://localhost:1234")
        ));
        for (token, host, origin) in [
            ("", own, None),
            (&token[1..], own, None),
            (&other.token, own, None),
            (token, "127.0.0.1", None),
            (token, "127.0.0.1:12345", None),
            (token, "evil.test:1234", Some("http://evil.test:1234")),
            (token, own, Some("http://evil.test")),
            (token, own, Some("null")),
            (token, own, Some("https://127.0.0.1:1234")),
            (token, "localhost:1234", Some("http://127.0.0.1:1234")),
        ] {
            assert!(!allows(token, host, origin), "{token} {host} {origin:?}");
        }
        let mut twice = HeaderMap::new();
        for host in [own, "evil.test"] {
            twice.append(HOST, HeaderValue::from_static(host));
        }
        assert!(!access.allows(&twice, &format!("/{token}/"), PAGE));
    }
}
