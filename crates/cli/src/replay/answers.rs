//! What comes back, beside what came back when it was recorded.
use std::fmt;

use arkws::{CloseFrame, Message};
use tokio::sync::watch;

use crate::record::{Direction, Recorded, kind};

/// The answers.
pub(super) struct Comparison<'a> {
    expected: Vec<&'a Message>,
    /// How the server has said goodbye; `None`: it has not.
    goodbye: Option<Option<&'a CloseFrame>>,
    came: watch::Sender<usize>,
    different: usize,
    /// In words.
    first_difference: Option<String>,
}

/// More of a message is not shown, in characters.
const SHOWN: usize = 200;

impl<'a> Comparison<'a> {
    pub(super) fn new(recording: &'a [Recorded]) -> Comparison<'a> {
        let received = || {
            let received = recording.iter().filter(|it| it.direction == Direction::In);
            received.map(|it| &it.message)
        };
        let goodbye = received().find_map(|message| match message {
            Message::Close(frame) => Some(frame.as_ref()),
            _ => None,
        });
        Comparison {
            expected: received().filter(|message| message.is_data()).collect(),
            goodbye,
            came: watch::Sender::new(0),
            different: 0,
            first_difference: None,
        }
    }

    /// How many have come.
    pub(super) fn count(&self) -> watch::Receiver<usize> {
        self.came.subscribe()
    }

    /// A message has come.
    pub(super) fn compare(&mut self, message: &Message) {
        if !message.is_data() {
            return;
        }
        let number = *self.came.borrow();
        self.came.send_replace(number + 1);
        let expected = self.expected.get(number);
        if expected.is_some_and(|expected| *expected == message) {
            return;
        }
        self.different += 1;
        if self.first_difference.is_none() {
            let then = expected.map_or("nothing".to_owned(), |expected| shown(expected));
            let now = shown(message);
            let words = format!("answer {}: {now}\n  recorded: {then}", number + 1);
            self.first_difference = Some(words);
        }
    }

    /// Whether the server has closed as it did then.
    pub(super) fn has_ended_with(&self, frame: Option<&CloseFrame>) -> bool {
        self.goodbye == Some(frame)
    }

    /// The first difference, in words.
    pub(super) fn difference(&self) -> Option<String> {
        let missing = || {
            let came = *self.came.borrow();
            let expected = self.expected.get(came)?;
            Some(format!(
                "answer {} is missing\n  recorded: {}",
                came + 1,
                shown(expected)
            ))
        };
        self.first_difference.clone().or_else(missing)
    }
}

/// As the last line says it.
impl fmt::Display for Comparison<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (came, expected) = (*self.came.borrow(), self.expected.len());
        match came {
            1 => f.write_str("1 answer came")?,
            came => write!(f, "{came} answers came")?,
        }
        match self.different {
            0 if came == expected => f.write_str(", as recorded"),
            0 => write!(f, ", {expected} are recorded"),
            different => write!(f, ", {expected} are recorded, {different} differ"),
        }
    }
}

fn shown(message: &Message) -> String {
    let (kind, len) = (kind(message), message.len());
    match message.as_text() {
        Some(text) => {
            let begin: String = text.chars().take(SHOWN).collect();
            let rest = if begin.len() < len { "..." } else { "" };
            let begin = begin.replace('\n', "\\n");
            format!("{kind} {len} B  {begin}{rest}")
        }
        None => {
            let bytes = message.as_bytes().iter().take(SHOWN / 4);
            let digits: Vec<_> = bytes.map(|byte| format!("{byte:02x}")).collect();
            format!("{kind} {len} B  {}", digits.join(" "))
        }
    }
}
