//! Parsing takes time in proportion to what arrived, whatever it is (undici CVE-2026-2229, faye
//! CVE-2020-7662, websocket-extensions CVE-2020-7663, ws CVE-2021-32640): with 32 times the bytes
//! it takes about 32 times as long, and not a thousand times.
use std::time::Duration;

use arkws_proto::Limits;
use arkws_proto::deflate::DeflateConfig;
use arkws_proto::handshake::{ClientHandshake, ServerHandshake};
use http::HeaderMap;
use rustix::time::{ClockId, clock_gettime};

use crate::{accept_for, request};

const SMALL: usize = 1 << 13;
const FACTOR: usize = 32;

fn limits() -> Limits {
    Limits {
        max_header_bytes: 1 << 20,
        ..Limits::default()
    }
}

/// How long this thread has run: what others do on this machine does not count.
fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// The shortest of some runs: what still depends on others, such as caches, makes one longer.
fn shortest(mut work: impl FnMut()) -> Duration {
    let run = |_| {
        let start = cpu_time();
        work();
        cpu_time() - start
    };
    (0..8).map(run).min().unwrap()
}

/// `work` is given texts of two sizes that `fill` makes.
fn assert_linear(what: &str, fill: impl Fn(usize) -> String, work: impl Fn(&str)) {
    let (small, large) = (fill(SMALL), fill(SMALL * FACTOR));
    assert!(large.len() <= 1 << 19, "{what}: within the limit");
    let of_small = shortest(|| work(&small));
    let of_large = shortest(|| work(&large));
    // Halfway, in orders of magnitude, to a quadratic one. What is too short to be measured does
    // not count.
    let bound = of_small.max(Duration::from_micros(100)) * 6 * FACTOR as u32;
    assert!(of_large < bound, "{what}: {of_small:?}, then {of_large:?}");
}

/// Values for list fields that made others slow: of about `size` bytes each.
fn hostile(size: usize) -> Vec<(&'static str, String)> {
    let many = |text: &str| text.repeat(size / text.len());
    vec![
        ("spaces", format!("a{}b", many(" "))),
        ("tabs before a semicolon", format!("a{};b", many("\t"))),
        ("spaces around commas", many(" , ")),
        ("commas", format!("{}a", many(","))),
        ("an open quote", format!("a; b=\"{}", many("x"))),
        ("escaped quotes", format!("a; b=\"{}\"", many("\\\""))),
        (
            "backslashes without an end",
            format!("a; b=\"{}", many("\\")),
        ),
        ("quoted parameters", format!("a{}", many("; b=\"c\""))),
        ("one name", many("a")),
        ("semicolons", format!("a{}", many(";"))),
        (
            "a window of many digits",
            format!("permessage-deflate; server_max_window_bits={}", many("9")),
        ),
        (
            "repeated parameters",
            format!("permessage-deflate{}", many("; server_no_context_takeover")),
        ),
        (
            "many offers",
            format!("permessage-deflate{}", many("; x, permessage-deflate")),
        ),
    ]
}

fn each_hostile(work: impl Fn(&str)) {
    for (index, (what, _)) in hostile(SMALL).iter().enumerate() {
        assert_linear(what, |size| hostile(size).swap_remove(index).1, &work);
    }
}

fn ask(field: &str, value: &str) {
    let bytes = format!(
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
         {field}: {value}\r\n\r\n"
    );
    // Some are refused, some are taken: both at the same speed.
    if let Ok(request) = ServerHandshake::new(&limits()).recv(bytes.as_bytes()) {
        let (request, _) = request.expect("a whole request");
        let _ = request.accept(None, Some(&DeflateConfig::default()), &HeaderMap::new());
    }
}

#[test]
fn a_server_reads_extensions_in_linear_time() {
    each_hostile(|value| ask("Sec-WebSocket-Extensions", value));
}

#[test]
fn a_server_reads_sub_protocols_in_linear_time() {
    each_hostile(|value| ask("Sec-WebSocket-Protocol", value));
}

#[test]
fn a_server_reads_lists_of_tokens_in_linear_time() {
    each_hostile(|value| ask("Connection", value));
}

#[test]
fn a_client_reads_answers_in_linear_time() {
    each_hostile(|value| {
        for field in ["Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol"] {
            let (mut client, sent) = ClientHandshake::new(request(), &limits()).unwrap();
            let accept = accept_for(&sent);
            let bytes = format!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Accept: {accept}\r\n{field}: {value}\r\n\r\n"
            );
            let _ = client.recv(bytes.as_bytes());
        }
    });
}
