//! Masking (RFC 6455, 5.3) and masking keys (10.3).

/// A fresh, unpredictable masking key from a cryptographic generator.
pub fn fresh_key() -> [u8; 4] {
    todo!()
}

/// Masks or unmasks in place; `offset` is the position of `payload[0]` within the frame's payload.
pub fn apply(payload: &mut [u8], key: [u8; 4], offset: usize) {
    let _ = (payload, key, offset);
    todo!()
}
