//! `arkws bench`: a server that stalls shows in the percentiles of a rate, and hides from those of
//! a window. That is coordinated omission: who waits for the answer before sending the next message
//! meets the stall once, however many messages would have met it.
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use arkws::{Acceptor, Message};
use serde_json::Value;
use tokio::net::TcpSocket;
use tokio::sync::RwLock;
use tokio::task::JoinHandle;

use crate::command::run;
use crate::servers::{Serving, runtime, serve};

/// A server that sends everything back, but for a while nothing to anybody: after so many
/// messages. Tells how long that has been, when it is over.
fn stalling(after: u64, time: Duration) -> (Serving, Arc<Mutex<Option<Duration>>>) {
    let stalled = Arc::new(Mutex::new(None));
    let tells = Arc::clone(&stalled);
    // Whoever answers holds it for reading, whoever stalls for writing.
    let gate = Arc::new(RwLock::new(()));
    let messages = Arc::new(AtomicU64::new(0));
    let server = serve(Acceptor::builder().build(), move |mut socket| {
        let (gate, tells, messages) = (gate.clone(), tells.clone(), messages.clone());
        async move {
            while let Some(Ok(message)) = socket.recv().await {
                let message = Message::from(message);
                if !message.is_data() {
                    continue;
                }
                if messages.fetch_add(1, Ordering::SeqCst) == after {
                    let held = gate.clone().write_owned().await;
                    let began = Instant::now();
                    let tells = tells.clone();
                    runtime().spawn(async move {
                        tokio::time::sleep(time).await;
                        *tells.lock().expect("no panic") = Some(began.elapsed());
                        drop(held);
                    });
                }
                let answers = gate.read().await;
                if socket.send(message).await.is_err() {
                    return;
                }
                drop(answers);
            }
        }
    });
    (server, stalled)
}

fn bench(arguments: &[&str], url: &str) -> Value {
    let ran = run(&[&["bench", "--json"], arguments, &[url]].concat(), b"").with(0);
    serde_json::from_slice(&ran.stdout).expect("one JSON document")
}

#[test]
fn no_answer_is_quicker_than_the_server() {
    let served = crate::served::serve(&["--quiet", "--delay", "50ms"]);
    for load in [&["--rate", "100"][..], &["--window", "4"]] {
        let told = bench(&[&["-d", "1s"], load].concat(), &served.url);
        let latency = |name: &str| told["latency"][name].as_f64().expect("seconds");
        assert!(latency("min") >= 0.0499, "{told:#}");
        assert!(latency("mean") >= latency("min") && latency("mean") <= latency("max"));
    }
}

#[test]
fn a_stall_shows_in_the_percentiles_of_a_rate() {
    let (server, stalled) = stalling(100, Duration::from_secs(1));
    let arguments = ["-c", "4", "-d", "3s", "--rate", "200"];
    let told = bench(&arguments, &server.url);
    let stalled = stalled.lock().expect("no panic").expect("it has stalled");
    let stalled = stalled.as_secs_f64();
    let latency = |name: &str| told["latency"][name].as_f64().expect("seconds");
    // Of three seconds' messages those of one, or more on a busy machine, were due while nothing
    // was answered: each waited for the rest of the stall. So 25 % waited for a quarter of it,
    // 10 % for 0.7, 5 % for 0.85 and 1 % for 0.97 of it. They would if they were evenly spread;
    // and are, by the clock.
    assert!(latency("p75") >= stalled * 0.2, "{stalled} {told:#}");
    assert!(latency("p90") >= stalled * 0.6, "{stalled} {told:#}");
    assert!(latency("p95") >= stalled * 0.8, "{stalled} {told:#}");
    assert!(latency("p99") >= stalled * 0.9, "{stalled} {told:#}");
    // None was left out.
    assert_eq!(told["answered"]["messages"], 600);
    assert_eq!(told["sent"]["messages"], 600);
}

/// A server that sends everything back, but after so many messages reads nothing for a while, and
/// whose system takes little meanwhile.
fn deaf(after: u64, time: Duration) -> (String, JoinHandle<Duration>) {
    let (url, stalled) = runtime().block_on(async {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(16 << 10).expect("it is small");
        let address = "127.0.0.1:0".parse().expect("an address");
        socket.bind(address).expect("a port");
        let listener = socket.listen(8).expect("a listener");
        let address = listener.local_addr().expect("an address");
        let stalled = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.expect("a client");
            let mut socket = arkws::accept(stream).await.expect("a handshake");
            let mut stalled = Duration::ZERO;
            let mut messages = 0;
            while let Some(Ok(message)) = socket.recv().await {
                let message = Message::from(message);
                if !message.is_data() {
                    continue;
                }
                messages += 1;
                if messages == after {
                    let began = Instant::now();
                    tokio::time::sleep(time).await;
                    stalled = began.elapsed();
                }
                socket.send(message).await.expect("somebody who reads");
            }
            stalled
        });
        (format!("ws://{address}/"), stalled)
    });
    (url, stalled)
}

#[test]
fn what_a_server_does_not_even_take_counts_from_when_it_was_due() {
    let (url, stalled) = deaf(100, Duration::from_secs(2));
    // Twice as much comes in the stall as the sender's system holds back for anybody.
    let arguments = ["-c", "1", "-d", "4s", "--rate", "200", "-s", "32k"];
    let told = bench(&arguments, &url);
    let stalled = runtime().block_on(stalled).expect("no panic");
    let stalled = stalled.as_secs_f64();
    let time = |of: &str, name: &str| told[of][name].as_f64().expect("seconds");
    // Half of the messages were due in the stall.
    assert!(
        time("latency", "p75") >= stalled * 0.4,
        "{stalled} {told:#}"
    );
    assert!(
        time("latency", "p90") >= stalled * 0.7,
        "{stalled} {told:#}"
    );
    assert!(
        time("latency", "p99") >= stalled * 0.9,
        "{stalled} {told:#}"
    );
    // And it is told that they left late.
    assert!(
        time("sent_late", "p90") >= stalled * 0.1,
        "{stalled} {told:#}"
    );
    assert_eq!(told["answered"]["messages"], 800);
}

#[test]
fn a_stall_hides_from_the_percentiles_of_a_window() {
    let (server, stalled) = stalling(100, Duration::from_secs(1));
    // Of a thousand messages, one of each connection.
    let told = bench(&["-c", "4", "-d", "60s", "-n", "1000"], &server.url);
    let stalled = stalled.lock().expect("no panic").expect("it has stalled");
    let latency = |name: &str| told["latency"][name].as_f64().expect("seconds");
    assert!(latency("p99") < stalled.as_secs_f64() / 2.0, "{told:#}");
    assert!(latency("max") >= stalled.as_secs_f64() * 0.9, "{told:#}");
}
