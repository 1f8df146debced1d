//! The address that a request came from, as the proxies on its way tell it: the fields `Forwarded`
//! (RFC 7239) and `X-Forwarded-For`.
//!
//! Each proxy adds the address that it was called from, at the end; what stands before that is what
//! its caller has sent. So both fields are read from their ends, and no further than to the first
//! address that is not a trusted proxy's. Whoever is there has written all that is before it, and
//! nothing of that is looked at: it can neither change nor spoil the answer.
//!
//! A proxy that adds to one of the fields may pass on the other one as its client wrote it. Nobody
//! knows which one it adds to. So where a request has both, they count only if they agree.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::header::{FORWARDED, HeaderMap, HeaderName};

use super::trusted_proxies::TrustedProxies;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Who has sent a request that came from `peer`: the address nearest to the server that is not a
/// trusted proxy's. All addresses are canonical.
///
/// If all of them are trusted: the one that is furthest away. What is no address (`unknown`, an
/// identifier that hides one, or nonsense) ends the way: then it is the one before that.
pub(super) fn remote_address(
    peer: IpAddr,
    headers: &HeaderMap,
    trusted: &TrustedProxies,
) -> IpAddr {
    if !trusted.contains(peer) {
        return peer;
    }
    let field = |name| headers.get_all(name).iter().rev().map(|v| v.as_bytes());
    let forwarded = field(FORWARDED).flat_map(|line| from_the_end(line, b','));
    let listed = field(X_FORWARDED_FOR).flat_map(|line| line.rsplit(|byte| *byte == b','));
    let forwarded = Origin::of(forwarded, forwarded_for, trusted);
    let listed = Origin::of(listed, address, trusted);
    match (forwarded, listed) {
        (Origin::Untold, Origin::Untold) => peer,
        (told, Origin::Untold) | (Origin::Untold, told) => match told {
            Origin::Client(ip) | Origin::Proxy(ip) | Origin::Hidden(Some(ip)) => ip,
            Origin::Hidden(None) | Origin::Untold => peer,
        },
        (Origin::Client(ip), Origin::Client(other)) if ip == other => ip,
        // One of the proxies adds to this field, and the one behind it to that.
        (Origin::Client(ip), Origin::Proxy(_)) | (Origin::Proxy(_), Origin::Client(ip)) => ip,
        (Origin::Proxy(ip), Origin::Proxy(_)) => ip,
        _ => peer,
    }
}

/// What a field says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// There is no such field, or nothing in it.
    Untold,
    /// The last address that is not a trusted proxy's.
    Client(IpAddr),
    /// All are trusted, and this is the first.
    Proxy(IpAddr),
    /// Something that is no address stands before this one, which is trusted, or at the end.
    Hidden(Option<IpAddr>),
}

impl Origin {
    /// Of entries, the last first, in each of which `address` finds one.
    fn of<'a>(
        entries: impl Iterator<Item = &'a [u8]>,
        address: fn(&[u8]) -> Option<IpAddr>,
        trusted: &TrustedProxies,
    ) -> Origin {
        let mut furthest = None;
        let mut skipped = false;
        for entry in entries.map(<[u8]>::trim_ascii) {
            if entry.is_empty() {
                skipped = true;
                continue;
            }
            match address(entry) {
                // A proxy that had nothing to add may have added nothing.
                _ if skipped => return Origin::Hidden(furthest),
                Some(ip) if trusted.contains(ip) => furthest = Some(ip),
                Some(ip) => return Origin::Client(ip),
                None => return Origin::Hidden(furthest),
            }
        }
        furthest.map_or(Origin::Untold, Origin::Proxy)
    }
}

/// The parts of a list, the last first. A separator in a quoted string separates nothing.
fn from_the_end(list: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(list);
    std::iter::from_fn(move || {
        let list = rest?;
        let mut quoted = false;
        for (at, byte) in list.iter().enumerate().rev() {
            if *byte == b'"' {
                quoted = !quoted || is_escaped(&list[..at]);
            } else if *byte == separator && !quoted {
                rest = Some(&list[..at]);
                return Some(&list[at + 1..]);
            }
        }
        rest = None;
        Some(list)
    })
}

/// Whether the next character of a quoted string is escaped by what is before it.
fn is_escaped(before: &[u8]) -> bool {
    let backslashes = before.iter().rev().take_while(|byte| **byte == b'\\');
    backslashes.count() % 2 == 1
}

/// That of the only `for` in an element of `Forwarded`.
fn forwarded_for(element: &[u8]) -> Option<IpAddr> {
    let mut nodes = from_the_end(element, b';').filter_map(|pair| {
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        let (name, value) = (pair[..equals].trim_ascii(), &pair[equals + 1..]);
        name.eq_ignore_ascii_case(b"for").then_some(value)
    });
    match (nodes.next(), nodes.next()) {
        (Some(node), None) => address(&unquoted(node.trim_ascii())?),
        _ => None,
    }
}

/// A token as it is, a quoted string without quotes and escapes; `None`: it does not end.
fn unquoted(value: &[u8]) -> Option<Vec<u8>> {
    let Some(quoted) = value.strip_prefix(b"\"") else {
        return Some(value.to_vec());
    };
    let mut text = Vec::with_capacity(quoted.len());
    let mut bytes = quoted.iter();
    loop {
        match bytes.next()? {
            b'"' => break bytes.as_slice().is_empty().then_some(text),
            b'\\' => text.push(*bytes.next()?),
            byte => text.push(*byte),
        }
    }
}

/// An address, perhaps with a port. That of IPv6 should have brackets, and must have them before a
/// port.
fn address(node: &[u8]) -> Option<IpAddr> {
    let node = std::str::from_utf8(node).ok()?;
    if let Ok(ip) = node.parse::<IpAddr>() {
        return Some(ip.to_canonical());
    }
    let (ip, port): (IpAddr, _) = match node.strip_prefix('[') {
        Some(bracketed) => {
            let (ip, rest) = bracketed.split_once(']')?;
            let port = match rest {
                "" => None,
                rest => Some(rest.strip_prefix(':')?),
            };
            (ip.parse::<Ipv6Addr>().ok()?.into(), port)
        }
        None => {
            let (ip, port) = node.split_once(':')?;
            (ip.parse::<Ipv4Addr>().ok()?.into(), Some(port))
        }
    };
    port.is_none_or(is_port).then_some(ip.to_canonical())
}

/// A port, or an identifier that hides one.
fn is_port(text: &str) -> bool {
    match text.strip_prefix('_') {
        Some(hidden) => {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            !hidden.is_empty() && hidden.bytes().all(allowed)
        }
        None => (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::super::trusted_proxies::TrustProxy;
    use super::*;

    const PROXY: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
    const FORGED: &str = "198.51.100.66";

    fn trusted() -> TrustedProxies {
        TrustedProxies::new(&TrustProxy::Private).unwrap()
    }

    /// Of a request from [`PROXY`] with these lines.
    fn found(lines: &[(HeaderName, &[u8])]) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name, HeaderValue::from_bytes(value).unwrap());
        }
        remote_address(PROXY, &headers, &trusted()).to_string()
    }

    fn of_forwarded(value: &str) -> String {
        found(&[(FORWARDED, value.as_bytes())])
    }

    fn of_list(value: &str) -> String {
        found(&[(X_FORWARDED_FOR, value.as_bytes())])
    }

    #[test]
    fn the_last_address_that_is_not_trusted_is_the_clients() {
        for (value, expected) in [
            ("203.0.113.7", "203.0.113.7"),
            ("198.51.100.66, 203.0.113.7", "203.0.113.7"),
            ("198.51.100.66,203.0.113.7,10.0.0.9", "203.0.113.7"),
            ("203.0.113.7:4711", "203.0.113.7"),
            ("2001:db8::7", "2001:db8::7"),
            ("2001:DB8:0::7", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("[2001:db8::7]:4711", "2001:db8::7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            (" 203.0.113.7\t", "203.0.113.7"),
            (",198.51.100.66, ,203.0.113.7", "203.0.113.7"),
            // All are trusted.
            ("10.0.0.5", "10.0.0.5"),
            ("10.0.0.5, 10.0.0.9", "10.0.0.5"),
            // What is no address ends the way.
            ("198.51.100.66, unknown", "10.0.0.1"),
            ("198.51.100.66, _hidden, 10.0.0.9", "10.0.0.9"),
            ("198.51.100.66, 203.0.113.7.8", "10.0.0.1"),
            ("198.51.100.66, 203.0.113.7:", "10.0.0.1"),
            ("198.51.100.66, 203.0.113.7:123456", "10.0.0.1"),
            ("198.51.100.66, 203.0.113.7:http", "10.0.0.1"),
            ("198.51.100.66, 2001:db8::7]", "10.0.0.1"),
            ("198.51.100.66, [2001:db8::7", "10.0.0.1"),
            ("198.51.100.66, [2001:db8::7]4711", "10.0.0.1"),
            ("198.51.100.66, [203.0.113.7]", "10.0.0.1"),
            ("198.51.100.66, fe80::1%eth0", "10.0.0.1"),
            ("198.51.100.66, for=203.0.113.7", "10.0.0.1"),
            ("198.51.100.66, \"203.0.113.7\"", "10.0.0.1"),
            ("198.51.100.66, 203.0.113.7 evil", "10.0.0.1"),
            ("198.51.100.66, 0203.0.113.7", "10.0.0.1"),
            ("198.51.100.66, ", "10.0.0.1"),
            ("198.51.100.66, , 10.0.0.9", "10.0.0.9"),
            ("", "10.0.0.1"),
            (",, ,", "10.0.0.1"),
        ] {
            assert_eq!(of_list(value), expected, "{value}");
        }
    }

    #[test]
    fn forwarded_has_elements_of_pairs_with_tokens_and_quoted_strings() {
        for (value, expected) in [
            ("for=203.0.113.7", "203.0.113.7"),
            ("For=203.0.113.7;proto=https;by=203.0.113.43", "203.0.113.7"),
            ("proto=https; FOR = 203.0.113.7", "203.0.113.7"),
            (
                "for=198.51.100.66, for=203.0.113.7, for=10.0.0.9",
                "203.0.113.7",
            ),
            ("for=\"203.0.113.7:4711\"", "203.0.113.7"),
            ("for=\"203.0.113.7:_gazonk\"", "203.0.113.7"),
            ("for=\"[2001:db8::7]\"", "2001:db8::7"),
            ("for=\"[2001:db8::7]:4711\";by=_mine", "2001:db8::7"),
            ("for=\"[2001:db8:\\:7]\"", "2001:db8::7"),
            // Many proxies do not know that it has to be quoted.
            ("for=[2001:db8::7]", "2001:db8::7"),
            ("for=2001:db8::7", "2001:db8::7"),
            // Separators in quoted strings separate nothing.
            (
                "for=203.0.113.7;host=\"a, for=198.51.100.66\"",
                "203.0.113.7",
            ),
            (
                "for=203.0.113.7;host=\"a;for=198.51.100.66\"",
                "203.0.113.7",
            ),
            (
                "for=203.0.113.7;host=\"a\\\", for=198.51.100.66, \\\"b\"",
                "203.0.113.7",
            ),
            // What was opened before is the client's.
            ("for=\"198.51.100.66, for=203.0.113.7", "203.0.113.7"),
            (
                "for=198.51.100.66;x=\", for=\"[2001:db8::7]\"",
                "2001:db8::7",
            ),
            ("for=198.51.100.66;x=\"\\, for=203.0.113.7", "203.0.113.7"),
            // What is no address ends the way.
            ("for=198.51.100.66, for=unknown", "10.0.0.1"),
            ("for=198.51.100.66, for=_mystery, for=10.0.0.9", "10.0.0.9"),
            ("for=198.51.100.66, proto=https", "10.0.0.1"),
            ("for=198.51.100.66, 203.0.113.7", "10.0.0.1"),
            (
                "for=198.51.100.66, for=203.0.113.7;for=203.0.113.8",
                "10.0.0.1",
            ),
            ("for=198.51.100.66, for=\"203.0.113.7\"x", "10.0.0.1"),
            ("for=198.51.100.66, for=203.0.113.7\"", "10.0.0.1"),
            ("for=198.51.100.66, for=", "10.0.0.1"),
            ("for=198.51.100.66, for=\"\"", "10.0.0.1"),
            ("for=198.51.100.66, for=\" \"", "10.0.0.1"),
            ("for=198.51.100.66,", "10.0.0.1"),
            ("", "10.0.0.1"),
        ] {
            assert_eq!(of_forwarded(value), expected, "{value}");
        }
    }

    #[test]
    fn lines_of_one_field_are_one_list() {
        let client: (_, &[u8]) = (X_FORWARDED_FOR, b"198.51.100.66");
        let proxy: (_, &[u8]) = (X_FORWARDED_FOR, b"203.0.113.7");
        assert_eq!(found(&[client, proxy.clone()]), "203.0.113.7");
        let nearest: (_, &[u8]) = (X_FORWARDED_FOR, b"10.0.0.9");
        assert_eq!(found(&[proxy, nearest]), "203.0.113.7");
    }

    #[test]
    fn two_fields_count_only_if_they_agree() {
        for (forwarded, list, expected) in [
            ("for=203.0.113.7", "203.0.113.7", "203.0.113.7"),
            ("for=198.51.100.66", "203.0.113.7", "10.0.0.1"),
            ("for=unknown", "203.0.113.7", "10.0.0.1"),
            ("for=203.0.113.7", "unknown", "10.0.0.1"),
            ("", "203.0.113.7", "203.0.113.7"),
            ("for=203.0.113.7", ",", "203.0.113.7"),
            // The outer proxy adds to the one, the inner one to the other.
            ("for=203.0.113.7", "10.0.0.9", "203.0.113.7"),
            ("for=10.0.0.9", "203.0.113.7", "203.0.113.7"),
            ("for=10.0.0.8", "10.0.0.9", "10.0.0.8"),
        ] {
            let lines: [(_, &[u8]); 2] = [
                (FORWARDED, forwarded.as_bytes()),
                (X_FORWARDED_FOR, list.as_bytes()),
            ];
            assert_eq!(found(&lines), expected, "{forwarded} and {list}");
        }
    }

    #[test]
    fn from_whom_is_not_trusted_nothing_is_believed() {
        let peer = IpAddr::from([203, 0, 113, 7]);
        let mut headers = HeaderMap::new();
        headers.insert(X_FORWARDED_FOR, HeaderValue::from_static(FORGED));
        headers.insert(FORWARDED, HeaderValue::from_static("for=198.51.100.66"));
        assert_eq!(remote_address(peer, &headers, &trusted()), peer);
        assert_eq!(remote_address(PROXY, &headers, &Default::default()), PROXY);
    }

    /// What a client may write: often the pieces that these fields are made of.
    fn written() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just(b"\"".to_vec()),
            Just(b"\\".to_vec()),
            Just(b",".to_vec()),
            Just(b";".to_vec()),
            Just(b"=".to_vec()),
            Just(b"for=".to_vec()),
            Just(b"for=\"".to_vec()),
            Just(b" ".to_vec()),
            Just(FORGED.as_bytes().to_vec()),
            Just(b"10.0.0.9".to_vec()),
            Just(b"[2001:db8::66]".to_vec()),
            Just(b"unknown".to_vec()),
            proptest::collection::vec(
                any::<u8>().prop_filter("HTTP", |b| *b == b'\t' || (*b >= 32 && *b != 127)),
                1..4
            ),
        ];
        proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    /// An address outside of the trusted networks.
    fn client() -> impl Strategy<Value = IpAddr> {
        prop_oneof![
            any::<u8>().prop_map(|last| IpAddr::from([203, 0, 113, last])),
            any::<u16>().prop_map(|last| IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, last])),
        ]
    }

    /// An element of `Forwarded` as a proxy adds it.
    fn added(ip: IpAddr, port: Option<u16>, by: bool) -> String {
        let node = match (ip, port) {
            (IpAddr::V4(ip), None) => ip.to_string(),
            (IpAddr::V4(ip), Some(port)) => format!("\"{ip}:{port}\""),
            (IpAddr::V6(ip), None) => format!("\"[{ip}]\""),
            (IpAddr::V6(ip), Some(port)) => format!("\"[{ip}]:{port}\""),
        };
        match by {
            true => format!("by=\"[fd00::1]:80\";for={node};host=\"a, \\\"b\\\"; c\""),
            false => format!("for={node}"),
        }
    }

    proptest! {
        /// Whatever a client writes before what the proxy adds, on the same line or another.
        #[test]
        fn nobody_in_front_of_the_proxy_forges_an_address(
            before in proptest::collection::vec(written(), 0..3),
            other in proptest::option::of(written()),
            ip in client(),
            port in proptest::option::of(any::<u16>()),
            (by, joined, in_forwarded) in any::<(bool, bool, bool)>(),
        ) {
            let (name, other_name) = match in_forwarded {
                true => (FORWARDED, X_FORWARDED_FOR),
                false => (X_FORWARDED_FOR, FORWARDED),
            };
            let last = match (in_forwarded, ip, port) {
                (true, ..) => added(ip, port, by),
                (false, IpAddr::V4(ip), Some(port)) => format!("{ip}:{port}"),
                (false, IpAddr::V6(ip), Some(port)) => format!("[{ip}]:{port}"),
                (false, ip, None) => ip.to_string(),
            };
            let mut lines = before;
            match lines.last_mut() {
                Some(line) if joined => {
                    line.extend_from_slice(b", ");
                    line.extend_from_slice(last.as_bytes());
                }
                _ => lines.push(last.into_bytes()),
            }
            let mut lines: Vec<_> = lines.iter().map(|line| (name.clone(), &line[..])).collect();
            prop_assert_eq!(found(&lines), ip.to_string());
            // The field that the proxy passes on as it came may make it nobody's, and no other's.
            if let Some(other) = &other {
                lines.push((other_name, other));
                let found = found(&lines);
                prop_assert!(found == ip.to_string() || found == PROXY.to_string(), "{}", found);
            }
        }
    }
}
