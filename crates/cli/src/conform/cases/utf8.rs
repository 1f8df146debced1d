//! Text is UTF-8, whole messages of it (RFC 6455, 5.6 and 8.1; RFC 3629).
use crate::conform::case::{Case, must, should};
use crate::conform::frame::{TEXT, continuation, fragments, ping, text, together};

const TEXT_IS_UTF8: &str = "RFC 6455, 8.1";
const BAD: &[u16] = &[1007];

/// Characters at the ends of ranges, which are all right.
const GOOD: &[(&str, &str)] = &[
    ("nul", "\0"),
    ("1-byte", "\u{7f}"),
    ("2-bytes-first", "\u{80}"),
    ("2-bytes-last", "\u{7ff}"),
    ("3-bytes-first", "\u{800}"),
    ("before-surrogates", "\u{d7ff}"),
    ("behind-surrogates", "\u{e000}"),
    ("replacement", "\u{fffd}"),
    ("no-characters", "\u{fdd0}\u{fffe}\u{ffff}"),
    ("byte-order-mark", "\u{feff}a\u{feff}"),
    ("4-bytes-first", "\u{10000}"),
    ("4-bytes-last", "\u{10ffff}"),
];

/// What is no UTF-8.
const WRONG: &[(&str, &str, &[u8])] = &[
    ("continuation", "a continuation byte by itself", b"\x80"),
    (
        "continuation-last",
        "the last continuation byte by itself",
        b"a\xbf",
    ),
    ("overlong-2", "NUL in two bytes", b"\xc0\x80"),
    ("overlong-slash", "a slash in two bytes", b"\xc0\xaf"),
    ("overlong-2-last", "U+007F in two bytes", b"\xc1\xbf"),
    ("overlong-3", "NUL in three bytes", b"\xe0\x80\x80"),
    ("overlong-3-last", "U+07FF in three bytes", b"\xe0\x9f\xbf"),
    ("overlong-4", "NUL in four bytes", b"\xf0\x80\x80\x80"),
    (
        "overlong-4-last",
        "U+FFFF in four bytes",
        b"\xf0\x8f\xbf\xbf",
    ),
    ("surrogate-first", "U+D800", b"\xed\xa0\x80"),
    ("surrogate-last", "U+DFFF", b"\xed\xbf\xbf"),
    (
        "surrogate-pair",
        "a pair of surrogates",
        b"\xed\xa0\xbd\xed\xb8\x80",
    ),
    ("beyond", "U+110000", b"\xf4\x90\x80\x80"),
    (
        "beyond-f5",
        "a character that begins with F5",
        b"\xf5\x80\x80\x80",
    ),
    (
        "5-bytes",
        "a character in five bytes",
        b"\xf8\x88\x80\x80\x80",
    ),
    (
        "6-bytes",
        "a character in six bytes",
        b"\xfc\x84\x80\x80\x80\x80",
    ),
    ("fe", "the byte FE", b"\xfe"),
    ("ff", "the byte FF", b"\xff"),
    (
        "cut-2",
        "a character of two bytes without its second",
        b"a\xc3",
    ),
    (
        "cut-3",
        "a character of three bytes without its third",
        b"a\xe2\x82",
    ),
    (
        "cut-4",
        "a character of four bytes without its fourth",
        b"a\xf0\x9f\x98",
    ),
    (
        "cut-before-ascii",
        "a character cut by a letter",
        b"\xe2\x82a",
    ),
    (
        "cut-before-character",
        "a character cut by another",
        b"\xf0\x9f\xe2\x82\xac",
    ),
    ("latin-1", "ISO 8859-1", b"caf\xe9 au lait"),
    (
        "behind-much",
        "a wrong byte behind 1000 right ones",
        &BEHIND_MUCH,
    ),
];

const BEHIND_MUCH: [u8; 1001] = {
    let mut bytes = [b'a'; 1001];
    bytes[1000] = 0xff;
    bytes
};

pub(super) fn cases() -> Vec<Case> {
    let good = GOOD.iter().map(|(name, characters)| {
        let title = format!("{} comes back", characters.escape_unicode());
        must(format!("good-{name}"), "RFC 6455, 5.6", title)
            .send(text(characters))
            .text(*characters)
    });
    let wrong = WRONG.iter().map(|(name, words, bytes)| {
        must(*name, TEXT_IS_UTF8, format!("{words} fails the connection"))
            .send(text(bytes))
            .fails(BAD)
    });
    good.chain(wrong).chain(over_fragments()).collect()
}

fn over_fragments() -> Vec<Case> {
    let grin = "a\u{1f600}z".as_bytes();
    let split = (2..5).map(|at| {
        let title = format!(
            "a character that fragments split behind {} bytes comes back",
            at - 1
        );
        must(format!("split-{}", at - 1), "RFC 6455, 5.6", title)
            .send(fragments(TEXT, &[&grin[..at], &grin[at..]]))
            .text(grin)
    });
    let mut cases = split.collect::<Vec<_>>();
    let fails = |name, title, parts: &[&[u8]]| {
        must(name, TEXT_IS_UTF8, title)
            .send(fragments(TEXT, parts))
            .fails(BAD)
    };
    cases.extend([
        must(
            "split-by-bytes",
            "RFC 6455, 5.6",
            "a character with each byte in a fragment comes back",
        )
        .send(fragments(TEXT, &[b"\xf0", b"\x9f", b"\x98", b"\x80"]))
        .text("\u{1f600}"),
        must(
            "split-by-ping",
            "RFC 6455, 5.6",
            "a character with a ping in it comes back",
        )
        .send(together([
            text(b"\xe2\x82").unfinished(),
            ping("in it"),
            continuation(b"\xac"),
        ]))
        .text_and_pong("\u{20ac}", "in it"),
        fails(
            "second-fragment",
            "a wrong byte in the second fragment fails the connection",
            &[b"right", b"wr\xffng"],
        ),
        fails(
            "split-wrong",
            "a surrogate over two fragments fails the connection",
            &[b"\xed", b"\xa0\x80"],
        ),
        fails(
            "split-overlong",
            "an overlong slash over two fragments fails the connection",
            &[b"\xc0", b"\xaf"],
        ),
        fails(
            "split-unfinished",
            "a character that the last fragment cuts fails the connection",
            &[b"a", b"\xe2\x82"],
        ),
        fails(
            "split-empty-last",
            "a character that an empty last fragment leaves cut fails the connection",
            &[b"a\xe2\x82", b""],
        ),
        must(
            "each-message",
            "RFC 6455, 5.6",
            "a character does not go on in the next message",
        )
        .send(together([text(b"\xe2\x82"), text(b"\xac")]))
        .fails(BAD),
        must(
            "binary-is-free",
            "RFC 6455, 5.6",
            "what is no UTF-8 comes back in a binary message",
        )
        .send(crate::conform::frame::binary(b"\xc0\xff\xed\xa0\x80"))
        .binary(*b"\xc0\xff\xed\xa0\x80"),
        should(
            "at-once-fragment",
            TEXT_IS_UTF8,
            "a wrong byte fails the connection before the next fragment has come",
        )
        .send(text(b"wr\xffng").unfinished())
        .fails_at_once(BAD),
        should(
            "at-once-frame",
            TEXT_IS_UTF8,
            "a wrong byte fails the connection before the rest of the frame has come",
        )
        .send(text([b'a'; 100]).first(6))
        .send(mask_at_0(&[0xff; 10]))
        .fails_at_once(BAD),
        should(
            "at-once-surrogate",
            TEXT_IS_UTF8,
            "the second byte of a surrogate fails the connection before the third has come",
        )
        .send(text(b"\xed\xa0").unfinished())
        .fails_at_once(BAD),
    ]);
    cases
}

/// The first bytes of a payload, masked as all frames are.
fn mask_at_0(payload: &[u8]) -> Vec<u8> {
    Vec::from(text(payload)).split_off(6)
}
