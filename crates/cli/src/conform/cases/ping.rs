//! Pings and pongs (RFC 6455, 5.5.2 and 5.5.3).
use crate::conform::case::{Case, must};
use crate::conform::frame::{binary, ping, pong, text, together};

const PING: &str = "RFC 6455, 5.5.2";
const PONG: &str = "RFC 6455, 5.5.3";

pub(super) fn cases() -> Vec<Case> {
    let answered =
        |name, title, payload: &[u8]| must(name, PING, title).send(ping(payload)).pong(payload);
    vec![
        answered("empty", "a ping without a payload is answered", b""),
        answered(
            "text",
            "a ping with text is answered with the same text",
            b"Hello",
        ),
        answered(
            "bytes",
            "a ping with bytes that are no text is answered",
            b"\x00\xff\xfe\xed\xa0\x80",
        ),
        answered(
            "125",
            "a ping with the longest payload is answered",
            &[b'x'; 125],
        ),
        must(
            "byte-by-byte",
            PING,
            "a ping that comes byte by byte is answered",
        )
        .drip(ping("drop by drop"))
        .pong("drop by drop"),
        must(
            "mask-of-zeros",
            PING,
            "a ping with a mask of zeros is answered",
        )
        .send(ping("plain").masked_with([0; 4]))
        .pong("plain"),
        must(
            "twice",
            PING,
            "two pings, one after the other, are answered",
        )
        .send(ping("1"))
        .pong("1")
        .send(ping("2"))
        .pong("2"),
        must(
            "several",
            PONG,
            "of several pings at least the last is answered, in their order",
        )
        .send(together(["1", "2", "3", "4", "5"].map(ping)))
        .pongs(["1", "2", "3", "4", "5"]),
        must(
            "many",
            PONG,
            "of 32 pings in one write at least the last is answered, in their order",
        )
        .send(together((0..32).map(|number| ping(number.to_string()))))
        .pongs((0..32).map(|number| number.to_string())),
        must(
            "same-payload",
            PONG,
            "a ping with the payload of an earlier one is answered",
        )
        .send(ping("again"))
        .pong("again")
        .send(ping("again"))
        .pong("again"),
        must(
            "beside-messages",
            PING,
            "a ping between messages is answered",
        )
        .send(together([text("a"), ping("beside"), binary("b")]))
        .text_and_pong("a", "beside")
        .binary("b"),
        must(
            "pong-alone",
            PONG,
            "a pong that nobody asked for is ignored",
        )
        .send(pong(""))
        .send(ping("and then"))
        .pong("and then"),
        must(
            "pong-payload",
            PONG,
            "a pong with the longest payload that nobody asked for is ignored",
        )
        .send(together([pong([0xff; 125]), ping("and then")]))
        .pong("and then"),
        must(
            "pongs-many",
            PONG,
            "a hundred pongs that nobody asked for are ignored",
        )
        .send(together((0..100).map(|_| pong("x"))))
        .send(ping("and then"))
        .pong("and then"),
        must(
            "pong-and-message",
            PONG,
            "behind a pong that nobody asked for a message comes back",
        )
        .send(together([pong("x"), text("Hello")]))
        .text("Hello"),
    ]
}
