//! The memory of a read buffer, of which parts can be shared with whoever keeps what was received.
#![allow(unsafe_code)]

use std::fmt;
use std::ops::{Deref, DerefMut, Range};

use bytes::{Bytes, BytesMut};

/// Memory to read into.
#[derive(Default)]
pub struct Storage {
    bytes: BytesMut,
    /// The length that it was made with: of `bytes`, if no part of it is shared.
    whole: usize,
}

impl Storage {
    /// So many bytes, all of them 0.
    pub fn zeroed(len: usize) -> Storage {
        vec![0; len].into_boxed_slice().into()
    }

    /// The length that it was made with.
    #[inline]
    pub fn whole_len(&self) -> usize {
        self.whole
    }

    /// Whether no part of it is shared.
    #[inline]
    pub fn is_whole(&self) -> bool {
        self.bytes.len() == self.whole
    }

    /// Makes it whole again, if nobody has the parts any more that were shared. Its bytes are any.
    pub fn reclaim(&mut self) -> bool {
        if self.is_whole() {
            return true;
        }
        self.bytes.clear();
        if !self.bytes.try_reclaim(self.whole) {
            return false;
        }
        // SAFETY: the memory was a `Box` of `whole` bytes, all of them initialised. `bytes` is the
        // only handle to it now, and has room for `whole` bytes, so it is all of it. None of it has
        // become anything else since: here it is only lent as `[u8]`, and whoever had a part had it
        // as `Bytes`, which nobody can write to while this handle is there.
        unsafe { self.bytes.set_len(self.whole) };
        true
    }

    /// Gives a part away, and forgets what lies before it: `self` is what lies behind it.
    pub(super) fn share(&mut self, part: Range<usize>) -> Bytes {
        let rest = self.bytes.split_off(part.end);
        let mut shared = std::mem::replace(&mut self.bytes, rest);
        shared.split_off(part.start).freeze()
    }
}

impl From<Box<[u8]>> for Storage {
    fn from(bytes: Box<[u8]>) -> Storage {
        Storage {
            whole: bytes.len(),
            // Not copied: nobody else owns it.
            bytes: Bytes::from(bytes).into(),
        }
    }
}

impl From<&[u8]> for Storage {
    fn from(bytes: &[u8]) -> Storage {
        Box::<[u8]>::from(bytes).into()
    }
}

/// Shows no bytes.
impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Storage")
            .field("len", &self.len())
            .field("whole_len", &self.whole)
            .finish_non_exhaustive()
    }
}

impl Deref for Storage {
    type Target = [u8];
    #[inline]
    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl DerefMut for Storage {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}
