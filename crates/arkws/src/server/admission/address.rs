//! What counts as one client address, and counts by it.
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

/// What limits count by: an IPv4 address, or the /64 network of an IPv6 address, which is what one
/// subscriber is given (RFC 6177): who has one address of it has 2^64. An IPv4 address that is
/// mapped to IPv6 counts as what it is.
///
/// ```
/// use arkws::ClientAddress;
/// use std::net::IpAddr;
///
/// let address = |text: &str| text.parse::<IpAddr>().map(ClientAddress::from);
/// assert_eq!(address("2001:db8::1"), address("2001:db8::ffff:0:0:1"));
/// assert_ne!(address("2001:db8::1"), address("2001:db8:0:1::1"));
/// assert_eq!(address("192.0.2.1"), address("::ffff:192.0.2.1"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddress(IpAddr);

impl From<IpAddr> for ClientAddress {
    fn from(ip: IpAddr) -> ClientAddress {
        ClientAddress(match ip.to_canonical() {
            IpAddr::V4(ip) => ip.into(),
            IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX)).into(),
        })
    }
}

/// A count per address, of those that have any.
#[derive(Debug, Default)]
pub(super) struct CountByAddress {
    counts: HashMap<ClientAddress, usize>,
}

impl CountByAddress {
    pub(super) fn of(&self, address: ClientAddress) -> usize {
        self.counts.get(&address).copied().unwrap_or(0)
    }

    pub(super) fn addresses(&self) -> usize {
        self.counts.len()
    }

    pub(super) fn add(&mut self, address: ClientAddress) {
        *self.counts.entry(address).or_default() += 1;
    }

    pub(super) fn remove(&mut self, address: ClientAddress) {
        if let Some(count) = self.counts.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv6_counts_by_its_64_bit_network_and_mapped_ipv4_as_ipv4() {
        let address = |text: &str| ClientAddress::from(text.parse::<IpAddr>().unwrap());
        for (one, other, same) in [
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.2", false),
            ("2001:db8::1", "2001:db8::ffff:0:0:1", true),
            ("2001:db8::1", "2001:db8:0:1::1", false),
        ] {
            assert_eq!(address(one) == address(other), same, "{one} {other}");
        }
    }
}
