//! What the messages carry.
use std::fs;
use std::path::Path;

use arkws::{SendError, Transport, WebSocket};

use super::arguments::PayloadFlags;
use super::size::LARGEST;
use crate::exit::Failure;

/// Generated messages begin at different places of the same letters, so that compression does not
/// find each message in the one before.
const PLACES: usize = 4096;

/// The messages: what each connection sends first, second and so on.
#[derive(Debug)]
pub(super) struct Payload {
    /// Text, if it is valid and is to be sent so.
    data: PayloadData,
    sizes: Vec<usize>,
    /// Whether messages begin at different places.
    moves: bool,
}

#[derive(Debug)]
enum PayloadData {
    Text(String),
    Binary(Vec<u8>),
}

impl Payload {
    /// Reads the file, if one is named.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn new(flags: &PayloadFlags) -> Result<Payload, Failure> {
        if let Some(text) = &flags.message {
            return Ok(Payload::fixed(PayloadData::Text(text.clone())));
        }
        if let Some(path) = &flags.file {
            return Ok(Payload::fixed(file(path, flags.binary)?));
        }
        let longest = flags.sizes.iter().copied().max().unwrap_or_default();
        let letters = letters(longest + PLACES);
        let data = match flags.binary {
            true => PayloadData::Binary(letters.into_bytes()),
            false => PayloadData::Text(letters),
        };
        Ok(Payload {
            data,
            sizes: flags.sizes.clone(),
            moves: true,
        })
    }

    fn fixed(data: PayloadData) -> Payload {
        let size = match &data {
            PayloadData::Text(text) => text.len(),
            PayloadData::Binary(data) => data.len(),
        };
        Payload {
            data,
            sizes: vec![size],
            moves: false,
        }
    }

    /// Queues the message with this number.
    ///
    /// # Errors
    /// It was not queued.
    pub(super) fn feed(
        &self,
        number: u64,
        socket: &mut WebSocket<Transport>,
    ) -> Result<usize, SendError> {
        let range = self.range(number);
        let size = range.len();
        match &self.data {
            PayloadData::Text(text) => socket.feed_text(&text[range])?,
            PayloadData::Binary(data) => socket.feed_binary(&data[range])?,
        }
        Ok(size)
    }

    /// Whether this is the message with this number.
    pub(super) fn is(&self, number: u64, data: &[u8], is_text: bool) -> bool {
        let range = self.range(number);
        match &self.data {
            PayloadData::Text(text) => is_text && text.as_bytes()[range] == *data,
            PayloadData::Binary(bytes) => !is_text && bytes[range] == *data,
        }
    }

    fn range(&self, number: u64) -> std::ops::Range<usize> {
        let turn = (number % self.sizes.len() as u64) as usize;
        // A step that has no divisor in common with the places.
        let from = match self.moves {
            true => (number.wrapping_mul(61) % PLACES as u64) as usize,
            false => 0,
        };
        from..from + self.sizes[turn]
    }

    /// The sizes, which take turns.
    pub(super) fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    pub(super) fn is_text(&self) -> bool {
        matches!(self.data, PayloadData::Text(_))
    }
}

fn file(path: &Path, is_binary: bool) -> Result<PayloadData, Failure> {
    let cannot = |why: String| Failure::usage(format!("--file {}: {why}", path.display()));
    let data = fs::read(path).map_err(|error| cannot(error.to_string()))?;
    if data.len() > LARGEST {
        return Err(cannot(format!("larger than {LARGEST} bytes")));
    }
    if is_binary {
        return Ok(PayloadData::Binary(data));
    }
    let text = String::from_utf8(data);
    text.map(PayloadData::Text)
        .map_err(|_| cannot("not UTF-8, which a text message has to be; there is --binary".into()))
}

/// So many letters and digits, the same in each run, with no pattern that compression could find
/// beyond there being 64 of them.
fn letters(count: usize) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .";
    // xorshift64 (Marsaglia, 2003).
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(LETTERS[(state >> 58) as usize])
    };
    (0..count).map(next).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_take_turns_in_size_and_begin_at_different_places() {
        let payload = Payload::new(&PayloadFlags {
            sizes: vec![3, 1000],
            binary: false,
            message: None,
            file: None,
            verify: false,
        })
        .unwrap();
        let range = |number| payload.range(number);
        assert_eq!([0, 1, 2].map(|number| range(number).len()), [3, 1000, 3]);
        assert_ne!(range(0), range(2));
        let PayloadData::Text(text) = &payload.data else {
            panic!("text was asked for");
        };
        assert!(payload.is(7, text[range(7)].as_bytes(), true));
        assert!(!payload.is(7, text[range(7)].as_bytes(), false));
        assert!(!payload.is(9, text[range(7)].as_bytes(), true));
        // Wherever one begins, it is there.
        assert!((0..9999).all(|number| range(number).end <= text.len()));
    }
}
