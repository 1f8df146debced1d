//! `arkws proxy`: what passes, and what each end learns of the other.
use std::sync::Mutex;
use std::sync::mpsc::channel;

use arkws::http::{HeaderName, HeaderValue, StatusCode};
use arkws::{
    Acceptance, Acceptor, CloseCode, CloseFrame, DeflateConfig, Error, HandshakeError, Message,
    Refusal, Transport, WebSocket,
};
use futures_util::StreamExt;

use crate::command::run;
use crate::proxied::{client, connect, next, proxy};
use crate::served;
use crate::servers::{echo, echo_all, mirror, runtime, serve};

fn code(code: u16) -> CloseCode {
    CloseCode::new(code).expect("a code")
}

#[test]
fn messages_of_both_kinds_pass_in_both_directions() {
    let server = echo();
    let proxied = proxy(&server.url, &[]);
    runtime().block_on(async {
        let mut app = connect(&proxied.url).await;
        let long = "x".repeat(300_000);
        for message in [
            Message::from("hello"),
            Message::binary(&b"\x00\xff"[..]),
            Message::from(long),
            Message::from(""),
        ] {
            app.send(message.clone()).await.expect("sent");
            assert_eq!(next(&mut app).await, message);
        }
    });
}

#[test]
fn the_request_and_its_answer_are_passed_on() {
    let choose = Acceptor::builder().on_request(|request| async move {
        let mut acceptance = Acceptance::new().with_header(
            HeaderName::from_static("x-server"),
            HeaderValue::from_static("s1"),
        );
        acceptance.protocol = request.protocols.last().cloned();
        Ok(acceptance)
    });
    let server = mirror(choose);
    // Without its path.
    let (target, _) = server.url.split_once("path").expect("a path");
    let proxied = proxy(target, &["-H", "X-Given: here"]);
    let url = format!("{}rooms/1?a=b", proxied.url);
    let (answered, heard) = runtime().block_on(async {
        let client = client().build().expect("a client");
        let request = client.request(url).protocol("v1").protocol("v2");
        let request = request
            .header("x-app", "mine")
            .header("x-given", "by the app")
            .header("origin", "http://a.test")
            .header("cookie", "a=b");
        let (mut app, answered) = request.connect().await.expect("a connection");
        let mut heard = Vec::new();
        while let Some(Ok(Message::Text(text))) = app.next().await {
            heard.push(text.to_string());
        }
        (answered, heard)
    });
    assert_eq!(heard[0], "/rooms/1?a=b");
    let host = format!(
        "host: {}",
        target
            .trim_matches(|c| c == '/')
            .trim_start_matches("ws://")
    );
    for field in [
        "x-app: mine",
        "x-given: here",
        "origin: http://a.test",
        "cookie: a=b",
        "sec-websocket-protocol: v1, v2",
        &host,
    ] {
        assert!(heard.iter().any(|it| it == field), "{field} in {heard:?}");
    }
    assert_eq!(answered.negotiated.protocol.as_deref(), Some("v2"));
    assert_eq!(answered.headers["x-server"], "s1");
}

#[test]
fn a_target_with_a_path_is_where_all_go() {
    let server = mirror(Acceptor::builder());
    let proxied = proxy(&server.url, &[]);
    let url = format!("{}elsewhere", proxied.url);
    let ran = run(&["connect", "--keep-open", &url], b"").with(0);
    assert!(ran.text().starts_with("/path?query\n"), "{}", ran.text());
}

#[test]
fn a_refusal_is_passed_on_with_status_fields_and_body() {
    let refuse = Acceptor::builder().on_request(|_| async {
        let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, "no");
        let (name, value) = (HeaderName::from_static("retry-after"), HeaderValue::from(7));
        Err::<Acceptance, _>(refusal.with_header(name, value).with_body("later"))
    });
    let server = serve(refuse.build(), echo_all);
    let mut proxied = proxy(&server.url, &[]);
    let refused = runtime().block_on(async {
        let client = client().build().expect("a client");
        client.connect(&proxied.url).await.expect_err("a refusal")
    });
    let Error::Handshake(HandshakeError::Refused(answer)) = refused else {
        panic!("{refused}");
    };
    assert_eq!(answer.status(), 429);
    assert_eq!(&answer.body()[..], b"later");
    assert_eq!(answer.headers()["retry-after"], "7");
    proxied.shows("the server answers 429");
}

#[test]
fn a_target_that_cannot_be_reached_is_a_bad_gateway() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let nobody = format!("ws://{}/", listener.local_addr().expect("an address"));
    drop(listener);
    let proxied = proxy(&nobody, &[]);
    let ran = run(&["connect", &proxied.url], b"").with(3);
    assert!(ran.stderr.contains("502 Bad Gateway"), "{}", ran.stderr);
    run(&["proxy", "0", "http://a.test"], b"").with(2);
    run(&["proxy", "x", "ws://a.test"], b"").with(2);
}

/// A server that is told to the test: each of its connections.
fn handed_over() -> (
    crate::servers::Serving,
    std::sync::mpsc::Receiver<WebSocket<Transport>>,
) {
    let (sender, sockets) = channel();
    let sender = Mutex::new(sender);
    let server = serve(Acceptor::default(), move |socket| {
        _ = sender.lock().expect("no panic").send(socket);
        async {}
    });
    (server, sockets)
}

#[test]
fn pings_pongs_and_goodbyes_are_passed_on() {
    let (server, sockets) = handed_over();
    let proxied = proxy(&server.url, &[]);
    runtime().block_on(async {
        let mut app = connect(&proxied.url).await;
        let mut behind = sockets.recv().expect("a connection");
        app.send(Message::Ping("are you there".into()))
            .await
            .expect("sent");
        assert_eq!(
            next(&mut behind).await,
            Message::Ping("are you there".into())
        );
        behind
            .send(Message::Ping("and you".into()))
            .await
            .expect("sent");
        // The answer is the server's, and there is one.
        for expected in [
            Message::Pong("are you there".into()),
            Message::Ping("and you".into()),
        ] {
            assert_eq!(next(&mut app).await, expected);
        }
        app.send(Message::Pong("unasked".into()))
            .await
            .expect("sent");
        loop {
            match next(&mut behind).await {
                Message::Pong(data) if &data[..] == b"unasked" => break,
                Message::Pong(data) => assert_eq!(&data[..], b"and you"),
                other => panic!("{other:?}"),
            }
        }
        let frame = CloseFrame::new(code(4321), "so long");
        app.start_close(Some(frame.clone()));
        let closed = async {
            while let Some(message) = app.next().await {
                message.expect("a clean end");
            }
        };
        let (_, last) = tokio::join!(closed, async {
            loop {
                if let Message::Close(frame) = next(&mut behind).await {
                    while behind.next().await.is_some() {}
                    return frame;
                }
            }
        });
        assert_eq!(last, Some(frame));
    });
}

#[test]
fn the_servers_goodbye_reaches_the_app_behind_its_messages() {
    let server = serve(Acceptor::default(), async |mut socket| {
        for number in 0..100 {
            _ = socket.send(number.to_string().into()).await;
        }
        let frame = CloseFrame::new(code(3001), "enough");
        _ = socket.close(Some(frame)).await;
    });
    let mut proxied = proxy(&server.url, &[]);
    runtime().block_on(async {
        let mut app = connect(&proxied.url).await;
        for number in 0..100 {
            assert_eq!(next(&mut app).await, number.to_string().into());
        }
        let frame = CloseFrame::new(code(3001), "enough");
        assert_eq!(next(&mut app).await, Message::Close(Some(frame)));
        assert!(app.next().await.is_none());
    });
    proxied.shows("the connection is closed");
}

#[test]
fn an_end_that_is_lost_takes_the_other_with_it() {
    let (server, sockets) = handed_over();
    let mut proxied = proxy(&server.url, &[]);
    runtime().block_on(async {
        let app = connect(&proxied.url).await;
        let mut behind = sockets.recv().expect("a connection");
        drop(app);
        assert!(matches!(behind.next().await, Some(Err(Error::Lost(_)))));

        // All that was sent before arrives.
        let mut app = connect(&proxied.url).await;
        let mut behind = sockets.recv().expect("a connection");
        app.send("unread".into()).await.expect("sent");
        assert_eq!(next(&mut behind).await, "unread".into());
        behind.send("last words".into()).await.expect("sent");
        drop(behind);
        assert_eq!(next(&mut app).await, "last words".into());
        assert!(matches!(app.next().await, Some(Err(Error::Lost(_)))));
    });
    proxied.shows("the app: the connection was lost");
    proxied.shows("the server: the connection was lost");
}

#[test]
fn a_violation_of_the_protocol_is_told_to_both_ends() {
    let (server, sockets) = handed_over();
    let mut proxied = proxy(&server.url, &[]);
    runtime().block_on(async {
        use tokio::io::AsyncWriteExt;
        let mut app = connect(&proxied.url).await;
        let mut behind = sockets.recv().expect("a connection");
        // A frame that is not masked (RFC 6455, 5.1).
        app.get_mut().write_all(b"\x81\x01x").await.expect("sent");
        for socket in [&mut app, &mut behind] {
            let Message::Close(Some(frame)) = next(socket).await else {
                panic!("no goodbye");
            };
            assert_eq!(frame.code(), CloseCode::PROTOCOL_ERROR);
        }
    });
    proxied.shows("the app: ");
}

#[test]
fn compression_is_agreed_on_with_each_end_apart() {
    let deflating = || Acceptor::builder().deflate(DeflateConfig::default());
    let plain = echo();
    let compressing = serve(deflating().build(), echo_all);
    let text = "again and again and again and again";
    let agreed = |target: &str, app_deflates: bool, flags: &[&str]| {
        let mut proxied = proxy(target, flags);
        let agreed = runtime().block_on(async {
            let deflate = app_deflates.then(DeflateConfig::default);
            let client = client().deflate(deflate).build().expect("a client");
            let (mut app, _) = client.connect(&proxied.url).await.expect("a connection");
            app.send(text.into()).await.expect("sent");
            assert_eq!(next(&mut app).await, text.into());
            app.negotiated().deflate.is_some()
        });
        let line = proxied.line();
        let shown = proxied.shows("->");
        assert!(shown.ends_with(&format!("text 35 B  {text}")), "{shown}");
        (agreed, line)
    };
    let (agrees, line) = agreed(&plain.url, true, &[]);
    assert!(
        agrees && line.ends_with(", compressed to the app"),
        "{line}"
    );
    let (agrees, line) = agreed(&compressing.url, true, &[]);
    assert!(agrees && line.ends_with(", compressed"), "{line}");
    let (agrees, line) = agreed(&compressing.url, false, &[]);
    assert!(!agrees && !line.contains("compressed"), "{line}");
    let (agrees, line) = agreed(&compressing.url, false, &["--deflate"]);
    assert!(
        !agrees && line.ends_with(", compressed to the server"),
        "{line}"
    );
}

#[test]
fn either_side_may_be_wss() {
    let server = served::serve(&["--tls-self-signed"]);
    let proxied = proxy(&server.url, &["--insecure", "--tls-self-signed"]);
    assert!(
        proxied.url.starts_with("wss://127.0.0.1:"),
        "{}",
        proxied.url
    );
    let ran = run(&["connect", "--insecure", &proxied.url], b"hi\n").with(0);
    assert_eq!(ran.text(), "hi\n");

    let mut proxied = proxy(&server.url, &[]);
    let ran = run(&["connect", &proxied.url], b"hi\n").with(3);
    assert!(ran.stderr.contains("502"), "{}", ran.stderr);
    proxied.shows("certificate");
}

/// What is not read stays where it is: nothing is kept in between.
#[cfg(target_os = "linux")]
#[test]
fn whoever_does_not_read_holds_the_other_end_back() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    const CHUNK: usize = 64 << 10;
    const CHUNKS: usize = 4096;
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&sent);
    let server = serve(Acceptor::default(), move |mut socket| {
        let sent = Arc::clone(&counted);
        async move {
            let message = Message::binary(vec![7; CHUNK]);
            while sent.fetch_add(1, Ordering::Relaxed) < CHUNKS {
                socket.send(message.clone()).await.expect("sent");
            }
            _ = socket.close(None).await;
        }
    });
    let proxied = proxy(&server.url, &["--quiet"]);
    runtime().block_on(async {
        let mut app = connect(&proxied.url).await;
        let mut before = 0;
        loop {
            // On a busy machine this may see a pause and not the end of it: that is no fault.
            tokio::time::sleep(Duration::from_millis(500)).await;
            let now = sent.load(Ordering::Relaxed);
            assert!(now < CHUNKS, "nothing has held it back");
            if now == before && now > 0 {
                break;
            }
            before = now;
        }
        let mut received = 0;
        while let Some(Ok(Message::Binary(data))) = app.next().await {
            received += data.len();
        }
        assert_eq!(received, CHUNK * CHUNKS);
    });
    let status = std::fs::read_to_string(format!("/proc/{}/status", proxied.id()));
    let status = status.expect("it runs");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<usize>().ok());
    let peak = peak.expect("a number") << 10;
    assert!(peak < CHUNK * CHUNKS / 4, "{peak} bytes");
}
