//! Which hosts are connected to directly.
use std::net::{IpAddr, Ipv6Addr};

use crate::Host;

use crate::matches_wildcard;

/// Whether a host matches a pattern in which `*` stands for any characters. Case does not matter,
/// addresses are compared as such.
pub(super) fn matches(pattern: &str, host: &Host) -> bool {
    let pattern = pattern.trim();
    match host {
        Host::Ipv6(ip) => match ipv6(pattern) {
            Some(other) => other == *ip,
            None => matches_wildcard(pattern, &ip.to_string()),
        },
        Host::Ipv4(ip) => matches_wildcard(pattern, &ip.to_string()),
        Host::Domain(name) => matches_wildcard(pattern, name),
    }
}

/// Whether a host matches an entry of `no_proxy`, as curl and others understand it: a name also
/// stands for the names below it, with or without a leading dot, and addresses may be given as a
/// network (`10.0.0.0/8`).
pub(super) fn matches_no_proxy(entry: &str, host: &Host) -> bool {
    let entry = entry.trim();
    match host {
        Host::Domain(name) => {
            let parent = entry.trim_start_matches('.');
            let below = name.len().checked_sub(parent.len() + 1).is_some_and(|dot| {
                !parent.is_empty()
                    && name.as_bytes()[dot] == b'.'
                    && name[dot + 1..].eq_ignore_ascii_case(parent)
            });
            below || matches_wildcard(parent, name)
        }
        Host::Ipv4(ip) => in_network(entry, IpAddr::V4(*ip)) || matches(entry, host),
        Host::Ipv6(ip) => in_network(entry, IpAddr::V6(*ip)) || matches(entry, host),
    }
}

fn ipv6(text: &str) -> Option<Ipv6Addr> {
    let inner = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    inner.parse().ok()
}

fn in_network(entry: &str, ip: IpAddr) -> bool {
    let Some((network, length)) = entry.split_once('/') else {
        return false;
    };
    match (network.parse(), length.parse::<u32>(), ip) {
        (Ok(IpAddr::V4(network)), Ok(length @ 0..=32), IpAddr::V4(ip)) => {
            let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
            ip.to_bits() & mask == network.to_bits() & mask
        }
        (Ok(IpAddr::V6(network)), Ok(length @ 0..=128), IpAddr::V6(ip)) => {
            let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
            ip.to_bits() & mask == network.to_bits() & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::url::parse_host;

    fn host(text: &str) -> Host {
        parse_host(text).unwrap()
    }

    #[test]
    fn a_pattern_is_anchored_ignores_case_and_has_wildcards() {
        for (pattern, text, expected) in [
            ("*", "anything.example", true),
            ("*", "[::1]", true),
            ("a.example", "a.example", true),
            (" A.Example ", "a.example", true),
            ("a.example", "b.a.example", false),
            ("a.example", "a.example.org", false),
            ("*.example", "a.b.example", true),
            ("*.example", "example", false),
            ("a*c*e", "abcde", true),
            ("a*c*e", "abcd", false),
            ("192.168.*", "192.168.0.1", true),
            ("192.168.*", "192.169.0.1", false),
            ("a.b", "axb", false),
            ("::1", "[::1]", true),
            ("[0:0:0:0:0:0:0:1]", "[::1]", true),
            ("fe80:*", "[fe80::1]", true),
            ("::1", "[::2]", false),
            ("", "a", false),
            ("bücher.example", "a", false),
        ] {
            assert_eq!(matches(pattern, &host(text)), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn an_entry_of_no_proxy_also_stands_for_what_is_below_it() {
        for (entry, text, expected) in [
            ("example", "example", true),
            ("example", "a.example", true),
            (".example", "a.example", true),
            (".example", "example", true),
            ("EXAMPLE", "a.example", true),
            ("ample", "example", false),
            ("*.example", "a.example", true),
            ("*", "x", true),
            ("127.0.0.1", "127.0.0.1", true),
            ("10.0.0.0/8", "10.1.2.3", true),
            ("10.0.0.0/8", "11.1.2.3", false),
            ("0.0.0.0/0", "11.1.2.3", true),
            ("10.0.0.0/33", "10.0.0.0", false),
            ("fc00::/7", "[fd00::1]", true),
            ("::1", "[::1]", true),
            ("", "a", false),
            (".", "a", false),
        ] {
            assert_eq!(
                matches_no_proxy(entry, &host(text)),
                expected,
                "{entry} {text}"
            );
        }
    }

    #[test]
    fn a_hostile_pattern_takes_no_exponential_time() {
        let pattern = "*a".repeat(1000);

        assert!(!matches(&pattern, &Host::Domain("b".repeat(253))));
    }
}
