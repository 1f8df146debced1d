//! The process's network thread: started when needed, gone when not, and not to be broken.
//!
//! One test only: it counts the threads of its process.
#![cfg(target_os = "linux")]
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::sleep;
use std::time::{Duration, Instant};

use arkws::Message;
use arkws_netstack::{ApiLevel, CloseOptions, Context, Event, Listener, WebSocket};
use tokio::net::TcpStream;

use connect::without_proxy;

#[path = "support/connect.rs"]
mod connect;
#[path = "support/server_thread.rs"]
mod server_thread;

/// Sends on the names of events; panics on a text if `break_on_text`.
struct Recorder {
    events: Sender<&'static str>,
    break_on_text: bool,
}

impl Listener for Recorder {
    fn on_event(&self, event: Event<'_>) {
        let word = match event {
            Event::Open { .. } => "open",
            Event::Text(_) if self.break_on_text => panic!("a defect in a binding"),
            Event::Text(_) => "text",
            Event::Error(_) => "error",
            Event::Close(_) => "close",
            Event::Idle => "idle",
            _ => return,
        };
        let _ = self.events.send(word);
    }
}

fn client(break_on_text: bool) -> (WebSocket, Receiver<&'static str>) {
    let (sender, events) = channel();
    let recorder = Recorder {
        events: sender,
        break_on_text,
    };
    let context = Context::new(ApiLevel::CONTRACT);
    (WebSocket::new(context, Arc::new(recorder)), events)
}

fn expect(events: &Receiver<&'static str>, expected: &str) {
    let event = events.recv_timeout(Duration::from_secs(60)).unwrap();
    assert_eq!(event, expected);
}

fn connect(socket: &WebSocket, url: &str) {
    socket.connect(url, without_proxy()).unwrap();
}

/// The names of this process's threads.
fn threads() -> Vec<String> {
    std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .map(|name| name.trim().to_owned())
        .collect()
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < deadline, "{what}: {:?}", threads());
        sleep(Duration::from_millis(10));
    }
}

/// Sends every client a text, and reads until it closes.
async fn serve(stream: TcpStream) {
    let mut socket = arkws::accept(stream).await.unwrap();
    socket.send(Message::from("hello")).await.unwrap();
    while let Some(Ok(_)) = socket.recv().await {}
}

#[test]
fn one_thread_serves_all_objects_survives_their_listeners_and_ends_with_the_last() {
    let address = server_thread::listen(serve);
    let before = (threads().len(), open_files());
    let network = |name: &String| name.starts_with("arkws-");

    for round in 0..2 {
        // A name, so that threads resolve it.
        let url = format!("ws://localhost:{}/", address.port());
        let clients: Vec<_> = (0..20).map(|_| client(false)).collect();
        for (socket, _) in &clients {
            connect(socket, &url);
        }
        let (broken, broken_events) = client(true);
        connect(&broken, &url);
        expect(&broken_events, "open");
        expect(&broken_events, "error");
        expect(&broken_events, "close");
        expect(&broken_events, "idle");

        for (_, events) in &clients {
            expect(events, "open");
            expect(events, "text");
        }
        // A thread that has just been started has the name of the one that did so.
        wait_until(&format!("round {round}: there is one thread"), || {
            let names = threads();
            let is_network = |name: &&String| *name == "arkws-network";
            names.iter().filter(is_network).count() == 1
        });

        for (socket, events) in &clients {
            socket.close(CloseOptions::default()).unwrap();
            expect(events, "close");
            expect(events, "idle");
        }
        // And again from zero.
        wait_until("the threads end", || !threads().iter().any(network));
        assert_eq!(threads().len(), before.0, "{:?}", threads());
        // The server's ends of the connections end a little later.
        wait_until("the sockets are closed", || open_files() == before.1);
    }
}
