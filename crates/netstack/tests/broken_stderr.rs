//! A log that cannot be written: `ARKWS_LOG` and a standard error that is full, closed, or a pipe
//! that nobody reads. The programs are child processes, each with a standard error of its own.
#![cfg(target_os = "linux")]
use std::fs::File;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use arkws_netstack::{
    ApiLevel, Context, Event, Listener, ServerConfig, ServerEvent, ServerListener, WebSocket,
    WebSocketServer, log_to_stderr,
};

use connect::without_proxy;

#[path = "support/connect.rs"]
mod connect;

/// What a child does with its standard error.
const ROLE: &str = "ARKWS_TEST_STDERR";

struct Recorder(Sender<String>);

impl Listener for Recorder {
    fn on_event(&self, event: Event<'_>) {
        let word = match event {
            Event::Open { .. } => "open".to_owned(),
            Event::Text(text) => text.as_str().to_owned(),
            Event::Error(error) => error.message,
            Event::Close(close) => format!("close {}", close.code),
            _ => return,
        };
        let _ = self.0.send(word);
    }
}

impl ServerListener for Recorder {
    fn on_event(&self, event: ServerEvent<'_>) {
        let word = match event {
            ServerEvent::Started(Ok(address)) => address.to_string(),
            ServerEvent::Started(Err(error)) | ServerEvent::Error { error, .. } => error.message,
            ServerEvent::Text(_, text) => text.as_str().to_owned(),
            ServerEvent::Close(_, close) => format!("close {}", close.code),
            ServerEvent::Idle => "idle".to_owned(),
            _ => return,
        };
        let _ = self.0.send(word);
    }
}

fn next(events: &Receiver<String>) -> String {
    events.recv_timeout(Duration::from_secs(30)).unwrap()
}

/// A server and a client, a message each way, and the end.
fn echo() {
    let context = Context::new(ApiLevel::NEWEST);
    let (sender, served) = channel();
    let server = WebSocketServer::new(context.clone(), Arc::new(Recorder(sender)));
    let config = ServerConfig {
        server_ip: "127.0.0.1".to_owned(),
        ..ServerConfig::default()
    };
    server.start(config).unwrap();
    let address = next(&served);

    let (sender, events) = channel();
    let socket = WebSocket::new(context, Arc::new(Recorder(sender)));
    let url = format!("ws://{address}");
    socket.connect(&url, without_proxy()).unwrap();
    assert_eq!(next(&events), "open");
    socket.send_text("there").unwrap();
    assert_eq!(next(&served), "there");
    let client = server.list_all_connections().unwrap().remove(0);
    server.send_text("back", client.id).unwrap();
    assert_eq!(next(&events), "back");
    server.stop().unwrap();
    assert_eq!(next(&events), "close 1001");
    assert_eq!(next(&served), "close 1001");
    assert_eq!(next(&served), "idle");
}

fn close_stderr() {
    // SAFETY: nothing else in this process uses the descriptor by an owner.
    assert_eq!(unsafe { libc::close(2) }, 0);
}

/// The program of a child. In a process without a role it does nothing.
#[test]
fn child() {
    let Ok(role) = std::env::var(ROLE) else {
        return;
    };
    if role == "closes before" {
        close_stderr();
    }
    log_to_stderr();
    if role == "closes after" {
        close_stderr();
    }
    echo();
}

fn spawn(role: &str, level: &str, stderr: impl Into<Stdio>) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env(ROLE, role)
        .env("ARKWS_LOG", level)
        .stdout(Stdio::piped())
        .stderr(stderr)
        .spawn()
        .unwrap()
}

fn succeeds(child: Child, what: &str) {
    let output = child.wait_with_output().unwrap();
    let words = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{what}: {}: {words}",
        output.status
    );
}

#[test]
fn an_echo_succeeds_where_the_log_cannot_be_written() {
    for level in ["error", "warn", "info", "debug", "trace", "lots"] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        succeeds(spawn("writes", level, full), &format!("full at {level}"));
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let unread = spawn("writes", level, OwnedFd::from(writer));
        succeeds(unread, &format!("a pipe that nobody reads at {level}"));
    }
}

#[test]
fn no_line_of_the_log_gets_into_what_has_the_number_of_a_standard_error_that_was_closed() {
    for level in ["debug", "trace", "lots"] {
        for role in ["closes before", "closes after"] {
            let child = spawn(role, level, Stdio::piped());
            succeeds(child, &format!("{role} at {level}"));
        }
    }
}

#[test]
fn the_log_goes_on_where_standard_error_was_when_it_began() {
    let child = spawn("closes after", "debug", Stdio::piped());
    let output = child.wait_with_output().unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(log.contains("server listening"), "{log}");
    assert!(log.contains("server stopped"), "{log}");
}
