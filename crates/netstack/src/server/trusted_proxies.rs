//! The proxies in front of a server, whose word about a client's address counts.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::BusinessError;

/// arkws: the proxies in front of a server. Those of their requests are told apart by the fields
/// `Forwarded` (RFC 7239) and `X-Forwarded-For`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TrustProxy {
    /// There are none: what a request says about its way counts for nothing.
    #[default]
    Nobody,
    /// Whatever has a loopback or private address: 127.0.0.0/8, 10.0.0.0/8, 172.16.0.0/12,
    /// 192.168.0.0/16, ::1, fc00::/7.
    Private,
    /// Addresses (`192.0.2.1`) and networks (`2001:db8::/32`). Anything else is 401.
    Listed(Vec<String>),
}

/// As they can be asked for.
#[derive(Debug, Default)]
pub(super) struct TrustedProxies(Vec<IpNetwork>);

/// Addresses with the first `prefix` bits of `base`, which has no others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct IpNetwork {
    base: IpAddr,
    prefix: u32,
}

impl TrustedProxies {
    /// # Errors
    /// 401: an entry is neither an address nor a network.
    pub(super) fn new(trusted: &TrustProxy) -> Result<TrustedProxies, BusinessError> {
        Ok(TrustedProxies(match trusted {
            TrustProxy::Nobody => Vec::new(),
            TrustProxy::Private => PRIVATE.to_vec(),
            TrustProxy::Listed(entries) => {
                let networks = entries.iter().map(|entry| {
                    IpNetwork::parse(entry).map_err(|why| {
                        BusinessError::parameter(format!("trustProxy: {entry:?}: {why}"))
                    })
                });
                networks.collect::<Result<_, _>>()?
            }
        }))
    }

    /// `ip` is canonical: no IPv4 address in the form of IPv6.
    #[inline]
    pub(super) fn contains(&self, ip: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(ip))
    }
}

impl IpNetwork {
    const fn v4(a: u8, b: u8, prefix: u32) -> IpNetwork {
        let base = IpAddr::V4(Ipv4Addr::new(a, b, 0, 0));
        IpNetwork { base, prefix }
    }

    const fn v6(first: u16, last: u16, prefix: u32) -> IpNetwork {
        let base = IpAddr::V6(Ipv6Addr::new(first, 0, 0, 0, 0, 0, 0, last));
        IpNetwork { base, prefix }
    }

    /// An IPv4 network in the form of IPv6 is that IPv4 network.
    fn parse(text: &str) -> Result<IpNetwork, &'static str> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let ip: IpAddr = address
            .parse()
            .map_err(|_| "it is neither an IP address nor a network, as 10.0.0.0/8 is")?;
        let bits = if ip.is_ipv4() { 32 } else { 128 };
        let prefix = match length {
            None => bits,
            Some(length) => length
                .parse()
                .ok()
                .filter(|prefix| *prefix <= bits && length.bytes().all(|b| b.is_ascii_digit()))
                .ok_or("what follows the slash is not the length of a prefix")?,
        };
        let written = IpNetwork { base: ip, prefix };
        if !written.without_host_bits() {
            return Err("the address has bits beyond the prefix");
        }
        Ok(match ip.to_canonical() {
            // Only a prefix of 96 and more has no bits beyond it.
            IpAddr::V4(v4) if ip.is_ipv6() => IpNetwork {
                base: v4.into(),
                prefix: prefix - 96,
            },
            _ => written,
        })
    }

    fn without_host_bits(&self) -> bool {
        match self.base {
            IpAddr::V4(base) => base.to_bits().checked_shl(self.prefix).unwrap_or(0) == 0,
            IpAddr::V6(base) => base.to_bits().checked_shl(self.prefix).unwrap_or(0) == 0,
        }
    }

    fn contains(&self, ip: IpAddr) -> bool {
        let (difference, bits) = match (self.base, ip) {
            (IpAddr::V4(base), IpAddr::V4(ip)) => ((base.to_bits() ^ ip.to_bits()).into(), 32),
            (IpAddr::V6(base), IpAddr::V6(ip)) => (base.to_bits() ^ ip.to_bits(), 128),
            _ => return false,
        };
        // All 128 bits are shifted out for a prefix of none.
        u128::checked_shr(difference, bits - self.prefix).unwrap_or(0) == 0
    }
}

/// RFC 1918, RFC 4193, and the loopback addresses.
const PRIVATE: [IpNetwork; 6] = [
    IpNetwork::v4(127, 0, 8),
    IpNetwork::v4(10, 0, 8),
    IpNetwork::v4(172, 16, 12),
    IpNetwork::v4(192, 168, 16),
    IpNetwork::v6(0, 1, 128),
    IpNetwork::v6(0xfc00, 0, 7),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(trusted: &TrustProxy, ip: &str) -> bool {
        let ip: IpAddr = ip.parse().unwrap();
        let trusted = TrustedProxies::new(trusted).unwrap();
        trusted.contains(ip.to_canonical())
    }

    #[test]
    fn networks_have_the_addresses_of_their_prefix() {
        for (entry, inside, outside) in [
            ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
            ("192.0.2.1/32", "::ffff:192.0.2.1", "192.0.2.0"),
            ("10.0.0.0/8", "10.255.255.255", "11.0.0.0"),
            ("192.0.2.128/25", "192.0.2.128", "192.0.2.127"),
            ("0.0.0.0/0", "203.0.113.7", "2001:db8::1"),
            ("::/0", "2001:db8::1", "203.0.113.7"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("2001:db8::1", "2001:db8::1", "2001:db8::2"),
            ("::ffff:192.0.2.0/120", "192.0.2.255", "192.0.3.0"),
            ("::ffff:192.0.2.1", "192.0.2.1", "192.0.2.2"),
            ("::ffff:0:0/96", "203.0.113.7", "::1"),
        ] {
            let trusted = TrustProxy::Listed(vec!["198.51.100.1".into(), entry.into()]);
            assert!(contains(&trusted, inside), "{inside} is in {entry}");
            assert!(!contains(&trusted, outside), "{outside} is not in {entry}");
        }
    }

    #[test]
    fn what_is_no_address_and_no_network_is_401_and_named() {
        for entry in [
            "",
            "localhost",
            "10.0.0.0/",
            "10.0.0.0/33",
            "10.0.0.0/-1",
            "10.0.0.0/+8",
            "10.0.0.0/8/8",
            "10.0.0.1/8",
            "10.0.0.0/255.0.0.0",
            "2001:db8::/129",
            "2001:db8::1/64",
            "::ffff:10.0.0.0/80",
            "[::1]",
            "127.0.0.1:80",
            "fe80::1%eth0",
            " 10.0.0.0/8",
            "10.0.0.0 / 8",
            "010.0.0.0/8",
            "10/8",
        ] {
            let trusted = TrustProxy::Listed(vec!["::1".into(), entry.into()]);
            let error = TrustedProxies::new(&trusted).unwrap_err();
            assert_eq!(error.code, 401, "{entry}");
            let words = format!("trustProxy: {entry:?}: ");
            assert!(error.message.contains(&words), "{error}");
        }
    }

    #[test]
    fn loopback_and_private_addresses_are_those_of_the_rfcs() {
        for (ip, expected) in [
            ("127.0.0.1", true),
            ("127.255.255.255", true),
            ("10.1.2.3", true),
            ("172.16.0.0", true),
            ("172.31.255.255", true),
            ("172.32.0.0", false),
            ("192.168.0.1", true),
            ("192.169.0.0", false),
            ("169.254.0.1", false),
            ("100.64.0.1", false),
            ("203.0.113.7", false),
            ("::1", true),
            ("::2", false),
            ("fc00::1", true),
            ("fdff::1", true),
            ("fe80::1", false),
            ("2001:db8::1", false),
            ("::ffff:10.0.0.1", true),
        ] {
            assert_eq!(contains(&TrustProxy::Private, ip), expected, "{ip}");
            assert!(!contains(&TrustProxy::Nobody, ip));
        }
    }
}
