//! From UTF-16, in which Node-API gives any string fastest, to UTF-8.
//!
//! On x86-64 with AVX2, 16 units at a time: each is written as UTF-8 into a lane of its own, and a
//! shuffle moves together what is text of all lanes. `encoding_rs`, which does the rest, takes two
//! to four times as long: it goes from one run of ASCII to the next, and those are short in most
//! languages.
use encoding_rs::mem;

/// Bytes of UTF-8 per unit, at most.
pub(crate) const UTF8_PER_UNIT: usize = 3;

/// Writes `units` to `out` and returns what is text of it. A lone surrogate becomes U+FFFD.
///
/// # Panics
/// If `out` has less than [`UTF8_PER_UNIT`] bytes for each unit.
pub(crate) fn to_utf8<'a>(units: &[u16], out: &'a mut [u8]) -> &'a str {
    let (read, written) = blocks(units, out);
    let rest = mem::convert_utf16_to_utf8(&units[read..], &mut out[written..]);
    let text = &out[..written + rest];
    debug_assert!(str::from_utf8(text).is_ok());
    // SAFETY: `text` is what two conversions wrote, one behind the other. `mem` writes UTF-8, and
    // so does `blocks`, which ends between two characters: behind a block without surrogates, or
    // behind a unit that is not the first half of a pair. (`tests/text.rs` compares it with the
    // standard library, also where blocks meet within a pair.)
    unsafe { str::from_utf8_unchecked(text) }
}

/// Long text, in memory of its own.
pub(crate) fn to_string(units: &[u16]) -> String {
    if units.iter().fold(0, |all, unit| all | unit) < 0x80 {
        let ascii = units.iter().map(|unit| *unit as u8).collect();
        // SAFETY: no unit has a bit above the lowest seven: each is an ASCII character, and so
        // valid UTF-8.
        return unsafe { String::from_utf8_unchecked(ascii) };
    }
    let mut utf8 = vec![0; UTF8_PER_UNIT * units.len()];
    to_utf8(units, &mut utf8).to_owned()
}

/// Writes a part of `units`, from their beginning; returns how many units that was, and how many
/// bytes.
#[cfg(target_arch = "x86_64")]
fn blocks(units: &[u16], out: &mut [u8]) -> (usize, usize) {
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("popcnt") {
        // SAFETY: this processor has both features that it is compiled for, as was just asked.
        unsafe { avx2::blocks(units, out) }
    } else {
        (0, 0)
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn blocks(_: &[u16], _: &mut [u8]) -> (usize, usize) {
    (0, 0)
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::*;

    use encoding_rs::mem;

    /// Bytes of a vector.
    const VECTOR: usize = 16;
    /// Units of a block: two vectors of them.
    const BLOCK: usize = VECTOR;
    /// Bytes of which a block may write any: the vectors that are written overlap, and the last
    /// begins behind at most twelve characters of three bytes.
    const ROOM: usize = 3 * (BLOCK - 4) + VECTOR;

    /// Moves together what is text in lanes of two bytes; in lanes of four. Bit L of the index:
    /// lane L has more than one byte of text. The bits above those: it has more than two.
    static LANES_OF_2: [[u8; VECTOR]; 256] = shuffles(2);
    static LANES_OF_4: [[u8; VECTOR]; 256] = shuffles(4);

    const fn shuffles(width: usize) -> [[u8; VECTOR]; 256] {
        let lanes = VECTOR / width;
        let mut shuffles = [[0; VECTOR]; 256];
        let mut index = 0;
        while index < shuffles.len() {
            let (mut lane, mut to) = (0, 0);
            while lane < lanes {
                let text = 1 + (index >> lane & 1) + (index >> (lanes + lane) & 1);
                let mut byte = 0;
                while byte < text {
                    shuffles[index][to] = (width * lane + byte) as u8;
                    to += 1;
                    byte += 1;
                }
                lane += 1;
            }
            index += 1;
        }
        shuffles
    }

    /// See [`super::blocks`]: all that are whole and find room.
    #[target_feature(enable = "avx2,popcnt")]
    pub(super) fn blocks(units: &[u16], out: &mut [u8]) -> (usize, usize) {
        let (mut read, mut written) = (0, 0);
        while let Some(block) = units[read..].first_chunk()
            && let Some(room) = out[written..].first_chunk_mut()
        {
            if let Some(bytes) = convert(block, room) {
                read += BLOCK;
                written += bytes;
                continue;
            }
            // Not between the two surrogates of a character.
            let mut end = read + BLOCK;
            while end < units.len() && matches!(units[end - 1], 0xD800..0xDC00) {
                end += 1;
            }
            written += mem::convert_utf16_to_utf8(&units[read..end], &mut out[written..]);
            read = end;
        }
        (read, written)
    }

    /// Returns how many bytes are text. `None`: there are surrogates.
    #[target_feature(enable = "avx2,popcnt")]
    fn convert(block: &[u16; BLOCK], room: &mut [u8; ROOM]) -> Option<usize> {
        let (low, high) = load(block);
        let any = _mm_or_si128(low, high);
        if none_of(any, 0xFF80) {
            store(_mm_packus_epi16(low, high), room, 0);
            return Some(BLOCK);
        }
        if none_of(any, 0xF800) {
            let written = up_to_2(low, room, 0);
            return Some(up_to_2(high, room, written));
        }
        if has_surrogates(low) || has_surrogates(high) {
            return None;
        }
        let zero = _mm_setzero_si128();
        let mut written = 0;
        written = up_to_3(_mm_unpacklo_epi16(low, zero), room, written);
        written = up_to_3(_mm_unpackhi_epi16(low, zero), room, written);
        written = up_to_3(_mm_unpacklo_epi16(high, zero), room, written);
        written = up_to_3(_mm_unpackhi_epi16(high, zero), room, written);
        Some(written)
    }

    /// Whether no unit has one of `bits`.
    #[target_feature(enable = "avx2,popcnt")]
    fn none_of(units: __m128i, bits: u16) -> bool {
        _mm_testz_si128(units, _mm_set1_epi16(bits.cast_signed())) == 1
    }

    #[target_feature(enable = "avx2,popcnt")]
    fn has_surrogates(units: __m128i) -> bool {
        let kind = _mm_and_si128(units, _mm_set1_epi16(0xF800_u16.cast_signed()));
        let surrogates = _mm_cmpeq_epi16(kind, _mm_set1_epi16(0xD800_u16.cast_signed()));
        _mm_testz_si128(surrogates, surrogates) == 0
    }

    /// Eight characters below U+0800 (RFC 3629, 3); returns where their text ends that begins at
    /// `at`.
    #[target_feature(enable = "avx2,popcnt")]
    fn up_to_2(units: __m128i, room: &mut [u8; ROOM], at: usize) -> usize {
        let last = _mm_and_si128(units, _mm_set1_epi16(0x3F));
        // 110xxxxx 10xxxxxx, the first byte in the lower half of the lane.
        let two = _mm_or_si128(_mm_srli_epi16(units, 6), _mm_slli_epi16(last, 8));
        let two = _mm_or_si128(two, _mm_set1_epi16(0x80C0_u16.cast_signed()));
        let is_two = _mm_cmpgt_epi16(units, _mm_set1_epi16(0x7F));
        let lanes = _mm_blendv_epi8(units, two, is_two);
        let more = _mm_movemask_epi8(_mm_packs_epi16(is_two, _mm_setzero_si128()));
        store(shuffle(lanes, &LANES_OF_2[more as usize]), room, at);
        at + 8 + more.count_ones() as usize
    }

    /// Four characters below U+10000; see [`up_to_2`].
    #[target_feature(enable = "avx2,popcnt")]
    fn up_to_3(units: __m128i, room: &mut [u8; ROOM], at: usize) -> usize {
        let six = _mm_set1_epi32(0x3F);
        let last = _mm_and_si128(units, six);
        let above = _mm_srli_epi32(units, 6);
        let two = _mm_or_si128(above, _mm_slli_epi32(last, 8));
        let two = _mm_or_si128(two, _mm_set1_epi32(0x80C0));
        // 1110xxxx 10xxxxxx 10xxxxxx.
        let middle = _mm_slli_epi32(_mm_and_si128(above, six), 8);
        let three = _mm_or_si128(_mm_srli_epi32(units, 12), _mm_slli_epi32(last, 16));
        let three = _mm_or_si128(_mm_or_si128(three, middle), _mm_set1_epi32(0x80_80E0));
        let is_two = _mm_cmpgt_epi32(units, _mm_set1_epi32(0x7F));
        let is_three = _mm_cmpgt_epi32(units, _mm_set1_epi32(0x7FF));
        let lanes = _mm_blendv_epi8(_mm_blendv_epi8(units, two, is_two), three, is_three);
        let more = _mm_movemask_ps(_mm_castsi128_ps(is_two))
            | _mm_movemask_ps(_mm_castsi128_ps(is_three)) << 4;
        store(shuffle(lanes, &LANES_OF_4[more as usize]), room, at);
        at + 4 + more.count_ones() as usize
    }

    #[target_feature(enable = "avx2,popcnt")]
    fn shuffle(lanes: __m128i, shuffle: &[u8; VECTOR]) -> __m128i {
        // SAFETY: the array is as long as a vector (`VECTOR`), which this may read from any
        // address.
        _mm_shuffle_epi8(lanes, unsafe { _mm_loadu_si128(shuffle.as_ptr().cast()) })
    }

    #[target_feature(enable = "avx2,popcnt")]
    fn load(block: &[u16; BLOCK]) -> (__m128i, __m128i) {
        let block = block.as_ptr().cast::<__m128i>();
        // SAFETY: `BLOCK` units are two vectors long, which this may read from any address.
        unsafe { (_mm_loadu_si128(block), _mm_loadu_si128(block.add(1))) }
    }

    #[target_feature(enable = "avx2,popcnt")]
    fn store(vector: __m128i, room: &mut [u8; ROOM], at: usize) {
        let to = &mut room[at..at + VECTOR];
        // SAFETY: `to` is as long as a vector (`VECTOR`), which this may write to any address.
        unsafe { _mm_storeu_si128(to.as_mut_ptr().cast(), vector) };
    }
}
