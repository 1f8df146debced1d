//! Answers that are no agreement to a WebSocket.
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::doctor;
use crate::servers::runtime;

/// A server that reads a request and answers this to each.
pub(super) fn answering(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a client");
            thread::spawn(move || {
                read_head(&mut stream);
                _ = stream.write_all(answer.as_bytes());
                _ = stream.shutdown(std::net::Shutdown::Write);
                _ = stream.read_to_end(&mut Vec::new());
            });
        }
    });
    format!("ws://{address}/chat")
}

/// A server that speaks first, and of something else.
pub(super) fn banner(text: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a client");
            _ = stream.write_all(text.as_bytes());
            thread::spawn(move || _ = stream.read_to_end(&mut Vec::new()));
        }
    });
    format!("ws://{address}/")
}

/// A server that accepts with this field beside those that belong there.
pub(super) fn choosing(field: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let head = read_head(&mut stream);
        let answer = runtime().block_on(acceptance(head));
        let answer = answer.replace("\r\n\r\n", &format!("\r\n{field}\r\n\r\n"));
        _ = stream.write_all(answer.as_bytes());
        _ = stream.read_to_end(&mut Vec::new());
    });
    format!("ws://{address}/")
}

/// The head with which a good server answers this one.
async fn acceptance(head: String) -> String {
    let (mut near, far) = tokio::io::duplex(4096);
    let server = tokio::spawn(arkws::accept(far));
    near.write_all(head.as_bytes()).await.expect("it reads");
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(near.read_u8().await.expect("an answer"));
    }
    drop(server);
    String::from_utf8(answer).expect("UTF-8")
}

pub(super) fn read_head(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    // What begins so is TLS, and has no end of this kind (RFC 8446, 5.1).
    let is_tls = |head: &[u8]| head.first() == Some(&22);
    while !head.ends_with(b"\r\n\r\n") && !is_tls(&head) && stream.read_exact(&mut byte).is_ok() {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

#[test]
fn a_refusal_is_called_by_what_its_status_means() {
    for (answer, kind, words) in [
        (
            "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
            "bad-request",
            "a reverse proxy has taken Upgrade",
        ),
        (
            "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
            "unauthorized",
            "Authorization",
        ),
        (
            "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
            "forbidden",
            "-H 'Origin: https://the.site'",
        ),
        (
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            "not-found",
            "for /chat: there is nothing at this path",
        ),
        (
            "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n",
            "not-websocket",
            "pass Upgrade and Connection on",
        ),
        (
            "HTTP/1.1 505 HTTP Version Not Supported\r\nContent-Length: 0\r\n\r\n",
            "not-websocket",
            "proxy_http_version 1.1",
        ),
        (
            "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
            "unavailable",
            "does not reach the server behind it",
        ),
        (
            "HTTP/1.1 503 Busy\r\nRetry-After: 17\r\nContent-Length: 0\r\n\r\n",
            "unavailable",
            "Try again in 17 s",
        ),
        (
            "HTTP/1.1 418 Teapot\r\nContent-Length: 0\r\n\r\n",
            "status",
            "418",
        ),
        (
            "HTTP/1.1 302 Found\r\nLocation: https://b.test/ws\r\nContent-Length: 0\r\n\r\n",
            "redirect",
            "the WebSocket is at https://b.test/ws",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\n<html",
            "not-websocket",
            "there is HTTP and no WebSocket, with text/html",
        ),
    ] {
        doctor(&[&answering(answer)]).is(kind, "http", &[words]);
    }
}

/// The book's example, but for the port and the times.
#[test]
fn the_book_shows_it_as_it_is() {
    let refusal = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    let url = answering(refusal).replace("/chat", "/rooms/1");
    let ran = crate::command::run(&["doctor", &url], b"").with(1);
    let port = url.split([':', '/']).nth(4).expect("a port");
    let without_times = |text: &str| {
        let lines = text.lines().map(|line| match line.rsplit_once(" (") {
            Some((words, time)) if time.ends_with(" ms)") => words.to_owned(),
            _ => line.to_owned(),
        });
        lines.collect::<Vec<_>>()
    };
    let book = include_str!("../../../../../docs/src/doctor.md");
    let (_, example) = book.split_once("/rooms/1\n").expect("an example");
    let (example, _) = example.split_once("```").expect("its end");
    let shown = ran.text().replace(port, "8080");
    assert_eq!(without_times(&shown), without_times(example));
}

#[test]
fn who_is_asked_too_often_says_so_and_until_when() {
    let url = answering(
        "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 120\r\nContent-Length: 22\r\n\r\n\
         Ten a minute.\n\nOr \x1b[2J",
    );
    let found = doctor(&[&url]);
    found.is(
        "too-many-requests",
        "http",
        &["there were too many attempts", "Wait for 120 s"],
    );
    let said = &found.step("http")["details"];
    assert_eq!(said[0], "Ten a minute.");
    // A person's terminal obeys none of it.
    let ran = crate::command::run(&["doctor", &url], b"").with(1);
    assert!(!ran.text().contains('\u{1b}'), "{}", ran.text());
    assert!(ran.text().contains("Or \\u{1b}[2J"), "{}", ran.text());
}

#[test]
fn an_agreement_that_is_none_is_not_taken_for_one() {
    for (answer, kind, words) in [
        (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
            "bad-accept",
            "how the server makes Sec-WebSocket-Accept",
        ),
        (
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n",
            "bad-answer",
            "101 without what belongs to it",
        ),
        (
            "SSH-2.0-OpenSSH_9.2p1\r\n\r\n",
            "not-http",
            "another service",
        ),
        ("", "no-answer", "ends the connection without an answer"),
    ] {
        doctor(&[&answering(answer)]).is(kind, "http", &[words]);
    }
}

#[test]
fn a_server_that_does_not_answer_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let found = doctor(&["--timeout", "2s", &format!("ws://{address}/")]);
    found.is("no-answer", "http", &["does not answer it within 2s"]);
}
