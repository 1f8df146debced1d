//! Messages with compression: permessage-deflate (RFC 7692, 6 and 7.2).
use crate::conform::case::{Case, must};
use crate::conform::deflated::{deflated, noise};
use crate::conform::frame::{BINARY, TEXT, binary, continuation, frame, ping, text, together};

const BIT: &str = "RFC 7692, 6.1";
const PROTOCOL: &[u16] = &[1002];
/// What cannot be inflated: implementations differ, and the RFC has no code for it.
const CORRUPT: &[u16] = &[1002, 1003, 1007, 1011];

/// "Hello", as RFC 7692, 7.2.3.1 has it.
const HELLO: &[u8] = b"\xf2\x48\xcd\xc9\xc9\x07\x00";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = messages();
    cases.extend(contexts());
    cases.extend(bits());
    cases.extend(corrupt());
    cases
}

/// Messages that are compressed in each way (RFC 7692, 7.2.3).
fn messages() -> Vec<Case> {
    let hello = |name, section, title, data: &[u8]| {
        must(name, section, title)
            .compressed()
            .send(text(data).rsv(4))
            .text("Hello")
    };
    let long = noise(1000).repeat(40);
    vec![
        hello(
            "hello",
            "RFC 7692, 7.2.3.1",
            "a compressed message comes back",
            HELLO,
        ),
        hello(
            "stored-block",
            "RFC 7692, 7.2.3.3",
            "a message in a block without compression comes back",
            b"\x00\x05\x00\xfa\xffHello\x00",
        ),
        hello(
            "bfinal",
            "RFC 7692, 7.2.3.4",
            "a message in a block with BFINAL comes back",
            b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00",
        ),
        must(
            "bfinal-and-another",
            "RFC 7692, 7.2.3.4",
            "the message behind one with BFINAL comes back",
        )
        .compressed()
        .send(together([
            text(b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00").rsv(4),
            text(HELLO).rsv(4),
        ]))
        .text("Hello")
        .text("Hello"),
        hello(
            "two-blocks",
            "RFC 7692, 7.2.3.5",
            "a message in two blocks comes back",
            b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00",
        ),
        must("empty", "RFC 7692, 7.2.3.6", "an empty message comes back")
            .compressed()
            .send(text(b"\x00").rsv(4))
            .text(""),
        must(
            "empty-binary",
            "RFC 7692, 7.2.3.6",
            "an empty binary message comes back",
        )
        .compressed()
        .send(binary(b"\x00").rsv(4))
        .binary(""),
        must(
            "empty-plain",
            "RFC 7692, 6.1",
            "an empty message that is not compressed comes back",
        )
        .compressed()
        .send(text(""))
        .text(""),
        must(
            "not-compressed",
            BIT,
            "a message that is not compressed comes back",
        )
        .compressed()
        .send(together([text("plain"), text(HELLO).rsv(4), text("plain")]))
        .text("plain")
        .text("Hello")
        .text("plain"),
        must("binary", "RFC 7692, 7.2.1", "a binary message comes back")
            .compressed()
            .send(binary(deflated(b"\xff\xfe\x00\xff\xfe\x00")).rsv(4))
            .binary(*b"\xff\xfe\x00\xff\xfe\x00"),
        must(
            "long",
            "RFC 7692, 7.2.1",
            "a message of 40,000 bytes comes back",
        )
        .compressed()
        .send(binary(deflated(&long)).rsv(4))
        .binary(long),
        must(
            "byte-by-byte",
            "RFC 7692, 7.2.2",
            "one that comes byte by byte comes back",
        )
        .compressed()
        .drip(text(HELLO).rsv(4))
        .text("Hello"),
        must(
            "fragments",
            BIT,
            "one in fragments comes back, each byte in one",
        )
        .compressed()
        .send(in_fragments(TEXT, HELLO, 1))
        .text("Hello"),
        must("fragments-2", BIT, "one in two fragments comes back")
            .compressed()
            .send(in_fragments(BINARY, HELLO, 3))
            .binary("Hello"),
        must(
            "fragments-empty",
            BIT,
            "one in fragments of which some are empty comes back",
        )
        .compressed()
        .send(together([
            text("").rsv(4).unfinished(),
            continuation(HELLO).unfinished(),
            continuation(""),
        ]))
        .text("Hello"),
        must(
            "ping-between",
            "RFC 6455, 5.4",
            "a ping between compressed fragments is answered, and the message comes back",
        )
        .compressed()
        .send(together([
            text(&HELLO[..3]).rsv(4).unfinished(),
            ping("plain"),
            continuation(&HELLO[3..]),
        ]))
        .text_and_pong("Hello", "plain"),
    ]
}

/// The windows of both sides.
fn contexts() -> Vec<Case> {
    let bits9 = "permessage-deflate; server_max_window_bits=9";
    let long = noise(1000).repeat(4);
    vec![
        must(
            "takeover",
            "RFC 7692, 7.2.3.2",
            "a message may refer to the one before",
        )
        .compressed()
        .refers_back()
        .send(text(HELLO).rsv(4))
        .text("Hello")
        .send(text(b"\xf2\x00\x11\x00\x00").rsv(4))
        .text("Hello"),
        must(
            "takeover-behind-plain",
            "RFC 7692, 7.2.2",
            "a message may refer to the one before one that is not compressed",
        )
        .compressed()
        .refers_back()
        .send(together([
            text(HELLO).rsv(4),
            text("plain"),
            text(b"\xf2\x00\x11\x00\x00").rsv(4),
        ]))
        .text("Hello")
        .text("plain")
        .text("Hello"),
        must(
            "server-no-takeover",
            "RFC 7692, 7.1.1.1",
            "with server_no_context_takeover each message of the server's stands by itself",
        )
        .offers("permessage-deflate; server_no_context_takeover")
        .agreed()
        .send(text(deflated(&long)).rsv(4))
        .text(long.clone())
        .send(text(deflated(&long)).rsv(4))
        .text(long.clone()),
        must(
            "server-window",
            "RFC 7692, 7.1.2.1",
            "with server_max_window_bits=9 the server refers to no more than 512 bytes back",
        )
        .offers(bits9)
        .agreed()
        .send(text(deflated(&long)).rsv(4))
        .text(long.clone())
        .send(text(deflated(&long)).rsv(4))
        .text(long),
    ]
}

/// RSV1 (RFC 7692, 6.1), and the bits that compression leaves reserved.
fn bits() -> Vec<Case> {
    let fails = |name, section, title, bytes: Vec<u8>| {
        must(name, section, title)
            .compressed()
            .send(bytes)
            .fails(PROTOCOL)
    };
    vec![
        fails(
            "rsv1-continuation",
            BIT,
            "RSV1 on a continuation fails the connection",
            together([
                text(&HELLO[..3]).rsv(4).unfinished(),
                continuation(&HELLO[3..]).rsv(4),
            ]),
        ),
        fails(
            "rsv1-continuation-of-plain",
            BIT,
            "RSV1 on a continuation of a message that is not compressed fails the connection",
            together([text("a").unfinished(), continuation("b").rsv(4)]),
        ),
        fails(
            "rsv1-ping",
            BIT,
            "RSV1 on a ping fails the connection",
            ping(HELLO).rsv(4).into(),
        ),
        fails(
            "rsv1-pong",
            BIT,
            "RSV1 on a pong fails the connection",
            frame(10, HELLO).rsv(4).into(),
        ),
        fails(
            "rsv1-close",
            BIT,
            "RSV1 on a Close frame fails the connection",
            frame(8, b"\x03\xe8").rsv(4).into(),
        ),
        fails(
            "rsv2",
            "RFC 6455, 5.2",
            "RSV2 fails the connection",
            text("a").rsv(2).into(),
        ),
        fails(
            "rsv3-beside-rsv1",
            "RFC 6455, 5.2",
            "RSV3 beside RSV1 fails the connection",
            text(HELLO).rsv(5).into(),
        ),
    ]
}

/// What cannot be inflated, and what is wrong once it is.
fn corrupt() -> Vec<Case> {
    let fails = |name, title, data: &[u8]| {
        must(name, "RFC 7692, 7.2.2", title)
            .compressed()
            .send(binary(data).rsv(4))
            .fails(CORRUPT)
    };
    vec![
        fails(
            "bad-block",
            "a block of the reserved type fails the connection",
            b"\x06\x00\x00",
        ),
        fails(
            "bad-distance",
            "a reference to before the beginning fails the connection",
            b"\xf2\x00\x11\x00\x00",
        ),
        fails(
            "bad-stored-length",
            "a block whose length is not confirmed fails the connection",
            b"\x00\x05\x00\x00\x00Hello\x00",
        ),
        fails(
            "noise",
            "what is no DEFLATE at all fails the connection",
            b"\xff\xff\xff\xff\xff\xff",
        ),
        must(
            "bad-utf8",
            "RFC 6455, 8.1",
            "text that is no UTF-8 once inflated fails the connection",
        )
        .compressed()
        .send(text(deflated(b"wr\xffng")).rsv(4))
        .fails(&[1007]),
        must(
            "good-utf8-split",
            "RFC 6455, 8.1",
            "a character that compressed fragments split comes back",
        )
        .compressed()
        .send(in_fragments(
            TEXT,
            &deflated("gr\u{fc}n \u{1f600}".as_bytes()),
            1,
        ))
        .text("gr\u{fc}n \u{1f600}"),
    ]
}

/// A compressed message in fragments of so many bytes.
fn in_fragments(opcode: u8, data: &[u8], size: usize) -> Vec<u8> {
    let count = data.chunks(size).count();
    together(data.chunks(size).enumerate().map(|(index, part)| {
        let part = match index {
            0 => frame(opcode, part).rsv(4),
            _ => continuation(part),
        };
        match index + 1 == count {
            true => part,
            false => part.unfinished(),
        }
    }))
}
