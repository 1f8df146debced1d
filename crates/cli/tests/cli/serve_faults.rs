//! `arkws serve`: each fault on demand is there.
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::command::run;
use crate::served::{Served, serve};

const STAY: [&str; 2] = ["connect", "--keep-open"];

/// Talks to it with these lines, to the end.
fn talk(server: &Served, input: &[u8]) -> crate::command::Ran {
    run(&[STAY[0], STAY[1], &server.url], input)
}

#[test]
fn handshakes_are_refused_with_the_status() {
    let ran = talk(&serve(&["--refuse", "429"]), b"").with(3);
    assert!(
        ran.stderr.contains("429 Too Many Requests"),
        "{}",
        ran.stderr
    );
    run(&["serve", "--refuse", "200"], b"").with(2);
}

#[test]
fn connections_end_after_so_many_answers_in_each_way() {
    let ran = talk(&serve(&["--drop-after", "2"]), b"1\n2\n3\n").with(4);
    assert_eq!(ran.text(), "1\n2\n");
    assert!(ran.stderr.contains("lost"), "{}", ran.stderr);

    let ran = talk(
        &serve(&["--close-code", "4001", "--drop-after", "1"]),
        b"1\n2\n",
    );
    let ran = ran.with(4);
    assert_eq!(ran.text(), "1\n");
    assert!(ran.stderr.contains("4001"), "{}", ran.stderr);
    let ran = talk(&serve(&["--close-code", "1000"]), b"").with(0);
    assert_eq!(ran.text(), "");

    let ran = talk(&serve(&["--garbage"]), b"").with(4);
    assert!(ran.stderr.contains("reserved"), "{}", ran.stderr);
}

#[test]
fn answers_are_late_but_one_does_not_wait_for_the_other() {
    let server = serve(&["--delay", "300ms"]);
    let began = Instant::now();
    let ran = run(
        &["connect", "--count", "20", &server.url],
        &b"x\n".repeat(20),
    )
    .with(0);
    assert_eq!(ran.text(), "x\n".repeat(20));
    assert!(began.elapsed() >= Duration::from_millis(300));
    // Twenty times the delay would be six seconds.
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn pings_stay_without_an_answer() {
    let pinging = |server: &Served| {
        let ping = ["--ping-interval", "200ms", "--max-time", "60s"];
        run(&[&STAY[..], &ping, &[&server.url]].concat(), b"echo\n")
    };
    let ran = pinging(&serve(&["--no-pong"])).with(4);
    assert!(ran.stderr.contains("ping"), "{}", ran.stderr);
    assert_eq!(ran.text(), "echo\n");
}

/// What a server answers to a text message, as bytes.
fn answer(server: &Served, text: &[u8], len: usize) -> Vec<u8> {
    let address = server.url.trim_start_matches("ws://").trim_end_matches('/');
    let mut stream = TcpStream::connect(address).expect("it listens");
    let request = format!(
        "GET / HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("a head");
        head.push(byte[0]);
    }
    // Masked with zeros (RFC 6455, 5.3).
    let header = [0x81, 0x80 | text.len() as u8, 0, 0, 0, 0];
    stream
        .write_all(&[&header, text].concat())
        .expect("it reads");
    let mut answer = vec![0; len];
    stream.read_exact(&mut answer).expect("an answer");
    answer
}

#[test]
fn messages_come_in_fragments() {
    let server = serve(&["--fragment", "2"]);
    let answer = answer(&server, b"abcde", 11);
    assert_eq!(answer, b"\x01\x02ab\x00\x02cd\x80\x01e");
    // To whoever does not look at frames it is the same.
    let line = "größer als ein Fragment\n";
    assert_eq!(
        run(&["connect", &server.url], line.as_bytes())
            .with(0)
            .text(),
        line
    );
}

#[test]
fn the_line_is_slow() {
    let server = serve(&["--throttle", "20000"]);
    let line = "x".repeat(10_000) + "\n";
    let began = Instant::now();
    let ran = run(&["connect", &server.url], line.as_bytes()).with(0);
    assert_eq!(ran.text(), line);
    // Half a second there, as much back.
    assert!(
        began.elapsed() >= Duration::from_millis(900),
        "{:?}",
        began.elapsed()
    );
}
