//! The conversions of text, which need no JavaScript: each equals what the standard library says.
use proptest::collection::vec;
use proptest::prelude::*;

#[path = "../src/text/latin1.rs"]
mod latin1;
#[path = "../src/text/utf16.rs"]
mod utf16;

/// Units of one width, of all widths, and surrogates in any order: what takes a way of its own.
fn units() -> impl Strategy<Value = Vec<u16>> {
    let unit = prop_oneof![
        8 => 0_u16..0x80,
        4 => 0x80_u16..0x800,
        4 => 0x800_u16..0xD800,
        1 => 0xD800_u16..0xE000,
        1 => 0xE000_u16..=0xFFFF,
    ];
    let narrow = prop_oneof![9 => 0_u16..0x80, 1 => 0x80_u16..0x800];
    let wide = prop_oneof![9 => 0x800_u16..0xD800, 1 => 0xD800_u16..0xE000];
    prop_oneof![vec(narrow, 0..100), vec(wide, 0..100), vec(unit, 0..100)]
}

proptest! {
    // Miri takes a thousand times as long.
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 4096 }))]

    #[test]
    fn utf_16_becomes_utf_8_and_lone_surrogates_the_replacement_character(units in units()) {
        let mut out = vec![0xAA; units.len() * utf16::UTF8_PER_UNIT];
        let expected = String::from_utf16_lossy(&units);
        prop_assert_eq!(utf16::to_utf8(&units, &mut out), &expected);
        prop_assert_eq!(utf16::to_string(&units), expected);
    }

    #[test]
    fn utf_8_becomes_latin_1_if_all_of_it_is(text in "([a-z]{0,12}[\u{80}-\u{ff}]{0,3}){0,8}[\u{100}-\u{7ff}]?[ -é]{0,9}") {
        let expected: Option<Vec<u8>> = text.chars().map(|char| u8::try_from(char).ok()).collect();
        let mut out = vec![0xAA; text.len()];
        let written = latin1::from_utf8(text.as_bytes(), &mut out);
        prop_assert_eq!(written.map(|length| out[..length].to_vec()), expected);
    }
}

#[test]
fn a_character_of_two_units_may_lie_across_any_boundary() {
    for fill in [0x41_u16, 0xE9, 0x20AC] {
        for at in 0..70 {
            for pair in [
                [0xD83D, 0xDC3B],
                [0xDC3B, 0xD83D],
                [0xD83D, 0xD83D],
                [0xD83D, 0x41],
            ] {
                let mut units = vec![fill; 72];
                units[at..at + 2].copy_from_slice(&pair);
                let mut out = vec![0; units.len() * utf16::UTF8_PER_UNIT];
                let expected = String::from_utf16_lossy(&units);
                assert_eq!(utf16::to_utf8(&units, &mut out), expected);
            }
        }
    }
}
