//! `arkws replay`.
use std::fs;
use std::path::PathBuf;

use arkws::{Acceptor, CloseCode, CloseFrame, Message};
use futures_util::StreamExt;
use tempfile::TempDir;

use crate::command::run;
use crate::servers::{echo, serve};

/// A recording: each line is direction, seconds, kind and data.
fn recording(lines: &[(&str, f64, &str, &str)]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("recording.jsonl");
    let lines = lines.iter().map(|(direction, time, kind, data)| {
        format!(
            "{{\"direction\":\"{direction}\",\"time\":{},\"type\":\"{kind}\",\"data\":\"{data}\"}}\n",
            1.7e9 + time
        )
    });
    fs::write(&file, lines.collect::<String>()).expect("it is written");
    (folder, file)
}

#[test]
fn what_was_said_is_said_again_and_answers_are_compared() {
    let (_folder, file) = recording(&[
        ("out", 0.0, "text", "one"),
        ("in", 0.1, "text", "one"),
        ("out", 0.2, "binary", "AP8="),
        ("out", 0.2, "ping", ""),
        ("in", 0.3, "binary", "AP8="),
        ("out", 0.4, "close", ""),
    ]);
    let file = file.to_str().expect("UTF-8");
    let server = echo();
    for by in ["times", "answers"] {
        let ran = run(&["replay", file, &server.url, "--by", by, "--check"], b"").with(0);
        let text = ran.text();
        assert!(text.starts_with("sent 3 messages in "), "{text}");
        assert!(text.ends_with("; 2 answers came, as recorded\n"), "{text}");
    }
}

#[test]
fn other_answers_are_a_fault_if_they_matter() {
    let (_folder, file) = recording(&[
        ("out", 0.0, "text", "one"),
        ("in", 0.0, "text", "two"),
        ("in", 0.0, "text", "three"),
    ]);
    let file = file.to_str().expect("UTF-8");
    let server = serve(Acceptor::default(), async |mut socket| {
        _ = socket.next().await;
        _ = socket.send("\u{1b}one".into()).await;
        _ = socket.close(None).await;
    });
    let ran = run(
        &["replay", file, &server.url, "--by", "answers", "--check"],
        b"",
    );
    // It has closed while one more answer was waited for.
    let ran = ran.with(1);
    assert!(
        ran.text()
            .contains("1 answer came, 2 are recorded, 1 differ"),
        "{}",
        ran.text()
    );

    let server = serve(Acceptor::default(), async |mut socket| {
        _ = socket.next().await;
        _ = socket.send("\u{1b}one".into()).await;
        while let Some(Ok(_)) = socket.next().await {}
    });
    let ran = run(&["replay", file, &server.url, "--check"], b"").with(1);
    let words = "answer 1: text 4 B  \\u{1b}one\n  recorded: text 3 B  two";
    assert!(ran.stderr.contains(words), "{}", ran.stderr);
    run(&["replay", file, &server.url], b"").with(0);
}

#[test]
fn messages_wait_for_their_times_or_for_answers() {
    let (_folder, file) = recording(&[
        ("in", 0.0, "text", "welcome"),
        ("out", 0.3, "text", "one"),
        ("out", 0.6, "text", "two"),
    ]);
    let file = file.to_str().expect("UTF-8");
    // Tells how long after the one before a message came.
    let server = serve(Acceptor::default(), async |mut socket| {
        let began = std::time::Instant::now();
        while let Some(Ok(Message::Text(_))) = socket.next().await {
            let millis = began.elapsed().as_millis();
            _ = socket.send(millis.to_string().into()).await;
        }
    });
    let began = std::time::Instant::now();
    run(&["replay", file, &server.url], b"").with(0);
    assert!(began.elapsed().as_millis() >= 600);
    let began = std::time::Instant::now();
    run(&["replay", file, &server.url, "--speed", "3"], b"").with(0);
    assert!(began.elapsed().as_millis() >= 200);

    // Nothing is said before the server has.
    let server = serve(Acceptor::default(), async |mut socket| {
        let early = std::time::Duration::from_millis(100);
        let early = tokio::time::timeout(early, socket.next()).await;
        assert!(early.is_err(), "{early:?}");
        _ = socket.send("welcome".into()).await;
        while let Some(Ok(message)) = socket.next().await {
            _ = socket.send(message).await;
        }
    });
    let ran = run(&["replay", file, &server.url, "--by", "answers"], b"").with(0);
    assert!(ran.text().starts_with("sent 2 messages"), "{}", ran.text());
}

#[test]
fn a_server_that_closes_before_the_end_is_a_fault() {
    let (_folder, file) = recording(&[
        ("out", 0.0, "text", "one"),
        ("in", 0.0, "text", "1"),
        ("out", 0.0, "text", "two"),
    ]);
    let file = file.to_str().expect("UTF-8");
    let closing = |code: CloseCode| {
        serve(Acceptor::default(), move |mut socket| async move {
            _ = socket.next().await;
            _ = socket.close(Some(CloseFrame::new(code, "no"))).await;
        })
    };
    let replay = |url: &str| run(&["replay", file, url, "--by", "answers"], b"");
    let ran = replay(&closing(CloseCode::NORMAL).url).with(1);
    assert!(ran.stderr.contains("with 1 message left"), "{}", ran.stderr);
    replay(&closing(CloseCode::POLICY).url).with(4);
    let ran = run(
        &[
            "replay",
            file,
            &echo().url,
            "--by",
            "answers",
            "--connection",
            "7",
        ],
        b"",
    );
    assert!(ran.with(2).stderr.contains("connection 7"));
}

#[test]
fn a_goodbye_as_recorded_is_none_too_early() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("recording.jsonl");
    let lines = "{\"direction\":\"out\",\"type\":\"text\",\"data\":\"one\"}\n\
                 {\"direction\":\"in\",\"type\":\"close\",\"code\":4001,\"reason\":\"no\"}\n";
    fs::write(&file, lines).expect("it is written");
    let file = file.to_str().expect("UTF-8");
    let server = serve(Acceptor::default(), async |mut socket| {
        _ = socket.next().await;
        let code = CloseCode::new(4001).expect("a code");
        _ = socket.close(Some(CloseFrame::new(code, "no"))).await;
    });
    run(&["replay", file, &server.url, "--by", "answers"], b"").with(0);
    // It has no times.
    run(&["replay", file, &server.url], b"").with(2);
}
