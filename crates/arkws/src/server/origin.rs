//! Which web pages may connect (RFC 6455, 10.2).
//!
//! A browser lets every page of every site open a WebSocket to every server, with the user's
//! cookies, and tells the server in the `Origin` field which page it is. Who does not look lets all
//! of them in (CWE-1385).
use http::header::ORIGIN;
use http::{HeaderMap, StatusCode};

use super::Refusal;
use crate::{HostPattern, matches_wildcard};

/// A list of the origins whose pages may connect.
///
/// An entry is `scheme://host[:port]`, as in `https://example.org:8443`. Case does not matter, and
/// the scheme's default port may be left out or not. In the host, `*` stands for any characters:
/// `https://*.example.org`. The entry `null` allows pages without an origin of their own, such as
/// files and sandboxed frames.
///
/// A request without an `Origin` field passes: it does not come from a browser, and could claim
/// any.
///
/// ```
/// use arkws::AllowedOrigins;
///
/// let origins = AllowedOrigins::new(["https://example.org", "http://localhost:*"]);
/// assert!(origins.unwrap_err().to_string().contains("http://localhost:*"), "a port is a number");
///
/// let origins = AllowedOrigins::new(["https://example.org", "https://*.example.org"])?;
/// let mut request = arkws::http::HeaderMap::new();
/// request.insert("origin", "https://shop.example.org".parse()?);
/// assert!(origins.check(&request).is_ok());
/// request.insert("origin", "https://example.com".parse()?);
/// assert_eq!(origins.check(&request).unwrap_err().status(), 403);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedOrigins(Vec<Origin>);

/// An entry of a list of origins that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{entry:?} is not an origin: {why}")]
pub struct OriginError {
    entry: String,
    why: &'static str,
}

/// An origin (RFC 6454, 6.2), or a pattern of them.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Origin {
    Null,
    /// It has a scheme, and a port only if that is not the scheme's own.
    Tuple(HostPattern),
}

impl AllowedOrigins {
    /// A list; an empty one allows no page at all.
    ///
    /// # Errors
    /// The first entry that is not of the form above.
    pub fn new<E: AsRef<str>>(
        entries: impl IntoIterator<Item = E>,
    ) -> Result<AllowedOrigins, OriginError> {
        let parse = |entry: E| {
            let entry = entry.as_ref();
            Origin::parse(entry).map_err(|why| OriginError {
                entry: entry.to_owned(),
                why,
            })
        };
        entries
            .into_iter()
            .map(parse)
            .collect::<Result<_, _>>()
            .map(AllowedOrigins)
    }

    /// Whether a request with these header fields may pass. An [`Acceptor`](super::Acceptor) asks
    /// by itself; for programs that read requests in another way.
    ///
    /// # Errors
    /// Its origin is not in the list, or it names two: the answer, with status 403.
    pub fn check(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let mut origins = headers.get_all(ORIGIN).iter();
        let reason = match (origins.next(), origins.next()) {
            (None, _) => return Ok(()),
            (Some(origin), None) if self.allows(origin.as_bytes()) => return Ok(()),
            (Some(_), None) => "this origin is not allowed (RFC 6455, 10.2)",
            (Some(_), Some(_)) => "a request has one origin (RFC 6454, 7.3)",
        };
        Err(Refusal::new(StatusCode::FORBIDDEN, reason))
    }

    fn allows(&self, origin: &[u8]) -> bool {
        let origin = std::str::from_utf8(origin).ok().map(str::trim);
        let Some(Ok(origin)) = origin.map(Origin::parse) else {
            return false;
        };
        self.0.iter().any(|entry| entry.matches(&origin))
    }
}

impl Origin {
    fn parse(text: &str) -> Result<Origin, &'static str> {
        if text.eq_ignore_ascii_case("null") {
            return Ok(Origin::Null);
        }
        let mut origin = HostPattern::parse(text)?;
        if origin.scheme.is_none() {
            return Err("the form is scheme://host[:port]");
        }
        origin.port = origin
            .port
            .filter(|port| Some(*port) != origin.default_port());
        Ok(Origin::Tuple(origin))
    }

    /// Whether this entry of a list covers an origin.
    fn matches(&self, origin: &Origin) -> bool {
        match (self, origin) {
            (Origin::Null, Origin::Null) => true,
            (Origin::Tuple(ours), Origin::Tuple(theirs)) => {
                ours.scheme == theirs.scheme
                    && ours.port == theirs.port
                    && matches_wildcard(&ours.host, &theirs.host)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(entry: &str, origin: &str) -> bool {
        AllowedOrigins::new([entry])
            .unwrap()
            .allows(origin.as_bytes())
    }

    #[test]
    fn an_entry_covers_exactly_its_origin() {
        for (entry, origin, allowed) in [
            ("https://example.org", "https://example.org", true),
            ("https://example.org", "HTTPS://Example.ORG", true),
            ("https://example.org:443", "https://example.org", true),
            ("https://example.org", "https://example.org:443", true),
            ("http://example.org:80", "http://example.org", true),
            ("https://example.org", "http://example.org", false),
            ("https://example.org", "https://example.org:8443", false),
            ("https://example.org", "https://example.org.evil.net", false),
            ("https://example.org", "https://www.example.org", false),
            ("https://example.org", "https://user@example.org", false),
            ("https://example.org", "https://example.org/", false),
            (
                "https://example.org",
                "https://a.net https://example.org",
                false,
            ),
            ("https://example.org", "example.org", false),
            ("https://example.org", "", false),
            ("https://example.org", "null", false),
            ("http://[::1]:8080", "http://[::1]:8080", true),
            ("http://[::1]", "http://[::1]:80", true),
            ("http://[::1]", "http://[::2]", false),
            ("capacitor://localhost", "capacitor://localhost", true),
            ("chrome-extension://abc", "chrome-extension://abc", true),
            ("null", "null", true),
            ("null", "https://null", false),
        ] {
            assert_eq!(allows(entry, origin), allowed, "{entry} {origin}");
        }
    }

    #[test]
    fn a_name_that_is_not_ascii_is_compared_as_browsers_write_it() {
        let bucher = "https://bücher.example";
        if cfg!(feature = "idna") {
            assert!(allows(bucher, "https://xn--bcher-kva.example"));
        } else {
            let words = AllowedOrigins::new([bucher]).unwrap_err().to_string();
            assert!(words.contains("arkws's feature `idna`"), "{words}");
        }
    }

    #[test]
    fn a_star_stands_for_any_characters_of_the_host() {
        for (entry, origin, allowed) in [
            ("https://*.example.org", "https://a.b.example.org", true),
            ("https://*.example.org", "https://example.org", false),
            (
                "https://*.example.org",
                "https://evil.net/.example.org",
                false,
            ),
            (
                "https://*.example.org",
                "https://evil.net?.example.org",
                false,
            ),
            ("http://192.168.*", "http://192.168.0.7", true),
            ("http://*:3000", "http://localhost:3000", true),
            ("http://*:3000", "http://localhost", false),
        ] {
            assert_eq!(allows(entry, origin), allowed, "{entry} {origin}");
        }
    }

    #[test]
    fn what_is_no_origin_is_an_error_that_names_it() {
        for entry in [
            "",
            "*",
            "example.org",
            "https://",
            "https://example.org/",
            "https://example.org/path",
            "https://example.org:port",
            "https://example.org:+1",
            "https://example.org:65536",
            "https://:443",
            "https://a b",
            "https://user@example.org",
            "https://::1",
            "1https://example.org",
        ] {
            let error = AllowedOrigins::new([entry]).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("{entry:?} is not an origin: ")),
                "{error}"
            );
        }
    }

    #[test]
    fn a_request_has_one_origin_or_none() {
        let origins = AllowedOrigins::new(["https://example.org"]).unwrap();
        let mut headers = HeaderMap::new();
        assert!(origins.check(&headers).is_ok());
        headers.append(ORIGIN, "https://example.org".parse().unwrap());
        assert!(origins.check(&headers).is_ok());
        headers.append(ORIGIN, "https://example.org".parse().unwrap());
        assert_eq!(origins.check(&headers).unwrap_err().status(), 403);
        let none = AllowedOrigins::new::<&str>([]).unwrap();
        assert!(none.check(&HeaderMap::new()).is_ok());
        assert!(none.check(&headers).is_err());
    }
}
