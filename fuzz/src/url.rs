//! Any text as a URL, the address of a proxy, an origin, a pattern of hosts.
use arkws::{AllowedOrigins, HostPattern, ProxyServer, WebSocketUrl, matches_wildcard};
use http::header::ORIGIN;
use http::{HeaderMap, HeaderValue};

use crate::input::Input;

/// What is read is the same when it is read again, and can be put into a request as it is.
pub(crate) fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let what = input.byte();
    let other = String::from_utf8_lossy(match what % 4 {
        0 | 1 => &[],
        _ => input.short(),
    });
    let text = String::from_utf8_lossy(input.rest());
    match what % 4 {
        0 => url(&text),
        1 => proxy(&text),
        2 => origin(&other, &text),
        _ => assert_eq!(
            matches_wildcard(&other, &text),
            matches(other.as_bytes(), text.as_bytes())
        ),
    }
}

fn url(text: &str) {
    let url = match WebSocketUrl::parse(text) {
        Ok(url) => url,
        Err(error) => return assert_one_line(&error.to_string()),
    };
    assert_eq!(WebSocketUrl::parse(url.as_str()).as_ref(), Ok(&url));
    assert!(url.target().starts_with('/'));
    for part in [url.target(), &url.host_field()] {
        // RFC 9112, 3: neither may end its line or be parted from the rest of it.
        assert!(part.bytes().all(|byte| byte.is_ascii_graphic()), "{part:?}");
    }
    assert!(!url.host_field().contains(['/', '@', '?', '#']), "{url:?}");
    assert_one_line(&format!("{url:?}"));
}

fn proxy(text: &str) {
    let server = match ProxyServer::parse(text, None) {
        Ok(server) => server,
        Err(error) => return assert_one_line(&error.to_string()),
    };
    let shown = server.to_string();
    assert_one_line(&shown);
    let again = ProxyServer::parse(&shown, None).expect("what was read can be read again");
    assert_eq!((again.host, again.port), (server.host, server.port));
}

fn origin(entry: &str, origin: &str) {
    if let Ok(pattern) = HostPattern::parse(entry) {
        let scheme = pattern.scheme.as_ref().map(|scheme| format!("{scheme}://"));
        let port = pattern.port.map(|port| format!(":{port}"));
        let text = [
            scheme.unwrap_or_default(),
            pattern.host.clone(),
            port.unwrap_or_default(),
        ];
        assert_eq!(HostPattern::parse(&text.concat()), Ok(pattern));
    }
    let allowed = match AllowedOrigins::new([entry]) {
        Ok(allowed) => allowed,
        Err(error) => return assert_one_line(&error.to_string()),
    };
    let passes = |origin: &str| {
        let value = HeaderValue::from_bytes(origin.as_bytes()).ok()?;
        let headers = HeaderMap::from_iter([(ORIGIN, value)]);
        Some(allowed.check(&headers).is_ok())
    };
    // It allows itself, in whatever case, and what it does not match has to differ from it.
    assert_ne!(passes(entry), Some(false));
    assert_ne!(passes(&entry.to_ascii_uppercase()), Some(false));
    if passes(origin) == Some(true) && !entry.contains('*') {
        let same = HostPattern::parse(entry.trim())
            .ok()
            .map(|pattern| pattern.host);
        let origin = HostPattern::parse(origin.trim())
            .ok()
            .map(|pattern| pattern.host);
        assert_eq!(same, origin);
    }
}

/// Each `*` tries every length.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let mut ends = vec![false; text.len() + 1];
    ends[0] = true;
    for byte in pattern {
        let mut next = vec![false; text.len() + 1];
        for at in 0..=text.len() {
            next[at] = match byte {
                b'*' => ends[at] || at > 0 && next[at - 1],
                _ => at > 0 && ends[at - 1] && text[at - 1].eq_ignore_ascii_case(byte),
            };
        }
        ends = next;
    }
    ends[text.len()]
}

/// What is shown cannot look like another line of a log.
pub(crate) fn assert_one_line(text: &str) {
    assert!(!text.contains(['\n', '\r']), "{text:?}");
}
