//! A few bytes as a string: what is rare and short need not be a buffer on its way to JavaScript.

/// A character for each byte.
pub(crate) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}
