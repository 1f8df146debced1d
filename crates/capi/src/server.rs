//! The server object behind the address that C has.
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use arkws_netstack::{
    BusinessError, ClientId, CustomLimits, Payload, ServerConfig, ServerLimits, WebSocketServer,
};
use bytes::BytesMut;

use crate::callback_gate::CallbackGate;
use crate::code::Code;
use crate::environment;
use crate::event::{Event, EventTarget, PeerNumber};
use crate::event_queue::EventQueue;
use crate::failure::Failure;
use crate::inbox::Inbox;
use crate::option_names::Side;
use crate::outgoing::{Outgoing, close_frame};
use crate::server_callbacks::{self, ServerAddress};
use crate::server_events::ServerEvents;
use crate::server_types::ServerCallbacks;
use crate::user_callbacks::UserPointer;

/// A server.
pub(crate) struct Server {
    address: ServerAddress,
    callbacks: ServerCallbacks,
    user: UserPointer,
    gate: CallbackGate,
    inbox: Arc<Inbox>,
    events: Arc<ServerEvents>,
    object: WebSocketServer,
    state: Mutex<ServerState>,
}

struct ServerState {
    destroyed: bool,
    config: ServerConfig,
}

impl Server {
    pub(crate) fn new(
        address: ServerAddress,
        callbacks: ServerCallbacks,
        user: UserPointer,
    ) -> Arc<Server> {
        Arc::new_cyclic(|server: &Weak<Server>| {
            let target: Weak<dyn EventTarget> = server.clone();
            let inbox = Arc::new(Inbox::new(target));
            let events = Arc::new(ServerEvents::new(Arc::clone(&inbox)));
            Server {
                address,
                callbacks,
                user,
                gate: CallbackGate::default(),
                inbox,
                events: Arc::clone(&events),
                object: WebSocketServer::new(environment::context(), events),
                state: Mutex::new(ServerState {
                    destroyed: false,
                    config: ServerConfig {
                        // The platform's ten clients are for a television.
                        limits: ServerLimits::Custom(CustomLimits::default()),
                        ..ServerConfig::default()
                    },
                }),
            }
        })
    }

    /// Changes options of the starts to come.
    pub(crate) fn set_option(&self, set: impl FnOnce(&mut ServerConfig)) -> Result<(), Failure> {
        set(&mut self.state()?.config);
        Ok(())
    }

    /// Callbacks run where this queue is polled.
    pub(crate) fn set_queue(&self, queue: Arc<EventQueue>) -> Result<(), Failure> {
        let _state = self.state()?;
        match self.inbox.set_queue(queue) {
            true => Ok(()),
            false => Err(Failure::new(
                Code::WrongState,
                "the server was started, or has a queue already",
            )),
        }
    }

    /// Listens, and waits until it does.
    pub(crate) fn start(&self, address: &str, port: u16) -> Result<(), Failure> {
        // Held until there is an answer: another start gets the next one.
        let state = self.state()?;
        let queue = self.inbox.prepare_queue()?;
        let config = ServerConfig {
            server_ip: address.to_owned(),
            server_port: port.into(),
            ..state.config.clone()
        };
        if self.object.list_address().is_some() {
            let why = "the server is started already: stop it first";
            return Err(Failure::new(Code::WrongState, why));
        }
        let answer = self.events.expect_start();
        if let Err(error) = environment::with_network_thread(|| self.object.start(config)) {
            self.events.withdraw_start();
            return Err(Failure::of_server(error));
        }
        let started = answer.recv().unwrap_or_else(|_| {
            let why = "the network thread has ended";
            Err(BusinessError::new(BusinessError::OTHER, why))
        });
        started.map_err(Failure::of_server)?;
        queue.keep();
        Ok(())
    }

    /// The port that is listened on.
    pub(crate) fn port(&self) -> Option<u16> {
        let address = self.object.list_address()?.socket_address()?;
        Some(address.port())
    }

    pub(crate) fn send(&self, peer: PeerNumber, message: Outgoing<'_>) -> Result<(), Failure> {
        let to = ClientId::from(peer);
        match message {
            Outgoing::Text(text) => self.object.send_text(text, to),
            Outgoing::Binary(data) => self.object.send_binary(data, to),
        }
        .map(drop)
        .map_err(|error| Failure::of_send(Side::Server, error))
    }

    pub(crate) fn broadcast(&self, message: Outgoing<'_>) -> Result<(), Failure> {
        let (data, is_text) = match message {
            Outgoing::Text(text) => (text.as_bytes(), true),
            Outgoing::Binary(data) => (data, false),
        };
        self.object
            .broadcast(Payload::Owned(BytesMut::from(data)), is_text, &[])
            .map(drop)
            .map_err(|error| match error.code {
                BusinessError::OTHER => not_started(error),
                _ => Failure::of_send(Side::Server, error),
            })
    }

    /// The address of a client, `ip:port`.
    pub(crate) fn peer_address(&self, peer: PeerNumber) -> Result<String, Failure> {
        self.events
            .address(peer)
            .ok_or_else(|| Failure::new(Code::NoSuchPeer, "the client has left, or never was here"))
    }

    pub(crate) fn close(&self, peer: PeerNumber, code: u16, reason: &str) -> Result<(), Failure> {
        let frame = close_frame(code.into(), reason);
        let closed = self.object.close_with(ClientId::from(peer), frame);
        closed
            .map(drop)
            .map_err(|error| Failure::of_send(Side::Server, error))
    }

    pub(crate) fn stop(&self) -> Result<(), Failure> {
        self.object.stop().map_err(not_started)
    }

    /// Ends all: the clients' connections, the callbacks.
    pub(crate) fn destroy(&self) {
        self.lock().destroyed = true;
        self.gate.close();
        // It may be stopped already.
        let _ = self.object.stop();
        self.inbox.leave();
    }

    /// # Errors
    /// [`Code::NotCreated`]: another thread has destroyed it meanwhile.
    fn state(&self) -> Result<MutexGuard<'_, ServerState>, Failure> {
        let state = self.lock();
        match state.destroyed {
            true => Err(Failure::not_created("server")),
            false => Ok(state),
        }
    }

    fn lock(&self) -> MutexGuard<'_, ServerState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_started(error: BusinessError) -> Failure {
    Failure {
        code: Code::WrongState,
        ..Failure::of_server(error)
    }
}

impl EventTarget for Server {
    fn deliver(&self, event: Event) {
        let (message, gone) = match &event {
            // Without the NUL.
            Event::Message { peer, data, .. } => (Some((*peer, data.len() - 1)), None),
            Event::Close { peer, .. } => (None, Some(*peer)),
            _ => (None, None),
        };
        self.gate
            .run(|| server_callbacks::call(self.address, &self.callbacks, self.user, event));
        if let Some((peer, bytes)) = message {
            self.object.consumed(ClientId::from(peer), 1, bytes);
        }
        if let Some(peer) = gone {
            self.events.forget(peer);
        }
    }
}
