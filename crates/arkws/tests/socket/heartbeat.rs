//! Pings to silent peers, on simulated time.
use std::time::Duration;

use arkws::{Cause, Config, Heartbeat, Message, Role};
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, advance, sleep};

use crate::common::{CLOSE, PING, PONG, TEXT, frame, next, raw, read_frame};

const INTERVAL: Duration = Duration::from_secs(30);
const TIMEOUT: Duration = Duration::from_secs(10);

fn config() -> Config {
    Config {
        heartbeat: Some(Heartbeat {
            interval: INTERVAL,
            timeout: TIMEOUT,
        }),
        ..Config::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_pinged_and_then_given_up() {
    let (mut socket, mut far) = raw(Role::Client, config());
    let start = Instant::now();

    let error = next(&mut socket).await.unwrap().unwrap_err();
    assert_eq!(error.cause(), Cause::Heartbeat);
    assert!(error.to_string().contains("10s"), "{error}");
    assert!(error.to_string().contains("30s"), "{error}");
    assert_eq!(start.elapsed(), INTERVAL + TIMEOUT);
    assert!(next(&mut socket).await.is_none());
    assert_eq!(socket.stats().pings_sent, 1);

    assert_eq!(read_frame(&mut far).await.0, PING);
    let (first, body) = read_frame(&mut far).await;
    assert_eq!((first, &body[..2]), (CLOSE, &1011u16.to_be_bytes()[..]));
}

#[tokio::test(start_paused = true)]
async fn a_pong_measures_the_round_trip_and_is_not_a_message() {
    let (mut socket, mut far) = raw(Role::Server, config());
    let peer = tokio::spawn(async move {
        let (first, payload) = read_frame(&mut far).await;
        assert_eq!(first, PING);
        sleep(Duration::from_millis(250)).await;
        far.write_all(&frame(Role::Server, PONG, &payload))
            .await
            .unwrap();
        far.write_all(&frame(Role::Server, PONG, b"unasked"))
            .await
            .unwrap();
        far
    });
    assert_eq!(
        next(&mut socket).await.unwrap().unwrap(),
        Message::Pong(b"unasked"[..].into())
    );
    assert_eq!(socket.stats().round_trip, Some(Duration::from_millis(250)));
    drop(peer);
}

#[tokio::test(start_paused = true)]
async fn any_byte_counts_as_life() {
    let (mut socket, mut far) = raw(Role::Client, config());
    let start = Instant::now();
    // A byte now and then, of a message that takes very long.
    let peer = tokio::spawn(async move {
        for byte in frame(Role::Client, TEXT, &[b'x'; 20]) {
            sleep(INTERVAL - Duration::from_secs(1)).await;
            far.write_all(&[byte]).await.unwrap();
        }
        far
    });
    assert_eq!(
        next(&mut socket).await.unwrap().unwrap().as_text(),
        Some("x".repeat(20).as_str())
    );
    assert_eq!(start.elapsed(), 22 * (INTERVAL - Duration::from_secs(1)));
    assert_eq!(socket.stats().pings_sent, 0);
    drop(peer);
}

#[tokio::test(start_paused = true)]
async fn a_program_that_does_not_receive_for_long_does_not_take_its_peer_for_silent() {
    let (mut socket, mut far) = raw(Role::Client, config());
    // Given a ping that was sent...
    tokio::select! {
        _ = next(&mut socket) => panic!("nothing was sent"),
        first = read_frame(&mut far) => assert_eq!(first.0, PING),
    }
    // ... and answered, while the program does something else for longer than the limit,
    far.write_all(&frame(Role::Client, TEXT, b"here"))
        .await
        .unwrap();
    advance(TIMEOUT * 2).await;
    // when it receives again, the answer counts.
    assert_eq!(
        next(&mut socket).await.unwrap().unwrap().as_text(),
        Some("here")
    );
}
