//! permessage-deflate (RFC 7692) by hand, for the counterpart: context takeover, 15-bit windows.
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};

/// RFC 7692, 7.2.1: what a sender leaves away and a receiver puts back.
const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

/// A stream of compressed messages that has no end: the first time round, and all later times. They
/// differ because a later one refers back to the end of the time before; more than that, 32 KiB, a
/// compressor does not remember.
pub fn endless(messages: &[Vec<u8>]) -> [Vec<Vec<u8>>; 2] {
    let mut context = Compress::new(Compression::new(6), false);
    let mut round = || {
        let compress = |message: &Vec<u8>| {
            let mut out = Vec::with_capacity(message.len() + 64);
            context
                .compress_vec(message, &mut out, FlushCompress::Sync)
                .expect("compresses");
            assert!(out.ends_with(&TAIL) && out.len() < out.capacity());
            out.truncate(out.len() - TAIL.len());
            out
        };
        messages.iter().map(compress).collect::<Vec<_>>()
    };
    let total: usize = messages.iter().map(Vec::len).sum();
    assert!(total > 32 << 10, "too few messages to fill the window");
    [round(), round()]
}

/// Decompresses the messages of one connection.
pub struct Inflater {
    context: Decompress,
    out: Vec<u8>,
}

impl Inflater {
    /// For messages of at most `size` bytes.
    pub fn new(size: usize) -> Inflater {
        Inflater {
            context: Decompress::new(false),
            out: Vec::with_capacity(size + 64),
        }
    }

    /// One message.
    pub fn message(&mut self, compressed: &[u8]) -> &[u8] {
        self.out.clear();
        for part in [compressed, &TAIL] {
            self.context
                .decompress_vec(part, &mut self.out, FlushDecompress::Sync)
                .expect("inflates");
        }
        &self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::Content;

    #[test]
    fn an_endless_stream_inflates_to_its_messages_time_and_again() {
        let messages = Content::Json.messages(1024);
        let [first, later] = endless(&messages);
        let mut inflater = Inflater::new(1024);
        for round in [&first, &later, &later] {
            for (message, compressed) in messages.iter().zip(round) {
                assert_eq!(inflater.message(compressed), message);
            }
        }
    }
}
