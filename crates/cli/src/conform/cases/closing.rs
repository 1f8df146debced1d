//! The closing handshake (RFC 6455, 5.5.1 and 7).
use crate::conform::case::{Case, must, should};
use crate::conform::frame::{close, close_with, continuation, ping, text, together};

const CLOSE: &str = "RFC 6455, 5.5.1";
const CODES: &str = "RFC 6455, 7.4.1";
const RANGES: &str = "RFC 6455, 7.4.2";
const BAD_REASON: &[u16] = &[1007, 1002];

/// Codes that anybody may send: of the RFC, of IANA's registry, of libraries, of applications.
const VALID: &[u16] = &[
    1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999,
];

/// Registered later than the RFC: 1012 to 1014.
const LATER: &[u16] = &[1012, 1013, 1014];

/// Codes that nobody may send. What becomes of who does, the RFC does not say.
const FORBIDDEN: &[u16] = &[1005, 1006, 1015];

/// Codes that nobody has a meaning for.
const UNUSED: &[u16] = &[0, 1, 999, 1004, 1016, 1100, 2000, 2999, 5000, 65535];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        must(
            "normal",
            CLOSE,
            "a Close frame is answered, and the server ends TCP",
        )
        .send(close(1000, ""))
        .closed([]),
        must("reason", CLOSE, "a Close frame with a reason is answered")
            .send(close(1000, "goodbye"))
            .closed([]),
        must("empty", CLOSE, "a Close frame without a code is answered")
            .send(close_with(""))
            .closed([]),
        must(
            "reason-longest",
            CLOSE,
            "a Close frame with the longest reason, 123 bytes, is answered",
        )
        .send(close(1000, [b'x'; 123]))
        .closed([]),
        must(
            "reason-utf8",
            CLOSE,
            "a Close frame whose reason is not ASCII is answered",
        )
        .send(close(1000, "tsch\u{fc}s \u{1f44b}"))
        .closed([]),
        must(
            "byte-by-byte",
            CLOSE,
            "a Close frame that comes byte by byte is answered",
        )
        .drip(close(1000, "goodbye"))
        .closed([]),
        should(
            "code-echoed",
            CLOSE,
            "the answer has the code of the question",
        )
        .send(close(1000, ""))
        .closed([1000]),
        should(
            "code-echoed-4999",
            CLOSE,
            "the answer has the code of the question, one of the application's",
        )
        .send(close(4999, "mine"))
        .closed([4999]),
        must(
            "one-byte",
            CLOSE,
            "a Close frame of one byte fails the connection",
        )
        .send(close_with([3]))
        .fails(&[1002]),
    ];
    cases.extend(codes());
    cases.extend(reasons());
    cases.extend(behind_it());
    cases.extend(tcp());
    cases
}

fn codes() -> impl Iterator<Item = Case> {
    let valid = VALID.iter().map(|code| {
        let section = if *code < 3000 { CODES } else { RANGES };
        let title = format!("the code {code} is answered");
        must(format!("code-{code}"), section, title)
            .send(close(*code, "why"))
            .closed([*code])
    });
    let later = LATER.iter().map(|code| {
        let title = format!("the code {code}, of IANA's registry, is answered");
        should(format!("code-{code}"), RANGES, title)
            .send(close(*code, "why"))
            .closed([*code])
    });
    let forbidden = FORBIDDEN.iter().map(|code| {
        let title = format!("the code {code}, which nobody may send, fails the connection");
        should(format!("code-{code}"), CODES, title)
            .send(close(*code, "why"))
            .fails(&[1002])
    });
    let unused = UNUSED.iter().map(|code| {
        let title = format!("the code {code}, which means nothing, fails the connection");
        should(format!("code-{code}"), RANGES, title)
            .send(close(*code, "why"))
            .fails(&[1002])
    });
    valid.chain(later).chain(forbidden).chain(unused)
}

/// Reasons that are no UTF-8.
fn reasons() -> impl Iterator<Item = Case> {
    let wrong: [(&str, &str, &[u8]); 4] = [
        ("reason-byte", "a reason with the byte FF", b"wr\xffng"),
        (
            "reason-surrogate",
            "a reason with a surrogate",
            b"\xed\xa0\x80",
        ),
        (
            "reason-overlong",
            "a reason with an overlong slash",
            b"\xc0\xaf",
        ),
        (
            "reason-cut",
            "a reason that ends within a character",
            b"\xe2\x82",
        ),
    ];
    wrong.into_iter().map(|(name, words, reason)| {
        must(
            name,
            "RFC 6455, 8.1",
            format!("{words} fails the connection"),
        )
        .send(close(1000, reason))
        .fails(BAD_REASON)
    })
}

/// A Close frame has to be answered. That what comes behind it is ignored stands in section 1.4,
/// which asks for nothing.
fn behind_it() -> Vec<Case> {
    vec![
        must(
            "text-behind",
            CLOSE,
            "a Close frame is answered, with a message behind it",
        )
        .send(together([close(1000, ""), text("too late")]))
        .closed([]),
        must(
            "ping-behind",
            CLOSE,
            "a Close frame is answered, with a ping behind it",
        )
        .send(together([close(1000, ""), ping("too late")]))
        .closed([]),
        must(
            "close-behind",
            CLOSE,
            "a Close frame is answered, with another one behind it",
        )
        .send(together([close(1000, ""), close(1001, "")]))
        .closed([1000]),
        should(
            "wrong-behind",
            "RFC 6455, 1.4",
            "what is no frame behind a Close frame is ignored",
        )
        .send([Vec::from(close(1000, "")), vec![0xff; 20]].concat())
        .closed([1000]),
        must(
            "in-message",
            "RFC 6455, 5.4",
            "a Close frame within a message is answered",
        )
        .send(together([text("a").unfinished(), close(1000, "")]))
        .closed([]),
        must(
            "in-message-rest-behind",
            CLOSE,
            "a Close frame within a message is answered, with the rest behind it",
        )
        .send(together([
            text("a").unfinished(),
            close(1000, ""),
            continuation("b"),
        ]))
        .closed([]),
        must(
            "behind-messages",
            CLOSE,
            "a Close frame behind a message that came back is answered",
        )
        .send(text("a"))
        .text("a")
        .send(close(1000, ""))
        .closed([]),
        must(
            "behind-ping",
            CLOSE,
            "a Close frame behind a ping, in the same write, is answered",
        )
        .send(together([ping("x"), close(1000, "")]))
        .closed([]),
    ]
}

/// The end of TCP.
fn tcp() -> Vec<Case> {
    vec![
        should(
            "half-close",
            "RFC 6455, 7.1.1",
            "a Close frame, then the end of TCP from us, is answered",
        )
        .send(close(1000, ""))
        .end_of_writes()
        .closed([]),
        should(
            "end-of-tcp",
            "RFC 6455, 7.1.4",
            "the end of TCP without a Close frame ends it",
        )
        .end_of_writes()
        .ends(),
        should(
            "end-in-frame",
            "RFC 6455, 7.1.4",
            "the end of TCP within a frame ends it",
        )
        .send(text("Hello").first(8))
        .end_of_writes()
        .ends(),
        should(
            "end-in-message",
            "RFC 6455, 7.1.4",
            "the end of TCP within a message ends it",
        )
        .send(text("Hello").unfinished())
        .end_of_writes()
        .ends(),
    ]
}
