//! Messages for all clients (`--broadcast`, `--chat`).
use arkws::Message;
use tokio::sync::broadcast::{self, error::RecvError};

use super::heard::Heard;
use super::log::Log;
use super::outgoing::{Action, Outgoing};

/// All clients.
pub(super) struct Room {
    messages: broadcast::Sender<Message>,
    /// Whether messages say whose they are.
    has_names: bool,
}

/// Tells the others when a client goes, however that happens.
struct Visit<'a> {
    room: &'a Room,
    number: u64,
}

impl Room {
    pub(super) fn new(has_names: bool) -> Room {
        Room {
            messages: broadcast::Sender::new(1024),
            has_names,
        }
    }

    /// A client, until it goes.
    pub(super) async fn visit(&self, number: u64, mut heard: Heard, outgoing: Outgoing, log: &Log) {
        let mut messages = self.messages.subscribe();
        self.announce(format_args!("* guest {number} is here"));
        let _visit = Visit { room: self, number };
        loop {
            tokio::select! {
                // What all are told goes before what comes next.
                biased;
                message = messages.recv() => match message {
                    Ok(message) => outgoing.give(Action::Send(message)).await,
                    Err(RecvError::Lagged(lost)) => {
                        log.say(format_args!("is too slow: {lost} messages are left out"));
                    }
                    Err(RecvError::Closed) => return,
                },
                message = heard.next() => match message {
                    Some(message) => self.pass_on(number, message),
                    None => return,
                },
            }
        }
    }

    /// Whoever sends it hears it, too: there is somebody.
    fn pass_on(&self, number: u64, message: Message) {
        let message = match message.as_text() {
            Some(text) if self.has_names => format!("guest {number}: {text}").into(),
            _ => message,
        };
        _ = self.messages.send(message);
    }

    fn announce(&self, what: std::fmt::Arguments<'_>) {
        if self.has_names {
            _ = self.messages.send(what.to_string().into());
        }
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        let number = self.number;
        self.room
            .announce(format_args!("* guest {number} has gone"));
    }
}
