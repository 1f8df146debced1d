//! Messages from standard input: one a line.
use std::io::{self, BufRead};
use std::thread;

use arkws::{Message, Utf8Bytes};
use tokio::sync::mpsc;

use super::entry::Entry;
use crate::exit::Failure;

/// What comes from the input. It ends with the first failure.
pub(super) type Entries = mpsc::Receiver<Result<Entry, Failure>>;

/// The lines of standard input, read no further ahead than some of them. The thread that reads
/// them may wait for ever: nobody waits for it.
pub(super) fn messages(are_binary: bool) -> Entries {
    let (sender, receiver) = mpsc::channel(64);
    thread::spawn(move || {
        let mut input = io::stdin().lock();
        for number in 1_u64.. {
            let message = match next_line(&mut input) {
                Ok(None) => return,
                Ok(Some(line)) => message(line, number, are_binary).map(Entry::Send),
                Err(error) => Err(Failure::fault(format!("cannot read the input: {error}"))),
            };
            let is_last = message.is_err();
            if sender.blocking_send(message).is_err() || is_last {
                return;
            }
        }
    });
    receiver
}

/// Without its line feed; `None`: there is no more.
fn next_line(input: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    if input.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    Ok(Some(line))
}

fn message(mut line: Vec<u8>, number: u64, is_binary: bool) -> Result<Message, Failure> {
    if is_binary {
        return Ok(Message::binary(line));
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    match Utf8Bytes::try_from(line) {
        Ok(text) => Ok(Message::Text(text)),
        Err(_) => Err(Failure::fault(format!(
            "line {number} of the input is not UTF-8, which a text message has to be; there is \
             --binary"
        ))),
    }
}
