//! UTF-8, as a whole and in pieces, against the standard library.
use std::borrow::Cow;

use arkws_proto::Utf8Bytes;
use arkws_proto::utf8::{self, Validator};
use bytes::{Bytes, BytesMut};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

/// Bytes at which UTF-8 decoders go wrong, and letters.
fn edge_bytes() -> impl Strategy<Value = Vec<u8>> {
    let edges = b"\x00Aa\x7F\x80\x8F\x90\x9F\xA0\xBF\xC0\xC1\xC2\xDF\xE0\xE1\xEC\xED\xEE\xEF\xF0\xF1\xF3\xF4\xF5\xF8\xFF";
    vec(proptest::sample::select(&edges[..]), 0..12)
}

/// Valid text, or text in which one byte was replaced.
fn nearly_text() -> impl Strategy<Value = Vec<u8>> {
    let chars = vec(
        prop_oneof![any::<char>(), proptest::char::range('a', 'z')],
        0..200,
    );
    (chars, proptest::option::of((any::<Index>(), any::<u8>()))).prop_map(|(chars, flip)| {
        let mut bytes = chars.into_iter().collect::<String>().into_bytes();
        if let Some((at, byte)) = flip
            && !bytes.is_empty()
        {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    })
}

proptest! {
    #[test]
    fn text_in_pieces_is_judged_like_the_whole_and_as_early_as_possible(
        text in prop_oneof![edge_bytes(), nearly_text()],
        cuts in vec(any::<Index>(), 0..6),
    ) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
        cuts.push(text.len());
        cuts.sort();
        let mut validator = Validator::new();
        let mut start = 0;
        for end in cuts {
            let so_far = std::str::from_utf8(&text[..end]);
            let hopeless = so_far.is_err_and(|error| error.error_len().is_some());
            let pushed = validator.push(&text[start..end]);
            prop_assert_eq!(pushed.is_err(), hopeless);
            if hopeless {
                return Ok(());
            }
            start = end;
        }
        prop_assert_eq!(validator.finish().is_ok(), std::str::from_utf8(&text).is_ok());
    }

    #[test]
    fn text_as_a_whole_is_judged_like_the_standard_library_does(
        text in prop_oneof![edge_bytes(), nearly_text()],
    ) {
        let expected = std::str::from_utf8(&text);
        prop_assert_eq!(utf8::is_valid(&text), expected.is_ok());
        let checked = Utf8Bytes::try_from(text.clone());
        prop_assert_eq!(checked.as_ref().map(Utf8Bytes::as_str).ok(), expected.ok());
        prop_assert_eq!(Utf8Bytes::try_from(BytesMut::from(&text[..])), checked);
    }
}

#[test]
fn a_validator_can_be_used_for_the_next_text() {
    let mut validator = Validator::default();
    validator.push(b"\xE2\x82").unwrap();
    assert!(validator.finish().is_err());
    validator.push("Grüße".as_bytes()).unwrap();
    assert!(validator.finish().is_ok());
}

#[test]
fn checked_text_converts_and_compares_like_a_string() {
    let text = Utf8Bytes::from("Grüße");
    assert_eq!(text, "Grüße");
    assert_eq!(text, *"Grüße");
    assert_eq!(text, String::from("Grüße"));
    assert_eq!(text, Utf8Bytes::from_static("Grüße"));
    assert_eq!(text, Utf8Bytes::from(String::from("Grüße")));
    assert_eq!(text, Utf8Bytes::try_from(Bytes::from("Grüße")).unwrap());
    assert_eq!(format!("{text} {text:?}"), r#"Grüße "Grüße""#);
    assert!(!text.is_ascii());
    assert_eq!(text.into_bytes(), "Grüße".as_bytes());
}

#[test]
fn checked_text_is_made_of_and_turns_into_what_holds_text() {
    let expected = Utf8Bytes::from_static("Grüße");
    let string = String::from("Grüße");
    for text in [
        Utf8Bytes::from(&string),
        Utf8Bytes::from(string.clone().into_boxed_str()),
        Utf8Bytes::from(Cow::Borrowed("Grüße")),
        Utf8Bytes::from(Cow::Owned(string.clone())),
        Utf8Bytes::try_from(string.clone().into_bytes()).unwrap(),
    ] {
        assert_eq!(text, expected);
    }
    assert_eq!(AsRef::<str>::as_ref(&expected), "Grüße");
    assert_eq!(AsRef::<[u8]>::as_ref(&expected), "Grüße".as_bytes());
    assert!(*"Grüße" == expected && "Grüße" == expected && string == expected);
    assert!(!(*"Grosse" == expected || "Grosse" == expected || String::new() == expected));
    assert_eq!(Bytes::from(expected.clone()), "Grüße".as_bytes());
    assert_eq!(String::from(expected), string);
}

#[test]
fn bytes_that_are_not_text_are_refused_with_the_place_of_the_error() {
    let error = Utf8Bytes::try_from(b"ab\xFFcd".to_vec()).unwrap_err();
    assert_eq!((error.valid_up_to(), error.error_len()), (2, Some(1)));
}
