//! Counting a server's clients: who may come in, and who makes room.
//!
//! | file | what it does |
//! |---|---|
//! | `mod.rs` | the counts of one server, and permits that end with what they count |
//! | `limits.rs` | how many there may be |
//! | `address.rs` | what counts as one client address |
//! | `error.rs` | why a client is not let in |
//! | `handshakes.rs` | opening handshakes in progress, and which goes if there are many |
mod address;
mod error;
mod handshakes;
mod limits;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use address::CountByAddress;
use handshakes::{HandshakeId, PendingHandshakes};

pub use address::ClientAddress;
pub use error::AdmissionError;
pub use limits::ServerLimits;

/// The clients of a server, counted. Cheap to clone; the clones count together.
///
/// A [`Server`](crate::Server) has one of its own. This is for programs with a loop of their own:
/// a handshake begins with each connection that is accepted, and when its request is there, it
/// becomes a connection within the limits, or is refused.
///
/// ```
/// use arkws::{Admission, AdmissionError, ServerLimits};
/// use std::net::IpAddr;
///
/// let admission = Admission::new(ServerLimits {
///     connections_per_address: 1,
///     ..ServerLimits::default()
/// });
/// let ip: IpAddr = "192.0.2.7".parse().unwrap();
/// let handshake = admission.begin_handshake(Some(ip.into()))?;
/// // ... its request is read ...
/// let connection = admission.begin_connection(Some(ip.into()))?;
/// drop(handshake);
///
/// let second = admission.begin_connection(Some(ip.into()));
/// assert_eq!(second.unwrap_err(), AdmissionError::ConnectionsPerAddress(1));
/// drop(connection);
/// assert!(admission.begin_connection(Some(ip.into())).is_ok());
/// # Ok::<_, AdmissionError>(())
/// ```
#[derive(Clone)]
pub struct Admission(Arc<Mutex<Counts>>);

#[derive(Debug)]
struct Counts {
    limits: ServerLimits,
    handshakes: PendingHandshakes,
    connections: usize,
    by_address: CountByAddress,
}

impl Admission {
    /// Nobody is there yet.
    pub fn new(limits: ServerLimits) -> Admission {
        Admission(Arc::new(Mutex::new(Counts {
            handshakes: PendingHandshakes::new(&limits),
            limits,
            connections: 0,
            by_address: CountByAddress::default(),
        })))
    }

    /// A client has connected, and its opening handshake begins. It may have to make room for
    /// another: see [`HandshakePermit::replaced`].
    ///
    /// # Errors
    /// [`AdmissionError::Busy`].
    pub fn begin_handshake(
        &self,
        address: Option<ClientAddress>,
    ) -> Result<HandshakePermit, AdmissionError> {
        let (id, replaced) = self.lock().handshakes.begin(address)?;
        Ok(HandshakePermit {
            admission: self.clone(),
            id,
            replaced,
        })
    }

    /// A client is let in, if the limits allow.
    ///
    /// # Errors
    /// The limit that does not.
    pub fn begin_connection(
        &self,
        address: Option<ClientAddress>,
    ) -> Result<ConnectionPermit, AdmissionError> {
        self.lock().enter(address)?;
        Ok(ConnectionPermit {
            admission: self.clone(),
            address,
        })
    }

    /// Connections that are open.
    pub fn connections(&self) -> usize {
        self.lock().connections
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn enter(&mut self, address: Option<ClientAddress>) -> Result<(), AdmissionError> {
        let limits = &self.limits;
        let of_address = address.map(|address| self.by_address.of(address));
        if of_address == Some(0) && self.by_address.addresses() >= limits.addresses {
            return Err(AdmissionError::Addresses(limits.addresses));
        }
        if self.connections >= limits.connections {
            return Err(AdmissionError::Connections(limits.connections));
        }
        let most = limits.connections_per_address;
        if of_address.is_some_and(|connections| connections >= most) {
            return Err(AdmissionError::ConnectionsPerAddress(most));
        }
        self.connections += 1;
        if let Some(address) = address {
            self.by_address.add(address);
        }
        Ok(())
    }

    fn leave(&mut self, address: Option<ClientAddress>) {
        self.connections -= 1;
        if let Some(address) = address {
            self.by_address.remove(address);
        }
    }
}

impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.lock();
        f.debug_struct("Admission")
            .field("limits", &counts.limits)
            .field("connections", &counts.connections)
            .finish_non_exhaustive()
    }
}

/// An opening handshake in progress; over when dropped.
#[derive(Debug)]
pub struct HandshakePermit {
    admission: Admission,
    id: HandshakeId,
    replaced: Arc<Notify>,
}

impl HandshakePermit {
    /// From now on no other handshake takes its place: its request is there, and waits for the
    /// program's answer.
    ///
    /// # Errors
    /// [`AdmissionError::Replaced`]: another has it already.
    pub fn keep(&self) -> Result<(), AdmissionError> {
        match self.admission.lock().handshakes.set_kept(self.id, true) {
            true => Ok(()),
            false => Err(AdmissionError::Replaced),
        }
    }

    /// From now on another handshake may take its place again: it was answered, and waits for its
    /// client to read that.
    pub fn yield_place(&self) {
        self.admission.lock().handshakes.set_kept(self.id, false);
    }

    /// Ready when another handshake has taken its place, and this one is to end.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn replaced(&self) {
        loop {
            // Made first, so that it misses nothing.
            let replaced = self.replaced.notified();
            if !self.admission.lock().handshakes.has_place(self.id) {
                return;
            }
            replaced.await;
        }
    }
}

impl Drop for HandshakePermit {
    fn drop(&mut self) {
        self.admission.lock().handshakes.end(self.id);
    }
}

/// A connection within the limits; free again when dropped.
#[derive(Debug)]
pub struct ConnectionPermit {
    admission: Admission,
    address: Option<ClientAddress>,
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        self.admission.lock().leave(self.address);
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    const LIMITS: ServerLimits = ServerLimits {
        connections: 5,
        addresses: 2,
        connections_per_address: 3,
        handshakes: 2,
        handshakes_per_address: 2,
    };

    fn ip(last: u8) -> Option<ClientAddress> {
        Some(IpAddr::from(Ipv4Addr::new(192, 0, 2, last)).into())
    }

    #[test]
    fn distinct_addresses_are_limited_and_a_known_one_may_come_again() {
        let admission = Admission::new(LIMITS);
        let _first = admission.begin_connection(ip(1)).unwrap();
        let second = admission.begin_connection(ip(2)).unwrap();
        let third = admission.begin_connection(ip(3)).unwrap_err();
        assert_eq!(third, AdmissionError::Addresses(2));
        let _again = admission.begin_connection(ip(1)).unwrap();
        drop(second);
        assert!(admission.begin_connection(ip(3)).is_ok());
    }

    #[test]
    fn connections_of_one_address_and_of_all_are_limited() {
        let admission = Admission::new(LIMITS);
        let enter = |last| admission.begin_connection(ip(last));
        let mut open = [enter(1), enter(1), enter(1), enter(2)]
            .map(Result::unwrap)
            .into_iter();
        assert_eq!(
            enter(1).unwrap_err(),
            AdmissionError::ConnectionsPerAddress(3)
        );
        // Without an address: only the limit of all.
        let local = admission.begin_connection(None).unwrap();
        assert_eq!(enter(2).unwrap_err(), AdmissionError::Connections(5));
        drop(local);
        drop(open.next());
        assert!(enter(1).is_ok());
        assert_eq!(admission.connections(), 3);
    }

    #[test]
    fn a_limit_of_zero_lets_nobody_in() {
        for limits in [
            ServerLimits {
                addresses: 0,
                ..LIMITS
            },
            ServerLimits {
                connections: 0,
                ..LIMITS
            },
            ServerLimits {
                connections_per_address: 0,
                ..LIMITS
            },
        ] {
            assert!(Admission::new(limits).begin_connection(ip(1)).is_err());
        }
    }

    #[tokio::test]
    async fn who_loses_its_place_is_told_whenever_it_asks() {
        let admission = Admission::new(LIMITS);
        let begin = || admission.begin_handshake(ip(1)).unwrap();
        let (oldest, kept) = (begin(), begin());
        kept.keep().unwrap();
        let (_third, ()) = tokio::join!(async { begin() }, oldest.replaced());
        oldest.replaced().await;
        assert_eq!(oldest.keep(), Err(AdmissionError::Replaced));
        kept.yield_place();
        let _fourth = begin();
        kept.replaced().await;
    }
}
