//! Any bytes as UTF-8, and any units as UTF-16: every conversion equals the standard library's.
use arkws_proto::Utf8Bytes;
use arkws_proto::utf8::{Validator, is_valid};
use bytes::Bytes;

use crate::input::{Cuts, Input};

#[path = "../../crates/node/src/text/latin1.rs"]
mod latin1;
#[expect(
    unsafe_code,
    reason = "vector instructions, and text that is known to be valid"
)]
#[path = "../../crates/node/src/text/utf16.rs"]
mod utf16;

/// What is said of bytes does not depend on how they come, and what is converted is the same text.
pub(crate) fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let cuts = Cuts::new(input.byte());
    let bytes = input.rest();

    let text = std::str::from_utf8(bytes);
    assert_eq!(is_valid(bytes), text.is_ok());
    assert_eq!(is_valid_in_pieces(bytes, cuts), text.is_ok());
    let shared = Utf8Bytes::try_from(Bytes::copy_from_slice(bytes));
    assert_eq!(shared.ok().as_deref(), text.ok());
    if let Ok(text) = text {
        let expected: Option<Vec<u8>> = text.chars().map(|char| u8::try_from(char).ok()).collect();
        let mut out = vec![0xAA; text.len()];
        let written = latin1::from_utf8(bytes, &mut out);
        assert_eq!(written.map(|len| out[..len].to_vec()), expected);
        let units: Vec<u16> = text.encode_utf16().collect();
        assert_eq!(utf16::to_string(&units), text);
    }

    let pairs = bytes
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    let units: Vec<u16> = pairs.collect();
    let expected = String::from_utf16_lossy(&units);
    let mut out = vec![0xAA; units.len() * utf16::UTF8_PER_UNIT];
    assert_eq!(utf16::to_utf8(&units, &mut out), expected);
    assert_eq!(utf16::to_string(&units), expected);
}

fn is_valid_in_pieces(mut bytes: &[u8], cuts: Cuts) -> bool {
    let mut validator = Validator::new();
    for len in cuts {
        let (piece, rest) = bytes.split_at(len.min(bytes.len()));
        if validator.push(piece).is_err() {
            return false;
        }
        bytes = rest;
        if bytes.is_empty() {
            break;
        }
    }
    validator.finish().is_ok()
}
