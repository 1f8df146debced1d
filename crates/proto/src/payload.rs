//! What frames carry.
use std::ops::Deref;

use bytes::{Bytes, BytesMut};

/// The body of a message or control frame, already unmasked and inflated.
#[derive(Debug)]
pub enum Payload<'b> {
    /// Lies in the bytes that were passed to [`Connection::recv`](crate::Connection::recv): nothing
    /// was copied.
    Borrowed(&'b mut [u8]),
    /// Was put together from several reads, fragments or by inflating.
    Owned(BytesMut),
}

impl Deref for Payload<'_> {
    type Target = [u8];
    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            Payload::Borrowed(bytes) => bytes,
            Payload::Owned(bytes) => bytes,
        }
    }
}

impl<'b> Payload<'b> {
    /// Takes the first `at` bytes off, without copying.
    ///
    /// # Panics
    /// If `at` is beyond the end.
    pub fn split_to(&mut self, at: usize) -> Payload<'b> {
        match self {
            Payload::Borrowed(bytes) => {
                let (head, tail) = std::mem::take(bytes).split_at_mut(at);
                *bytes = tail;
                Payload::Borrowed(head)
            }
            Payload::Owned(bytes) => Payload::Owned(bytes.split_to(at)),
        }
    }

    /// The payload, if it borrows nothing; otherwise its length.
    pub(crate) fn detach(self) -> Result<Payload<'static>, usize> {
        match self {
            Payload::Borrowed(bytes) => Err(bytes.len()),
            Payload::Owned(bytes) => Ok(Payload::Owned(bytes)),
        }
    }

    /// The bytes as an owned buffer; copies only if they are borrowed.
    pub fn into_bytes(self) -> Bytes {
        match self {
            Payload::Borrowed(bytes) => Bytes::copy_from_slice(bytes),
            Payload::Owned(bytes) => bytes.freeze(),
        }
    }
}
