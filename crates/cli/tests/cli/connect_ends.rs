//! `arkws connect`: how it ends, and with which status.
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};

use arkws::http::{HeaderName, HeaderValue, StatusCode};
use arkws::{Acceptor, CloseCode, CloseFrame, Refusal};

use crate::command::{arkws, finish, run};
use crate::servers::{bind, echo, mirror, runtime, serve};

#[test]
fn wrong_usage_is_2() {
    run(&["connect"], b"").with(2);
    let ran = run(&["connect", "nonsense"], b"").with(2);
    assert!(ran.stderr.starts_with("arkws: "), "{}", ran.stderr);
    run(&["connect", "--max-time", "soon", "ws://a.test"], b"").with(2);
    run(&["connect", "--ca", "/nowhere", "wss://a.test"], b"").with(2);
    run(&["connect", "-H", "Upgrade: h2c", "ws://127.0.0.1:1"], b"").with(2);
}

#[test]
fn who_is_not_there_is_3_and_why() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let ran = run(&["connect", &format!("ws://{address}/")], b"").with(3);
    assert!(ran.stderr.contains(&address.to_string()), "{}", ran.stderr);
    assert!(ran.stderr.contains("refused"), "{}", ran.stderr);
}

#[test]
fn a_refusal_shows_status_headers_and_body_without_control_characters() {
    let refuse = Acceptor::builder().on_request(async |_| {
        let refusal = Refusal::new(StatusCode::FORBIDDEN, "no");
        let name = HeaderName::from_static("x-why");
        let refusal = refusal.with_header(name, HeaderValue::from_static("tired"));
        Err(refusal.with_body(&b"Go \x1b[31maway\nplease"[..]))
    });
    let server = serve(refuse.build(), async |_| {});
    let ran = run(&["connect", &server.url], b"").with(3);
    for part in [
        "403 Forbidden\n",
        "\nx-why: tired\n",
        "\nGo \\u{1b}[31maway\nplease\n",
    ] {
        assert!(ran.stderr.contains(part), "{part} in {}", ran.stderr);
    }
}

#[test]
fn a_goodbye_with_an_error_is_4_another_is_not() {
    let closing = |code: u16| {
        let code = CloseCode::new(code).expect("a code");
        let server = serve(Acceptor::builder().build(), move |mut socket| async move {
            _ = socket
                .close(Some(CloseFrame::new(code, "so \x07 it is")))
                .await;
        });
        run(&["connect", "--keep-open", &server.url], b"")
    };
    closing(1000).with(0);
    closing(1001).with(0);
    let ran = closing(1011).with(4);
    assert!(
        ran.stderr.contains("1011: so \\u{7} it is"),
        "{}",
        ran.stderr
    );
    closing(4401).with(4);
}

#[test]
fn a_lost_connection_is_4() {
    let listener = bind();
    let address = listener.local_addr().expect("TCP");
    let _guard = runtime().enter();
    let _server = listener.serve(async |socket, _| drop(socket));
    let ran = run(
        &["connect", "--keep-open", &format!("ws://{address}/")],
        b"",
    )
    .with(4);
    assert!(ran.stderr.contains("lost"), "{}", ran.stderr);
}

#[test]
fn enough_messages_end_it_and_fewer_are_a_fault() {
    let server = echo();
    let ran = run(&["connect", "--count", "2", &server.url], b"1\n2\n3\n4\n").with(0);
    assert_eq!(ran.text(), "1\n2\n");

    let ran = run(
        &["connect", "--count", "2", "--max-time", "1s", &server.url],
        b"1\n",
    );
    let ran = ran.with(1);
    assert_eq!(ran.text(), "1\n");
    assert!(ran.stderr.contains("1 of 2 messages"), "{}", ran.stderr);

    let server = mirror(Acceptor::builder());
    let ran = run(&["connect", "--count", "1000", &server.url], b"").with(1);
    assert!(ran.stderr.contains("of 1000 messages"), "{}", ran.stderr);
}

#[test]
fn its_time_ends_it() {
    let server = echo();
    run(&["connect", "--max-time", "300ms", &server.url], b"x\n").with(0);

    // While it connects, too: nobody answers there.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("ws://{}/", silent.local_addr().expect("an address"));
    run(&["connect", "--max-time", "300ms", &url], b"").with(3);
}

#[cfg(unix)]
#[test]
fn ctrl_c_says_goodbye() {
    let (told, hears) = std::sync::mpsc::channel();
    let server = serve(Acceptor::builder().build(), move |mut socket| {
        let told = told.clone();
        async move {
            _ = socket.send("hello".into()).await;
            while let Some(Ok(message)) = socket.recv().await {
                if let arkws::MessageRef::Close(frame) = message {
                    _ = told.send(frame.map(|frame| frame.code().get()));
                }
            }
        }
    });
    let mut child = arkws(&["connect", &server.url]).spawn().expect("it starts");
    let _stdin = child.stdin.take();
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    stdout.read_line(&mut line).expect("a line");
    assert_eq!(line, "hello\n");
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it lives");
    finish(child).with(130);
    assert_eq!(hears.recv().expect("a close frame"), Some(1000));
}

#[test]
fn nobody_who_reads_ends_it_quietly() {
    let server = echo();
    let mut child = arkws(&["connect", "--keep-open", &server.url])
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let mut stdout = child.stdout.take().expect("a pipe");
    stdin.write_all(b"1\n").expect("it reads");
    stdout.read_exact(&mut [0; 2]).expect("an echo");
    drop(stdout);
    stdin.write_all(b"2\n").expect("it reads");
    let ran = finish(child).with(0);
    assert_eq!(ran.stderr, "");
}

#[test]
fn it_connects_again_and_the_input_goes_on() {
    let connections = std::sync::Arc::new(AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&connections);
    let server = serve(Acceptor::builder().build(), move |mut socket| {
        let number = count.fetch_add(1, Ordering::Relaxed);
        async move {
            _ = socket.send(format!("connection {number}").into()).await;
            if number == 1 {
                crate::servers::echo_all(socket).await;
            }
        }
    });
    let mut child = arkws(&["connect", "--reconnect", "--count", "3", &server.url])
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut lines = String::new();
    for _ in 0..2 {
        stdout.read_line(&mut lines).expect("a line");
    }
    stdin.write_all(b"still here\n").expect("it reads");
    stdout.read_line(&mut lines).expect("a line");
    assert_eq!(lines, "connection 0\nconnection 1\nstill here\n");
    let ran = finish(child).with(0);
    assert!(ran.stderr.contains("connecting again"), "{}", ran.stderr);
    assert_eq!(connections.load(Ordering::Relaxed), 2);
}
