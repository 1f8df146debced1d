//! Incremental validation: text that arrives in pieces of any size.
use std::fmt;

use super::is_valid;

/// A byte that no valid text can contain at its place, or a text that ends within a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not valid UTF-8")]
pub struct InvalidUtf8;

/// Validates text that arrives in pieces; fails at the first byte that no valid text can contain.
#[derive(Default)]
pub struct Validator {
    /// The one to three bytes of a character whose end has not arrived.
    incomplete: [u8; 3],
    len: u8,
}

impl Validator {
    /// Nothing has arrived.
    pub const fn new() -> Validator {
        Validator {
            incomplete: [0; 3],
            len: 0,
        }
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// The pieces up to here are not the beginning of any valid text. What is pushed after that has
    /// no meaning.
    pub fn push(&mut self, mut piece: &[u8]) -> Result<(), InvalidUtf8> {
        if self.len > 0 {
            piece = self.complete_character(piece)?;
        }
        let (whole, tail) = piece.split_at(piece.len() - incomplete_tail(piece));
        if !is_valid(whole) {
            return Err(InvalidUtf8);
        }
        if !tail.is_empty() {
            begins_character(tail)?;
            self.incomplete[..tail.len()].copy_from_slice(tail);
            self.len = tail.len() as u8;
        }
        Ok(())
    }

    /// The text is at its end; the validator is ready for another one.
    ///
    /// # Errors
    /// The last character is incomplete.
    pub fn finish(&mut self) -> Result<(), InvalidUtf8> {
        match std::mem::take(&mut self.len) {
            0 => Ok(()),
            _ => Err(InvalidUtf8),
        }
    }

    /// Adds bytes of `piece` to the incomplete character until it is whole; returns the rest of
    /// `piece`.
    fn complete_character<'p>(&mut self, piece: &'p [u8]) -> Result<&'p [u8], InvalidUtf8> {
        let mut character = [0; 4];
        let mut len = usize::from(self.len);
        character[..len].copy_from_slice(&self.incomplete[..len]);
        for (taken, byte) in piece.iter().enumerate() {
            character[len] = *byte;
            len += 1;
            match std::str::from_utf8(&character[..len]) {
                Ok(_) => {
                    self.len = 0;
                    return Ok(&piece[taken + 1..]);
                }
                Err(error) if error.error_len().is_some() => return Err(InvalidUtf8),
                // A prefix of a character has at most three bytes.
                Err(_) => {
                    self.incomplete.copy_from_slice(&character[..3]);
                    self.len = len as u8;
                }
            }
        }
        Ok(&[])
    }
}

/// Shows no byte of the text.
impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Validator")
            .field("incomplete", &self.len)
            .finish()
    }
}

/// How many bytes at the end of `piece` belong to a character whose end is not in it.
fn incomplete_tail(piece: &[u8]) -> usize {
    for (i, byte) in piece.iter().rev().take(3).enumerate() {
        let width = match byte {
            0x80..=0xBF => continue,
            0xC0..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xFF => 4,
            0x00..=0x7F => 1,
        };
        return if width > i + 1 { i + 1 } else { 0 };
    }
    0
}

/// Checks that a valid character can begin with these bytes: not overlong, no surrogate, not beyond
/// U+10FFFF.
fn begins_character(bytes: &[u8]) -> Result<(), InvalidUtf8> {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_some() => Err(InvalidUtf8),
        _ => Ok(()),
    }
}
