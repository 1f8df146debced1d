//! Text for C: with a NUL at its end, and none in it.
use std::ffi::CString;

/// A text of the peer's, or of ours. A NUL in it would end it early: U+FFFD stands for it.
pub(crate) fn c_text(text: &str) -> CString {
    CString::new(text)
        .unwrap_or_else(|_| CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default())
}

/// The bytes of a message, and a NUL behind them.
pub(crate) fn with_nul(bytes: &[u8]) -> Vec<u8> {
    let mut data = Vec::with_capacity(bytes.len() + 1);
    data.extend_from_slice(bytes);
    data.push(0);
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_inside_does_not_cut_a_text() {
        assert_eq!(c_text("good\0bye").to_bytes(), "good\u{fffd}bye".as_bytes());
        assert_eq!(c_text("").to_bytes_with_nul(), b"\0");
        assert_eq!(with_nul(b"a\0b"), b"a\0b\0");
    }
}
