//! What the program called and was told, and what the network was asked for, in order.
use std::sync::{Arc, Mutex, MutexGuard};

use arkws::Message;
use arkws_netstack::{
    BusinessError, CloseFrame, CloseResult, Event, Listener, Payload, ReadyState, Text,
};
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) at: Instant,
    pub(crate) what: EntryKind,
}

#[derive(Debug, Clone)]
pub(crate) enum EntryKind {
    Connects(Result<(), BusinessError>),
    Sends(Sending),
    /// `flush`, and what it said.
    Flushes(u64),
    /// In which state the object was.
    Pings(ReadyState, Result<u64, BusinessError>),
    Holds(bool),
    Closes(Option<CloseFrame>, Result<(), BusinessError>),
    Terminates(Result<(), BusinessError>),
    /// The object is dropped.
    Drops,
    /// The network is asked for the stream of this attempt.
    Attempt(usize),
    Event(OwnedEvent),
}

/// A call of `send`.
#[derive(Debug, Clone)]
pub(crate) struct Sending {
    pub(crate) message: Message,
    pub(crate) state: ReadyState,
    /// How many bytes waited before and after it.
    pub(crate) before: usize,
    pub(crate) after: usize,
    pub(crate) result: Result<u64, BusinessError>,
}

/// An event, owned.
#[derive(Debug, Clone)]
pub(crate) enum OwnedEvent {
    Headers,
    Open,
    Message(Message),
    DataEnd,
    Error(BusinessError),
    Close(CloseResult),
    Sent(u64),
    SendFailed(u64, u64, BusinessError),
    Reconnecting {
        attempt: u32,
        delay: u64,
        cause: BusinessError,
    },
    Reconnected(u32),
    /// Of the server's.
    Ping,
    /// Through which ping of the program's it answers.
    Pong(Option<u64>),
    PingsLost(u64),
    Idle,
}

impl From<Event<'_>> for OwnedEvent {
    fn from(event: Event<'_>) -> OwnedEvent {
        match event {
            Event::HeaderReceive(_) => OwnedEvent::Headers,
            Event::Open { .. } => OwnedEvent::Open,
            Event::Text(text) => OwnedEvent::Message(Message::from(text.as_str().to_owned())),
            Event::Binary(data) => OwnedEvent::Message(Message::from(data.to_vec())),
            Event::DataEnd => OwnedEvent::DataEnd,
            Event::Error(error) => OwnedEvent::Error(error),
            Event::Close(close) => OwnedEvent::Close(close),
            Event::Sent { through } => OwnedEvent::Sent(through),
            Event::SendFailed {
                from,
                through,
                error,
            } => OwnedEvent::SendFailed(from, through, error),
            Event::Reconnecting {
                attempt,
                delay,
                cause,
            } => OwnedEvent::Reconnecting {
                attempt,
                delay,
                cause,
            },
            Event::Reconnected { attempts } => OwnedEvent::Reconnected(attempts),
            Event::Ping(_) => OwnedEvent::Ping,
            Event::Pong { answer, .. } => OwnedEvent::Pong(answer.map(|(through, _)| through)),
            Event::PingsLost { through, .. } => OwnedEvent::PingsLost(through),
            Event::Idle => OwnedEvent::Idle,
        }
    }
}

/// The log of a run, shared by all that writes to it.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<Entry>>>);

impl Log {
    pub(crate) fn add(&self, what: EntryKind) {
        let at = Instant::now();
        self.entries().push(Entry { at, what });
    }

    pub(crate) fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap()
    }
}

/// Writes the events of an object to the log.
pub(crate) struct Recorder {
    pub(crate) log: Log,
    /// A `connect` is over.
    pub(crate) idle: Arc<Notify>,
    /// Lengths of messages that the program is to consume.
    pub(crate) delivered: UnboundedSender<usize>,
}

impl Listener for Recorder {
    fn on_event(&self, event: Event<'_>) {
        let told = OwnedEvent::from(event);
        match &told {
            OwnedEvent::Message(message) => drop(self.delivered.send(message.len())),
            OwnedEvent::Idle => self.idle.notify_one(),
            _ => {}
        }
        self.log.add(EntryKind::Event(told));
    }

    fn on_text(&self, text: Text<'_>) {
        self.on_event(Event::Text(text));
        self.on_event(Event::DataEnd);
    }

    fn on_binary(&self, data: Payload<'_>) {
        self.on_event(Event::Binary(data));
        self.on_event(Event::DataEnd);
    }
}
