//! Messages on standard output.
use std::cell::Cell;
use std::io::{self, IsTerminal, Stdout, Write};
use std::time::SystemTime;

use arkws::Message;

#[cfg(unix)]
use super::interactive::Screen;
use crate::escape;
use crate::exit::{Exit, Failure};
use crate::record::{Direction, Record};

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
    /// A person's, above the line that is typed. Then nothing else is written.
    #[cfg(unix)]
    screen: Option<Screen>,
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
            #[cfg(unix)]
            screen: None,
            received: Cell::new(0),
            count,
        }
    }

    /// Where a person sees it.
    #[cfg(unix)]
    pub(super) fn on(self, screen: Screen) -> Output {
        Output {
            screen: Some(screen),
            ..self
        }
    }

    /// Something that happened to the connection. The other end's words may be in it.
    pub(super) fn note(&self, what: &str) {
        let what = escape::controls(what);
        #[cfg(unix)]
        if let Some(screen) = &self.screen {
            return screen.note(&what);
        }
        eprintln!("arkws: {what}");
    }

    /// As [`note`](Self::note), where only a person wants to know.
    pub(super) fn tell(&self, what: &str) {
        #[cfg(unix)]
        if let Some(screen) = &self.screen {
            screen.note(&escape::controls(what));
        }
        #[cfg(not(unix))]
        let _ = what;
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
        #[cfg(unix)]
        if let Some(screen) = &self.screen {
            if direction == Direction::In && message.is_data() {
                screen.message(message);
            }
            return Ok(());
        }
        let mut stdout = self.stdout.lock();
        match self.form {
            Form::Json => {
                let record = Record::new(direction, SystemTime::now(), message);
                serde_json::to_writer(&mut stdout, &record)?;
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
