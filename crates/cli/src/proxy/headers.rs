//! Header fields that a proxy passes on.
use arkws::http::header::{CONNECTION, HOST, HeaderMap, HeaderName};
use arkws::is_reserved;

/// Those of a request: not those of its own handshake, nor the host, which is another.
pub(super) fn of_request(headers: &HeaderMap) -> HeaderMap {
    let mut passed = end_to_end(headers);
    passed.remove(HOST);
    passed
}

/// Those of an answer.
pub(super) fn of_answer(headers: &HeaderMap) -> HeaderMap {
    end_to_end(headers)
}

/// Without those that concern one connection alone (RFC 9110, 7.6.1), of which a handshake is one.
fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let named = headers.get_all(CONNECTION).iter();
    let named = named.filter_map(|value| value.to_str().ok());
    let named: Vec<HeaderName> = named
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let mut passed = HeaderMap::new();
    for (name, value) in headers {
        let is_ours =
            is_reserved(name) || HOP_BY_HOP.contains(&name.as_str()) || named.contains(name);
        if !is_ours {
            passed.append(name.clone(), value.clone());
        }
    }
    passed
}

const HOP_BY_HOP: [&str; 7] = [
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "proxy-authentication-info",
    "te",
    "trailer",
];

/// Whether an app offers permessage-deflate (RFC 7692).
pub(super) fn offers_deflate(headers: &HeaderMap) -> bool {
    let offers = headers.get_all("sec-websocket-extensions").iter();
    let mut offers = offers.filter_map(|value| value.to_str().ok());
    offers.any(|offers| {
        let names = offers
            .split(',')
            .filter_map(|offer| offer.split(';').next());
        names
            .map(str::trim)
            .any(|name| name == "permessage-deflate")
    })
}

#[cfg(test)]
mod tests {
    use arkws::http::HeaderValue;

    use super::*;

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let fields = fields.iter().map(|&(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        });
        fields.collect()
    }

    #[test]
    fn what_concerns_one_connection_is_not_passed_on() {
        let all = headers(&[
            ("host", "localhost:1"),
            ("connection", "Upgrade, X-Hop"),
            ("upgrade", "websocket"),
            ("sec-websocket-key", "k"),
            ("te", "trailers"),
            ("x-hop", "1"),
            ("origin", "http://a.test"),
            ("cookie", "a=b"),
        ]);
        let passed = of_request(&all);
        let mut names: Vec<_> = passed.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["cookie", "origin"]);
        assert!(of_answer(&all).contains_key("host"));
    }

    #[test]
    fn compression_is_found_among_other_extensions() {
        let offers = |value| offers_deflate(&headers(&[("sec-websocket-extensions", value)]));
        assert!(offers("x, permessage-deflate; client_max_window_bits"));
        assert!(!offers("x-permessage-deflate, y; permessage-deflate"));
    }
}
