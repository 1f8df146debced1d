//! Rooms: names for groups of a run's clients.
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::identity::ClientId;
use super::peer::Peer;

/// Most rooms that a client is in at a time. Ours: memory is bounded also where clients may choose.
const MAX_ROOMS: usize = 1024;
/// Bytes of the longest name.
const MAX_NAME: usize = 256;

/// Why a client does not come into a room.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum RoomError {
    /// Its name.
    #[error("the name of a room has {MAX_NAME} bytes at most, not {0}")]
    Name(usize),
    /// It is in so many already.
    #[error("a client is in {MAX_ROOMS} rooms at most")]
    TooMany,
}

/// Who is in which. A room is there while anybody is in it.
#[derive(Default)]
pub(super) struct Rooms {
    members: HashMap<Arc<str>, HashMap<ClientId, Arc<Peer>>>,
    rooms: HashMap<ClientId, HashSet<Arc<str>>>,
}

impl Rooms {
    /// Nothing changes if the client is there already.
    pub(super) fn join(&mut self, peer: &Arc<Peer>, room: &str) -> Result<(), RoomError> {
        if room.len() > MAX_NAME {
            return Err(RoomError::Name(room.len()));
        }
        let client = peer.client.id;
        let rooms = self.rooms.entry(client).or_default();
        if rooms.contains(room) {
            return Ok(());
        }
        if rooms.len() >= MAX_ROOMS {
            return Err(RoomError::TooMany);
        }
        let name = match self.members.get_key_value(room) {
            Some((name, _)) => Arc::clone(name),
            None => Arc::from(room),
        };
        rooms.insert(Arc::clone(&name));
        let members = self.members.entry(name).or_default();
        members.insert(client, Arc::clone(peer));
        Ok(())
    }

    /// Nothing changes if the client is not there.
    pub(super) fn leave(&mut self, client: ClientId, room: &str) {
        if let Some(rooms) = self.rooms.get_mut(&client) {
            rooms.remove(room);
            if rooms.is_empty() {
                self.rooms.remove(&client);
            }
        }
        self.remove(client, room);
    }

    pub(super) fn leave_all(&mut self, client: ClientId) {
        for room in self.rooms.remove(&client).unwrap_or_default() {
            self.remove(client, &room);
        }
    }

    pub(super) fn members(&self, room: &str) -> Vec<Arc<Peer>> {
        let members = self.members.get(room);
        members.map_or_else(Vec::new, |members| members.values().cloned().collect())
    }

    fn remove(&mut self, client: ClientId, room: &str) {
        if let Some(members) = self.members.get_mut(room) {
            members.remove(&client);
            if members.is_empty() {
                self.members.remove(room);
            }
        }
    }
}
