//! What the server tells of its clients, on standard error.
use std::fmt::Display;
use std::time::Instant;

use arkws::Message;

use crate::escape;

/// The log of a run, or of one client of it.
#[derive(Debug, Clone)]
pub(super) struct Log {
    /// `None`: nothing is told.
    began: Option<Instant>,
    client: u64,
}

/// More of a message is not shown.
const SHOWN: usize = 200;

impl Log {
    pub(super) fn new(is_quiet: bool) -> Log {
        Log {
            began: (!is_quiet).then(Instant::now),
            client: 0,
        }
    }

    /// That of the client with this number.
    pub(super) fn of(&self, client: u64) -> Log {
        Log {
            began: self.began,
            client,
        }
    }

    /// A line. What others said may be in it.
    pub(super) fn say(&self, what: impl Display) {
        let Some(began) = self.began else {
            return;
        };
        let what = what.to_string().replace('\n', "\\n");
        let (time, client) = (began.elapsed().as_secs_f64(), self.client);
        eprintln!("{time:9.3} #{client} {}", escape::controls(&what));
    }

    /// A message that has arrived.
    pub(super) fn message(&self, message: &Message) {
        if self.began.is_none() {
            return;
        }
        let len = message.len();
        match message {
            Message::Text(text) => {
                let shown: String = text.chars().take(SHOWN).collect();
                let rest = if shown.len() < len { "..." } else { "" };
                self.say(format_args!("text of {len} bytes: {shown}{rest}"));
            }
            Message::Binary(_) => self.say(format_args!("binary message of {len} bytes")),
            Message::Ping(_) => self.say("ping"),
            Message::Pong(_) => self.say("pong"),
            Message::Close(None) => self.say("closes"),
            Message::Close(Some(frame)) => self.say(format_args!("closes with {frame}")),
        }
    }
}
