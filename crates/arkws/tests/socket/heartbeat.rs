//! Pings to silent peers, on simulated time.
use std::pin::pin;
use std::time::Duration;

use arkws::{Cause, Config, Error, Heartbeat, Message, Role, WebSocket};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::{Instant, advance, sleep, timeout};

use crate::common::{BINARY, CLOSE, PING, PONG, ROLES, TEXT, frame, next, open, raw, read_frame};
use crate::tls;

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

/// Longer than a laptop's lid stays closed at night.
const SUSPENDED: Duration = Duration::from_secs(12 * 60 * 60);

/// A suspended machine counts no time on Linux; elsewhere, and where it counts as simulated time,
/// one ping makes up for all that were not sent.
#[tokio::test(start_paused = true)]
async fn a_peer_that_has_gone_during_a_long_suspend_is_pinged_once_and_given_up() {
    for role in ROLES {
        let (mut socket, _far) = raw(role, config());
        assert!(futures_util::poll!(pin!(next(&mut socket))).is_pending());
        advance(SUSPENDED).await;
        let start = Instant::now();

        let error = next(&mut socket).await.unwrap().unwrap_err();
        assert_eq!(error.cause(), Cause::Heartbeat);
        assert_eq!(start.elapsed(), TIMEOUT);
        assert!(next(&mut socket).await.is_none());
        assert_eq!(socket.stats().pings_sent, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_answers_after_a_long_suspend_lives() {
    for role in ROLES {
        let (mut socket, mut far) = raw(role, config());
        let answers = async {
            // The first ping was on its way, the second is sent on waking up.
            for suspended in [Duration::ZERO, SUSPENDED, SUSPENDED] {
                advance(suspended).await;
                let (first, payload) = read_frame(&mut far).await;
                assert_eq!(first, PING);
                let pong = frame(role, PONG, &payload);
                far.write_all(&pong).await.unwrap();
            }
            far.write_all(&frame(role, TEXT, b"awake")).await.unwrap();
        };
        let (message, ()) = tokio::join!(next(&mut socket), answers);
        assert_eq!(message.unwrap().unwrap(), Message::from("awake"));
        assert_eq!(socket.stats().pings_sent, 3);
    }
}

/// What lay in the transport meanwhile is looked at before the clock.
#[tokio::test(start_paused = true)]
async fn a_pong_that_came_before_a_long_suspend_counts_after_it() {
    for role in ROLES {
        let (mut socket, mut far) = raw(role, config());
        assert!(
            timeout(INTERVAL + TIMEOUT / 2, next(&mut socket))
                .await
                .is_err()
        );
        let (_, payload) = read_frame(&mut far).await;
        let pong = frame(role, PONG, &payload);
        far.write_all(&pong).await.unwrap();
        advance(SUSPENDED).await;
        far.write_all(&frame(role, TEXT, b"awake")).await.unwrap();

        let message = next(&mut socket).await.unwrap().unwrap();
        assert_eq!(message, Message::from("awake"));
    }
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
async fn a_pong_that_the_next_ping_has_overtaken_is_not_a_message() {
    let (mut socket, mut far) = raw(Role::Client, config());
    let peer = tokio::spawn(async move {
        // Its pongs are stuck behind a message that takes very long.
        let mut pongs = Vec::new();
        let message = frame(Role::Client, TEXT, b"xyz");
        for byte in &message[..3] {
            pongs.push(read_frame(&mut far).await.1);
            far.write_all(&[*byte]).await.unwrap();
        }
        far.write_all(&message[3..]).await.unwrap();
        for pong in pongs {
            let pong = frame(Role::Client, PONG, &pong);
            far.write_all(&pong).await.unwrap();
        }
        far.write_all(&frame(Role::Client, TEXT, b"end"))
            .await
            .unwrap();
        far
    });
    for text in ["xyz", "end"] {
        let message = next(&mut socket).await.unwrap().unwrap();
        assert_eq!(message, Message::from(text));
    }
    assert_eq!(socket.stats().pings_sent, 3);
    assert_eq!(socket.stats().round_trip, Some(Duration::ZERO));
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

/// As [`config`], and nothing else ends the connection.
fn only_heartbeat() -> Config {
    Config {
        write_timeout: None,
        ..config()
    }
}

/// Nothing is to be read for a while, or a flush is pending.
async fn fails(socket: &mut WebSocket<DuplexStream>, flushes: bool) -> Error {
    match flushes {
        true => socket.flush().await.unwrap_err(),
        false => next(socket).await.unwrap().unwrap_err(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_has_taken_the_ping_and_then_nothing_is_given_up_whatever_waits() {
    for (role, flushes) in [(ROLES[0], false), (ROLES[0], true), (ROLES[1], true)] {
        let (near, mut far) = tokio::io::duplex(1000);
        let mut socket = open(near, role, only_heartbeat());
        socket.feed_binary(&[0; 2_000]).unwrap();
        socket.feed_binary(&[0; 100_000]).unwrap();
        let start = Instant::now();
        let late = INTERVAL + Duration::from_secs(1);
        let peer = async {
            sleep(late).await;
            // The first message, the ping ahead of the second, and some of that leave.
            far.read_exact(&mut [0; 1_500]).await.unwrap();
        };
        let (error, ()) = tokio::join!(fails(&mut socket, flushes), peer);
        assert_eq!(error.cause(), Cause::Heartbeat, "{error}");
        // It had taken bytes, so that the time for its answer started anew, once.
        assert_eq!(start.elapsed(), late + 2 * TIMEOUT);
        let error = next(&mut socket).await;
        assert_eq!(error.is_some(), flushes, "{error:?}");
        assert!(next(&mut socket).await.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn while_the_ping_waits_behind_a_message_only_the_write_timeout_gives_the_peer_up() {
    const LIMIT: Duration = Duration::from_secs(3600);
    let config = Config {
        write_timeout: Some(LIMIT),
        ..config()
    };
    for role in ROLES {
        for flushes in [true, false] {
            let (near, _far) = tokio::io::duplex(1000);
            let mut socket = open(near, role, config.clone());
            socket.feed_binary(&[0; 100_000]).unwrap();
            let start = Instant::now();
            let error = fails(&mut socket, flushes).await;
            assert_eq!(error.cause(), Cause::Timeout, "{error}");
            assert!(start.elapsed() >= LIMIT, "{:?}", start.elapsed());
            assert_eq!(socket.stats().pings_sent, 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_tls_holds_back_has_not_left() {
    for flushes in [true, false] {
        // More than lies between them, and less than TLS holds.
        let (client, server) = tls::streams(tokio::io::duplex(1000)).await;
        let mut socket = open(server, Role::Server, only_heartbeat());
        let mut peer = open(client, Role::Client, Config::default());
        socket.feed_binary(&[7; 20_000]).unwrap();
        let reads = async {
            sleep(INTERVAL + TIMEOUT * 5).await;
            let message = next(&mut peer).await.unwrap().unwrap();
            assert_eq!(message, Message::from(vec![7; 20_000]));
            sleep(TIMEOUT - Duration::from_secs(1)).await;
            peer.send("here".into()).await.unwrap();
        };
        let ours = async {
            if flushes {
                socket.flush().await.unwrap();
            }
            next(&mut socket).await.unwrap().unwrap()
        };
        let ((), message) = tokio::join!(reads, ours);
        assert_eq!(message.as_text(), Some("here"));
    }
}

#[tokio::test(start_paused = true)]
async fn what_tls_holds_back_has_not_left_when_it_is_full_either() {
    let (client, server) = tls::streams(tokio::io::duplex(1000)).await;
    let mut socket = open(server, Role::Server, only_heartbeat());
    let mut peer = open(client, Role::Client, Config::default());
    // TLS holds most of it, and then the ping.
    socket.feed_binary(&[7; 20_000]).unwrap();
    let pinged = INTERVAL + Duration::from_secs(1);
    let reads = async {
        sleep(INTERVAL + TIMEOUT * 5).await;
        // The ping lies between them.
        for length in [20_000, 8, 200_000] {
            let message = next(&mut peer).await.unwrap().unwrap();
            assert_eq!(message.len(), length);
        }
        peer.send("here".into()).await.unwrap();
    };
    let ours = async {
        tokio::time::timeout(pinged, next(&mut socket))
            .await
            .unwrap_err();
        assert_eq!(socket.stats().pings_sent, 1);
        // More than TLS holds.
        socket.feed_binary(&[7; 200_000]).unwrap();
        next(&mut socket).await.unwrap().unwrap()
    };
    let ((), message) = tokio::join!(reads, ours);
    assert_eq!(message.as_text(), Some("here"));
}

#[tokio::test(start_paused = true)]
async fn a_ping_that_has_left_is_waited_for_whatever_tls_holds_back_behind_it() {
    let (_client, server) = tls::streams(tokio::io::duplex(1000)).await;
    let mut socket = open(server, Role::Server, only_heartbeat());
    let start = Instant::now();
    tokio::time::timeout(INTERVAL + Duration::from_secs(1), next(&mut socket))
        .await
        .unwrap_err();
    assert_eq!(socket.stats().pings_sent, 1);
    socket.feed_binary(&[7; 20_000]).unwrap();
    let error = next(&mut socket).await.unwrap().unwrap_err();
    assert_eq!(error.cause(), Cause::Heartbeat, "{error}");
    // What TLS has taken counts as progress, once.
    assert!(start.elapsed() <= INTERVAL + 2 * TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_a_large_message_slowly_lives() {
    const SHORT: Duration = Duration::from_millis(400);
    for receives in [false, true] {
        let (near, mut far) = tokio::io::duplex(1000);
        let config = Config {
            heartbeat: Some(Heartbeat {
                interval: SHORT,
                timeout: SHORT,
            }),
            ..Config::default()
        };
        let mut socket = open(near, Role::Server, config);
        socket.feed_binary(&[0; 200_000]).unwrap();
        let start = Instant::now();
        let peer = async move {
            // Neither faster than the interval nor faster than the time-out.
            for _ in 0..200 {
                sleep(SHORT - Duration::from_millis(1)).await;
                far.read_exact(&mut [0; 1000]).await.unwrap();
            }
            far.write_all(&frame(Role::Server, TEXT, b"thanks"))
                .await
                .unwrap();
            far
        };
        let ours = async {
            if !receives {
                socket.flush().await.unwrap();
            }
            let message = next(&mut socket).await.unwrap().unwrap();
            assert_eq!(message.as_text(), Some("thanks"));
        };
        tokio::join!(peer, ours);
        assert!(start.elapsed() > 190 * SHORT);
    }
}

#[tokio::test(start_paused = true)]
async fn before_a_peer_is_given_up_what_it_has_sent_is_looked_at() {
    let (near, mut far) = tokio::io::duplex(1000);
    let mut socket = open(near, Role::Server, only_heartbeat());
    // The ping has left, or there would be no time for its answer.
    let nothing = timeout(INTERVAL + TIMEOUT / 2, next(&mut socket)).await;
    assert!(nothing.is_err());
    socket.feed_binary(&[0; 100_000]).unwrap();
    let start = Instant::now();
    let peer = async {
        // It talks, but does not read for a while.
        let said = frame(Role::Server, TEXT, b"wait");
        for silent in [TIMEOUT, INTERVAL, INTERVAL, INTERVAL, INTERVAL] {
            sleep(silent).await;
            far.write_all(&said).await.unwrap();
        }
        far.read_exact(&mut vec![0; 10 + 100_010]).await.unwrap();
    };
    let ours = async { socket.flush().await.unwrap() };
    tokio::join!(ours, peer);
    assert_eq!(start.elapsed(), TIMEOUT + 4 * INTERVAL);
    for _ in 0..5 {
        let message = next(&mut socket).await.unwrap().unwrap();
        assert_eq!(message.as_text(), Some("wait"));
    }
}

#[tokio::test(start_paused = true)]
async fn the_beginning_of_a_message_is_not_lost_when_what_follows_is_looked_at() {
    let (near, mut far) = tokio::io::duplex(100_000);
    let mut socket = open(near, Role::Client, only_heartbeat());
    // A message in two frames, of which some bytes are received...
    let mut bytes = vec![0x02, 127, 0, 0, 0, 0, 0, 1, 0, 0];
    bytes.extend(vec![b'a'; 1 << 16]);
    bytes.extend([0x80, 1, b'b', BINARY, 1, b'c']);
    far.write_all(&bytes[..1000]).await.unwrap();
    let nothing = tokio::time::timeout(Duration::from_secs(1), next(&mut socket)).await;
    assert!(nothing.is_err());
    // ... and others come while we flush.
    socket.feed_binary(&[0; 200_000]).unwrap();
    let peer = async {
        sleep(INTERVAL).await;
        far.write_all(&bytes[1000..2000]).await.unwrap();
        sleep(INTERVAL + TIMEOUT).await;
        far.write_all(&bytes[2000..]).await.unwrap();
        sleep(INTERVAL + TIMEOUT).await;
        far.read_exact(&mut vec![0; 200_014]).await.unwrap();
    };
    let (flushed, ()) = tokio::join!(socket.flush(), peer);
    flushed.unwrap();
    let message = next(&mut socket).await.unwrap().unwrap().into_bytes();
    assert_eq!(message.len(), (1 << 16) + 1);
    assert!(message.ends_with(b"aab"));
    assert_eq!(
        next(&mut socket).await.unwrap().unwrap(),
        Message::Binary(b"c"[..].into())
    );
}

#[tokio::test(start_paused = true)]
async fn the_time_for_an_answer_runs_from_when_the_ping_has_left() {
    let (near, mut far) = tokio::io::duplex(1000);
    let mut socket = open(near, Role::Server, only_heartbeat());
    socket.feed_binary(&[0; 3_000]).unwrap();
    let peer = async {
        // The ping is queued behind the message after 30 s of silence, and stays there for longer
        // than its answer may take.
        sleep(INTERVAL + TIMEOUT * 5).await;
        far.read_exact(&mut [0; 3_004]).await.unwrap();
        assert_eq!(
            read_frame(&mut far).await,
            (PING, 1u64.to_be_bytes().to_vec())
        );
        sleep(TIMEOUT - Duration::from_secs(1)).await;
        let pong = frame(Role::Server, PONG, &1u64.to_be_bytes());
        far.write_all(&pong).await.unwrap();
        far.write_all(&frame(Role::Server, TEXT, b"here"))
            .await
            .unwrap();
    };
    let ours = async { next(&mut socket).await.unwrap().unwrap() };
    let ((), message) = tokio::join!(peer, ours);
    assert_eq!(message.as_text(), Some("here"));
    let round_trip = socket.stats().round_trip.unwrap();
    assert_eq!(round_trip, TIMEOUT - Duration::from_secs(1));
}
