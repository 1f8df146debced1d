//! What happens, on standard output: a line each.
use std::env;
use std::fmt::Write;
use std::io::{self, IsTerminal};
use std::time::SystemTime;

use arkws::Message;

use super::event::{ConnectionEvent, EventKind, Handshake};
use super::writer::{ByteSink, Writer};
use crate::escape;
use crate::record::{Direction, Fate, kind};
use crate::stop::Stop;

/// Standard output.
pub(super) struct Console {
    writer: Writer<Vec<u8>>,
    began: SystemTime,
    has_colours: bool,
}

/// Lines that wait to be written.
const WAITING: usize = 256;

/// More of a text is not shown, in characters.
const SHOWN: usize = 200;

/// More of a binary message is not shown, in bytes.
const SHOWN_BYTES: usize = 32;

impl Console {
    pub(super) fn new(stop: &Stop) -> Console {
        let no_colour = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let stdout = io::stdout();
        Console {
            has_colours: stdout.is_terminal() && !no_colour,
            writer: Writer::new(ByteSink::new(stdout), WAITING, stop),
            began: SystemTime::now(),
        }
    }

    pub(super) async fn tell(&self, event: &ConnectionEvent<'_>) {
        let since = event.time.duration_since(self.began).unwrap_or_default();
        let (colour, what) = match &event.kind {
            EventKind::Open(handshake) => ("36", open(handshake)),
            EventKind::NotOpen(handshake, why) => {
                let Handshake { from, url, .. } = handshake;
                (
                    "31",
                    format!("** {from} gets no connection to {url}: {why}"),
                )
            }
            EventKind::Message {
                direction,
                message,
                fate,
            } => {
                let colour = match direction {
                    Direction::Out => "33",
                    Direction::In => "32",
                };
                (colour, shown(*direction, message, *fate))
            }
            EventKind::End(how) => ("36", format!("** {how}")),
        };
        let (time, number) = (since.as_secs_f64(), event.connection);
        let what = what.replace('\n', "\\n");
        let what = escape::controls(&what);
        // The sign in front says which way it goes.
        let (sign, rest) = what.split_at(2);
        let line = match self.has_colours {
            true => {
                format!("\x1b[2m{time:9.3} #{number}\x1b[0m \x1b[{colour}m{sign}\x1b[0m{rest}\n")
            }
            false => format!("{time:9.3} #{number} {sign}{rest}\n"),
        };
        self.writer.write(line.into_bytes()).await;
    }

    /// Nobody may read it any more.
    pub(super) fn finish(self) {
        _ = self.writer.finish();
    }
}

fn open(handshake: &Handshake) -> String {
    let Handshake { from, url, .. } = handshake;
    let mut text = format!("** {from} is connected to {url}");
    let answer = handshake.answer.as_ref();
    if let Some(protocol) = answer.and_then(|it| it.protocol.as_ref()) {
        _ = write!(text, ", sub-protocol {protocol}");
    }
    _ = match (handshake.app_deflates, handshake.target_deflates) {
        (false, false) => Ok(()),
        (true, true) => write!(text, ", compressed"),
        (true, false) => write!(text, ", compressed to the app"),
        (false, true) => write!(text, ", compressed to the server"),
    };
    text
}

fn shown(direction: Direction, message: &Message, fate: Fate) -> String {
    let sign = match direction {
        Direction::Out => "->",
        Direction::In => "<-",
    };
    let (kind, len) = (kind(message), message.len());
    let mut text = format!("{sign} {kind}");
    _ = match message {
        Message::Text(data) => {
            let begin: String = data.chars().take(SHOWN).collect();
            let rest = if begin.len() < len { "..." } else { "" };
            write!(text, " {len} B  {begin}{rest}")
        }
        Message::Close(None) => Ok(()),
        Message::Close(Some(frame)) => write!(text, " {frame}"),
        message => {
            _ = write!(text, " {len} B ");
            for byte in message.as_bytes().iter().take(SHOWN_BYTES) {
                _ = write!(text, " {byte:02x}");
            }
            let rest = if SHOWN_BYTES < len { " ..." } else { "" };
            write!(text, "{rest}")
        }
    };
    text.push_str(match fate {
        Fate::Passed => "",
        Fate::Edited => "  [edited]",
        Fate::Dropped => "  [dropped]",
        Fate::Injected => "  [injected]",
        Fate::Late => "  [too late: nothing is taken there any more]",
    });
    text
}
