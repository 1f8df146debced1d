//! From UTF-8 to Latin-1, the form of most strings in JavaScript.
//!
//! In one pass, eight bytes at a time where they are ASCII. (`encoding_rs` looks at the text first
//! and takes a third longer for prose with accents.)

/// The bytes that are looked at together.
const WORD: usize = 8;
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

/// Writes `text`, which is valid UTF-8, to `out`, which is as long, and returns how many bytes that
/// took; `None`: a character is beyond U+00FF.
pub(crate) fn from_utf8(text: &[u8], out: &mut [u8]) -> Option<usize> {
    let (mut read, mut written) = (0, 0);
    while let Some(&first) = text.get(read) {
        if let Some(word) = text[read..].first_chunk::<WORD>()
            && let Some(room) = out[written..].first_chunk_mut()
        {
            *room = *word;
            let high = u64::from_le_bytes(*word) & HIGH_BITS;
            // 8 if all are ASCII.
            let ascii = high.trailing_zeros() as usize / WORD;
            read += ascii;
            written += ascii;
            if ascii > 0 {
                continue;
            }
        }
        let (character, length) = match first {
            0..0x80 => (first, 1),
            // RFC 3629, 3: 110000xx 10xxxxxx are U+0080 to U+00FF.
            0xC2 | 0xC3 => (first << 6 | text[read + 1] & 0x3F, 2),
            _ => return None,
        };
        out[written] = character;
        read += length;
        written += 1;
    }
    Some(written)
}
