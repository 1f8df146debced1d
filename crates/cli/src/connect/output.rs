//! Messages on standard output.
use std::cell::Cell;
use std::io::{self, IsTerminal, Stdout, Write};

use arkws::Message;

use super::record::{Direction, Record};
use crate::escape;
use crate::exit::{Exit, Failure};

/// How messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// For a person: escaped, binary data as hexadecimal digits.
    Terminal,
    /// For a program: as they are, with a line feed behind each.
    Lines,
    /// For a program: as they are.
    Bytes,
    /// For a program: objects of JSON, in both directions.
    Json,
}

/// Standard output, and how many messages there were.
pub(super) struct Output {
    stdout: Stdout,
    form: Form,
    received: Cell<u64>,
    /// So many are wanted.
    count: Option<u64>,
}

impl Output {
    pub(super) fn new(json: bool, are_bytes: bool, count: Option<u64>) -> Output {
        let stdout = io::stdout();
        let form = match (json, stdout.is_terminal()) {
            (true, _) => Form::Json,
            (false, true) => Form::Terminal,
            (false, false) if are_bytes => Form::Bytes,
            (false, false) => Form::Lines,
        };
        Output {
            stdout,
            form,
            received: Cell::new(0),
            count,
        }
    }

    /// A message was received. Returns whether more are wanted.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn receive(&self, message: &Message) -> io::Result<bool> {
        if message.is_data() {
            self.received.set(self.received.get() + 1);
        }
        self.write(Direction::In, message)?;
        Ok(self.count.is_none_or(|count| self.received.get() < count))
    }

    /// A message is sent.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn send(&self, message: &Message) -> io::Result<()> {
        self.write(Direction::Out, message)
    }

    /// All is well, unless more messages are wanted than have come.
    ///
    /// # Errors
    /// They are.
    pub(super) fn verdict(&self, when: &str) -> Result<Exit, Failure> {
        let received = self.received.get();
        match self.count {
            Some(count) if received < count => {
                let words = format!("{received} of {count} messages had come when {when}");
                Err(Failure::fault(words))
            }
            _ => Ok(Exit::Good),
        }
    }

    fn write(&self, direction: Direction, message: &Message) -> io::Result<()> {
        let mut stdout = self.stdout.lock();
        match self.form {
            Form::Json => {
                serde_json::to_writer(&mut stdout, &Record::now(direction, message))?;
                stdout.write_all(b"\n")?;
            }
            _ if direction == Direction::Out || !message.is_data() => {}
            Form::Bytes => stdout.write_all(message.as_bytes())?,
            Form::Lines => {
                stdout.write_all(message.as_bytes())?;
                stdout.write_all(b"\n")?;
            }
            Form::Terminal => match message.as_text() {
                Some(text) => writeln!(stdout, "{}", escape::controls(text))?,
                None => writeln!(stdout, "{}", hexadecimal(message.as_bytes()))?,
            },
        }
        stdout.flush()
    }
}

fn hexadecimal(data: &[u8]) -> String {
    let digits = data.iter().map(|byte| format!("{byte:02x}"));
    digits.collect::<Vec<_>>().join(" ")
}
