//! Connections that are open, and do not live as they should.
use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arkws::{Acceptor, CloseFrame, DeflateConfig, MessageRef, Transport, WebSocket};
use tokio::io::AsyncWriteExt;

use super::doctor;
use crate::served;
use crate::servers::{Serving, echo_all, serve};

/// What it does with each connection.
fn handling<F>(handle: impl Fn(WebSocket<Transport>) -> F + Send + Sync + 'static) -> Serving
where
    F: Future<Output = ()> + Send + 'static,
{
    serve(Acceptor::builder().build(), handle)
}

/// Sends these bytes where a frame should be.
async fn send_raw(socket: WebSocket<Transport>, bytes: &'static [u8]) {
    let (mut stream, _) = socket.into_inner();
    _ = stream.write_all(bytes).await;
    _ = stream.flush().await;
    pending::<()>().await;
}

#[test]
fn frames_that_break_the_protocol_are_named_with_the_rule() {
    // "hi", masked as only clients may.
    let server = handling(|socket| send_raw(socket, b"\x81\x82\0\0\0\0hi"));
    doctor(&[&server.url]).is(
        "protocol",
        "ping",
        &[
            "a frame from the server is masked (RFC 6455, 5.1)",
            "Mend the server",
        ],
    );
    let server = handling(|socket| send_raw(socket, b"\xc1\x02hi"));
    doctor(&[&server.url]).is(
        "protocol",
        "ping",
        &["reserved bit RSV1 set without a negotiated extension (RFC 6455, 5.2)"],
    );
}

#[test]
fn pings_without_an_answer() {
    let server = served::serve(&["--no-pong"]);
    let found = doctor(&["--timeout", "5s", &server.url]);
    found.is("no-pong", "ping", &["does not answer a ping", "heartbeats"]);
}

#[test]
fn a_server_that_closes_at_once_has_a_reason() {
    let server = handling(async |mut socket| {
        let goodbye = CloseFrame::new(arkws::CloseCode::POLICY, "no token");
        _ = socket.close(Some(goodbye)).await;
    });
    doctor(&[&server.url]).is("closed", "ping", &["1008", "no token", "a token"]);
    // Its reason makes no line that looks like the doctor's.
    let server = handling(async |mut socket| {
        let goodbye = CloseFrame::new(arkws::CloseCode::POLICY, "no\nok       ping");
        _ = socket.close(Some(goodbye)).await;
    });
    let ran = crate::command::run(&["doctor", &server.url], b"").with(1);
    assert!(!ran.text().contains("\nok       ping"), "{}", ran.text());
    let server = handling(async |socket| drop(socket));
    doctor(&[&server.url]).is("lost", "ping", &["ends it at once without a close frame"]);
}

/// Answers the first ping, and says nothing for a while: the connection.
async fn after_silence(mut socket: WebSocket<Transport>) -> WebSocket<Transport> {
    _ = socket.recv().await;
    _ = socket.flush().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    socket
}

#[test]
fn idle_connections_are_cut() {
    let server = handling(async |socket| drop(after_silence(socket).await));
    let found = doctor(&["--idle", "600s", &server.url]);
    found.is(
        "idle-cut",
        "idle",
        &["is cut when it is idle for ", "--ping-interval "],
    );
    // It is one that the flag takes.
    let advice = found.0["faults"][0]["advice"].as_str().expect("words");
    let (_, interval) = advice.split_once("--ping-interval ").expect("a flag");
    let (interval, _) = interval.split_once(',').expect("an end");
    let flags = [
        "connect",
        "--ping-interval",
        interval,
        &crate::servers::echo().url,
    ];
    crate::command::run(&flags, b"").with(0);

    let server = handling(async |socket| {
        let goodbye = CloseFrame::new(arkws::CloseCode::GOING_AWAY, "idle");
        _ = after_silence(socket).await.close(Some(goodbye)).await;
    });
    let found = doctor(&["--idle", "600s", &server.url]);
    found.is("idle-cut", "idle", &["itself closes", "1001"]);
}

#[test]
fn a_server_that_talks_leaves_no_connection_idle() {
    let server = handling(async |mut socket| {
        // The ping, and its answer.
        _ = socket.recv().await;
        while socket.send("tick".into()).await.is_ok() {
            let tick = Duration::from_millis(20);
            if let Ok(None | Some(Err(_))) = tokio::time::timeout(tick, socket.recv()).await {
                return;
            }
        }
    });
    let found = doctor(&["--idle", "500ms", &server.url]);
    found.is_good();
    let words = found.step("idle")["words"].as_str().expect("words");
    assert!(words.contains("it was not idle"), "{words}");
}

/// As where a NAT has forgotten it.
#[test]
fn idle_connections_are_forgotten() {
    let server = handling(async |socket| {
        let _socket = after_silence(socket).await;
        pending::<()>().await;
    });
    let found = doctor(&["--idle", "500ms", "--timeout", "5s", &server.url]);
    found.is(
        "idle-cut",
        "idle",
        &["is dead, and nobody has said so", "--ping-interval"],
    );
}

#[test]
fn pings_are_sent_while_it_is_idle() {
    static PINGS: AtomicUsize = AtomicUsize::new(0);
    let server = handling(async |mut socket| {
        while let Some(Ok(message)) = socket.recv().await {
            if matches!(message, MessageRef::Ping(_)) {
                PINGS.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    doctor(&["--idle", "5s", "--ping-interval", "3s", &server.url]).is_good();
    // Before, while and after.
    assert!(PINGS.load(Ordering::Relaxed) >= 3);
}

#[test]
fn a_goodbye_without_an_answer() {
    let server = handling(async |mut socket| {
        // The ping, and its answer.
        _ = socket.recv().await;
        _ = socket.flush().await;
        let (_stream, _) = socket.into_inner();
        pending::<()>().await;
    });
    let found = doctor(&["--timeout", "5s", &server.url]);
    found.is(
        "no-close",
        "close",
        &["does not answer a close frame", "All else works"],
    );
}

#[test]
fn what_is_agreed_on_is_told() {
    let acceptor = Acceptor::builder()
        .protocols(["chat"])
        .deflate(DeflateConfig::default());
    let server = serve(acceptor.build(), echo_all);
    let found = doctor(&["--protocol", "other,chat", "--deflate", &server.url]);
    found.is_good();
    assert_eq!(found.step("subprotocol")["subprotocol"], "chat");
    let extensions = found.step("extensions")["extensions"]
        .as_str()
        .expect("a text");
    assert!(extensions.starts_with("permessage-deflate"), "{extensions}");
}

#[test]
fn sub_protocols_that_are_wrong() {
    let acceptor = Acceptor::builder().protocols(["chat"]);
    let server = serve(acceptor.build(), echo_all);
    doctor(&["--protocol", "other", &server.url]).is(
        "subprotocol",
        "subprotocol",
        &["chooses none of the sub-protocols that are offered (other)"],
    );
    // Some servers choose one that nobody has offered.
    let server = super::http::choosing("Sec-WebSocket-Protocol: theirs");
    doctor(&["--protocol", "ours", &server]).is(
        "subprotocol",
        "http",
        &["chooses a sub-protocol that this client does not offer"],
    );
    let server = super::http::choosing("Sec-WebSocket-Extensions: permessage-deflate");
    doctor(&[&server]).is("extensions", "http", &["switch compression off"]);
}
