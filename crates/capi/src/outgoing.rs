//! Messages and close frames on their way out.
use arkws_netstack::{CloseCode, CloseFrame};

/// A close frame; 1000 stands for a code that none may carry.
pub(crate) fn close_frame(code: u32, reason: &str) -> CloseFrame {
    let code = u16::try_from(code).ok().and_then(CloseCode::new);
    CloseFrame::new(code.unwrap_or(CloseCode::NORMAL), reason)
}

/// What to send, as what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outgoing<'a> {
    Text(&'a str),
    Binary(&'a [u8]),
}

impl<'a> Outgoing<'a> {
    /// As text if it is valid UTF-8 without a NUL, else as binary.
    pub(crate) fn guessed(bytes: &'a [u8]) -> Outgoing<'a> {
        match std::str::from_utf8(bytes) {
            Ok(text) if !bytes.contains(&0) => Outgoing::Text(text),
            _ => Outgoing::Binary(bytes),
        }
    }

    pub(crate) fn bytes(self) -> usize {
        match self {
            Outgoing::Text(text) => text.len(),
            Outgoing::Binary(data) => data.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_what_is_utf8_without_a_nul() {
        let euro = "3 €".as_bytes();
        assert_eq!(Outgoing::guessed(euro), Outgoing::Text("3 €"));
        for bytes in [b"a\0b".as_slice(), b"\0", b"abc\0", b"\xff", &euro[..3]] {
            assert_eq!(Outgoing::guessed(bytes), Outgoing::Binary(bytes));
        }
    }
}
