//! `arkws connect` in a pipe: what goes in, and what comes out.
use serde_json::Value;

use crate::command::run;
use crate::servers::{echo, serve};
use arkws::{Acceptor, Message};

#[test]
fn each_line_is_a_message_and_each_message_a_line() {
    let server = echo();
    let ran = run(&["connect", &server.url], "one\n\nthrée\r\nlast".as_bytes()).with(0);
    assert_eq!(ran.text(), "one\n\nthrée\nlast\n");
    assert_eq!(ran.stderr, "");
}

#[test]
fn an_echo_that_waits_for_room_blocks_nobody() {
    let server = echo();
    let line = "x".repeat(100_000) + "\n";
    let input = line.repeat(200);
    let ran = run(&["connect", &server.url], input.as_bytes()).with(0);
    assert_eq!(ran.stdout.len(), input.len());
}

#[test]
fn binary_lines_come_back_as_they_are() {
    let server = echo();
    let ran = run(&["connect", "--binary", &server.url], b"\xff\x00\r\n\xfe").with(0);
    assert_eq!(ran.stdout, b"\xff\x00\r\xfe");

    // As text they cannot be sent, and the line is named.
    let ran = run(&["connect", &server.url], b"good\n\xff\n").with(1);
    assert!(ran.stderr.contains("line 2"), "{}", ran.stderr);
}

#[test]
fn records_say_direction_time_type_and_size() {
    let server = serve(Acceptor::builder().build(), async |mut socket| {
        _ = socket.send(Message::binary(&b"\x00\xff"[..])).await;
        while let Some(Ok(message)) = socket.recv().await {
            if let arkws::MessageRef::Text(text) = message {
                let answer = text.to_uppercase();
                _ = socket.send(answer.into()).await;
            }
        }
    });
    let ran = run(&["connect", "--jsonl", &server.url], b"a \"quoted\" word\n").with(0);
    let records: Vec<Value> = ran
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let of = |direction: &str, kind: &str| {
        let mut found = records
            .iter()
            .filter(|record| record["direction"] == direction && record["type"] == kind);
        let record = found
            .next()
            .unwrap_or_else(|| panic!("{direction} {kind}: {records:?}"));
        assert!(record["time"].as_f64().expect("a number") > 1.7e9);
        record
    };
    assert_eq!(of("out", "text")["data"], "a \"quoted\" word");
    assert_eq!(of("in", "text")["data"], "A \"QUOTED\" WORD");
    assert_eq!(of("in", "text")["size"], 15);
    assert_eq!(of("in", "binary")["data"], "AP8=");
    assert_eq!(of("in", "binary")["size"], 2);
    assert_eq!(of("in", "close")["code"], 1000);
}
