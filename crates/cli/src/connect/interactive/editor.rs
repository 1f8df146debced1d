//! What is typed.
use std::path::Path;
use std::thread;

use arkws::Message;
use rustyline::Editor;
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use tokio::sync::mpsc;

use crate::connect::entry::{Entry, HELP, Typed, parse};
use crate::connect::input::Entries;
use crate::stop::{Reason, Stop};

/// Lines and commands, until Ctrl-D or Ctrl-C. The thread that reads them may wait for ever: nobody
/// waits for it. It remembers what was typed for as long as it runs, over all connections; no file
/// does, as messages may hold secrets.
pub(super) fn entries(mut editor: Editor<(), MemHistory>, are_binary: bool, stop: Stop) -> Entries {
    let (sender, entries) = mpsc::channel(64);
    thread::spawn(move || {
        loop {
            let line = match editor.readline("> ") {
                Ok(line) => line,
                Err(ReadlineError::Interrupted) => return stop.give(Reason::Interrupted),
                Err(_) => return,
            };
            match understood(&line, are_binary) {
                Ok(Some(entry)) => {
                    if sender.blocking_send(Ok(entry)).is_err() {
                        return;
                    }
                }
                Ok(None) => println!("{}", HELP),
                Err(why) => println!("{why}"),
            }
        }
    });
    entries
}

/// `None`: help is wanted.
fn understood(line: &str, is_binary: bool) -> Result<Option<Entry>, String> {
    let message = match parse(line)? {
        Typed::Help => return Ok(None),
        Typed::Entry(entry) => return Ok(Some(entry)),
        Typed::Text(text) if is_binary => Message::binary(text.into_bytes()),
        Typed::Text(text) => Message::text(text),
        Typed::File(path) => file(&path, is_binary)?,
    };
    Ok(Some(Entry::Send(message)))
}

fn file(path: &Path, is_binary: bool) -> Result<Message, String> {
    let data = std::fs::read(path);
    let data = data.map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    if is_binary {
        return Ok(Message::binary(data));
    }
    Ok(match String::from_utf8(data) {
        Ok(text) => Message::text(text),
        Err(error) => Message::binary(error.into_bytes()),
    })
}
