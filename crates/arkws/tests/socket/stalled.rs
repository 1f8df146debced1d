//! Peers that take nothing of what waits for them, on simulated time.
use std::future::poll_fn;
use std::task::{Context, Waker};
use std::time::Duration;

use arkws::{Cause, Config, Error, Message, Phase, Role};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::{Instant, advance, sleep};

use crate::common::{ROLES, TEXT, frame, next, open};

const LIMIT: Duration = Duration::from_secs(30);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn is_write_timeout(error: &Error) -> bool {
    let Error::Timeout { phase, limit } = error else {
        return false;
    };
    assert_eq!(error.cause(), Cause::Timeout);
    (*phase, *limit) == (Phase::Write, LIMIT)
}

/// A socket with more in its queue than the transport takes, and the other end.
fn stalled(role: Role, config: Config) -> (arkws::WebSocket<DuplexStream>, DuplexStream) {
    let (near, far) = tokio::io::duplex(1000);
    let mut socket = open(near, role, config);
    socket.feed_binary(&[7; 100_000]).unwrap();
    (socket, far)
}

#[tokio::test(start_paused = true)]
async fn a_flush_gives_a_peer_up_that_takes_nothing() {
    for role in ROLES {
        let (mut socket, _far) = stalled(role, Config::default());
        let start = Instant::now();
        let error = socket.flush().await.unwrap_err();
        assert!(is_write_timeout(&error), "{error}");
        assert_eq!(start.elapsed(), LIMIT);
        // Whoever receives learns of it too, once.
        let error = next(&mut socket).await.unwrap().unwrap_err();
        assert!(is_write_timeout(&error), "{error}");
        assert!(next(&mut socket).await.is_none());
        let error = socket.flush().await.unwrap_err();
        assert!(is_write_timeout(&error), "{error}");
        assert_eq!(start.elapsed(), LIMIT);
    }
}

#[tokio::test(start_paused = true)]
async fn so_does_waiting_for_room() {
    let (mut socket, _far) = stalled(Role::Server, Config::default());
    let start = Instant::now();
    let error = socket.ready().await.unwrap_err();
    assert!(is_write_timeout(&error), "{error}");
    assert_eq!(start.elapsed(), LIMIT);
}

#[tokio::test(start_paused = true)]
async fn so_does_receiving() {
    let (mut socket, _far) = stalled(Role::Server, Config::default());
    let start = Instant::now();
    let error = next(&mut socket).await.unwrap().unwrap_err();
    assert!(is_write_timeout(&error), "{error}");
    assert_eq!(start.elapsed(), LIMIT);
    assert!(next(&mut socket).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn so_does_closing() {
    let config = Config {
        close_timeout: DAY,
        ..Config::default()
    };
    let (mut socket, _far) = stalled(Role::Client, config);
    let start = Instant::now();
    let error = socket.close(None).await.unwrap_err();
    assert!(is_write_timeout(&error), "{error}");
    assert_eq!(start.elapsed(), LIMIT);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_broke_the_protocol_is_not_waited_for_longer_either() {
    let config = Config {
        close_timeout: DAY,
        ..Config::default()
    };
    let (mut socket, mut far) = stalled(Role::Server, config);
    far.write_all(b"\xFF\xFF").await.unwrap();
    let start = Instant::now();
    let error = next(&mut socket).await.unwrap().unwrap_err();
    assert_eq!(error.cause(), Cause::Protocol);
    assert!(next(&mut socket).await.is_none());
    assert_eq!(start.elapsed(), LIMIT);
}

#[tokio::test(start_paused = true)]
async fn both_halves_of_a_split_socket_learn_of_it() {
    let (socket, _far) = stalled(Role::Server, Config::default());
    let (mut sender, mut receiver) = socket.split();
    let start = Instant::now();
    let (flushed, received) = tokio::join!(sender.flush(), receiver.recv());
    let (flushed, received) = (flushed.unwrap_err(), received.unwrap().unwrap_err());
    assert!(is_write_timeout(&flushed), "{flushed}");
    assert!(is_write_timeout(&received), "{received}");
    assert_eq!(start.elapsed(), LIMIT);
    assert!(receiver.recv().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_talks_and_does_not_read_is_given_up() {
    let (near, mut far) = tokio::io::duplex(1000);
    let mut socket = open(near, Role::Server, Config::default());
    let start = Instant::now();
    let peer = tokio::spawn(async move {
        while far
            .write_all(&frame(Role::Server, TEXT, &[b'x'; 100]))
            .await
            .is_ok()
        {
            sleep(Duration::from_secs(1)).await;
        }
    });
    let error = loop {
        match next(&mut socket).await.unwrap() {
            Ok(message) => socket.feed_message(message).unwrap(),
            Err(error) => break error,
        }
    };
    assert!(is_write_timeout(&error), "{error}");
    // Its buffer was full after ten answers.
    let expected = LIMIT + Duration::from_secs(9);
    assert!(start.elapsed() >= expected && start.elapsed() <= expected + Duration::from_secs(1));
    drop(socket);
    peer.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn as_long_as_the_peer_takes_something_it_has_time() {
    for receives in [false, true] {
        let (mut socket, mut far) = stalled(Role::Server, Config::default());
        let start = Instant::now();
        let peer = async move {
            for _ in 0..95 {
                sleep(LIMIT - Duration::from_millis(1)).await;
                far.read_exact(&mut [0; 1000]).await.unwrap();
            }
            far.write_all(&frame(Role::Server, TEXT, b"enough"))
                .await
                .unwrap();
            let mut rest = vec![0; 5010];
            far.read_exact(&mut rest).await.unwrap();
            far
        };
        let ours = async {
            if receives {
                let message = next(&mut socket).await.unwrap().unwrap();
                assert_eq!(message.as_text(), Some("enough"));
            }
            socket.flush().await.unwrap();
        };
        tokio::join!(peer, ours);
        assert!(start.elapsed() > 90 * LIMIT);
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_it_has_for_ever() {
    let config = Config {
        write_timeout: None,
        ..Config::default()
    };
    let (mut socket, mut far) = stalled(Role::Server, config);
    let peer = async {
        sleep(DAY).await;
        far.read_exact(&mut vec![0; 100_010]).await.unwrap();
    };
    let (flushed, ()) = tokio::join!(socket.flush(), peer);
    flushed.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_clock_runs_only_while_bytes_wait() {
    let (mut socket, mut far) = stalled(Role::Server, Config::default());
    far.read_exact(&mut [0; 0]).await.unwrap();
    let mut bytes = vec![0; 100_010];
    let (flushed, read) = tokio::join!(socket.flush(), far.read_exact(&mut bytes));
    flushed.unwrap();
    read.unwrap();
    let idle = tokio::time::timeout(DAY, next(&mut socket)).await;
    assert!(idle.is_err(), "{idle:?}");
}

#[tokio::test(start_paused = true)]
async fn a_program_that_does_nothing_for_long_does_not_take_its_peer_for_stalled() {
    let (mut socket, mut far) = stalled(Role::Server, Config::default());
    let mut cx = Context::from_waker(Waker::noop());
    assert!(socket.poll_flush(&mut cx).is_pending());
    // Given a peer that reads meanwhile, only not all yet.
    far.read_exact(&mut [0; 500]).await.unwrap();
    advance(DAY).await;
    assert!(socket.poll_flush(&mut cx).is_pending());
}

#[test]
fn outside_of_a_runtime_nothing_needs_one() {
    for untimed in [false, true] {
        let (mut socket, _far) = stalled(Role::Server, Config::default());
        let mut cx = Context::from_waker(Waker::noop());
        let flushed = match untimed {
            false => socket.poll_flush(&mut cx),
            true => socket.poll_flush_untimed(&mut cx),
        };
        assert!(flushed.is_pending());
    }
}

#[tokio::test(start_paused = true)]
async fn a_flush_that_keeps_no_time_gives_nobody_up() {
    let (mut socket, _far) = stalled(Role::Server, Config::default());
    let flush = poll_fn(|cx| socket.poll_flush_untimed(cx));
    assert!(tokio::time::timeout(DAY, flush).await.is_err());
    // Whoever does look at the time finds the peer stalled all along.
    let start = Instant::now();
    assert!(is_write_timeout(&socket.flush().await.unwrap_err()));
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert!(socket.send(Message::from("x")).await.is_err());
}
