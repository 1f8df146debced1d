//! The opening handshake of RFC 6455: `Upgrade`, `Connection`, key, version, sub-protocols and
//! extensions.
use crate::conform::case::{Case, Opening, must, should};
use crate::conform::request::{KEY, OpeningRequest};

const SERVER: &str = "RFC 6455, 4.2.1";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        must(
            "accepted",
            "RFC 6455, 4.2.2",
            "a handshake is accepted: 101, Upgrade, Connection, and the key's Sec-WebSocket-Accept",
        ),
        must(
            "another-key",
            "RFC 6455, 4.2.2",
            "another key has another Sec-WebSocket-Accept",
        )
        .asks(|request| request.set("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==")),
    ];
    cases.extend(upgrades());
    cases.extend(keys());
    cases.extend(versions());
    cases.extend(protocols());
    cases.extend(extensions());
    cases
}

fn upgrades() -> Vec<Case> {
    let accepted =
        |name, title, asks: fn(&mut OpeningRequest)| must(name, SERVER, title).asks(asks);
    let refused = |name, title, asks: fn(&mut OpeningRequest)| {
        must(name, SERVER, title).asks(asks).not_upgraded()
    };
    vec![
        accepted(
            "upgrade-case",
            "Upgrade: WebSocket is accepted",
            |request| {
                request.set("Upgrade", "WebSocket");
            },
        ),
        accepted(
            "upgrade-upper-case",
            "Upgrade: WEBSOCKET is accepted",
            |request| {
                request.set("Upgrade", "WEBSOCKET");
            },
        ),
        should(
            "upgrade-list",
            "RFC 6455, 4.2.1",
            "Upgrade: x-other, websocket contains websocket, and is accepted",
        )
        .asks(|request| request.set("Upgrade", "x-other, websocket")),
        refused(
            "upgrade-missing",
            "without Upgrade nothing is upgraded",
            |request| {
                request.without("Upgrade");
            },
        ),
        refused(
            "upgrade-other",
            "Upgrade: h2c is not upgraded to WebSocket",
            |request| {
                request.set("Upgrade", "h2c");
            },
        ),
        refused(
            "upgrade-similar",
            "Upgrade: websockets is no websocket",
            |request| {
                request.set("Upgrade", "websockets");
            },
        ),
        accepted(
            "connection-case",
            "Connection: upgrade is accepted",
            |request| {
                request.set("Connection", "upgrade");
            },
        ),
        accepted(
            "connection-upper-case",
            "Connection: UPGRADE is accepted",
            |request| {
                request.set("Connection", "UPGRADE");
            },
        ),
        accepted(
            "connection-list",
            "Connection: keep-alive, Upgrade is accepted",
            |request| request.set("Connection", "keep-alive, Upgrade"),
        ),
        accepted(
            "connection-list-without-spaces",
            "Connection: keep-alive,Upgrade,x is accepted",
            |request| request.set("Connection", "keep-alive,Upgrade,x"),
        ),
        must(
            "connection-twice",
            "RFC 9110, 5.3",
            "two Connection fields are one list",
        )
        .asks(|request| {
            request.set("Connection", "keep-alive");
            request.add("Connection", "Upgrade");
        }),
        must(
            "connection-empty-elements",
            "RFC 9110, 5.6.1",
            "empty elements of the list are ignored",
        )
        .asks(|request| request.set("Connection", ", keep-alive,, Upgrade,")),
        refused(
            "connection-missing",
            "without Connection nothing is upgraded",
            |request| {
                request.without("Connection");
            },
        ),
        refused(
            "connection-other",
            "Connection: keep-alive is not upgraded",
            |request| {
                request.set("Connection", "keep-alive");
            },
        ),
        refused(
            "connection-similar",
            "Connection: not-upgrade is no Upgrade",
            |request| {
                request.set("Connection", "not-upgrade");
            },
        ),
        refused(
            "connection-part",
            "Connection: keep-alive Upgrade is no list",
            |request| {
                request.set("Connection", "keep-alive Upgrade");
            },
        ),
    ]
}

fn keys() -> Vec<Case> {
    let refused =
        |name, title, asks: fn(&mut OpeningRequest)| must(name, SERVER, title).asks(asks).refused();
    vec![
        refused(
            "key-missing",
            "a request without a key is refused",
            |request| {
                request.without("Sec-WebSocket-Key");
            },
        ),
        refused("key-empty", "an empty key is refused", |request| {
            request.set("Sec-WebSocket-Key", "");
        }),
        refused("key-15-bytes", "a key of 15 bytes is refused", |request| {
            request.set("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAA");
        }),
        refused("key-17-bytes", "a key of 17 bytes is refused", |request| {
            request.set("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAAA=");
        }),
        refused("key-18-bytes", "a key of 18 bytes is refused", |request| {
            request.set("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAAAA");
        }),
        refused(
            "key-no-base64",
            "a key that is no base64 is refused",
            |request| {
                request.set("Sec-WebSocket-Key", "!!!!!!!!!!!!!!!!!!!!!!==");
            },
        ),
        refused(
            "key-no-padding",
            "a key without its padding is refused",
            |request| {
                request.set("Sec-WebSocket-Key", KEY.trim_end_matches('='));
            },
        ),
        refused(
            "key-url-alphabet",
            "a key in base64's alphabet for URLs is refused",
            |request| {
                request.set("Sec-WebSocket-Key", "__________________-_-w==");
            },
        ),
        refused(
            "key-space",
            "a key with a space in it is refused",
            |request| {
                request.set("Sec-WebSocket-Key", "dGhlIHNhbXBs ZSBub25jZQ==");
            },
        ),
        refused("key-long", "a key of 300 bytes is refused", |request| {
            request.set("Sec-WebSocket-Key", &"A".repeat(400));
        }),
        // The sentence binds the client.
        should("key-twice", "RFC 6455, 11.3.1", "two keys are refused")
            .asks(|request| request.add("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="))
            .refused(),
    ]
}

fn versions() -> Vec<Case> {
    let told = |name, title, asks: fn(&mut OpeningRequest)| {
        must(name, "RFC 6455, 4.4", title)
            .asks(asks)
            .opening(Opening::VersionTold)
    };
    let refused =
        |name, title, asks: fn(&mut OpeningRequest)| must(name, SERVER, title).asks(asks).refused();
    vec![
        told(
            "version-9",
            "version 9 is refused, and 13 told",
            |request| {
                request.set("Sec-WebSocket-Version", "9");
            },
        ),
        told(
            "version-99",
            "version 99 is refused, and 13 told",
            |request| {
                request.set("Sec-WebSocket-Version", "99");
            },
        ),
        told(
            "version-12",
            "version 12 is refused, and 13 told",
            |request| {
                request.set("Sec-WebSocket-Version", "12");
            },
        ),
        told(
            "version-14",
            "version 14 is refused, and 13 told",
            |request| {
                request.set("Sec-WebSocket-Version", "14");
            },
        ),
        told(
            "version-255",
            "version 255 is refused, and 13 told",
            |request| {
                request.set("Sec-WebSocket-Version", "255");
            },
        ),
        should(
            "version-426",
            "RFC 6455, 4.2.2",
            "the refusal of a version has the status 426",
        )
        .asks(|request| request.set("Sec-WebSocket-Version", "14"))
        .refused_with(426),
        refused(
            "version-missing",
            "a request without a version is refused",
            |request| {
                request.without("Sec-WebSocket-Version");
            },
        ),
        refused("version-empty", "an empty version is refused", |request| {
            request.set("Sec-WebSocket-Version", "");
        }),
        refused(
            "version-word",
            "a version that is no number is refused",
            |request| {
                request.set("Sec-WebSocket-Version", "thirteen");
            },
        ),
        refused(
            "version-junk",
            "\"13x\" is no version, and refused",
            |request| {
                request.set("Sec-WebSocket-Version", "13x");
            },
        ),
        refused(
            "version-sign",
            "\"+13\" is no version, and refused",
            |request| {
                request.set("Sec-WebSocket-Version", "+13");
            },
        ),
        refused(
            "version-leading-zero",
            "\"013\" is no version, and refused",
            |request| {
                request.set("Sec-WebSocket-Version", "013");
            },
        ),
        refused(
            "version-fraction",
            "\"13.0\" is no version, and refused",
            |request| {
                request.set("Sec-WebSocket-Version", "13.0");
            },
        ),
        refused(
            "version-overflow",
            "a version beyond 32 bits is refused",
            |request| {
                request.set("Sec-WebSocket-Version", "4294967309");
            },
        ),
        // The sentence binds the client.
        should(
            "version-twice",
            "RFC 6455, 11.3.5",
            "two versions are refused",
        )
        .asks(|request| request.add("Sec-WebSocket-Version", "12"))
        .refused(),
    ]
}

fn protocols() -> Vec<Case> {
    let answered = |name, title, asks: fn(&mut OpeningRequest)| {
        must(name, "RFC 6455, 4.2.2", title).asks(asks).answered()
    };
    let malformed =
        |name, title, asks: fn(&mut OpeningRequest)| must(name, SERVER, title).asks(asks).refused();
    vec![
        answered(
            "protocol-unknown",
            "of sub-protocols that it does not know the server chooses none",
            |request| request.add("Sec-WebSocket-Protocol", "conform.arkws.invalid"),
        ),
        answered(
            "protocol-list",
            "of a list the server chooses one that is in it, or none",
            |request| {
                request.add(
                    "Sec-WebSocket-Protocol",
                    "conform.a.invalid,conform.b.invalid, c",
                );
            },
        ),
        answered(
            "protocol-lines",
            "of a list in two fields the server chooses one that is in it, or none",
            |request| {
                request.add("Sec-WebSocket-Protocol", "conform.a.invalid");
                request.add("Sec-WebSocket-Protocol", "conform.b.invalid");
            },
        ),
        must(
            "protocol-empty-elements",
            "RFC 9110, 5.6.1",
            "empty elements of the list are ignored",
        )
        .asks(|request| request.add("Sec-WebSocket-Protocol", ", conform.a.invalid,,"))
        .answered(),
        malformed(
            "protocol-space",
            "a sub-protocol with a space in it is refused",
            |request| request.add("Sec-WebSocket-Protocol", "conform a"),
        ),
        malformed(
            "protocol-separator",
            "a sub-protocol with a separator in it is refused",
            |request| request.add("Sec-WebSocket-Protocol", "conform(a);b"),
        ),
        malformed(
            "protocol-not-ascii",
            "a sub-protocol that is not ASCII is refused",
            |request| request.add("Sec-WebSocket-Protocol", "caf\u{e9}"),
        ),
    ]
}

fn extensions() -> Vec<Case> {
    let ignored =
        |name, title, asks: fn(&mut OpeningRequest)| must(name, "RFC 6455, 9.1", title).asks(asks);
    let malformed = |name, title, asks: fn(&mut OpeningRequest)| {
        must(name, "RFC 6455, 9.1", title).asks(asks).refused()
    };
    vec![
        ignored(
            "extension-unknown",
            "an unknown extension is ignored",
            |request| {
                request.add("Sec-WebSocket-Extensions", "x-arkws-conform");
            },
        ),
        ignored(
            "extension-parameters",
            "an unknown extension with parameters, plain and quoted, is ignored",
            |request| {
                let offer = "x-arkws-conform; a; b=1 ; c=\"d\"";
                request.add("Sec-WebSocket-Extensions", offer);
            },
        ),
        ignored(
            "extension-escaped",
            "an unknown extension with an escaped character is ignored",
            |request| {
                request.add("Sec-WebSocket-Extensions", "x-arkws-conform; a=\"b\\c\"");
            },
        ),
        ignored(
            "extension-lines",
            "extensions come in two fields",
            |request| {
                request.add("Sec-WebSocket-Extensions", "x-arkws-a");
                request.add("Sec-WebSocket-Extensions", "x-arkws-b; c=1");
            },
        ),
        ignored(
            "extension-twice",
            "the same extension is offered twice",
            |request| {
                request.add("Sec-WebSocket-Extensions", "x-arkws-a; b=1, x-arkws-a");
            },
        ),
        must(
            "extension-empty-elements",
            "RFC 9110, 5.6.1",
            "empty elements of the list are ignored",
        )
        .asks(|request| request.add("Sec-WebSocket-Extensions", ", x-arkws-a,, x-arkws-b,")),
        malformed(
            "extension-space",
            "an extension with a space is refused",
            |request| {
                request.add("Sec-WebSocket-Extensions", "x arkws");
            },
        ),
        malformed(
            "extension-no-name",
            "parameters without a name are refused",
            |request| {
                request.add("Sec-WebSocket-Extensions", "; a=1");
            },
        ),
        malformed(
            "extension-no-parameter",
            "an empty parameter is refused",
            |request| {
                request.add("Sec-WebSocket-Extensions", "x-arkws; ; a");
            },
        ),
        malformed(
            "extension-no-value",
            "a parameter without its value is refused",
            |request| {
                request.add("Sec-WebSocket-Extensions", "x-arkws; a=");
            },
        ),
        malformed(
            "extension-no-key",
            "a value without its parameter is refused",
            |request| {
                request.add("Sec-WebSocket-Extensions", "x-arkws; =1");
            },
        ),
        malformed(
            "extension-open-quote",
            "a quote that does not end is refused",
            |request| {
                request.add("Sec-WebSocket-Extensions", "x-arkws; a=\"b");
            },
        ),
        malformed(
            "extension-quoted-space",
            "a quoted value that is no token is refused",
            |request| {
                request.add("Sec-WebSocket-Extensions", "x-arkws; a=\"b c\"");
            },
        ),
        malformed(
            "extension-empty-quote",
            "an empty quoted value is refused",
            |request| {
                request.add("Sec-WebSocket-Extensions", "x-arkws; a=\"\"");
            },
        ),
        malformed(
            "extension-separator",
            "a separator in a name is refused",
            |request| {
                request.add("Sec-WebSocket-Extensions", "x(arkws)");
            },
        ),
    ]
}
