//! From the events of `arkws-netstack` to those of a server's callbacks.
use std::collections::{HashMap, VecDeque};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arkws_netstack::{
    BusinessError, ConnectedClient, ListenAddress, RequestHead, ServerEvent, ServerListener,
    field_text,
};

use crate::c_text::{c_text, with_nul};
use crate::event::{Event, PeerNumber};
use crate::failure::Failure;
use crate::inbox::Inbox;
use crate::option_names::Side;

/// What a `start` comes to.
pub(crate) type Started = Result<ListenAddress, BusinessError>;

/// Called on the network thread.
pub(crate) struct ServerEvents {
    inbox: Arc<Inbox>,
    runs: Mutex<Runs>,
}

#[derive(Default)]
struct Runs {
    /// Calls that wait to know what their `start` came to, in order.
    starts: VecDeque<Sender<Started>>,
    /// Starts that came to nothing, and whose end is no `on_stop`.
    failed: usize,
    /// The address of each client that is in.
    addresses: HashMap<PeerNumber, String>,
}

impl ServerEvents {
    pub(crate) fn new(inbox: Arc<Inbox>) -> ServerEvents {
        ServerEvents {
            inbox,
            runs: Mutex::default(),
        }
    }

    /// Where the answer to a `start` that is made now will come.
    pub(crate) fn expect_start(&self) -> Receiver<Started> {
        let (sender, receiver) = mpsc::channel();
        self.runs().starts.push_back(sender);
        receiver
    }

    /// The `start` was refused at once.
    pub(crate) fn withdraw_start(&self) {
        self.runs().starts.pop_back();
    }

    /// The address of a client that is in.
    pub(crate) fn address(&self, peer: PeerNumber) -> Option<String> {
        self.runs().addresses.get(&peer).cloned()
    }

    /// The program has been told that a client has left.
    pub(crate) fn forget(&self, peer: PeerNumber) {
        self.runs().addresses.remove(&peer);
    }

    fn started(&self, started: Started) {
        let mut runs = self.runs();
        runs.failed += usize::from(started.is_err());
        if let Some(start) = runs.starts.pop_front() {
            // Who made it waits.
            let _ = start.send(started);
        }
    }

    fn idle(&self) {
        let mut runs = self.runs();
        if runs.failed > 0 {
            runs.failed -= 1;
            return;
        }
        drop(runs);
        self.inbox.collect(Event::Stop);
    }

    fn accept(&self, client: &ConnectedClient, head: &RequestHead, protocol: Option<&str>) {
        let peer = client.id.into();
        let address = client.connection.to_string();
        let origin = head
            .headers
            .get("origin")
            .map(|value| field_text(value.as_bytes()));
        self.inbox.collect(Event::Accept {
            peer,
            address: c_text(&address),
            target: c_text(&head.target),
            origin: origin.map(|origin| c_text(&origin)),
            protocol: protocol.map(c_text),
        });
        self.runs().addresses.insert(peer, address);
    }

    fn message(&self, client: &ConnectedClient, bytes: &[u8], is_text: bool) {
        self.inbox.collect(Event::Message {
            peer: client.id.into(),
            data: with_nul(bytes),
            is_text,
        });
    }

    fn runs(&self) -> MutexGuard<'_, Runs> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ServerListener for ServerEvents {
    fn on_event(&self, event: ServerEvent<'_>) {
        match event {
            ServerEvent::Started(started) => self.started(started),
            ServerEvent::Idle => self.idle(),
            ServerEvent::Connect {
                client,
                head,
                protocol,
            } => self.accept(client, head, protocol),
            ServerEvent::Text(client, text) => self.message(client, text.as_bytes(), true),
            ServerEvent::Binary(client, data) => self.message(client, &data, false),
            ServerEvent::Error { client, error } => {
                // One that was not let in is none that the program knows.
                let peer = client.map_or(0, |client| client.id.into());
                let known = self.runs().addresses.contains_key(&peer);
                self.inbox.collect(Event::Error {
                    peer: if known { peer } else { 0 },
                    failure: Failure::of_event(Side::Server, error),
                });
            }
            ServerEvent::SendFailed {
                client,
                from,
                through,
                error,
            } => self.inbox.collect(Event::Unsent {
                peer: client.id.into(),
                messages: through - from + 1,
                failure: Failure::of_event(Side::Server, error),
            }),
            ServerEvent::Close(client, close) => self.inbox.collect(Event::Close {
                peer: client.id.into(),
                code: close.code,
                reason: c_text(&close.reason),
            }),
            // C does not ask for these.
            ServerEvent::Request(_)
            | ServerEvent::HttpRequest(_)
            | ServerEvent::RequestOver(_)
            | ServerEvent::NeverConnected(_)
            | ServerEvent::Sent { .. }
            | ServerEvent::HandedOverEnded
            | ServerEvent::Stopped(_) => {}
        }
    }

    fn flush(&self) {
        self.inbox.flush();
    }
}
