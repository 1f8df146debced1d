//! Which redirects are followed, and with which headers.
use arkws_proto::handshake::field_text;
use http::header::{LOCATION, USER_AGENT};
use http::{HeaderMap, Response, StatusCode};

use crate::url::shown;
use crate::{UrlError, WebSocketUrl};

/// Why a redirect was not followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedirectError {
    /// A redirect too many: probably a loop.
    #[error("more than {limit} redirects: the last one leads to {location}")]
    TooMany {
        /// How many are followed.
        limit: usize,
        /// Where the next would lead to.
        location: String,
    },
    /// From `wss` to `ws`: what was encrypted would no longer be.
    #[error("the redirect from wss to {location} would give up encryption")]
    Downgrade {
        /// Where it would lead to.
        location: String,
    },
    /// [`ClientBuilder::check_redirects`](crate::ClientBuilder::check_redirects).
    #[error("the redirect to {location} is not allowed: {reason}")]
    Forbidden {
        /// Where it would lead to.
        location: String,
        /// Why it is not allowed.
        reason: String,
    },
    /// The `Location` cannot be connected to.
    #[error("the redirect's Location cannot be followed: {0}")]
    Location(#[from] UrlError),
}

/// Where an answer redirects to; `None`: it does not.
///
/// # Errors
/// It does, but to where we do not go.
pub(crate) fn next<T>(
    current: &WebSocketUrl,
    answer: &Response<T>,
) -> Result<Option<WebSocketUrl>, RedirectError> {
    let redirects = matches!(
        answer.status(),
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    let Some(location) = answer.headers().get(LOCATION).filter(|_| redirects) else {
        return Ok(None);
    };
    let text = field_text(location.as_bytes());
    let next = current.join(&text)?;
    if current.is_secure() && !next.is_secure() {
        return Err(RedirectError::Downgrade {
            location: shown(next.as_str()),
        });
    }
    Ok(Some(next))
}

/// Before a redirect to another origin: takes away the program's header fields, but for
/// `User-Agent`, and its sub-protocols. Nobody can tell which of them are credentials (`X-Api-Key`,
/// a token in place of a sub-protocol), or mean something to the first host only.
pub(crate) fn keep_what_is_no_secret(
    from: &WebSocketUrl,
    to: &WebSocketUrl,
    headers: &mut HeaderMap,
    protocols: &mut Vec<String>,
) {
    if from.has_origin_of(to) {
        return;
    }
    let user_agent = headers.remove(USER_AGENT);
    headers.clear();
    headers.extend(user_agent.map(|value| (USER_AGENT, value)));
    protocols.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, location: &str) -> Response<()> {
        Response::builder()
            .status(status)
            .header("location", location)
            .body(())
            .unwrap()
    }

    fn follow(from: &str, location: &str) -> Result<Option<String>, RedirectError> {
        let from = WebSocketUrl::parse(from).unwrap();
        Ok(next(&from, &answer(302, location))?.map(|next| next.as_str().to_owned()))
    }

    #[test]
    fn a_location_is_relative_absolute_and_of_either_family_of_schemes() {
        for (from, location, expected) in [
            ("ws://a/b/c?d", "e", "ws://a/b/e"),
            ("ws://a/b/c?d", "/e?f", "ws://a/e?f"),
            ("ws://a/b", "//c/d", "ws://c/d"),
            ("ws://a/b", "ws://c:81/d#e", "ws://c:81/d"),
            ("ws://a/b", "http://c/d", "ws://c/d"),
            ("ws://a/b", "https://c/d", "wss://c/d"),
            ("ws://a:8080/b", "https://a:8443/d", "wss://a:8443/d"),
            ("wss://a/b", "https://c", "wss://c/"),
            ("ws://user:pass@a/b", "/c", "ws://user:pass@a/c"),
            ("ws://user:pass@a/b", "ws://a/c", "ws://a/c"),
        ] {
            assert_eq!(
                follow(from, location).unwrap().as_deref(),
                Some(expected),
                "{from} -> {location}"
            );
        }
    }

    #[test]
    fn encryption_is_never_given_up() {
        for location in ["ws://a/b", "http://a/b", "HTTP://other"] {
            assert!(
                matches!(
                    follow("wss://a", location),
                    Err(RedirectError::Downgrade { .. })
                ),
                "{location}"
            );
        }
    }

    #[test]
    fn other_schemes_and_what_is_no_url_are_refused() {
        for location in [
            "ftp://a/b",
            "data:x",
            "http://",
            "ws://a:99999",
            "http://[::1",
        ] {
            assert!(
                matches!(follow("ws://a", location), Err(RedirectError::Location(_))),
                "{location}"
            );
        }
    }

    #[test]
    fn only_redirects_with_a_location_are_redirects() {
        let from = WebSocketUrl::parse("ws://a").unwrap();
        for status in [200, 201, 300, 304, 305, 400, 401, 404, 500] {
            assert!(
                next(&from, &answer(status, "/b")).unwrap().is_none(),
                "{status}"
            );
        }
        let bare = Response::builder().status(302).body(()).unwrap();
        assert!(next(&from, &bare).unwrap().is_none());
        for status in [301, 302, 303, 307, 308] {
            assert!(
                next(&from, &answer(status, "/b")).unwrap().is_some(),
                "{status}"
            );
        }
    }

    #[test]
    fn fields_and_sub_protocols_stay_with_their_origin() {
        let url = |text: &str| WebSocketUrl::parse(text).unwrap();
        for (to, kept) in [
            ("wss://a/other", true),
            ("wss://a:443/", true),
            ("wss://b/", false),
            ("wss://a:8443/", false),
            ("ws://a/", false),
        ] {
            let mut headers = HeaderMap::new();
            for name in ["authorization", "x-api-key", "host", "user-agent"] {
                headers.insert(name, http::HeaderValue::from_static("x"));
            }
            let mut protocols = vec!["chat".to_owned()];

            keep_what_is_no_secret(&url("wss://a/"), &url(to), &mut headers, &mut protocols);

            assert_eq!(headers.len(), if kept { 4 } else { 1 }, "{to}");
            assert!(headers.contains_key(USER_AGENT));
            assert_eq!(protocols.len(), usize::from(kept));
        }
    }
}
