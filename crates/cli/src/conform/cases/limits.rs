//! Sizes: what every server takes, and how it says that something is too much.
use crate::conform::case::{Case, Opening, must, should};
use crate::conform::deflated::deflated;
use crate::conform::frame::{BINARY, binary, fragments, ping, text, together};
use crate::conform::request::OpeningRequest;

const LIMITS: &str = "RFC 6455, 10.4";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = heads();
    cases.extend(messages());
    cases
}

fn heads() -> Vec<Case> {
    let taken = |name, title, asks: fn(&mut OpeningRequest)| {
        should(name, "RFC 9110, 5.4", title).asks(asks)
    };
    vec![
        should(
            "line-of-8000",
            "RFC 9112, 3",
            "a first line of 8000 bytes is accepted",
        )
        .asks(|request| {
            let given = "GET ? HTTP/1.1".len() + request.target.len();
            let rest = 8000_usize.saturating_sub(given);
            let query = if request.target.contains('?') {
                '&'
            } else {
                '?'
            };
            request.target.push(query);
            request.target.push_str(&"x".repeat(rest));
        }),
        taken(
            "field-of-4096",
            "a field of 4096 bytes is accepted",
            |request| {
                request.add("X-Arkws-Conform", &"x".repeat(4096));
            },
        ),
        taken("fields-50", "50 fields are accepted", |request| {
            for number in 0..50 {
                request.add(&format!("X-Arkws-{number}"), "x");
            }
        }),
        must(
            "head-of-1-mb",
            "RFC 9110, 5.4",
            "a head of 1,000,000 bytes is accepted or refused with a status of 4xx",
        )
        .asks(|request| {
            for number in 0..125 {
                request.add(&format!("X-Arkws-{number}"), &"x".repeat(7980));
            }
        })
        .opening(Opening::Answered),
    ]
}

fn messages() -> Vec<Case> {
    let megabyte = vec![b'm'; 1_000_000];
    let many = vec![&b"x"[..]; 10_000];
    vec![
        must(
            "message-of-64-kib",
            LIMITS,
            "a text message of 64 KiB comes back",
        )
        .send(text([b'x'; 65_536]))
        .text([b'x'; 65_536]),
        must(
            "message-of-1-mb",
            LIMITS,
            "a message of 1,000,000 bytes comes back, or 1009 does",
        )
        .send(binary(&megabyte))
        .back_or_too_big(megabyte.clone()),
        must(
            "message-of-4-mb",
            LIMITS,
            "a message of 4,000,000 bytes comes back, or 1009 does",
        )
        .send(binary(megabyte.repeat(4)))
        .back_or_too_big(megabyte.repeat(4)),
        must(
            "fragments-10000",
            LIMITS,
            "a message of 10,000 fragments comes back, or 1009 does",
        )
        .send(fragments(BINARY, &many))
        .back_or_too_big([b'x'; 10_000]),
        must(
            "fragments-empty-10000",
            LIMITS,
            "a message of 10,000 empty fragments comes back, or 1009 does",
        )
        .send(fragments(BINARY, &vec![&b""[..]; 10_000]))
        .back_or_too_big([]),
        must(
            "messages-1000",
            LIMITS,
            "the last of 1000 messages in one write comes back",
        )
        .send(together((0..1000).map(|number| text(number.to_string()))))
        .texts((0..1000).map(|number: u32| number.to_string())),
        should(
            "pings-1000",
            LIMITS,
            "the last of 1000 pings in one write is answered",
        )
        .send(together((0..1000).map(|number| ping(number.to_string()))))
        .pongs((0..1000).map(|number| number.to_string())),
        should(
            "announced",
            LIMITS,
            "a frame that announces 2^62 bytes is closed with 1009 at once",
        )
        .send(binary("x").announcing(1 << 62))
        .fails_at_once(&[1009]),
        must(
            "bomb",
            LIMITS,
            "4,000,000 bytes that come compressed as 4,000 come back, or 1009 does",
        )
        .compressed()
        .send(binary(deflated(&megabyte.repeat(4))).rsv(4))
        .back_or_too_big(megabyte.repeat(4)),
    ]
}
