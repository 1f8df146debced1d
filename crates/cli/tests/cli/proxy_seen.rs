//! `arkws proxy`: what is shown, and what is recorded.
use std::fs;

use arkws::{CloseCode, CloseFrame, Message};
use futures_util::StreamExt;
use serde_json::Value;

use crate::command::{arkws, finish, run};
use crate::proxied::{connect, next, proxy};
use crate::served;
use crate::servers::{echo, runtime};

#[test]
fn what_passes_is_shown_and_cannot_control_the_terminal() {
    let server = echo();
    let mut proxied = proxy(&server.url, &[]);
    runtime().block_on(async {
        let mut app = connect(&proxied.url).await;
        for message in [
            Message::from("\x1b[31mred\r\n\u{202e}x"),
            Message::binary((0..40).collect::<Vec<u8>>()),
            Message::from("é".repeat(1000)),
        ] {
            app.send(message).await.expect("sent");
            next(&mut app).await;
        }
        let code = CloseCode::new(4000).expect("a code");
        _ = app.close(Some(CloseFrame::new(code, "\x1bbye"))).await;
    });
    let line = proxied.line();
    assert!(line.contains(" #1 ** 127.0.0.1:"), "{line}");
    assert!(
        line.contains(&format!(" is connected to {}", server.url)),
        "{line}"
    );
    for sign in ["->", "<-"] {
        let line = proxied.shows(sign);
        let escaped = "text 14 B  \\u{1b}[31mred\\r\\n\\u{202e}x";
        assert!(line.ends_with(&format!(" #1 {sign} {escaped}")), "{line}");
    }
    let line = proxied.shows("->");
    assert!(line.contains("binary 40 B  00 01 02"), "{line}");
    assert!(line.ends_with("1e 1f ..."), "{line}");
    proxied.shows("<-");
    let line = proxied.shows("->");
    assert!(line.contains("text 2000 B  éé"), "{line}");
    assert!(line.ends_with("é..."), "{line}");
    let line = proxied.shows("close");
    assert!(line.ends_with("-> close 4000: \\u{1b}bye"), "{line}");
    proxied.shows("** the connection is closed");
}

#[cfg(unix)]
#[test]
fn a_recording_has_all_connections_and_one_of_them_can_be_served() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("record.jsonl");
    let path = file.to_str().expect("UTF-8");
    let server = echo();
    let proxied = proxy(&server.url, &["--record", path, "--quiet"]);
    run(&["connect", &proxied.url], b"one\n").with(0);
    run(&["connect", &proxied.url, "--binary"], b"two\n").with(0);
    let ran = proxied.interrupt().with(130);
    assert_eq!(ran.text(), "", "it is quiet");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &fs::metadata(&file).expect("a recording").permissions(),
    );
    assert_eq!(mode & 0o777, 0o600, "it may hold secrets");
    let records = fs::read_to_string(&file).expect("a recording");
    let records = records
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let records: Vec<_> = records
        .map(|it| {
            assert!(it["time"].as_f64().expect("a time") > 1.6e9, "{it}");
            format!(
                "{} {} {} {}",
                it["connection"], it["direction"], it["type"], it["data"]
            )
        })
        .collect();
    for (number, kind, data) in [(1, "text", "one"), (2, "binary", "dHdv")] {
        for direction in ["out", "in"] {
            let record = format!("{number} \"{direction}\" \"{kind}\" \"{data}\"");
            assert!(records.contains(&record), "{record} in {records:?}");
            let close = format!("{number} \"{direction}\" \"close\" null");
            assert!(records.contains(&close), "{close} in {records:?}");
        }
    }

    let server = served::serve(&["--script", path]);
    let ran = run(&["connect", "--keep-open", &server.url], b"one\n").with(0);
    assert_eq!(ran.text(), "one\n");
}

#[cfg(unix)]
#[test]
fn ctrl_c_says_goodbye_to_both_ends() {
    let server = served::serve(&[]);
    let proxied = proxy(&server.url, &[]);
    runtime().block_on(async {
        let mut app = connect(&proxied.url).await;
        app.send("hi".into()).await.expect("sent");
        next(&mut app).await;
        let stopping = tokio::task::spawn_blocking(move || proxied.interrupt());
        let Message::Close(Some(frame)) = next(&mut app).await else {
            panic!("no goodbye");
        };
        assert_eq!(frame.code(), CloseCode::GOING_AWAY);
        assert!(app.next().await.is_none());
        let ran = stopping.await.expect("no panic").with(130);
        assert!(
            ran.text().contains("the connection is closed"),
            "{}",
            ran.text()
        );
    });
    let log = server.interrupt().stderr;
    assert!(log.contains("closes with 1001: the proxy stops"), "{log}");
}

#[test]
fn a_recording_that_cannot_be_written_is_a_fault() {
    let server = echo();
    let ran = run(&["proxy", "0", &server.url, "--record", "/no/file"], b"").with(2);
    assert!(ran.stderr.contains("/no/file"), "{}", ran.stderr);
    if cfg!(target_os = "linux") {
        let proxied = proxy(&server.url, &["--record", "/dev/full"]);
        runtime().block_on(async {
            let mut app = connect(&proxied.url).await;
            app.send("hi".into()).await.expect("sent");
            while app.next().await.is_some() {}
        });
        let ran = proxied.ended().with(1);
        assert!(ran.stderr.contains("/dev/full"), "{}", ran.stderr);
    }
}

#[test]
fn nobody_who_looks_ends_the_run() {
    let server = echo();
    let mut child = arkws(&["proxy", "0", &server.url])
        .spawn()
        .expect("it starts");
    let mut stdout = std::io::BufReader::new(child.stdout.take().expect("a pipe"));
    let mut url = String::new();
    std::io::BufRead::read_line(&mut stdout, &mut url).expect("a line");
    drop(stdout);
    runtime().block_on(async {
        let mut app = connect(url.trim_end()).await;
        while app.next().await.is_some() {}
    });
    finish(child).with(0);
}
