//! Frames: opcodes, reserved bits, lengths, masks, control frames (RFC 6455, 5).
use crate::conform::case::{Case, must, should};
use crate::conform::frame::{
    Frame, binary, close, continuation, frame, ping, pong, text, together,
};

const PROTOCOL: &[u16] = &[1002];
const TOO_BIG: &[u16] = &[1002, 1009];
const BASE: &str = "RFC 6455, 5.2";
const MASK: &str = "RFC 6455, 5.1";
const FRAGMENTS: &str = "RFC 6455, 5.4";
const CONTROL: &str = "RFC 6455, 5.5";

/// Payloads around the places where lengths are written in another way.
const SIZES: &[usize] = &[0, 1, 125, 126, 127, 128, 65_535, 65_536, 65_537];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = messages();
    cases.extend(opcodes());
    cases.extend(reserved_bits());
    cases.extend(lengths());
    cases.extend(masks());
    cases.extend(control_frames());
    cases
}

fn messages() -> Vec<Case> {
    let mut cases = vec![
        must("text", "RFC 6455, 5.6", "a text message comes back")
            .send(text("Hello"))
            .text("Hello"),
        must(
            "order",
            FRAGMENTS,
            "messages in one write come back in order",
        )
        .send(together([text("1"), binary("2"), text("3"), binary("")]))
        .text("1")
        .binary("2")
        .text("3")
        .binary(""),
        must(
            "byte-by-byte",
            BASE,
            "a frame that comes byte by byte comes back",
        )
        .drip(text("Hello"))
        .text("Hello"),
        must(
            "byte-by-byte-16-bits",
            BASE,
            "a frame with a length of 16 bits that comes byte by byte comes back",
        )
        .drip(binary([7; 200]))
        .binary([7; 200]),
        must(
            "byte-by-byte-64-bits",
            BASE,
            "a frame with a length of 64 bits whose header comes byte by byte comes back",
        )
        .drip(binary(vec![7; 70_000]).first(14))
        .send(Vec::from(binary(vec![7; 70_000])).split_off(14))
        .binary(vec![7; 70_000]),
    ];
    cases.extend(SIZES.iter().map(|size| {
        let data = vec![b'*'; *size];
        let title = format!("a binary message of {size} bytes comes back");
        must(format!("size-{size}"), BASE, title)
            .send(binary(&data))
            .binary(data)
    }));
    cases
}

fn opcodes() -> Vec<Case> {
    let reserved = (3..=7).chain(11..=15).map(|opcode: u8| {
        let title = format!("the reserved opcode {opcode} fails the connection");
        must(format!("opcode-{opcode}"), BASE, title)
            .send(frame(opcode, "x"))
            .fails(PROTOCOL)
    });
    let mut cases = reserved.collect::<Vec<_>>();
    cases.extend([
        must(
            "opcode-3-empty",
            BASE,
            "a reserved opcode without a payload fails the connection",
        )
        .send(frame(3, ""))
        .fails(PROTOCOL),
        must(
            "opcode-in-message",
            BASE,
            "a reserved opcode between fragments fails the connection",
        )
        .send(together([
            text("a").unfinished(),
            frame(11, ""),
            continuation("b"),
        ]))
        .fails(PROTOCOL),
        should(
            "opcode-at-once",
            BASE,
            "a reserved opcode fails the connection before its payload has come",
        )
        .send(frame(3, [0; 100]).first(6))
        .fails_at_once(PROTOCOL),
    ]);
    cases
}

fn reserved_bits() -> Vec<Case> {
    let bits: [(&str, u8, &str); 5] = [
        ("rsv1", 4, "RSV1"),
        ("rsv2", 2, "RSV2"),
        ("rsv3", 1, "RSV3"),
        ("rsv-all", 7, "all reserved bits"),
        ("rsv2-and-rsv3", 3, "RSV2 and RSV3"),
    ];
    let on_text = bits.into_iter().map(|(name, bits, words)| {
        let title = format!("{words} without an extension fails the connection");
        must(name, BASE, title)
            .send(text("x").rsv(bits))
            .fails(PROTOCOL)
    });
    let mut cases = on_text.collect::<Vec<_>>();
    cases.extend([
        must(
            "rsv1-binary",
            BASE,
            "RSV1 on a binary message fails the connection",
        )
        .send(binary("x").rsv(4))
        .fails(PROTOCOL),
        must("rsv1-ping", BASE, "RSV1 on a ping fails the connection")
            .send(ping("x").rsv(4))
            .fails(PROTOCOL),
        must("rsv3-pong", BASE, "RSV3 on a pong fails the connection")
            .send(pong("x").rsv(1))
            .fails(PROTOCOL),
        must(
            "rsv2-close",
            BASE,
            "RSV2 on a Close frame fails the connection",
        )
        .send(close(1000, "").rsv(2))
        .fails(PROTOCOL),
        must(
            "rsv1-continuation",
            BASE,
            "RSV1 on a continuation fails the connection",
        )
        .send(together([text("a").unfinished(), continuation("b").rsv(4)]))
        .fails(PROTOCOL),
    ]);
    cases
}

fn lengths() -> Vec<Case> {
    let not_shortest =
        |name, title, frame: Frame| should(name, BASE, title).send(frame).fails(PROTOCOL);
    vec![
        not_shortest(
            "length-16-bits-of-5",
            "5 in 16 bits, where 7 bits are enough, fails the connection",
            text("Hello").length16(),
        ),
        not_shortest(
            "length-16-bits-of-0",
            "0 in 16 bits, where 7 bits are enough, fails the connection",
            text("").length16(),
        ),
        not_shortest(
            "length-16-bits-of-125",
            "125 in 16 bits, where 7 bits are enough, fails the connection",
            binary([0; 125]).length16(),
        ),
        not_shortest(
            "length-64-bits-of-5",
            "5 in 64 bits, where 7 bits are enough, fails the connection",
            text("Hello").length64(),
        ),
        not_shortest(
            "length-64-bits-of-65535",
            "65535 in 64 bits, where 16 bits are enough, fails the connection",
            binary(vec![0; 65_535]).length64(),
        ),
        not_shortest(
            "length-16-bits-of-ping",
            "a ping's length in 16 bits fails the connection",
            ping("x").length16(),
        ),
        must(
            "length-top-bit",
            BASE,
            "a length of 64 bits whose top bit is set fails the connection",
        )
        .send(binary("x").announcing(1 << 63 | 1))
        .fails_at_once(TOO_BIG),
        must(
            "length-all-bits",
            BASE,
            "a length of 64 bits with all bits set fails the connection",
        )
        .send(text("x").announcing(u64::MAX))
        .fails_at_once(TOO_BIG),
    ]
}

fn masks() -> Vec<Case> {
    let unmasked =
        |name, title, frame: Frame| must(name, MASK, title).send(frame.unmasked()).fails(&[]);
    let mut cases = vec![
        unmasked(
            "unmasked-text",
            "a text message that is not masked fails the connection",
            text("x"),
        ),
        unmasked(
            "unmasked-empty",
            "an empty message that is not masked fails the connection",
            binary(""),
        ),
        unmasked(
            "unmasked-ping",
            "a ping that is not masked fails the connection",
            ping("x"),
        ),
        unmasked(
            "unmasked-pong",
            "a pong that is not masked fails the connection",
            pong(""),
        ),
        unmasked(
            "unmasked-close",
            "a Close frame that is not masked fails the connection",
            close(1000, ""),
        ),
        must(
            "unmasked-continuation",
            MASK,
            "a continuation that is not masked fails the connection",
        )
        .send(together([
            text("a").unfinished(),
            continuation("b").unmasked(),
        ]))
        .fails(&[]),
        must(
            "unmasked-second",
            MASK,
            "a second message that is not masked fails the connection",
        )
        .send(text("a"))
        .text("a")
        .send(text("b").unmasked())
        .fails(&[]),
        must(
            "mask-of-zeros",
            "RFC 6455, 5.3",
            "a mask of zeros is a mask",
        )
        .send(text("Hello").masked_with([0; 4]))
        .text("Hello"),
        must("mask-of-ones", "RFC 6455, 5.3", "a mask of ones is a mask")
            .send(text("Hello").masked_with([0xff; 4]))
            .text("Hello"),
        must(
            "mask-of-each-frame",
            "RFC 6455, 5.3",
            "each fragment has a mask of its own",
        )
        .send(together([
            text("He").masked_with([1, 2, 3, 4]).unfinished(),
            continuation("ll")
                .masked_with([0x80, 0, 0xff, 0])
                .unfinished(),
            continuation("o").masked_with([9, 8, 7, 6]),
        ]))
        .text("Hello"),
    ];
    let sizes = (1..=17).chain([31, 63]);
    let unaligned = sizes.map(|size: u8| binary((0..size).collect::<Vec<_>>()));
    let in_order = (1..=17).chain([31, 63]);
    let case = must(
        "mask-alignment",
        "RFC 6455, 5.3",
        "payloads of 1 to 17, 31 and 63 bytes in one write are unmasked",
    );
    let case = case.send(together(unaligned));
    cases.push(in_order.fold(case, |case, size: u8| {
        case.binary((0..size).collect::<Vec<_>>())
    }));
    cases
}

fn control_frames() -> Vec<Case> {
    let fails = |name, title, frame: Frame| must(name, CONTROL, title).send(frame).fails(PROTOCOL);
    vec![
        fails(
            "ping-unfinished",
            "a ping in fragments fails the connection",
            ping("x").unfinished(),
        ),
        fails(
            "pong-unfinished",
            "a pong in fragments fails the connection",
            pong("x").unfinished(),
        ),
        fails(
            "close-unfinished",
            "a Close frame in fragments fails the connection",
            close(1000, "").unfinished(),
        ),
        must(
            "ping-continued",
            CONTROL,
            "a ping that a continuation ends fails the connection",
        )
        .send(together([ping("a").unfinished(), continuation("b")]))
        .fails(PROTOCOL),
        fails(
            "ping-126",
            "a ping of 126 bytes fails the connection",
            ping([b'x'; 126]),
        ),
        fails(
            "ping-65536",
            "a ping of 65536 bytes fails the connection",
            ping(vec![b'x'; 65_536]),
        ),
        fails(
            "pong-126",
            "a pong of 126 bytes fails the connection",
            pong([b'x'; 126]),
        ),
        fails(
            "close-126",
            "a Close frame of 126 bytes fails the connection",
            close(1000, [b'x'; 124]),
        ),
        should(
            "ping-126-at-once",
            CONTROL,
            "a ping of 126 bytes fails the connection before its payload has come",
        )
        .send(ping([b'x'; 126]).first(8))
        .fails_at_once(PROTOCOL),
        should(
            "ping-unfinished-at-once",
            CONTROL,
            "a ping in fragments fails the connection before its payload has come",
        )
        .send(ping([b'x'; 100]).unfinished().first(6))
        .fails_at_once(PROTOCOL),
    ]
}
