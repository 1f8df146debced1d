//! The opening handshakes in progress: how many there may be, and which goes when there are more.
//!
//! Whoever can connect can begin one, and say nothing. So a new one is never refused for those: the
//! oldest that has sent no complete request makes room. Only requests that wait for the program's
//! answer keep their places.
use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Notify;

use super::address::{ClientAddress, CountByAddress};
use super::error::AdmissionError;
use super::limits::ServerLimits;

/// The handshakes in progress, the oldest first.
#[derive(Debug)]
pub(super) struct PendingHandshakes {
    max: usize,
    max_of_one_address: usize,
    in_progress: BTreeMap<HandshakeId, InProgress>,
    by_address: CountByAddress,
    last: u64,
}

/// In the order of arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct HandshakeId(u64);

#[derive(Debug)]
struct InProgress {
    address: Option<ClientAddress>,
    /// It keeps its place whatever comes.
    kept: bool,
    /// Tells it that it has lost its place.
    replaced: Arc<Notify>,
}

impl PendingHandshakes {
    pub(super) fn new(limits: &ServerLimits) -> PendingHandshakes {
        PendingHandshakes {
            max: limits.handshakes,
            max_of_one_address: limits.handshakes_per_address,
            in_progress: BTreeMap::new(),
            by_address: CountByAddress::default(),
            last: 0,
        }
    }

    /// A client has connected; to be followed by [`end`](Self::end). What is returned is notified
    /// when another handshake takes its place.
    ///
    /// # Errors
    /// There are too many, and all wait for the program's answer.
    pub(super) fn begin(
        &mut self,
        address: Option<ClientAddress>,
    ) -> Result<(HandshakeId, Arc<Notify>), AdmissionError> {
        match address {
            Some(address) if self.by_address.of(address) >= self.max_of_one_address => {
                self.replace_oldest(|of| of == Some(address))?;
            }
            _ if self.in_progress.len() >= self.max => self.replace_oldest(|_| true)?,
            _ => {}
        }
        self.last += 1;
        let id = HandshakeId(self.last);
        if let Some(address) = address {
            self.by_address.add(address);
        }
        let replaced = Arc::new(Notify::new());
        let handshake = InProgress {
            address,
            kept: false,
            replaced: Arc::clone(&replaced),
        };
        self.in_progress.insert(id, handshake);
        Ok((id, replaced))
    }

    fn replace_oldest(
        &mut self,
        concerns: impl Fn(Option<ClientAddress>) -> bool,
    ) -> Result<(), AdmissionError> {
        let oldest = self
            .in_progress
            .iter()
            .find(|(_, handshake)| !handshake.kept && concerns(handshake.address))
            .map(|(id, _)| *id)
            .ok_or(AdmissionError::Busy)?;
        if let Some(handshake) = self.remove(oldest) {
            handshake.replaced.notify_waiters();
        }
        Ok(())
    }

    /// Whether it has its place, which it keeps from here on; or, if not to be `kept`, may lose.
    pub(super) fn set_kept(&mut self, id: HandshakeId, kept: bool) -> bool {
        match self.in_progress.get_mut(&id) {
            Some(handshake) => {
                handshake.kept = kept;
                true
            }
            None => false,
        }
    }

    /// Whether it has its place.
    pub(super) fn has_place(&self, id: HandshakeId) -> bool {
        self.in_progress.contains_key(&id)
    }

    /// It is over, one way or the other.
    pub(super) fn end(&mut self, id: HandshakeId) {
        self.remove(id);
    }

    fn remove(&mut self, id: HandshakeId) -> Option<InProgress> {
        let handshake = self.in_progress.remove(&id)?;
        if let Some(address) = handshake.address {
            self.by_address.remove(address);
        }
        Some(handshake)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    const MAX: usize = 256;
    const MAX_OF_ONE_ADDRESS: usize = 64;

    fn none() -> PendingHandshakes {
        PendingHandshakes::new(&ServerLimits {
            handshakes: MAX,
            handshakes_per_address: MAX_OF_ONE_ADDRESS,
            ..ServerLimits::default()
        })
    }

    fn address(last: u8) -> Option<ClientAddress> {
        Some(IpAddr::from(Ipv4Addr::new(192, 0, 2, last)).into())
    }

    fn begin(handshakes: &mut PendingHandshakes, last: u8) -> HandshakeId {
        handshakes.begin(address(last)).unwrap().0
    }

    /// As many as there may be, 50 of each address.
    fn full(handshakes: &mut PendingHandshakes) -> Vec<HandshakeId> {
        (0..MAX)
            .map(|n| begin(handshakes, (n / 50) as u8))
            .collect()
    }

    #[test]
    fn the_oldest_of_all_makes_room_for_a_new_one() {
        let mut handshakes = none();
        let before = full(&mut handshakes);
        begin(&mut handshakes, 200);
        assert!(!handshakes.has_place(before[0]));
        assert!(before[1..].iter().all(|id| handshakes.has_place(*id)));
        assert!(!handshakes.set_kept(before[0], true), "it is over");
        assert_eq!(handshakes.in_progress.len(), MAX);
    }

    #[test]
    fn the_oldest_of_an_address_makes_room_for_the_next_of_it() {
        let mut handshakes = none();
        let other = begin(&mut handshakes, 1);
        let oldest = begin(&mut handshakes, 0);
        for _ in 1..MAX_OF_ONE_ADDRESS {
            begin(&mut handshakes, 0);
        }
        assert!(handshakes.has_place(oldest));
        begin(&mut handshakes, 0);
        assert!(!handshakes.has_place(oldest));
        assert!(handshakes.has_place(other));
        assert_eq!(
            handshakes.by_address.of(address(0).unwrap()),
            MAX_OF_ONE_ADDRESS
        );
    }

    #[test]
    fn those_without_an_address_are_limited_together_with_all_others() {
        let mut handshakes = none();
        let ids: Vec<_> = (0..MAX)
            .map(|_| handshakes.begin(None).unwrap().0)
            .collect();
        assert!(ids.iter().all(|id| handshakes.has_place(*id)));
        handshakes.begin(None).unwrap();
        assert!(!handshakes.has_place(ids[0]));
    }

    #[test]
    fn those_that_wait_for_the_program_keep_their_places() {
        let mut handshakes = none();
        let before = full(&mut handshakes);
        assert!(handshakes.set_kept(before[0], true));
        begin(&mut handshakes, 200);
        assert!(!handshakes.has_place(before[1]));

        for id in &before {
            handshakes.set_kept(*id, true);
        }
        // The one that came meanwhile goes, and then nobody can.
        let id = begin(&mut handshakes, 201);
        handshakes.set_kept(id, true);
        let busy = handshakes.begin(address(202)).unwrap_err();
        assert_eq!(busy, AdmissionError::Busy);
        handshakes.end(before[5]);
        begin(&mut handshakes, 202);

        // Answered, and waiting for its client to go.
        handshakes.set_kept(before[7], false);
        begin(&mut handshakes, 203);
        assert!(!handshakes.has_place(before[7]));
    }

    #[test]
    fn what_has_ended_is_forgotten() {
        let mut handshakes = none();
        for id in full(&mut handshakes) {
            assert!(handshakes.remove(id).is_some());
            assert!(handshakes.remove(id).is_none(), "once");
        }
        assert!(handshakes.in_progress.is_empty());
        assert_eq!(handshakes.by_address.addresses(), 0);
    }
}
