//! What appears on the terminal.
use std::cell::RefCell;
use std::env;
use std::io::{self, Write};
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use arkws::Message;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use rustyline::ExternalPrinter;

use super::show;

/// The lines above the one that is edited.
pub(in crate::connect) struct Screen {
    lines: RefCell<Option<Sender<String>>>,
    /// Prints them: the editor takes one only when it has printed the one before.
    printing: Option<JoinHandle<()>>,
    has_colours: bool,
    began: Instant,
    /// The terminal as it was.
    before: Termios,
}

/// Moves nowhere.
const NOTHING: &str = "\x1b[1A\n";

/// The editor prints nothing while its user searches what was typed before. At the end that is
/// waited for no longer than this.
const LAST_WORDS: Duration = Duration::from_secs(1);

impl Screen {
    /// `None`: there is no terminal.
    pub(super) fn new(mut printer: impl ExternalPrinter + Send + 'static) -> Option<Screen> {
        let before = tcgetattr(io::stdin()).ok()?;
        let (sender, lines) = channel::<String>();
        let printing = thread::spawn(move || {
            for line in lines {
                if printer.print(line + "\n").is_err() {
                    return;
                }
            }
            // When there is room for the second of these, the first has been taken, and so what
            // was before that has been printed.
            for _ in 0..2 {
                _ = printer.print(NOTHING.to_owned());
            }
        });
        let no_colour = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Some(Screen {
            lines: RefCell::new(Some(sender)),
            printing: Some(printing),
            has_colours: !no_colour,
            began: Instant::now(),
            before,
        })
    }

    /// A message that has come.
    pub(in crate::connect) fn message(&self, message: &Message) {
        self.line("<", "32", &show::message(message));
    }

    /// What happens to the connection.
    pub(in crate::connect) fn note(&self, what: &str) {
        self.line("*", "36", what);
    }

    fn line(&self, sign: &str, colour: &str, text: &str) {
        let time = format!("{:9.3}", self.began.elapsed().as_secs_f64());
        let line = match self.has_colours {
            true => format!("\x1b[2m{time}\x1b[0m \x1b[{colour}m{sign}\x1b[0m {text}"),
            false => format!("{time} {sign} {text}"),
        };
        if let Some(lines) = &*self.lines.borrow() {
            _ = lines.send(line);
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.lines.take();
        if let Some(printing) = self.printing.take() {
            let end = Instant::now() + LAST_WORDS;
            while !printing.is_finished() && Instant::now() < end {
                thread::sleep(Duration::from_millis(5));
            }
        }
        // The editor still waits for a key, in a mode of its own: its line goes, and the mode of
        // pasting that it has asked for.
        let mut stdout = io::stdout();
        _ = write!(stdout, "\r\x1b[K\x1b[?2004l");
        _ = stdout.flush();
        _ = tcsetattr(io::stdin(), OptionalActions::Drain, &self.before);
    }
}
