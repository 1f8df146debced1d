//! The opening handshakes in progress: how many there may be, and which goes when there are more.
//!
//! Whoever can connect can begin one, and say nothing. So a new one is never refused for those: the
//! oldest that has sent no complete request makes room. Only requests that wait for the program's
//! answer keep their places.
use std::collections::BTreeMap;

use tokio::sync::oneshot;

use super::address::{ClientAddress, CountByAddress};
use super::admission::Refusal;
use super::limits::Limits;

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
    address: ClientAddress,
    /// `None` while it keeps its place whatever comes.
    replaced: Option<oneshot::Sender<()>>,
}

/// Tells a handshake that it has lost its place.
pub(super) type Replaced = oneshot::Receiver<()>;

/// For a handshake that is not counted here: it resolves to an error, which means no.
pub(super) fn never_replaced() -> Replaced {
    oneshot::channel().1
}

impl PendingHandshakes {
    pub(super) fn new(limits: &Limits) -> PendingHandshakes {
        PendingHandshakes {
            max: limits.handshakes,
            max_of_one_address: limits.handshakes_of_one_address,
            in_progress: BTreeMap::new(),
            by_address: CountByAddress::default(),
            last: 0,
        }
    }

    /// A TCP connection has come; to be followed by [`end`](Self::end).
    ///
    /// # Errors
    /// There are too many, and all wait for the program's answer.
    pub(super) fn begin(
        &mut self,
        address: ClientAddress,
    ) -> Result<(HandshakeId, Replaced), Refusal> {
        if self.by_address.of(address) >= self.max_of_one_address {
            self.replace_oldest(|of| of == address)?;
        } else if self.in_progress.len() >= self.max {
            self.replace_oldest(|_| true)?;
        }
        let (sender, replaced) = oneshot::channel();
        self.last += 1;
        let id = HandshakeId(self.last);
        self.by_address.add(address);
        let handshake = InProgress {
            address,
            replaced: Some(sender),
        };
        self.in_progress.insert(id, handshake);
        Ok((id, replaced))
    }

    fn replace_oldest(&mut self, concerns: impl Fn(ClientAddress) -> bool) -> Result<(), Refusal> {
        let oldest = self
            .in_progress
            .iter()
            .find(|(_, handshake)| handshake.replaced.is_some() && concerns(handshake.address))
            .map(|(id, _)| *id)
            .ok_or(Refusal::Busy)?;
        if let Some(replaced) = self.remove(oldest).and_then(|handshake| handshake.replaced) {
            // If its task has ended meanwhile, all the better.
            let _ = replaced.send(());
        }
        Ok(())
    }

    /// From here on it keeps its place; `false`: it has lost it already.
    pub(super) fn keep(&mut self, id: HandshakeId) -> bool {
        match self.in_progress.get_mut(&id) {
            Some(handshake) => {
                handshake.replaced = None;
                true
            }
            None => false,
        }
    }

    /// From here on it may lose its place again.
    pub(super) fn yield_place(&mut self, id: HandshakeId) -> Option<Replaced> {
        let (sender, replaced) = oneshot::channel();
        self.in_progress.get_mut(&id)?.replaced = Some(sender);
        Some(replaced)
    }

    /// It is over, one way or the other.
    pub(super) fn end(&mut self, id: HandshakeId) {
        self.remove(id);
    }

    fn remove(&mut self, id: HandshakeId) -> Option<InProgress> {
        let handshake = self.in_progress.remove(&id)?;
        self.by_address.remove(handshake.address);
        Some(handshake)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    const MAX: usize = Limits::PLATFORM.handshakes;
    const MAX_OF_ONE_ADDRESS: usize = Limits::PLATFORM.handshakes_of_one_address;

    fn address(last: u8) -> ClientAddress {
        IpAddr::from(Ipv4Addr::new(192, 0, 2, last)).into()
    }

    /// As many as there may be: the numbers of the addresses, 50 handshakes each.
    fn full(handshakes: &mut PendingHandshakes) -> Vec<(HandshakeId, Replaced)> {
        (0..MAX)
            .map(|n| handshakes.begin(address((n / 50) as u8)).unwrap())
            .collect()
    }

    fn is_replaced(replaced: &mut Replaced) -> bool {
        replaced.try_recv().is_ok()
    }

    #[test]
    fn the_oldest_of_all_makes_room_for_a_new_one() {
        let mut handshakes = PendingHandshakes::new(&Limits::PLATFORM);
        let mut before = full(&mut handshakes);
        handshakes.begin(address(200)).unwrap();
        let replaced: Vec<bool> = before.iter_mut().map(|(_, r)| is_replaced(r)).collect();
        assert!(replaced[0]);
        assert!(!replaced[1..].contains(&true));
        assert!(!handshakes.keep(before[0].0), "it is over");
        assert_eq!(handshakes.in_progress.len(), MAX);
    }

    #[test]
    fn the_oldest_of_an_address_makes_room_for_the_next_of_it() {
        let mut handshakes = PendingHandshakes::new(&Limits::PLATFORM);
        let (_, mut other) = handshakes.begin(address(1)).unwrap();
        let (_, mut oldest) = handshakes.begin(address(0)).unwrap();
        for _ in 1..MAX_OF_ONE_ADDRESS {
            handshakes.begin(address(0)).unwrap();
        }
        assert!(!is_replaced(&mut oldest));
        handshakes.begin(address(0)).unwrap();
        assert!(is_replaced(&mut oldest));
        assert!(!is_replaced(&mut other));
        assert_eq!(handshakes.by_address.of(address(0)), MAX_OF_ONE_ADDRESS);
    }

    #[test]
    fn those_that_wait_for_the_program_keep_their_places() {
        let mut handshakes = PendingHandshakes::new(&Limits::PLATFORM);
        let mut before = full(&mut handshakes);
        assert!(handshakes.keep(before[0].0));
        handshakes.begin(address(200)).unwrap();
        assert!(is_replaced(&mut before[1].1));

        for (id, _) in &before {
            handshakes.keep(*id);
        }
        // The one that came meanwhile goes, and then nobody can.
        handshakes
            .begin(address(201))
            .map(|(id, _)| handshakes.keep(id))
            .unwrap();
        assert_eq!(handshakes.begin(address(202)).unwrap_err(), Refusal::Busy);
        handshakes.end(before[5].0);
        handshakes.begin(address(202)).unwrap();

        // Answered, and waiting for their clients to go.
        let (id, _) = before[7];
        let mut replaced = handshakes.yield_place(id).unwrap();
        handshakes.begin(address(203)).unwrap();
        assert!(is_replaced(&mut replaced));
    }

    #[test]
    fn what_has_ended_is_forgotten() {
        let mut handshakes = PendingHandshakes::new(&Limits::PLATFORM);
        let all = full(&mut handshakes);
        for (id, _) in all {
            assert!(handshakes.remove(id).is_some());
            assert!(handshakes.remove(id).is_none(), "once");
        }
        assert!(handshakes.in_progress.is_empty());
        assert_eq!(handshakes.by_address.addresses(), 0);
    }
}
