//! Text types whose bytes are known to be UTF-8.
//!
//! Both types are built only from bytes that have been validated, so that reading them as `str`
//! does not validate again. This is what the crate's `unsafe` is for; where else there is some, in
//! `connection`, it calls [`Text::validated`], or takes back what was shared of a read buffer.
#![allow(unsafe_code)]

use std::borrow::Cow;
use std::ops::Deref;
use std::str::Utf8Error;

use bytes::{Bytes, BytesMut};

use super::is_valid;
use crate::Payload;

/// Bytes that are known to be UTF-8: a cheaply cloned, immutable string.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Utf8Bytes(Bytes);

impl Utf8Bytes {
    /// A string constant, without copying.
    pub const fn from_static(text: &'static str) -> Utf8Bytes {
        Utf8Bytes(Bytes::from_static(text.as_bytes()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        // SAFETY: the field is private to this file, in which everything that makes a `Utf8Bytes`
        // takes a `str`, a `Text` or nothing (`Default`), or validates. Nothing here changes it,
        // and `Bytes` lets nobody else: what shares the memory can only read it.
        unsafe { std::str::from_utf8_unchecked(&self.0) }
    }

    /// The bytes.
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

/// A [`Payload`] that is known to be UTF-8.
pub struct Text<'b>(Payload<'b>);

impl<'b> Text<'b> {
    /// The payload as text, if all of it is UTF-8.
    #[inline]
    pub(crate) fn new(payload: Payload<'b>) -> Option<Text<'b>> {
        is_valid(&payload).then_some(Text(payload))
    }

    /// Takes text that has been validated already.
    ///
    /// # Safety
    /// [`is_valid`] has accepted exactly these bytes; or a [`Validator`](super::Validator) has, in
    /// this order, and then [`finish`](super::Validator::finish).
    #[inline]
    pub(crate) unsafe fn validated(payload: Payload<'b>) -> Text<'b> {
        debug_assert!(is_valid(&payload), "only validated text gets here");
        Text(payload)
    }

    /// The text, if it borrows nothing; otherwise its length.
    pub(crate) fn detach(self) -> Result<Text<'static>, usize> {
        self.0.detach().map(Text)
    }

    /// The text.
    #[inline]
    pub fn as_str(&self) -> &str {
        // SAFETY: the field is private to this file, in which `new`, `validated`, `detach`, and
        // `split_to` between two characters are all that makes a `Text`. Nothing here lends it out
        // mutably, and nobody else has the memory: a `Payload` borrows it exclusively, or is a
        // `BytesMut`.
        unsafe { std::str::from_utf8_unchecked(&self.0) }
    }

    /// The text as an owned string; copies only if it is borrowed.
    pub fn into_utf8_bytes(self) -> Utf8Bytes {
        Utf8Bytes(self.0.into_bytes())
    }

    /// The bytes of the text.
    pub fn into_payload(self) -> Payload<'b> {
        self.0
    }

    /// Takes the first `at` bytes off the text, without copying.
    ///
    /// # Panics
    /// If `at` is beyond the end or inside a character.
    pub fn split_to(&mut self, at: usize) -> Text<'b> {
        assert!(
            self.as_str().is_char_boundary(at),
            "text can be split between characters only"
        );
        Text(self.0.split_to(at))
    }
}

impl Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl Deref for Utf8Bytes {
    type Target = str;
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Utf8Bytes {
    fn as_ref(&self) -> &str {
        self
    }
}

impl AsRef<[u8]> for Utf8Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.as_str().fmt(f)
    }
}

impl std::fmt::Debug for Utf8Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.as_str().fmt(f)
    }
}

impl std::fmt::Display for Utf8Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.as_str().fmt(f)
    }
}

impl PartialEq<str> for Utf8Bytes {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Utf8Bytes {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<String> for Utf8Bytes {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<Utf8Bytes> for str {
    fn eq(&self, other: &Utf8Bytes) -> bool {
        self == other.as_str()
    }
}

impl PartialEq<Utf8Bytes> for &str {
    fn eq(&self, other: &Utf8Bytes) -> bool {
        *self == other.as_str()
    }
}

impl PartialEq<Utf8Bytes> for String {
    fn eq(&self, other: &Utf8Bytes) -> bool {
        self == other.as_str()
    }
}

impl From<&str> for Utf8Bytes {
    fn from(text: &str) -> Utf8Bytes {
        Utf8Bytes(Bytes::copy_from_slice(text.as_bytes()))
    }
}

impl From<String> for Utf8Bytes {
    fn from(text: String) -> Utf8Bytes {
        Utf8Bytes(Bytes::from(text))
    }
}

impl From<&String> for Utf8Bytes {
    fn from(text: &String) -> Utf8Bytes {
        Utf8Bytes::from(text.as_str())
    }
}

impl From<Box<str>> for Utf8Bytes {
    fn from(text: Box<str>) -> Utf8Bytes {
        Utf8Bytes::from(String::from(text))
    }
}

/// Copies only if it is borrowed.
impl From<Cow<'_, str>> for Utf8Bytes {
    fn from(text: Cow<'_, str>) -> Utf8Bytes {
        match text {
            Cow::Borrowed(text) => text.into(),
            Cow::Owned(text) => text.into(),
        }
    }
}

/// Copies; only if others have the text too, where the memory was that of a `String`.
impl From<Utf8Bytes> for String {
    fn from(text: Utf8Bytes) -> String {
        // SAFETY: a `Utf8Bytes` is UTF-8 (`as_str` says why), and these are its bytes.
        unsafe { String::from_utf8_unchecked(text.0.into()) }
    }
}

impl From<Utf8Bytes> for Bytes {
    fn from(text: Utf8Bytes) -> Bytes {
        text.0
    }
}

impl TryFrom<Bytes> for Utf8Bytes {
    type Error = Utf8Error;
    fn try_from(bytes: Bytes) -> Result<Utf8Bytes, Utf8Error> {
        if !is_valid(&bytes) {
            // Slower, but it knows where the error is.
            std::str::from_utf8(&bytes)?;
        }
        Ok(Utf8Bytes(bytes))
    }
}

impl TryFrom<BytesMut> for Utf8Bytes {
    type Error = Utf8Error;
    fn try_from(bytes: BytesMut) -> Result<Utf8Bytes, Utf8Error> {
        Utf8Bytes::try_from(bytes.freeze())
    }
}

impl TryFrom<Vec<u8>> for Utf8Bytes {
    type Error = Utf8Error;
    fn try_from(bytes: Vec<u8>) -> Result<Utf8Bytes, Utf8Error> {
        Utf8Bytes::try_from(Bytes::from(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_split_without_copying_and_only_between_characters() {
        let mut bytes = "aé€".as_bytes().to_vec();
        let mut text = Text::new(Payload::Borrowed(&mut bytes)).unwrap();

        assert_eq!(text.split_to(3).as_str(), "aé");
        assert_eq!(text.split_to(0).as_str(), "");
        assert_eq!(text.as_str(), "€");

        let split = std::panic::AssertUnwindSafe(|| text.split_to(1));
        assert!(std::panic::catch_unwind(split).is_err());
    }
}
