//! Pings to silent servers, on simulated time.
use std::time::Duration;

use arkws_netstack::RequestOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::connect::without_proxy;
use crate::support::{Client, Frozen, SWITCHING, Seen, Server, soon};

/// An open connection whose server is a script.
async fn open(interval: Option<f64>, timeout: Option<f64>) -> (Client, TcpStream) {
    let server = Server::start().await;
    let mut client = Client::new();
    let options = RequestOptions {
        ping_interval: interval,
        pong_timeout: timeout,
        ..without_proxy()
    };
    client.socket.connect(&server.url(), options).unwrap();
    let (peer, _) = server.answer(SWITCHING).await;
    client.next().await;
    client.next().await;
    (client, peer)
}

const SECOND: Duration = Duration::from_secs(1);

/// Moves the clock in small steps, as it would move by itself.
async fn pass(clock: &Frozen, seconds: u64) {
    for _ in 0..seconds * 2 {
        clock.advance(SECOND / 2).await;
        for _ in 0..4 {
            tokio::task::yield_now().await;
        }
    }
}

/// Reads one masked frame; returns its first byte and its payload.
async fn frame(peer: &mut TcpStream) -> (u8, Vec<u8>) {
    let mut head = [0; 6];
    soon(peer.read_exact(&mut head)).await.unwrap();
    assert!(head[1] & 0x80 != 0 && head[1] & 0x7f < 126);
    let mut payload = vec![0; usize::from(head[1] & 0x7f)];
    soon(peer.read_exact(&mut payload)).await.unwrap();
    for (at, byte) in payload.iter_mut().enumerate() {
        *byte ^= head[2 + at % 4];
    }
    (head[0], payload)
}

const PING: u8 = 0x89;

async fn pong(peer: &mut TcpStream, payload: &[u8]) {
    let mut frame = vec![0x8a, payload.len() as u8];
    frame.extend(payload);
    peer.write_all(&frame).await.unwrap();
}

fn nothing_to_read(peer: &TcpStream) {
    let mut byte = [0];
    let error = peer.try_read(&mut byte).expect_err("nothing was sent");
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test(start_paused = true)]
async fn by_default_a_silent_server_is_pinged_after_30_seconds_and_given_up_after_30_more() {
    let clock = Frozen::clock();
    let (mut client, mut peer) = open(None, None).await;

    pass(&clock, 29).await;
    nothing_to_read(&peer);
    pass(&clock, 2).await;
    assert_eq!(frame(&mut peer).await.0, PING);
    pass(&clock, 28).await;
    client.assert_silent().await;
    pass(&clock, 2).await;

    let error = client.error().await;
    assert_eq!((error.code, error.cause_name()), (200, Some("heartbeat")));
    // Which limits were hit, and how to change them.
    for words in ["30s", "pingInterval", "pongTimeout"] {
        assert!(error.message.contains(words), "{error}");
    }
    assert!(matches!(client.rest().await[..], [Seen::Close(1006, _)]));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_answers_stays_and_the_round_trip_is_measured() {
    let clock = Frozen::clock();
    let (mut client, mut peer) = open(Some(5.0), Some(2.0)).await;

    for _ in 0..4 {
        pass(&clock, 5).await;
        let (kind, payload) = frame(&mut peer).await;
        assert_eq!(kind, PING);
        pass(&clock, 1).await;
        pong(&mut peer, &payload).await;
        pass(&clock, 1).await;
    }
    client.assert_silent().await;
    let stats = client.socket.stats();
    assert_eq!(stats.counters.pings_sent, 4);
    assert!(
        stats.counters.round_trip.is_some_and(|time| time >= SECOND),
        "{stats:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn any_data_counts_as_life() {
    let clock = Frozen::clock();
    let (mut client, mut peer) = open(Some(5.0), Some(2.0)).await;

    // Messages instead of pongs, and no ping while they come.
    for _ in 0..5 {
        pass(&clock, 4).await;
        nothing_to_read(&peer);
        peer.write_all(&[0x81, 1, b'x']).await.unwrap();
        assert_eq!(client.next().await, Seen::Text("x".into()));
        assert_eq!(client.next().await, Seen::DataEnd);
    }
    // A message answers a ping as well as a pong does.
    pass(&clock, 5).await;
    assert_eq!(frame(&mut peer).await.0, PING);
    peer.write_all(&[0x81, 1, b'y']).await.unwrap();
    assert_eq!(client.next().await, Seen::Text("y".into()));
    assert_eq!(client.next().await, Seen::DataEnd);
    pass(&clock, 4).await;
    client.assert_silent().await;
}

#[tokio::test(start_paused = true)]
async fn an_interval_of_0_switches_pings_off() {
    let clock = Frozen::clock();
    let (mut client, peer) = open(Some(0.0), Some(1.0)).await;
    pass(&clock, 120).await;
    nothing_to_read(&peer);
    client.assert_silent().await;
}

#[tokio::test(start_paused = true)]
async fn intervals_out_of_range_mean_the_default_and_timeouts_are_cut_to_the_interval() {
    let clock = Frozen::clock();
    for (interval, timeout, ping_after, given_up_after) in [
        (Some(-1.0), None, 30, 30),
        (Some(30_001.0), None, 30, 30),
        (Some(f64::NAN), None, 30, 30),
        // A default time-out is not cut.
        (Some(5.0), None, 5, 30),
        (Some(5.0), Some(20.0), 5, 5),
        (Some(5.0), Some(-1.0), 5, 5),
        (Some(5.9), Some(3.9), 5, 3),
    ] {
        let (mut client, mut peer) = open(interval, timeout).await;
        pass(&clock, ping_after - 1).await;
        nothing_to_read(&peer);
        pass(&clock, 1).await;
        assert_eq!(frame(&mut peer).await.0, PING, "{interval:?}");
        pass(&clock, given_up_after - 1).await;
        client.assert_silent().await;
        pass(&clock, 2).await;
        let cause = client.error().await.cause_name();
        assert_eq!(cause, Some("heartbeat"), "{interval:?} {timeout:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn with_a_timeout_of_0_pings_are_sent_and_nobody_is_given_up() {
    let clock = Frozen::clock();
    let (mut client, mut peer) = open(Some(5.0), Some(0.0)).await;
    pass(&clock, 5).await;
    assert_eq!(frame(&mut peer).await.0, PING);
    pass(&clock, 120).await;
    client.assert_silent().await;
}
