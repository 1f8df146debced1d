//! `arkws bench`: what it shows, and its flags.
use std::fs;

use arkws::{Acceptor, DeflateConfig, Message};

use crate::command::run;
use crate::served;
use crate::servers::{echo, echo_all, serve};

#[test]
fn the_table_has_every_number_and_no_escapes() {
    let server = echo();
    let ran = run(&["bench", "-c", "2", "-n", "1000", &server.url], b"").with(0);
    for part in [
        server.url.as_str(),
        "text of 64 bytes, 1 in flight on each connection",
        "connections  2, each opened in ",
        "sent         1,000 messages in ",
        "answered     1,000 messages in ",
        "\n             50 %  ",
        "\n             99.99 %  ",
        "\nerrors       none\n",
    ] {
        assert!(ran.text().contains(part), "{part} in {}", ran.text());
    }
    assert!(!ran.text().contains('\x1b'));
    assert_eq!(ran.stderr, "");
}

#[test]
fn reports_have_the_latency_curve_and_what_was_measured() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = echo();
    let path = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let (svg, html) = (path("a.svg"), path("a.html"));
    // A longer one was there before.
    fs::write(&svg, " ".repeat(1_000_000)).expect("it is written");
    run(&["bench", "-n", "500", "--report", &svg, &server.url], b"").with(0);
    let url = format!("{}a&b?token", server.url.replace("//", "//me:secret@"));
    run(&["bench", "-n", "500", "--report", &html, &url], b"").with(0);
    let svg = fs::read_to_string(svg).expect("text");
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
    let html = fs::read_to_string(html).expect("text");
    assert!(html.starts_with("<!DOCTYPE html>") && html.contains("500 messages in"));
    for text in [&svg, &html] {
        for part in ["latency by percentile", "answers", "90 %", "<polyline"] {
            assert!(text.contains(part), "{part}");
        }
    }
    // Tokens are no part of results that are passed on.
    assert!(
        html.contains("/a&amp;b\n") && html.contains("/a&amp;b:"),
        "{html}"
    );
    let json = run(&["bench", "-n", "9", "--json", &url], b"").with(0);
    let table = run(&["bench", "-n", "9", &url], b"").with(0);
    for text in [&html, json.text(), table.text()] {
        assert!(
            !text.contains("secret") && !text.contains("token"),
            "{text}"
        );
    }
    // One that nothing has answered has no curve.
    let (none, url) = (path("none.svg"), &server.url);
    run(
        &["bench", "-n", "9", "--send-only", "--report", &none, url],
        b"",
    )
    .with(0);
    assert!(
        fs::read_to_string(none)
            .expect("text")
            .contains("messages sent")
    );
}

#[test]
fn flags_of_the_client_are_heeded() {
    let served = served::serve(&["--tls-self-signed", "--quiet"]);
    run(&["bench", "-n", "9", &served.url], b"").with(3);
    run(&["bench", "-n", "9", "--insecure", &served.url], b"").with(0);

    let acceptor = Acceptor::builder()
        .protocols(["chat"])
        .deflate(DeflateConfig::default())
        .build();
    let server = serve(acceptor, async |socket| {
        let agreed = socket.negotiated();
        assert_eq!(agreed.protocol.as_deref(), Some("chat"));
        assert!(agreed.deflate.is_some());
        echo_all(socket).await;
    });
    let arguments = ["bench", "-n", "50", "-s", "4k", "--verify", "--deflate"];
    let arguments = [&arguments[..], &["--protocol", "chat", &server.url]].concat();
    run(&arguments, b"").with(0);
}

#[test]
fn a_file_is_sent_as_text_or_as_binary_data() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("message");
    fs::write(&file, b"{\"a\": \"\xff\"}").expect("it is written");
    let file = file.to_str().expect("UTF-8");
    let server = echo();
    let ran = run(&["bench", "-n", "5", "--file", file, &server.url], b"").with(2);
    assert!(ran.stderr.contains("--binary"), "{}", ran.stderr);
    let flags = ["bench", "-n", "5", "--binary", "--verify", "--file", file];
    let ran = run(&[&flags[..], &[&server.url]].concat(), b"").with(0);
    assert!(ran.text().contains("binary of 10 bytes"), "{}", ran.text());
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_early_and_shows_what_was_measured() {
    let (told, hears) = std::sync::mpsc::channel();
    let server = serve(Acceptor::builder().build(), move |mut socket| {
        let told = told.clone();
        async move {
            while let Some(Ok(message)) = socket.recv().await {
                let message = Message::from(message);
                if message.is_data() && socket.send(message).await.is_err() {
                    return;
                }
                _ = told.send(());
            }
        }
    });
    let mut child = crate::command::arkws(&["bench", "-d", "1h", &server.url])
        .spawn()
        .expect("it starts");
    for _ in 0..100 {
        hears.recv().expect("a message");
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it lives");
    drop(child.stdin.take());
    let ran = crate::command::finish(child).with(130);
    for part in ["interrupted", "answered ", "99 %"] {
        assert!(ran.text().contains(part), "{part} in {}", ran.text());
    }
    assert!(ran.text().contains("errors       none"), "{}", ran.text());
}

#[cfg(unix)]
#[test]
fn at_a_terminal_there_is_progress_meanwhile() {
    let server = echo();
    let mut command = crate::command::arkws(&["bench", "-d", "1h", &server.url]);
    command.env_remove("NO_COLOR");
    let mut terminal = crate::terminal::Terminal::start(command);
    terminal.wait_for("10 open  ");
    terminal.wait_for(" answers/s  99 % ");
    terminal.press("\x03");
    terminal.wait_for("interrupted");
    terminal.wait_for("errors       none");
    terminal.ends_with(130);
}

#[cfg(unix)]
#[test]
fn a_terminal_that_can_but_print_gets_the_table_alone() {
    let server = echo();
    let mut command = crate::command::arkws(&["bench", "-d", "500ms", &server.url]);
    command.env("TERM", "dumb");
    let mut terminal = crate::terminal::Terminal::start(command);
    terminal.wait_for("errors       none");
    terminal.ends_with(0);
    assert!(terminal.seen.starts_with("server  "), "{:?}", terminal.seen);
    assert!(!terminal.seen.contains('\x1b'), "{:?}", terminal.seen);
}
