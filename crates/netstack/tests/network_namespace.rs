//! A machine whose network really comes up, in a namespace of Linux: clients that wait to reconnect
//! hear of it from the kernel.
#![cfg(target_os = "linux")]
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use arkws_netstack::{
    ApiLevel, Context, Event, ListenOn, Listener, Reconnect, RequestOptions, ServerConfig,
    ServerEvent, ServerListener, WebSocket, WebSocketServer,
};

use connect::without_proxy;

#[path = "support/connect.rs"]
mod connect;

struct Recorder(Sender<String>);

impl Listener for Recorder {
    fn on_event(&self, event: Event<'_>) {
        let _ = self.0.send(match event {
            Event::Open { .. } => "open".into(),
            Event::Reconnecting { attempt, .. } => format!("waiting for attempt {attempt}"),
            Event::HeaderReceive(_) | Event::Reconnected { .. } => return,
            other => format!("{other:?}"),
        });
    }
}

impl ServerListener for Recorder {
    fn on_event(&self, event: ServerEvent<'_>) {
        if let ServerEvent::Started(address) = event {
            let address = address.unwrap().socket_address().unwrap();
            let _ = self.0.send(address.port().to_string());
        }
    }
}

fn next(events: &Receiver<String>) -> String {
    events
        .recv_timeout(Duration::from_secs(60))
        .expect("an event")
}

/// What starts a program in a user and a network namespace of its own.
fn in_namespace(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new("unshare");
    command
        .args(["--user", "--map-root-user", "--net"])
        .arg(program);
    command
}

/// Some machines have not the programs, and some containers allow no such namespaces.
fn is_possible() -> bool {
    for (program, package) in [("unshare", "util-linux"), ("ip", "iproute2")] {
        if let Err(error) = Command::new(program).arg("-V").output() {
            let missing = format!("{program} (of {package}) cannot be run: {error}");
            assert!(std::env::var_os("ARKWS_REQUIRE_ALL").is_none(), "{missing}");
            eprintln!("left out: {missing}");
            return false;
        }
    }
    let tried = in_namespace("ip").args(["link", "show", "lo"]).output();
    let tried = tried.unwrap();
    if !tried.status.success() {
        let why = String::from_utf8_lossy(&tried.stderr);
        let missing = format!("a network namespace cannot be had here: {why}");
        assert!(std::env::var_os("ARKWS_REQUIRE_ALL").is_none(), "{missing}");
        eprintln!("left out: {missing}");
    }
    tried.status.success()
}

#[test]
fn a_network_that_comes_up_ends_the_wait_to_reconnect() {
    if !is_possible() {
        return;
    }
    let child = in_namespace(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "in_a_namespace", "--nocapture"])
        .output()
        .unwrap();
    let said = [child.stdout, child.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(child.status.success(), "{said}");
}

/// Runs `ip link set lo up`, or down.
fn set_loopback(state: &str) {
    let status = Command::new("ip")
        .args(["link", "set", "lo", state])
        .status()
        .unwrap();
    assert!(status.success());
}

/// How many sockets listen to the groups of links and addresses: nobody else is in the namespace.
fn listening() -> usize {
    let table = std::fs::read_to_string("/proc/self/net/netlink").unwrap();
    let groups = |line: &&str| line.split_whitespace().nth(3) == Some("00000111");
    table.lines().filter(groups).count()
}

#[test]
#[ignore = "run by a_network_that_comes_up_ends_the_wait_to_reconnect"]
fn in_a_namespace() {
    let context = Context::new(ApiLevel::NEWEST);
    let (sender, server_events) = channel();
    let server = WebSocketServer::new(context.clone(), Arc::new(Recorder(sender)));
    let config = ServerConfig {
        listen_on: ListenOn::Port,
        ..ServerConfig::default()
    };
    server.start(config).unwrap();
    let url = format!("ws://127.0.0.1:{}", next(&server_events));

    // Nothing is up in a new namespace, so that an hour would pass before the next attempt.
    let hour = Duration::from_secs(3600);
    let clients = [(); 3].map(|()| {
        let (sender, events) = channel();
        let client = WebSocket::new(context.clone(), Arc::new(Recorder(sender)));
        let options = RequestOptions {
            reconnect: Some(Reconnect {
                initial_delay: hour,
                max_delay: hour,
                jitter: false,
                ..Reconnect::default()
            }),
            ..without_proxy()
        };
        client.connect(&url, options).unwrap();
        (client, events)
    });
    for (_, events) in &clients {
        assert_eq!(next(events), "waiting for attempt 1");
    }

    assert_eq!(listening(), 1, "one socket for all that wait");
    let since = Instant::now();
    set_loopback("up");
    for (_, events) in &clients {
        // Between the link and its address an attempt may fail: the next one follows soon.
        while next(events) != "open" {}
    }
    assert!(since.elapsed() < Duration::from_secs(30));
    assert_eq!(listening(), 0, "nobody waits any more");
    drop(clients);
}
