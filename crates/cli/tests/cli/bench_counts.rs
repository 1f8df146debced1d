//! `arkws bench`: what it counts is what the server counts.
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use arkws::http::StatusCode;
use arkws::{Acceptance, Acceptor, Message, Refusal};
use serde_json::Value;

use crate::command::{Ran, run};
use crate::servers::{Serving, echo, serve};

/// What a server counts for itself.
#[derive(Default)]
struct Count {
    connections: AtomicU64,
    messages: AtomicU64,
    bytes: AtomicU64,
}

impl Count {
    fn note(&self, message: &Message) {
        self.messages.fetch_add(1, Ordering::SeqCst);
        self.bytes.fetch_add(message.len() as u64, Ordering::SeqCst);
    }

    fn messages(&self) -> u64 {
        self.messages.load(Ordering::SeqCst)
    }
}

/// A server that counts, and sends everything back or nothing.
fn counting(answers: bool) -> (Serving, Arc<Count>) {
    let count = Arc::new(Count::default());
    let counts = Arc::clone(&count);
    let server = serve(Acceptor::builder().build(), move |mut socket| {
        let count = Arc::clone(&counts);
        count.connections.fetch_add(1, Ordering::SeqCst);
        async move {
            while let Some(Ok(message)) = socket.recv().await {
                let message = Message::from(message);
                if !message.is_data() {
                    continue;
                }
                count.note(&message);
                if answers && socket.send(message).await.is_err() {
                    return;
                }
            }
        }
    });
    (server, count)
}

fn bench(arguments: &[&str], url: &str) -> Ran {
    run(&[&["bench", "--json"], arguments, &[url]].concat(), b"")
}

fn json(ran: &Ran) -> Value {
    serde_json::from_slice(&ran.stdout).expect("one JSON document")
}

/// Within 2 %: what is in flight at the end, and nothing else, may make a difference.
#[track_caller]
fn agrees(told: &Value, counted: u64) {
    let told = told.as_f64().expect("a number");
    let counted = counted as f64;
    assert!((told - counted).abs() <= counted * 0.02, "{told} {counted}");
    assert!(counted > 0.0);
}

#[test]
fn a_window_of_messages_is_kept_in_flight_and_all_are_counted() {
    for window in ["1", "16"] {
        let (server, count) = counting(true);
        let arguments = ["-c", "4", "-d", "1s", "--window", window, "--verify"];
        let ran = bench(&arguments, &server.url).with(0);
        let told = json(&ran);
        assert_eq!(count.connections.load(Ordering::SeqCst), 4);
        assert_eq!(told["connections"]["opened"], 4);
        agrees(&told["sent"]["messages"], count.messages());
        agrees(&told["answered"]["messages"], count.messages());
        agrees(&told["sent"]["bytes"], count.bytes.load(Ordering::SeqCst));
        assert_eq!(told["unanswered"], 0);
        assert_eq!(told["errors"], Value::Array(Vec::new()));
        let latency = |name: &str| told["latency"][name].as_f64().expect("seconds");
        assert!(latency("min") > 0.0 && latency("min") <= latency("p50"));
        assert!(latency("p50") <= latency("p99.9") && latency("p99.9") <= latency("max"));
    }
}

#[test]
fn a_rate_is_held_by_all_connections_together_while_they_are_opened() {
    let (server, count) = counting(true);
    let arguments = ["-c", "5", "-d", "2s", "--rate", "200", "--ramp", "1s"];
    let ran = bench(&arguments, &server.url).with(0);
    let told = json(&ran);
    assert_eq!(told["sent"]["messages"], 400);
    assert_eq!(count.messages(), 400);
    assert_eq!(told["answered"]["messages"], 400);
    assert_eq!(told["connections"]["opened"], 5);
    assert!(told["sent_late"]["p50"].as_f64().is_some());
}

#[test]
fn a_number_of_messages_ends_it_and_sizes_take_turns() {
    let (server, count) = counting(true);
    for kind in [&[][..], &["--binary"]] {
        let arguments = [
            &["-c", "3", "-n", "100", "-s", "0,10,70k", "--verify"],
            kind,
        ]
        .concat();
        let told = json(&bench(&arguments, &server.url).with(0));
        assert_eq!(told["sent"]["messages"], 100);
        assert_eq!(told["answered"]["messages"], 100);
        assert_eq!(told["sent"]["bytes"], told["answered"]["bytes"]);
    }
    assert_eq!(count.messages(), 200);
}

#[test]
fn what_a_sink_takes_is_counted_until_it_has_taken_all() {
    let (server, count) = counting(false);
    let ran = bench(&["-c", "2", "-n", "20000", "--send-only"], &server.url).with(0);
    let told = json(&ran);
    assert_eq!(told["sent"]["messages"], count.messages());
    assert_eq!(told["answered"], Value::Null);
    assert_eq!(told["latency"], Value::Null);
    assert!(count.messages() > 0);

    let arguments = ["--send-only", "--rate", "100", "-d", "1s"];
    let told = json(&bench(&arguments, &server.url).with(0));
    assert_eq!(told["sent"]["messages"], 100);
}

#[test]
fn a_server_that_answers_nothing_is_a_fault_and_there_is_a_flag_for_it() {
    let (server, _) = counting(false);
    let arguments = ["-d", "2s", "--wait", "200ms", "-c", "3"];
    let ran = bench(&arguments, &server.url).with(1);
    assert!(ran.stderr.contains("nothing came back"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--send-only"), "{}", ran.stderr);
    let told = json(&ran);
    assert_eq!(told["unanswered"], 3);
    assert_eq!(told["errors"][0]["cause"], "no answer");
}

#[test]
fn what_a_server_sends_of_its_own_accord_is_counted() {
    let count = Arc::new(Count::default());
    let counts = Arc::clone(&count);
    let server = serve(Acceptor::builder().build(), move |mut socket| {
        let count = Arc::clone(&counts);
        async move {
            let Some(Ok(message)) = socket.recv().await else {
                return;
            };
            let message = Message::from(message);
            assert_eq!(message.as_text(), Some("go"));
            for _ in 0..10 {
                count.note(&message);
                if socket.send(message.clone()).await.is_err() {
                    return;
                }
            }
            while let Some(Ok(_)) = socket.recv().await {}
        }
    });
    let arguments = ["-c", "3", "-d", "2s", "--receive-only"];
    let ran = bench(
        &[&arguments[..], &["--message", "go"]].concat(),
        &server.url,
    )
    .with(0);
    let told = json(&ran);
    assert!(count.messages() > 0);
    assert_eq!(told["received"]["messages"], count.messages());
    assert_eq!(told["received"]["bytes"], 2 * count.messages());
    assert_eq!(told["sent"]["messages"], 3);
    assert_eq!(told["answered"], Value::Null);
    assert_eq!(told["latency"], Value::Null);
    let ran = bench(&["-d", "100ms", "--receive-only"], &server.url).with(1);
    assert!(ran.stderr.contains("nothing came"), "{}", ran.stderr);
}

#[test]
fn other_answers_than_what_was_sent_are_errors_if_that_is_asked_for() {
    let server = serve(Acceptor::builder().build(), async |mut socket| {
        while let Some(Ok(message)) = socket.recv().await {
            if Message::from(message).is_data() && socket.send("no".into()).await.is_err() {
                return;
            }
        }
    });
    bench(&["-n", "10"], &server.url).with(0);
    let told = json(&bench(&["-n", "10", "--verify"], &server.url).with(1));
    assert_eq!(told["errors"][0]["cause"], "answers that differ");
    assert_eq!(told["errors"][0]["count"], 10);
    bench(&["-n", "10", "--verify", "--message", "no"], &server.url).with(0);
}

#[test]
fn messages_that_nobody_has_asked_for_are_told() {
    let server = serve(Acceptor::builder().build(), async |mut socket| {
        while let Some(Ok(message)) = socket.recv().await {
            let message = Message::from(message);
            for _ in 0..3 {
                if message.is_data() && socket.send(message.clone()).await.is_err() {
                    return;
                }
            }
        }
    });
    let ran = run(
        &["bench", "-c", "1", "-d", "1s", "--rate", "20", &server.url],
        b"",
    )
    .with(0);
    assert!(
        ran.text().contains("none waited for an answer"),
        "{}",
        ran.text()
    );
}

#[test]
fn a_refused_first_handshake_ends_it_and_tells_why() {
    let refuse = Acceptor::builder().on_request(async |_| {
        let refusal = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "no");
        Err::<Acceptance, _>(refusal.with_body(&b"come \x1b[31mlater"[..]))
    });
    let server = serve(refuse.build(), async |_| {});
    let ran = bench(&[], &server.url).with(3);
    for part in ["503 Service Unavailable", "come \\u{1b}[31mlater"] {
        assert!(ran.stderr.contains(part), "{part} in {}", ran.stderr);
    }
    assert!(ran.stdout.is_empty());
}

#[test]
fn connections_that_are_refused_later_are_errors_by_cause() {
    let asked = Arc::new(AtomicUsize::new(0));
    let acceptor = Acceptor::builder().on_request(move |_| {
        let number = asked.fetch_add(1, Ordering::SeqCst);
        async move {
            match number {
                0 | 1 => Ok(Acceptance::default()),
                _ => Err(Refusal::new(StatusCode::TOO_MANY_REQUESTS, "no")),
            }
        }
    });
    let server = serve(acceptor.build(), crate::servers::echo_all);
    let told = json(&bench(&["-c", "5", "-n", "100"], &server.url).with(1));
    assert_eq!(told["connections"]["opened"], 2);
    assert_eq!(told["errors"][0]["cause"], "refused with 429");
    assert_eq!(told["errors"][0]["count"], 3);
    assert!(told["answered"]["messages"].as_u64() > Some(0));
}

#[test]
fn connections_that_are_not_open_at_the_end_are_told() {
    let asked = Arc::new(AtomicUsize::new(0));
    let acceptor = Acceptor::builder().on_request(move |_| {
        let number = asked.fetch_add(1, Ordering::SeqCst);
        async move {
            match number {
                0 => Ok::<_, Refusal>(Acceptance::default()),
                _ => std::future::pending().await,
            }
        }
    });
    let server = serve(acceptor.build(), crate::servers::echo_all);
    let arguments = ["-c", "3", "--ramp", "10ms", "-d", "2s"];
    let told = json(&bench(&arguments, &server.url).with(1));
    assert_eq!(told["connections"]["opened"], 1);
    assert_eq!(told["errors"][0]["cause"], "not connected in time");
    assert_eq!(told["errors"][0]["count"], 2);
    assert!(told["answered"]["messages"].as_u64() > Some(0));
}

#[test]
fn without_a_ramp_all_connections_are_open_before_anything_is_sent() {
    let open = Arc::new(AtomicU64::new(0));
    let least = Arc::new(AtomicU64::new(u64::MAX));
    let (opens, leasts) = (Arc::clone(&open), Arc::clone(&least));
    let server = serve(Acceptor::builder().build(), move |mut socket| {
        let (open, least) = (Arc::clone(&opens), Arc::clone(&leasts));
        async move {
            open.fetch_add(1, Ordering::SeqCst);
            while let Some(Ok(message)) = socket.recv().await {
                let message = Message::from(message);
                if message.is_data() {
                    least.fetch_min(open.load(Ordering::SeqCst), Ordering::SeqCst);
                    if socket.send(message).await.is_err() {
                        return;
                    }
                }
            }
        }
    });
    bench(&["-c", "200", "-n", "1000"], &server.url).with(0);
    // A client knows of a connection a moment before the server counts it.
    assert!(least.load(Ordering::SeqCst) >= 100, "{least:?}");
}

#[cfg(unix)]
#[test]
fn more_connections_than_the_process_may_have_are_wrong_usage() {
    let with_limit = |limit: &str, arguments: &[&str]| {
        let script = format!("ulimit {limit} && exec \"$0\" \"$@\"");
        let inner = crate::command::arkws(&[&["bench", "-c", "100"], arguments].concat());
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &script]).arg(inner.get_program());
        shell.args(inner.get_args());
        for (name, value) in inner.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        shell.stdin(Stdio::piped()).stdout(Stdio::piped());
        let child = shell.stderr(Stdio::piped()).spawn();
        crate::command::finish(child.expect("a shell"))
    };
    let ran = with_limit("-n 100", &["ws://127.0.0.1:1/"]).with(2);
    assert!(ran.stderr.contains("ulimit -Hn"), "{}", ran.stderr);
    let server = echo();
    with_limit("-Sn 40", &["-n", "100", &server.url]).with(0);
}

#[test]
fn nobody_waits_for_connections_that_are_not_needed_any_more() {
    let server = echo();
    let arguments = ["-c", "3", "--ramp", "1h", "-d", "2h", "-n", "10"];
    let told = json(&bench(&arguments, &server.url).with(0));
    assert_eq!(told["connections"]["opened"], 1);
    assert_eq!(told["answered"]["messages"], 10);
    let seconds = told["answered"]["seconds"].as_f64().expect("seconds");
    assert!(seconds < 60.0, "{seconds}");
}

#[test]
fn lost_and_closed_connections_are_errors_by_cause() {
    let served = crate::served::serve(&["--drop-after", "3"]);
    let told = json(&bench(&["-c", "2", "-d", "60s"], &served.url).with(4));
    assert_eq!(told["errors"][0]["cause"], "lost: reset");
    assert_eq!(told["errors"][0]["count"], 2);
    assert_eq!(told["answered"]["messages"], 6);

    let served = crate::served::serve(&["--drop-after", "3", "--close-code", "1011"]);
    let told = json(&bench(&["-c", "2", "-d", "60s"], &served.url).with(4));
    assert_eq!(told["errors"][0]["cause"], "closed with 1011");
    let example = told["errors"][0]["example"].as_str();
    assert!(
        example.is_some_and(|it| it.contains("--close-code")),
        "{example:?}"
    );

    let served = crate::served::serve(&["--drop-after", "3", "--close-code", "1000"]);
    bench(&["-c", "2", "-d", "60s"], &served.url).with(1);
}

#[test]
fn nobody_there_is_3_and_wrong_usage_is_2() {
    bench(&["-d", "1s"], "ws://127.0.0.1:1/").with(3);
    let server = echo();
    for wrong in [
        &["-c", "0"][..],
        &["--rate", "0"],
        &["--rate", "10", "--window", "2"],
        &["--window", "0"],
        &["-d", "721h"],
        &["--ramp", "99999999h"],
        &["--wait", "99999999h"],
        &["-s", "1g"],
        &["--file", "/nowhere"],
        &["--message", "a", "--binary"],
        &["--report", "report.pdf"],
        &["--report", "/nowhere/report.svg"],
        &["--send-only", "--verify"],
        &["--receive-only", "--send-only"],
        &["--receive-only", "-s", "10"],
    ] {
        bench(wrong, &server.url).with(2);
    }
}
