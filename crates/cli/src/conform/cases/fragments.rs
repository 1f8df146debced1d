//! Messages in fragments (RFC 6455, 5.4).
use crate::conform::case::{Case, must, should};
use crate::conform::frame::{
    BINARY, TEXT, binary, continuation, fragments, ping, pong, text, together,
};

const PROTOCOL: &[u16] = &[1002];
const FRAGMENTS: &str = "RFC 6455, 5.4";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = fragmented();
    cases.extend(mixed_up());
    cases
}

/// What comes back.
fn fragmented() -> Vec<Case> {
    let comes_back = |name, title, parts: &[&[u8]]| {
        must(name, FRAGMENTS, title)
            .send(fragments(TEXT, parts))
            .text(parts.concat())
    };
    vec![
        comes_back(
            "fragments-2",
            "a message of two fragments comes back",
            &[b"Hel", b"lo"],
        ),
        comes_back(
            "fragments-of-1",
            "a message with one byte in each fragment comes back",
            &[b"H", b"e", b"l", b"l", b"o"],
        ),
        comes_back(
            "fragments-empty-first",
            "a message whose first fragment is empty comes back",
            &[b"", b"Hello"],
        ),
        comes_back(
            "fragments-empty-middle",
            "a message with empty fragments between comes back",
            &[b"H", b"", b"", b"i"],
        ),
        comes_back(
            "fragments-empty-last",
            "a message whose last fragment is empty comes back",
            &[b"Hello", b""],
        ),
        comes_back(
            "fragments-all-empty",
            "a message of empty fragments comes back",
            &[b"", b"", b""],
        ),
        must("fragments-binary", FRAGMENTS, "a binary message stays one")
            .send(fragments(BINARY, &[b"\xff", b"\x00", b"\xfe"]))
            .binary(*b"\xff\x00\xfe"),
        must(
            "fragments-byte-by-byte",
            FRAGMENTS,
            "fragments that come byte by byte come back",
        )
        .drip(fragments(TEXT, &[b"Hel", b"", b"lo"]))
        .text("Hello"),
        must(
            "fragments-large",
            FRAGMENTS,
            "fragments of each form of length come back",
        )
        .send(fragments(
            BINARY,
            &[&[1; 125], &[2; 126], &vec![3; 65_536], &[4]],
        ))
        .binary([&[1; 125][..], &[2; 126], &vec![3; 65_536], &[4]].concat()),
        must("fragments-256", FRAGMENTS, "256 fragments come back")
            .send(fragments(BINARY, &[&b"x"[..]; 256]))
            .binary([b'x'; 256]),
        must(
            "fragments-twice",
            FRAGMENTS,
            "two messages in fragments come back",
        )
        .send(
            [
                fragments(TEXT, &[b"a", b"b"]),
                fragments(BINARY, &[b"c", b"d"]),
            ]
            .concat(),
        )
        .text("ab")
        .binary("cd"),
        must(
            "ping-between-fragments",
            FRAGMENTS,
            "a ping between fragments is answered, and the message comes back",
        )
        .send(together([
            text("Hel").unfinished(),
            ping("between"),
            continuation("lo"),
        ]))
        .text_and_pong("Hello", "between"),
        should(
            "ping-before-rest",
            "RFC 6455, 5.5.2",
            "a ping between fragments is answered before the rest has come",
        )
        .send(together([text("Hel").unfinished(), ping("between")]))
        .pong("between")
        .send(continuation("lo"))
        .text("Hello"),
        must(
            "pongs-between-fragments",
            FRAGMENTS,
            "pongs between fragments are ignored",
        )
        .send(together([
            text("Hel").unfinished(),
            pong("a"),
            continuation("").unfinished(),
            pong(""),
            continuation("lo"),
        ]))
        .text("Hello"),
    ]
}

/// What is no message.
fn mixed_up() -> Vec<Case> {
    vec![
        must(
            "continuation-alone",
            FRAGMENTS,
            "a continuation of nothing fails the connection",
        )
        .send(continuation("x"))
        .fails(PROTOCOL),
        must(
            "continuation-alone-empty",
            FRAGMENTS,
            "an empty continuation of nothing fails the connection",
        )
        .send(continuation(""))
        .fails(PROTOCOL),
        must(
            "continuation-unfinished-alone",
            FRAGMENTS,
            "a continuation of nothing that is not the last fails the connection",
        )
        .send(continuation("x").unfinished())
        .fails(PROTOCOL),
        must(
            "continuation-of-finished",
            FRAGMENTS,
            "a continuation behind a whole message fails the connection",
        )
        .send(text("a"))
        .text("a")
        .send(continuation("b"))
        .fails(PROTOCOL),
        must(
            "continuation-of-fragments",
            FRAGMENTS,
            "a continuation behind the last fragment fails the connection",
        )
        .send(fragments(TEXT, &[b"a", b"b"]))
        .text("ab")
        .send(continuation("c"))
        .fails(PROTOCOL),
        must(
            "text-in-text",
            FRAGMENTS,
            "a text message between fragments fails the connection",
        )
        .send(together([text("a").unfinished(), text("b")]))
        .fails(PROTOCOL),
        must(
            "binary-in-text",
            FRAGMENTS,
            "a binary message between fragments fails the connection",
        )
        .send(together([text("a").unfinished(), binary("b")]))
        .fails(PROTOCOL),
        must(
            "text-in-binary",
            FRAGMENTS,
            "the first fragment of another message between fragments fails the connection",
        )
        .send(together([binary("a").unfinished(), text("b").unfinished()]))
        .fails(PROTOCOL),
    ]
}
