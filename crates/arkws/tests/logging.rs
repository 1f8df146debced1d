//! What a connection logs, and in which span.
//!
//! A program of its own: `tracing` asks the thread that comes to a log line first whether it is
//! wanted, for all threads. Here each has a subscriber; a test without one would lose the line.
use std::fs::File;
use std::io::{Read, Seek};
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use arkws::{Config, Heartbeat, Message, Role};
use tokio::io::AsyncWriteExt;
use tokio::time::sleep;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::{DefaultGuard, set_default};

#[allow(dead_code, reason = "used by the tests of the socket")]
#[path = "socket/common.rs"]
mod common;

use common::{TEXT, frame, next, open, pair};

/// All that this thread logs is written to the file, until the guard is dropped.
fn log() -> (Arc<File>, DefaultGuard) {
    let file = Arc::new(tempfile::tempfile().unwrap());
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .without_time()
        .with_ansi(false)
        .with_writer(Arc::clone(&file))
        .finish();
    (file, set_default(subscriber))
}

/// What follows level, span and target in each line. They are the same in all.
#[track_caller]
fn lines_of_span_made(mut log: &File) -> Vec<String> {
    let mut lines = String::new();
    log.rewind().unwrap();
    log.read_to_string(&mut lines).unwrap();
    let text = |line: &str| {
        line.trim()
            .strip_prefix("DEBUG made: arkws: ")
            .map(str::to_owned)
    };
    let texts = lines.lines().map(text).collect::<Option<Vec<_>>>();
    texts.unwrap_or_else(|| panic!("a line is of another level, span or target:\n{lines}"))
}

#[tokio::test]
async fn opening_and_closing_are_logged_and_messages_are_not() {
    let (log, _guard) = log();
    let (mut client, mut server) = tracing::info_span!("made").in_scope(|| pair(1 << 16));
    let talk = async {
        client.send(Message::from("SECRET")).await.unwrap();
        client.close(None).await.unwrap();
    };
    tokio::join!(talk, async { while next(&mut server).await.is_some() {} });

    let mut lines = lines_of_span_made(&log);
    lines.sort_unstable();
    let expected = [
        "close frame received",
        "close frame received",
        "connection ended",
        "connection ended",
        "connection open role=Client deflate=false",
        "connection open role=Server deflate=false",
    ];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn a_failure_is_logged_without_what_arrived() {
    let (log, _guard) = log();
    let (near, mut far) = tokio::io::duplex(1 << 16);
    let made = tracing::info_span!("made");
    let mut socket = made.in_scope(|| open(near, Role::Server, Config::default()));
    far.write_all(&frame(Role::Server, TEXT, b"SECRET\xFF"))
        .await
        .unwrap();
    next(&mut socket).await.unwrap().unwrap_err();
    drop(far);
    assert!(next(&mut socket).await.is_none());

    let expected = [
        "connection open role=Server deflate=false",
        "connection failed error=a text message is not valid UTF-8 (RFC 6455, 8.1)",
        "connection ended",
    ];
    assert_eq!(lines_of_span_made(&log), expected);
}

#[tokio::test(start_paused = true)]
async fn a_ping_of_the_heartbeat_for_which_there_is_no_room_is_logged() {
    let (log, _guard) = log();
    let interval = Duration::from_secs(30);
    let config = Config {
        heartbeat: Some(Heartbeat {
            interval,
            timeout: interval,
        }),
        write_timeout: None,
        ..Config::default()
    };
    let (near, far) = tokio::io::duplex(100);
    let made = tracing::info_span!("made");
    let mut socket = made.in_scope(|| open(near, Role::Server, config));
    let mut cx = Context::from_waker(Waker::noop());
    while socket.feed_ping(&[]).is_ok() {}
    assert!(socket.poll_flush_untimed(&mut cx).is_pending());
    while socket.feed_ping(&[]).is_ok() {}
    let peer = async move {
        sleep(interval + interval / 2).await;
        drop(far);
    };
    let (end, ()) = tokio::join!(next(&mut socket), peer);
    end.unwrap().unwrap_err();

    let lines = lines_of_span_made(&log);
    let no_room = "heartbeat: no room for a ping error=the output queue is full: ";
    assert!(lines[1].starts_with(no_room), "{lines:?}");
}
