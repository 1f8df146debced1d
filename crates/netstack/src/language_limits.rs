//! What the language of a binding has no value for.

/// The largest values of the language that messages are handed to. A message that would be larger
/// ends its connection with 1009, on the network thread: the language is never asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LanguageLimits {
    /// Units of UTF-16 in a string. Default: as many as there may be.
    pub max_text_units: usize,
    /// Bytes in a buffer; no message may be longer, whatever
    /// [`max_message_size`](crate::RequestOptions::max_message_size) says. Default: as many as
    /// there may be.
    pub max_binary_bytes: usize,
}

impl Default for LanguageLimits {
    fn default() -> Self {
        LanguageLimits {
            max_text_units: usize::MAX,
            max_binary_bytes: usize::MAX,
        }
    }
}

impl LanguageLimits {
    /// Why the language has no string for this text; `None`: it has one.
    #[inline]
    pub(crate) fn refuse_text(self, text: &str) -> Option<String> {
        // A unit takes a byte of UTF-8 at least.
        if text.len() <= self.max_text_units {
            return None;
        }
        self.refuse_long_text(text)
    }

    #[cold]
    fn refuse_long_text(self, text: &str) -> Option<String> {
        // A character is one unit, or two if it takes four bytes.
        let begins = |byte: u8| usize::from(byte & 0xC0 != 0x80) + usize::from(byte >= 0xF0);
        let units: usize = text.bytes().map(begins).sum();
        let limit = self.max_text_units;
        (units > limit).then(|| {
            format!(
                "a text message of {units} UTF-16 units is longer than a string can be here: \
                 {limit}, which no option changes"
            )
        })
    }

    /// The limit for messages, of which the program has asked for `wanted`.
    pub(crate) fn cap(self, wanted: usize) -> usize {
        wanted.min(self.max_binary_bytes)
    }
}
