//! The client object behind the address that C has.
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use arkws_netstack::{CloseCode, CloseFrame, Header, ReadyState, RequestOptions, WebSocket};

use crate::callback_gate::CallbackGate;
use crate::client_callbacks::{ClientAddress, ClientListener};
use crate::client_events::ClientEvents;
use crate::client_types::ClientStats;
use crate::code::Code;
use crate::environment;
use crate::event::{Event, EventTarget};
use crate::event_queue::EventQueue;
use crate::failure::Failure;
use crate::header_list::HeaderList;
use crate::inbox::Inbox;
use crate::option_names::Side;
use crate::outgoing::{Outgoing, close_frame};

/// A message as it waits for a connection.
#[derive(Debug)]
enum HeldMessage {
    Text(String),
    Binary(Vec<u8>),
}

/// How the caller of a connect learns that its URL is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadUrl {
    /// By the result.
    Result,
    /// By `onError`, as on the platform.
    Event,
}

/// A client.
pub(crate) struct Client {
    address: ClientAddress,
    listener: ClientListener,
    gate: CallbackGate,
    inbox: Arc<Inbox>,
    socket: WebSocket,
    state: Mutex<ClientState>,
}

struct ClientState {
    destroyed: bool,
    options: RequestOptions,
    headers: HeaderList,
    /// What the platform's send was given while there was no connection; and its bytes, each
    /// message with what it costs to keep.
    held: Vec<HeldMessage>,
    held_bytes: usize,
}

/// What a message costs beside its bytes.
const HELD_COST: usize = size_of::<HeldMessage>();

impl Client {
    pub(crate) fn new(address: ClientAddress, listener: ClientListener) -> Arc<Client> {
        Arc::new_cyclic(|client: &Weak<Client>| {
            let target: Weak<dyn EventTarget> = client.clone();
            let inbox = Arc::new(Inbox::new(target));
            let events = ClientEvents(Arc::clone(&inbox));
            Client {
                address,
                listener,
                gate: CallbackGate::default(),
                inbox,
                socket: WebSocket::new(environment::context(), Arc::new(events)),
                state: Mutex::new(ClientState {
                    destroyed: false,
                    options: RequestOptions::default(),
                    headers: HeaderList::default(),
                    held: Vec::new(),
                    held_bytes: 0,
                }),
            }
        })
    }

    /// Changes options of the connects to come.
    pub(crate) fn set_option(&self, set: impl FnOnce(&mut RequestOptions)) -> Result<(), Failure> {
        set(&mut self.state()?.options);
        Ok(())
    }

    /// Callbacks run where this queue is polled.
    pub(crate) fn set_queue(&self, queue: Arc<EventQueue>) -> Result<(), Failure> {
        let _state = self.state()?;
        match self.inbox.set_queue(queue) {
            true => Ok(()),
            false => Err(Failure::new(
                Code::WrongState,
                "the client has connected, or has a queue already",
            )),
        }
    }

    pub(crate) fn add_header(&self, name: &str, value: &str) -> Result<(), Failure> {
        let mut state = self.state()?;
        state.headers.add(name, value)?;
        self.show_headers(&state.headers);
        Ok(())
    }

    pub(crate) fn clear_headers(&self) -> Result<(), Failure> {
        let mut state = self.state()?;
        state.headers = HeaderList::default();
        self.show_headers(&state.headers);
        Ok(())
    }

    /// Writes where the fields are to where the program looks. Under the client's lock.
    fn show_headers(&self, headers: &HeaderList) {
        let ClientAddress(memory) = self.address;
        // SAFETY: a client's memory is kept for as long as anything can have its address.
        unsafe { (*memory).request_options.headers = headers.head() };
    }

    /// Starts to connect, with the fields that `headers` reads under the client's lock: its own
    /// list may be among them.
    pub(crate) fn connect(
        &self,
        url: &str,
        headers: impl FnOnce(&HeaderList) -> Result<Vec<Header>, Failure>,
        bad_url: BadUrl,
    ) -> Result<(), Failure> {
        let mut state = self.state()?;
        let options = RequestOptions {
            headers: headers(&state.headers)?,
            ..state.options.clone()
        };
        let queue = self.inbox.prepare_queue()?;
        let connected = environment::with_network_thread(|| self.socket.connect(url, options));
        match connected.map_err(Failure::of_connect) {
            Ok(()) => {
                queue.keep();
                self.send_held(&mut state);
                Ok(())
            }
            Err(failure) if failure.code == Code::Url && bad_url == BadUrl::Event => {
                queue.keep();
                self.inbox.collect(Event::Error {
                    peer: 0,
                    failure: Failure {
                        code: Code::Connection,
                        ..failure
                    },
                });
                self.inbox.flush();
                Ok(())
            }
            Err(failure) => Err(failure),
        }
    }

    fn send_held(&self, state: &mut ClientState) {
        state.held_bytes = 0;
        let mut held = state.held.drain(..);
        while let Some(message) = held.next() {
            let sent = match &message {
                HeldMessage::Text(text) => self.try_send(Outgoing::Text(text)),
                HeldMessage::Binary(data) => self.try_send(Outgoing::Binary(data)),
            };
            // The attempt has failed already, or they do not fit into a queue that is smaller now.
            if let Err(failure) = sent {
                self.inbox.collect(Event::Unsent {
                    peer: 0,
                    messages: held.len() as u64 + 1,
                    failure,
                });
                self.inbox.flush();
                return;
            }
        }
    }

    /// Sends a message on the connection, or the one that is being made.
    pub(crate) fn send(&self, message: Outgoing<'_>) -> Result<(), Failure> {
        let _state = self.state()?;
        self.try_send(message)
    }

    fn try_send(&self, message: Outgoing<'_>) -> Result<(), Failure> {
        match message {
            Outgoing::Text(text) => self.socket.send_text(text),
            Outgoing::Binary(data) => self.socket.send_binary(data),
        }
        .map(drop)
        .map_err(|error| Failure::of_send(Side::Client, error))
    }

    /// The same; without a connection the message waits for the next.
    pub(crate) fn send_or_hold(&self, message: Outgoing<'_>) -> Result<(), Failure> {
        let mut state = self.state()?;
        let Err(failure) = self.try_send(message) else {
            return Ok(());
        };
        if failure.code != Code::NoConnection {
            return Err(failure);
        }
        let limit = state
            .options
            .max_queued_bytes
            .unwrap_or(RequestOptions::DEFAULT_MAX_QUEUED_BYTES);
        let bytes = message.bytes() + HELD_COST;
        if bytes > limit.saturating_sub(state.held_bytes) {
            let why = format!(
                "{} bytes wait until the client connects, and the limit is {limit} \
                 (arkws_client_set_max_queued_bytes changes it)",
                state.held_bytes
            );
            return Err(Failure::new(Code::QueueFull, why));
        }
        state.held_bytes += bytes;
        state.held.push(match message {
            Outgoing::Text(text) => HeldMessage::Text(text.to_owned()),
            Outgoing::Binary(data) => HeldMessage::Binary(data.to_owned()),
        });
        Ok(())
    }

    pub(crate) fn ping(&self, data: &[u8]) -> Result<(), Failure> {
        let _state = self.state()?;
        let sent = self.socket.ping(Some(data.to_owned()));
        sent.map(drop)
            .map_err(|error| Failure::of_send(Side::Client, error))
    }

    /// Closes the connection, or gives the attempt at one up. Returns which of them it was.
    pub(crate) fn close(&self, code: u32, reason: &str) -> Result<ReadyState, Failure> {
        let _state = self.state()?;
        let before = self.socket.ready_state();
        self.socket
            .close_with(close_frame(code, reason))
            .map_err(|error| Failure::of_send(Side::Client, error))?;
        Ok(before)
    }

    pub(crate) fn stats(&self) -> Result<ClientStats, Failure> {
        let _state = self.state()?;
        let counters = self.socket.stats().counters;
        let micros = |time: std::time::Duration| u64::try_from(time.as_micros()).ok();
        Ok(ClientStats {
            size: size_of::<ClientStats>(),
            state: self.socket.ready_state() as u64,
            messages_sent: counters.messages_sent,
            messages_received: counters.messages_received,
            bytes_sent: counters.bytes_sent,
            bytes_received: counters.bytes_received,
            pings_sent: counters.pings_sent,
            pings_received: counters.pings_received,
            buffered_amount: self.socket.buffered_amount() as u64,
            round_trip_us: counters.round_trip.and_then(micros).unwrap_or(0),
        })
    }

    /// Ends all: the connection, the callbacks, what is kept. `false`: there was no connection.
    pub(crate) fn destroy(&self) -> bool {
        let (headers, held) = {
            let mut state = self.lock();
            state.destroyed = true;
            let headers = std::mem::take(&mut state.headers);
            self.show_headers(&state.headers);
            (headers, std::mem::take(&mut state.held))
        };
        drop((headers, held));
        self.gate.close();
        let connected = self.socket.ready_state() != ReadyState::Closed;
        // It may be closing already.
        let _ = self
            .socket
            .close_with(CloseFrame::new(CloseCode::GOING_AWAY, ""));
        self.inbox.leave();
        connected
    }

    /// # Errors
    /// [`Code::NotCreated`]: another thread has destroyed it meanwhile.
    fn state(&self) -> Result<MutexGuard<'_, ClientState>, Failure> {
        let state = self.lock();
        match state.destroyed {
            true => Err(Failure::not_created("client")),
            false => Ok(state),
        }
    }

    fn lock(&self) -> MutexGuard<'_, ClientState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventTarget for Client {
    fn deliver(&self, event: Event) {
        let message = match &event {
            // Without the NUL.
            Event::Message { data, .. } => Some(data.len() - 1),
            _ => None,
        };
        self.gate.run(|| self.listener.call(self.address, event));
        if let Some(bytes) = message {
            self.socket.consumed(1, bytes);
        }
    }
}
