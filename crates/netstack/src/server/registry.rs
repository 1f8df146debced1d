//! The clients of one run: those that are in, and how the last ones left.
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arkws::ConnectionPermit;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::admission::{Admission, Refusal};
use super::identity::{ClientId, ConnectedClient, Connection, Recipient};
use super::lifecycle::Lifecycle;
use super::limits::Limits;
use super::peer::{Gone, Peer};
use super::rooms::{RoomError, Rooms};

/// Most `error` events per second about clients that were refused. Anybody who can connect can
/// cause such events.
const MAX_REPORTS: u32 = 100;
/// The registry remembers how this many clients, the last ones, have left.
const MAX_ENDED: usize = 256;

/// The clients that have come to the listening socket of a run.
pub(super) struct Registry {
    state: Mutex<RegistryState>,
    admission: Admission,
    /// How many clients there are whose last events have not been raised.
    untold: AtomicUsize,
    /// There is none any more.
    all_told: Notify,
}

struct RegistryState {
    peers: HashMap<ClientId, Arc<Peer>>,
    /// The same clients by the address pairs that programs call them by.
    by_connection: HashMap<Connection, Arc<Peer>>,
    rooms: Rooms,
    /// How the last [`MAX_ENDED`] clients have left: a call that comes too late is told.
    ended: VecDeque<(ConnectedClient, Gone)>,
    /// The last number that a client without an address was given.
    last_local: u16,
    /// When the current second began, and how many `error` events it has had.
    reports: (Instant, u32),
}

impl Registry {
    pub(super) fn new(limits: Limits) -> Registry {
        let state = RegistryState {
            peers: HashMap::new(),
            by_connection: HashMap::new(),
            rooms: Rooms::default(),
            ended: VecDeque::new(),
            last_local: 0,
            reports: (Instant::now(), 0),
        };
        Registry {
            state: Mutex::new(state),
            admission: Admission::new(limits),
            untold: AtomicUsize::new(0),
            all_told: Notify::new(),
        }
    }

    /// Ready when the last events of all clients have been raised.
    pub(super) async fn all_told(&self) {
        loop {
            // Made first, so that it misses nothing.
            let told = self.all_told.notified();
            if self.untold.load(Ordering::Acquire) == 0 {
                return;
            }
            told.await;
        }
    }

    pub(super) fn peers(&self) -> Vec<Arc<Peer>> {
        self.lock().peers.values().cloned().collect()
    }

    pub(super) fn peer(&self, client: ClientId) -> Option<Arc<Peer>> {
        self.lock().peers.get(&client).cloned()
    }

    /// The name of a client without an address: programs tell clients apart by nothing else. Only
    /// if there are 65,535 of them is it not the only one of this name, and refused.
    pub(super) fn local(&self) -> Connection {
        let mut registry = self.lock();
        let mut connection = Connection {
            client_ip: Connection::LOCAL.to_owned(),
            client_port: 0,
        };
        for _ in 0..u16::MAX {
            registry.last_local = registry.last_local.checked_add(1).unwrap_or(1);
            connection.client_port = registry.last_local;
            if !registry.by_connection.contains_key(&connection) {
                break;
            }
        }
        connection
    }

    /// Who is in a room.
    pub(super) fn members(&self, room: &str) -> Vec<Arc<Peer>> {
        self.lock().rooms.members(room)
    }

    /// The client comes into a room, unless it has left the server.
    pub(super) fn join(&self, peer: &Arc<Peer>, room: &str) -> Result<(), RoomError> {
        let mut state = self.lock();
        match state.peers.contains_key(&peer.client.id) {
            true => state.rooms.join(peer, room),
            false => Ok(()),
        }
    }

    /// The client leaves a room; `None`: all.
    pub(super) fn leave(&self, client: ClientId, room: Option<&str>) {
        let rooms = &mut self.lock().rooms;
        match room {
            Some(room) => rooms.leave(client, room),
            None => rooms.leave_all(client),
        }
    }

    /// Whom a call is for. If there is none: how the last one with that address or id has left, if
    /// that is remembered.
    pub(super) fn recipient(
        &self,
        recipient: Recipient<'_>,
    ) -> Result<Arc<Peer>, Option<(ConnectedClient, Gone)>> {
        let registry = self.lock();
        let peer = match recipient {
            Recipient::Address(connection) => registry.by_connection.get(connection),
            Recipient::Client(id) => registry.peers.get(&id),
        };
        if let Some(peer) = peer {
            return Ok(Arc::clone(peer));
        }
        let mut ended = registry.ended.iter().rev();
        let gone = ended.find(|(client, _)| match recipient {
            Recipient::Address(connection) => client.connection == *connection,
            Recipient::Client(id) => client.id == id,
        });
        Err(gone.cloned())
    }

    /// How many clients may come in.
    pub(super) fn admission(&self) -> &Admission {
        &self.admission
    }

    /// Lists the client, until the registration is dropped.
    pub(super) fn register(
        self: &Arc<Self>,
        lifecycle: &Lifecycle,
        peer: Peer,
        permit: ConnectionPermit,
    ) -> Result<Registration, Refusal> {
        let mut registry = self.lock();
        // Checked under the lock, since a run that stops closes only the clients that it finds
        // here.
        let refusal = match registry.by_connection.contains_key(&peer.client.connection) {
            _ if !lifecycle.is_on() => Some(Refusal::Stopping),
            true => Some(Refusal::Duplicate),
            false => None,
        };
        if let Some(refusal) = refusal {
            drop(registry);
            return Err(refusal);
        }
        let peer = Arc::new(peer);
        let connection = peer.client.connection.clone();
        registry.by_connection.insert(connection, Arc::clone(&peer));
        registry.peers.insert(peer.client.id, Arc::clone(&peer));
        Ok(Registration {
            registry: Arc::clone(self),
            peer,
            _permit: permit,
            untold: Some(Untold::new(self)),
        })
    }

    /// Whether there is to be an `error` event about one more client that was not let in.
    pub(super) fn may_report(&self, now: Instant) -> bool {
        let mut registry = self.lock();
        let (since, count) = &mut registry.reports;
        if now.duration_since(*since) > Duration::from_secs(1) {
            (*since, *count) = (now, 0);
        }
        *count += 1;
        *count <= MAX_REPORTS
    }

    fn lock(&self) -> MutexGuard<'_, RegistryState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RegistryState {
    /// Lists the client no more.
    fn remove(&mut self, client: &ConnectedClient) {
        // If it was removed before, another client may have its address by now.
        if self.peers.remove(&client.id).is_some() {
            self.by_connection.remove(&client.connection);
            self.rooms.leave_all(client.id);
        }
    }
}

/// A client that is listed until this is dropped.
pub(super) struct Registration {
    registry: Arc<Registry>,
    pub(super) peer: Arc<Peer>,
    _permit: ConnectionPermit,
    untold: Option<Untold>,
}

/// A client whose last events have not been raised, until this is dropped.
pub(super) struct Untold(Arc<Registry>);

impl Untold {
    fn new(registry: &Arc<Registry>) -> Untold {
        registry.untold.fetch_add(1, Ordering::AcqRel);
        Untold(Arc::clone(registry))
    }
}

impl Drop for Untold {
    fn drop(&mut self) {
        if self.0.untold.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.all_told.notify_waiters();
        }
    }
}

impl Registration {
    /// Ends the listing, and remembers how the client has left. What is returned goes when it has
    /// been told.
    pub(super) fn end(mut self, gone: Gone) -> Option<Untold> {
        let mut registry = self.registry.lock();
        if registry.ended.len() == MAX_ENDED {
            registry.ended.pop_front();
        }
        // Both under one lock, so that a call finds either the client or how it left.
        registry.remove(&self.peer.client);
        registry.ended.push_back((self.peer.client.clone(), gone));
        drop(registry);
        self.untold.take()
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.registry.lock().remove(&self.peer.client);
    }
}
