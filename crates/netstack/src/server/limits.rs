//! How many clients a server lets in, and how often one address may try: the options, and the
//! numbers that they come to.
use crate::BusinessError;
use crate::shared_limits::{refuse_zero, whole};

/// arkws: how many clients a server lets in, and how often one address may try. An address is an
/// IPv4 address, or an IPv6 network (/64).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ServerLimits {
    /// The platform's: 10 addresses with 10 connections each, or what
    /// [`max_concurrent_clients_number`](super::ServerConfig::max_concurrent_clients_number) and
    /// [`max_connections_for_one_client`](super::ServerConfig::max_connections_for_one_client) say;
    /// 51 attempts of one address within a minute. And 256 opening handshakes at a time, 64 of one
    /// address.
    #[default]
    Platform,
    /// None at all: whoever comes is served while memory and file descriptors last.
    None,
    /// These.
    Custom(CustomLimits),
}

/// Limits of the program's own: each is over 0 (401), and unlimited if it is `None`, but for
/// `handshakes`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CustomLimits {
    /// Most connections at a time, of all addresses together. The next is refused with 503.
    pub connections: Option<usize>,
    /// Most connections of one address at a time. The next is refused with 503.
    pub per_address: Option<usize>,
    /// Attempts of one address that pass within a minute of the first. The next one is refused with
    /// 503, and so are all of that address for a minute.
    pub attempts_per_minute: Option<u32>,
    /// Most opening handshakes at a time; a quarter of them of one address, if `per_address` is
    /// set. The oldest without a complete request makes room for the next. `None`:
    /// [`DEFAULT_HANDSHAKES`](Self::DEFAULT_HANDSHAKES).
    pub handshakes: Option<usize>,
}

impl CustomLimits {
    /// What [`handshakes`](Self::handshakes) is by default, and on the platform's terms: enough for
    /// the flood rule to be met first.
    pub const DEFAULT_HANDSHAKES: usize = 256;
}

impl ServerLimits {
    /// Those of a name, `platform` or `none`; `None`: there are none of that name.
    pub fn named(name: &str) -> Option<ServerLimits> {
        match name {
            "platform" => Some(ServerLimits::Platform),
            "none" => Some(ServerLimits::None),
            _ => None,
        }
    }

    /// # Errors
    /// 401: a limit is zero, or comes together with one of the platform's `documented` options,
    /// whose values these are.
    pub(super) fn check(&self, documented: [Option<f64>; 2]) -> Result<(), BusinessError> {
        if let ServerLimits::Custom(limits) = self {
            refuse_zero(&[
                ("limits.connections", limits.connections == Some(0)),
                ("limits.perAddress", limits.per_address == Some(0)),
                (
                    "limits.attemptsPerMinute",
                    limits.attempts_per_minute == Some(0),
                ),
                ("limits.handshakes", limits.handshakes == Some(0)),
            ])?;
        }
        let given = DOCUMENTED.iter().zip(documented);
        match given.clone().find(|(_, value)| value.is_some()) {
            Some((name, _)) if *self != ServerLimits::Platform => {
                Err(BusinessError::parameter(format!(
                    "{name} is one of the platform's limits, and limits says others: give one of \
                     them"
                )))
            }
            _ => Ok(()),
        }
    }

    /// # Errors
    /// 2302999: one of the platform's `documented` limits is none.
    pub(super) fn numbers(&self, documented: [Option<f64>; 2]) -> Result<Limits, BusinessError> {
        Ok(match self {
            ServerLimits::Platform => {
                let [addresses, per_address] = documented;
                Limits {
                    addresses: documented_limit(DOCUMENTED[0], addresses)?,
                    per_address: documented_limit(DOCUMENTED[1], per_address)?,
                    ..Limits::PLATFORM
                }
            }
            ServerLimits::None => Limits::NONE,
            ServerLimits::Custom(limits) => {
                let handshakes = limits
                    .handshakes
                    .unwrap_or(CustomLimits::DEFAULT_HANDSHAKES);
                Limits {
                    connections: limits.connections.unwrap_or(usize::MAX),
                    per_address: limits.per_address.unwrap_or(usize::MAX),
                    attempts_per_minute: limits.attempts_per_minute,
                    handshakes,
                    handshakes_of_one_address: match limits.per_address {
                        Some(_) => handshakes.div_ceil(4),
                        None => handshakes,
                    },
                    ..Limits::NONE
                }
            }
        })
    }
}

/// The limits that the platform documents.
const DOCUMENTED: [&str; 2] = ["maxConcurrentClientsNumber", "maxConnectionsForOneClient"];

/// Each of them: the default, and the most that may be asked for.
const DOCUMENTED_MAX: u16 = 10;

fn documented_limit(name: &str, given: Option<f64>) -> Result<usize, BusinessError> {
    let Some(number) = given else {
        return Ok(DOCUMENTED_MAX.into());
    };
    whole(number, DOCUMENTED_MAX)
        .map(usize::from)
        .ok_or_else(|| {
            BusinessError::new(
                BusinessError::OTHER,
                format!("{name} {number} is not a whole number from 0 to {DOCUMENTED_MAX}"),
            )
        })
}

/// The limits of a server, as numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// Most distinct client addresses.
    pub(super) addresses: usize,
    /// Most connections in all.
    pub(super) connections: usize,
    /// Most connections of one address.
    pub(super) per_address: usize,
    /// The option that says so.
    pub(super) per_address_option: &'static str,
    /// Attempts of one address that pass within a minute; `None`: any number.
    pub(super) attempts_per_minute: Option<u32>,
    /// Opening handshakes at a time.
    pub(super) handshakes: usize,
    /// Those of one address.
    pub(super) handshakes_of_one_address: usize,
}

impl Limits {
    /// The platform's, but for the handshakes, of which it knows nothing.
    pub(super) const PLATFORM: Limits = Limits {
        addresses: DOCUMENTED_MAX as usize,
        connections: usize::MAX,
        per_address: DOCUMENTED_MAX as usize,
        per_address_option: DOCUMENTED[1],
        attempts_per_minute: Some(51),
        handshakes: CustomLimits::DEFAULT_HANDSHAKES,
        handshakes_of_one_address: 64,
    };

    const NONE: Limits = Limits {
        addresses: usize::MAX,
        connections: usize::MAX,
        per_address: usize::MAX,
        per_address_option: "limits.perAddress",
        attempts_per_minute: None,
        handshakes: usize::MAX,
        handshakes_of_one_address: usize::MAX,
    };

    /// All but the flood rule's.
    pub(super) fn counts(&self) -> arkws::ServerLimits {
        arkws::ServerLimits {
            connections: self.connections,
            addresses: self.addresses,
            connections_per_address: self.per_address,
            handshakes: self.handshakes,
            handshakes_per_address: self.handshakes_of_one_address,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_the_handshakes_is_of_one_address_if_addresses_are_limited() {
        let of = |per_address, handshakes| {
            let custom = CustomLimits {
                per_address,
                handshakes,
                ..CustomLimits::default()
            };
            let limits = ServerLimits::Custom(custom).numbers([None; 2]).unwrap();
            (limits.handshakes, limits.handshakes_of_one_address)
        };
        assert_eq!(of(None, None), (256, 256));
        assert_eq!(of(Some(10), None), (256, 64));
        assert_eq!(of(Some(10), Some(1)), (1, 1));
        assert_eq!(of(None, Some(2000)), (2000, 2000));
        assert_eq!(of(Some(1), Some(usize::MAX)).0, usize::MAX);
    }
}
