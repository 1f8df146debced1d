//! The opening handshake as a request of HTTP/1.1: lines, fields, `Host`.
use crate::conform::case::{Case, must, should};
use crate::conform::request::KEY;

/// A `Host` field that RFC 9112, 3.2 has refused with 400: it is no host and port.
const BAD_HOSTS: &[(&str, &str)] = &[
    ("space", "a b"),
    ("path", "localhost/path"),
    ("user", "user@localhost"),
    ("port", "localhost:http"),
    ("bracket", "[::1"),
    ("list", "localhost, example.org"),
];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = fields();
    cases.extend(hosts());
    cases.extend(lines());
    cases.extend(first_line());
    cases
}

/// What a request may look like, and what no field may.
fn fields() -> Vec<Case> {
    vec![
        must(
            "order",
            "RFC 6455, 4.2.1",
            "the fields in the reverse order are accepted",
        )
        .asks(|request| request.reverse()),
        must(
            "names-lower-case",
            "RFC 9110, 5.1",
            "names of fields in lower case are accepted",
        )
        .asks(|request| request.names(str::to_lowercase)),
        must(
            "names-upper-case",
            "RFC 9110, 5.1",
            "names of fields in upper case are accepted",
        )
        .asks(|request| request.names(str::to_uppercase)),
        must(
            "no-space-after-colon",
            "RFC 9112, 5.1",
            "fields without a space behind the colon are accepted",
        )
        .asks(|request| {
            request.replace("Upgrade", "Upgrade:websocket");
            request.replace("Sec-WebSocket-Version", "Sec-WebSocket-Version:13");
        }),
        must(
            "whitespace-around-values",
            "RFC 9112, 5.1",
            "spaces and tabs around values are no part of them",
        )
        .asks(|request| {
            request.set("Upgrade", " \t websocket \t ");
            request.set("Sec-WebSocket-Version", "\t13\t");
            request.set("Sec-WebSocket-Key", &format!("  {KEY}  "));
        }),
        must(
            "unknown-field",
            "RFC 6455, 4.2.1",
            "a field that nobody knows is ignored",
        )
        .asks(|request| request.add("X-Arkws-Conform", "1")),
        must(
            "name-characters",
            "RFC 9110, 5.6.2",
            "a name with every character that a token may have is ignored",
        )
        .asks(|request| request.add("!#$%&'*+-.^_`|~09azAZ", "1")),
        should(
            "value-bytes",
            "RFC 9110, 5.5",
            "bytes beyond ASCII in the value of an unknown field are ignored",
        )
        .asks(|request| request.add("X-Bytes", "caf\u{e9}")),
        must(
            "empty-value",
            "RFC 9110, 5.5",
            "an unknown field without a value is ignored",
        )
        .asks(|request| request.add("X-Empty", "")),
        must(
            "space-before-colon",
            "RFC 9112, 5.1",
            "a space between a field's name and its colon is refused with 400",
        )
        .asks(|request| request.line("X-Junk : 1"))
        .refused_with(400),
        must(
            "space-before-colon-of-key",
            "RFC 9112, 5.1",
            "a space between Sec-WebSocket-Key and its colon is refused with 400",
        )
        .asks(|request| {
            request.replace("Sec-WebSocket-Key", format!("Sec-WebSocket-Key : {KEY}"));
        })
        .refused_with(400),
        must(
            "tab-before-colon",
            "RFC 9112, 5.1",
            "a tab between a field's name and its colon is refused with 400",
        )
        .asks(|request| request.line("X-Junk\t: 1"))
        .refused_with(400),
        should(
            "no-colon",
            "RFC 9112, 2.2",
            "a line without a colon is refused",
        )
        .asks(|request| request.line("X-Junk"))
        .refused(),
        should(
            "no-name",
            "RFC 9112, 2.2",
            "a field without a name is refused",
        )
        .asks(|request| request.line(": 1"))
        .refused(),
        should(
            "bad-name",
            "RFC 9112, 2.2",
            "a name with a character that no token has is refused",
        )
        .asks(|request| request.line("X(Junk): 1"))
        .refused(),
        must(
            "nul-in-key",
            "RFC 9110, 5.5",
            "a NUL in Sec-WebSocket-Key is refused",
        )
        .asks(|request| request.set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25\0ZQ=="))
        .not_upgraded(),
    ]
}

fn hosts() -> Vec<Case> {
    let mut cases = vec![
        must(
            "host-missing",
            "RFC 9112, 3.2",
            "a request without Host is refused with 400",
        )
        .asks(|request| request.without("Host"))
        .refused_with(400),
        must(
            "host-twice",
            "RFC 9112, 3.2",
            "two Host fields are refused with 400, even if they are the same",
        )
        .asks(|request| {
            let host = request.host.clone();
            request.add("Host", &host);
        })
        .refused_with(400),
        must(
            "host-twice-different",
            "RFC 9112, 3.2",
            "two Host fields that differ are refused with 400",
        )
        .asks(|request| request.add("Host", "arkws.invalid"))
        .refused_with(400),
    ];
    let asks: [fn(&mut crate::conform::request::OpeningRequest); 6] = [
        |request| request.set("Host", BAD_HOSTS[0].1),
        |request| request.set("Host", BAD_HOSTS[1].1),
        |request| request.set("Host", BAD_HOSTS[2].1),
        |request| request.set("Host", BAD_HOSTS[3].1),
        |request| request.set("Host", BAD_HOSTS[4].1),
        |request| request.set("Host", BAD_HOSTS[5].1),
    ];
    cases.extend(BAD_HOSTS.iter().zip(asks).map(|((name, host), asks)| {
        let title = format!("Host: {host} is refused with 400");
        must(format!("host-{name}"), "RFC 9112, 3.2", title)
            .asks(asks)
            .refused_with(400)
    }));
    cases
}

/// Where lines end.
fn lines() -> Vec<Case> {
    vec![
        should(
            "empty-line-before",
            "RFC 9112, 2.2",
            "an empty line before the request is ignored",
        )
        .asks(|request| request.before = "\r\n"),
        should(
            "bare-lf",
            "RFC 9112, 2.2",
            "lines that end with LF alone are accepted or refused",
        )
        .asks(|request| request.line_end = "\n")
        .answered(),
        must(
            "bare-cr",
            "RFC 9112, 2.2",
            "CR alone ends no line: a key behind it is none",
        )
        .asks(|request| {
            request.replace(
                "Sec-WebSocket-Key",
                format!("X-Junk: a\rSec-WebSocket-Key: {KEY}"),
            );
        })
        .not_upgraded(),
        must(
            "folded",
            "RFC 9112, 5.2",
            "a folded value is refused, or its line break is a space",
        )
        .asks(|request| request.line("X-Folded: a\r\n b"))
        .answered(),
        must(
            "folded-connection",
            "RFC 9112, 5.2",
            "a folded Connection is refused, or its line break is a space",
        )
        .asks(|request| request.set("Connection", "keep-alive,\r\n Upgrade"))
        .answered(),
        must(
            "folded-key",
            "RFC 9112, 5.2",
            "a folded key has a space in it, and is refused",
        )
        .asks(|request| {
            request.set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSB\r\n ub25jZQ==");
        })
        .refused(),
        must(
            "whitespace-before-first-field",
            "RFC 9112, 2.2",
            "a first field that begins with a space is ignored, or the request is refused",
        )
        .asks(|request| {
            request.without("Sec-WebSocket-Key");
            request.first_line(format!(" Sec-WebSocket-Key: {KEY}"));
        })
        .not_upgraded(),
        must(
            "byte-by-byte",
            "RFC 9112, 2.2",
            "a request that comes byte by byte is accepted",
        )
        .asks(|request| request.is_dripped = true),
    ]
}

/// Method, target and version.
fn first_line() -> Vec<Case> {
    let refused = |name, title| must(name, "RFC 6455, 4.2.1", title).not_upgraded();
    vec![
        refused("method-post", "POST is not upgraded").asks(|request| {
            request.method = "POST";
            request.add("Content-Length", "0");
        }),
        refused("method-put", "PUT is not upgraded").asks(|request| {
            request.method = "PUT";
            request.add("Content-Length", "0");
        }),
        refused("method-head", "HEAD is not upgraded").asks(|request| request.method = "HEAD"),
        refused("method-options", "OPTIONS is not upgraded")
            .asks(|request| request.method = "OPTIONS"),
        refused("method-lower-case", "\"get\" is not GET, and not upgraded")
            .asks(|request| request.method = "get"),
        refused("version-1-0", "HTTP/1.0 is not upgraded")
            .asks(|request| request.version = "HTTP/1.0"),
        should(
            "version-missing",
            "RFC 9112, 3",
            "a first line without a version is refused",
        )
        .asks(|request| request.version = "")
        .refused(),
        should(
            "version-lower-case",
            "RFC 9112, 2.3",
            "\"http/1.1\" is no version, and refused",
        )
        .asks(|request| request.version = "http/1.1")
        .refused(),
        should(
            "target-missing",
            "RFC 9112, 3",
            "a first line without a target is refused",
        )
        .asks(|request| request.target = String::new())
        .refused(),
        should(
            "target-space",
            "RFC 9112, 3.2",
            "a target with a space in it is refused",
        )
        .asks(|request| request.target.push_str("? x"))
        .refused(),
        must(
            "target-absolute",
            "RFC 9112, 3.2.2",
            "the whole URL for a target is accepted",
        )
        .asks(|request| {
            let scheme = if request.is_secure { "https" } else { "http" };
            request.target = format!("{scheme}://{}{}", request.host, request.target);
        }),
    ]
}
