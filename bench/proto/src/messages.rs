//! Contents of messages: the same in every run.
use std::fmt::Write;

/// Numbers that look random. xorshift64: good enough for contents.
struct Numbers(u64);

impl Numbers {
    fn new(seed: usize) -> Numbers {
        Numbers(0x9E37_79B9_7F4A_7C15 ^ seed as u64)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// Bytes of all values.
pub(crate) fn random(len: usize) -> Vec<u8> {
    let mut numbers = Numbers::new(len);
    (0..len).map(|_| numbers.next() as u8).collect()
}

/// Text of `len` bytes, all ASCII.
pub(crate) fn ascii(len: usize) -> String {
    "The quick brown fox jumps over the lazy dog. "
        .chars()
        .cycle()
        .take(len)
        .collect()
}

/// Text of `len` bytes with characters of one to four bytes.
pub(crate) fn mixed(len: usize) -> String {
    fill(len, |text, _| {
        text.push_str("Grüße, 鸿蒙 ✓ 👋 and plain words between. ");
    })
}

/// JSON of `len` bytes: records that differ from each other, and from those of every other `page`.
pub(crate) fn json(len: usize, page: usize) -> String {
    let mut numbers = Numbers::new(page);
    fill(len, |text, record| {
        let separator = if record == 0 { '[' } else { ',' };
        let [price, amount] = [numbers.next() % 1_000_000, numbers.next() % 10_000];
        let side = ["buy", "sell"][(numbers.next() % 2) as usize];
        let id = page * 1000 + record;
        write!(
            text,
            "{separator}{{\"id\":{id},\"side\":\"{side}\",\"price\":{}.{:02},\"amount\":{amount},\"symbol\":\"ARK-{}\"}}",
            price / 100,
            price % 100,
            numbers.next() % 50
        )
        .expect("a string takes everything");
    })
}

/// Adds pieces until the text is `len` bytes long; spaces replace a character that does not fit.
fn fill(len: usize, mut add: impl FnMut(&mut String, usize)) -> String {
    let mut text = String::with_capacity(2 * len);
    for piece in 0.. {
        if text.len() >= len {
            break;
        }
        add(&mut text, piece);
    }
    text.truncate(text.floor_char_boundary(len));
    text.push_str(&" ".repeat(len - text.len()));
    text
}
