//! Data that is compressed as a client does it (RFC 7692, 7.2.1).
use flate2::{Compress, Compression, FlushCompress};

/// As the payload of a compressed message; it refers to no other.
pub(super) fn deflated(data: &[u8]) -> Vec<u8> {
    let mut compress = Compress::new(Compression::default(), false);
    let mut out = Vec::with_capacity(data.len() + 1024);
    // With room for all of it this cannot fail.
    _ = compress.compress_vec(data, &mut out, FlushCompress::Sync);
    out.truncate(out.len().saturating_sub(4));
    out
}

/// ASCII letters in which nothing is repeated that could be compressed; the same in each run.
pub(super) fn noise(size: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_u32;
    let letters = std::iter::repeat_with(|| {
        // Xorshift (Marsaglia).
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        b'a' + (state >> 16) as u8 % 26
    });
    letters.take(size).collect()
}
