//! Connections one after the other, on simulated time and a simulated network.
use std::collections::VecDeque;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arkws::{Attempt, Cause, Client, Config, Entropy, Error, Host, Retry, Transport};
use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::{assert_echoes, builder, echo, field, read_head};

/// What a server does with its next client.
enum Next {
    Unreachable,
    Answer(&'static str),
    Echo,
}

const BUSY: &str = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
const PATIENCE: &str = "HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n";
const FORBIDDEN: &str = "HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nnope";

/// A client of a network whose one server does this; and the requests that were refused.
fn client_of(script: Vec<Next>) -> (Client, mpsc::UnboundedReceiver<String>) {
    let script = Arc::new(Mutex::new(VecDeque::from(script)));
    let (heads, received) = mpsc::unbounded_channel();
    let connector = move |_: &Host, _: u16| {
        let next = script.lock().unwrap().pop_front();
        let heads = heads.clone();
        async move {
            let (near, mut far) = tokio::io::duplex(1 << 16);
            match next.expect("an attempt too many") {
                Next::Unreachable => return Err(io::ErrorKind::HostUnreachable.into()),
                Next::Echo => drop(tokio::spawn(echo(far))),
                Next::Answer(answer) => drop(tokio::spawn(async move {
                    let head = read_head(&mut far).await;
                    far.write_all(answer.as_bytes()).await.unwrap();
                    heads.send(head).unwrap();
                })),
            }
            Ok(Transport::other(near))
        }
    };
    (builder().connector(connector).build().unwrap(), received)
}

fn without_jitter() -> Retry {
    Retry {
        jitter: false,
        ..Retry::default()
    }
}

const URL: &str = "ws://server.test/";

#[tokio::test(start_paused = true)]
async fn attempts_are_made_with_growing_delays_until_one_succeeds() {
    let (client, _) = client_of(vec![
        Next::Unreachable,
        Next::Answer(BUSY),
        Next::Unreachable,
        Next::Echo,
    ]);
    let mut told = Vec::new();
    let request = async |attempt: Attempt| {
        told.push((attempt.failures, attempt.error.map(|error| error.cause())));
        Ok(URL)
    };
    let started = Instant::now();

    let mut connections = client.reconnecting(request, without_jitter());
    let (mut socket, _) = connections.next().await.unwrap().unwrap();

    assert_eq!(started.elapsed().as_secs(), 1 + 2 + 4);
    assert_echoes(&mut socket).await;
    drop(connections);
    let expected = [
        (0, None),
        (1, Some(Cause::Unreachable)),
        (2, Some(Cause::Handshake)),
        (3, Some(Cause::Unreachable)),
    ];
    assert_eq!(told, expected);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_patience_is_left_alone_for_so_long() {
    for jitter in [false, true] {
        let (client, _) = client_of(vec![Next::Answer(PATIENCE), Next::Echo]);
        let retry = Retry {
            jitter,
            ..Retry::default()
        };
        let started = Instant::now();

        let mut connections = client.reconnecting(async |_| Ok(URL), retry);
        connections.next().await.unwrap().unwrap();

        let passed = started.elapsed();
        let bounds = Duration::from_secs(7)..Duration::from_millis(8100);
        assert!(bounds.contains(&passed), "{passed:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn with_a_seed_the_delays_are_the_same_each_time() {
    let mut seen = Vec::new();
    for seed in [7, 7, 8] {
        let unplugged =
            |_: &Host, _: u16| async { Err(io::Error::from(io::ErrorKind::HostUnreachable)) };
        let config = Config {
            entropy: Entropy::Seed(seed),
            ..Config::default()
        };
        let client = builder().config(config).connector(unplugged);
        let mut times = Vec::new();
        let started = Instant::now();
        let request = async |_| {
            times.push(started.elapsed());
            Ok(URL)
        };
        let retry = Retry {
            max_attempts: Some(5),
            ..Retry::default()
        };
        let connections = client.build().unwrap().reconnecting(request, retry);
        pin!(connections).next().await.unwrap().unwrap_err();
        seen.push(times);
    }

    assert_eq!(seen[0], seen[1]);
    assert_ne!(seen[0], seen[2]);
    // Each delay is drawn anew: of 1 s, 2 s, 4 s and 8 s they are not the same part.
    let delays = seen[0].windows(2).zip(0..);
    let parts = delays.map(|(times, nth)| (times[1] - times[0]).div_f64(f64::powi(2.0, nth)));
    let parts: Vec<Duration> = parts.collect();
    assert!(
        parts.windows(2).all(|parts| parts[0] != parts[1]),
        "{parts:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn each_request_is_made_anew() {
    let (client, mut heads) = client_of(vec![
        Next::Answer(BUSY),
        Next::Answer(BUSY),
        Next::Answer(FORBIDDEN),
    ]);
    let mut number = 0;
    let request = async |_| {
        number += 1;
        tokio::task::yield_now().await;
        let token = format!("token {number}");
        Ok(client.request(URL).bearer_auth(&token))
    };

    let mut connections = client.reconnecting(request, without_jitter());
    let error = connections.next().await.unwrap().unwrap_err();

    assert!(error.to_string().contains("403"), "{error}");
    assert!(!error.is_transient());
    assert!(connections.next().await.is_none(), "that was the end");
    for number in 1..=3 {
        let head = heads.recv().await.unwrap();
        let expected = format!("Bearer token {number}");
        assert_eq!(field(&head, "Authorization"), Some(expected.as_str()));
    }
}

/// The delay behind a connection that was dropped at once goes on growing; behind one that has held
/// it starts anew.
#[tokio::test(start_paused = true)]
async fn the_next_connection_is_made_when_it_is_asked_for() {
    let (client, _) = client_of(vec![Next::Echo, Next::Echo, Next::Echo, Next::Unreachable]);
    let retry = Retry {
        max_attempts: Some(1),
        ..without_jitter()
    };
    // A stream that a task may own.
    let mut connections = Box::pin(client.reconnecting(async |_| Ok(URL), retry));
    let task = tokio::spawn(async move {
        let mut delays = Vec::new();
        for held in [0, 3600, 0] {
            let asked = Instant::now();
            let (socket, _) = connections.next().await.unwrap().unwrap();
            delays.push(asked.elapsed().as_secs());
            tokio::time::sleep(Duration::from_secs(held)).await;
            drop(socket);
        }
        let error = connections.next().await.unwrap().unwrap_err();
        assert_eq!(error.cause(), Cause::Unreachable, "{error}");
        assert!(connections.next().await.is_none());
        delays
    });

    assert_eq!(task.await.unwrap(), [0, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn what_waits_may_be_dropped_and_the_attempt_goes_on() {
    let (client, _) = client_of(vec![Next::Unreachable, Next::Echo]);
    let mut connections = pin!(client.reconnecting(async |_| Ok(URL), without_jitter()));
    let started = Instant::now();
    let half = Duration::from_millis(500);
    let waiting = tokio::time::timeout(half, connections.next()).await;
    assert!(waiting.is_err());

    connections.next().await.unwrap().unwrap();

    assert_eq!(started.elapsed().as_secs(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_program_decides_what_is_tried_again() {
    let (client, _) = client_of(vec![Next::Answer(FORBIDDEN), Next::Unreachable]);
    let retry = Retry {
        retries: |error| error.cause() == Cause::Handshake,
        ..without_jitter()
    };
    let mut connections = client.reconnecting(async |_| Ok(URL), retry);
    let error = connections.next().await.unwrap().unwrap_err();
    assert_eq!(error.cause(), Cause::Unreachable, "{error}");

    // The request cannot be made.
    let (client, _) = client_of(vec![]);
    let request = async |_| Err::<&str, _>(Error::Io(io::ErrorKind::PermissionDenied.into()));
    let retry = Retry {
        max_attempts: Some(2),
        ..without_jitter()
    };
    let started = Instant::now();
    let mut connections = client.reconnecting(request, retry);
    let error = connections.next().await.unwrap().unwrap_err();
    assert_eq!(error.cause(), Cause::Io, "{error}");
    assert_eq!(started.elapsed().as_secs(), 1);
}
