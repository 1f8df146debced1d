//! A process that closes and uses again a descriptor of the network thread's. A test binary of its
//! own: the thread is the process's.
#![cfg(target_os = "linux")]
use std::fs::{File, read_dir, read_link};
use std::mem::ManuallyDrop;
use std::net::TcpListener;
use std::os::fd::{FromRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use arkws_netstack::{
    ApiLevel, Context, Event, Listener, ServerConfig, ServerEvent, ServerListener, WebSocket,
    WebSocketServer,
};

use connect::without_proxy;

#[path = "support/connect.rs"]
mod connect;

struct Recorder(Sender<String>);

impl Listener for Recorder {
    fn on_event(&self, event: Event<'_>) {
        let word = match event {
            Event::Open { .. } => "open".to_owned(),
            Event::Error(error) => format!("error {:?}: {}", error.cause_name(), error.message),
            Event::Close(close) => format!("close {}", close.code),
            Event::Idle => "idle".to_owned(),
            _ => return,
        };
        let _ = self.0.send(word);
    }
}

impl ServerListener for Recorder {
    fn on_event(&self, event: ServerEvent<'_>) {
        let word = match event {
            ServerEvent::Started(Ok(address)) => {
                address.socket_address().unwrap().port().to_string()
            }
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

/// The event queue of the runtime, of which there is one.
fn lose_event_queue() {
    for entry in read_dir("/proc/self/fd").unwrap() {
        let entry = entry.unwrap();
        let is_queue = read_link(entry.path())
            .is_ok_and(|target| target.to_str() == Some("anon_inode:[eventpoll]"));
        if is_queue {
            let number = entry.file_name().to_str().unwrap().parse().unwrap();
            // SAFETY: the number is an open descriptor, which is neither closed nor kept here.
            // Another file under it is the defect of the program that this is a test of.
            let queue = unsafe { OwnedFd::from_raw_fd(number) };
            let mut queue = ManuallyDrop::new(queue);
            // Not closed: the standard library ends a process in which it finds that.
            rustix::io::dup2(File::open("/dev/null").unwrap(), &mut queue).unwrap();
        }
    }
}

#[test]
fn connections_end_with_their_events_and_the_next_connect_has_a_thread() {
    let context = Context::new(ApiLevel::NEWEST);
    let (sender, served) = channel();
    let server = WebSocketServer::new(context.clone(), Arc::new(Recorder(sender)));
    let config = || ServerConfig {
        server_ip: "127.0.0.1".to_owned(),
        ..ServerConfig::default()
    };
    server.start(config()).unwrap();
    let url = format!("ws://127.0.0.1:{}", next(&served));

    let (sender, events) = channel();
    let socket = WebSocket::new(context.clone(), Arc::new(Recorder(sender)));
    socket.connect(&url, without_proxy()).unwrap();
    assert_eq!(next(&events), "open");

    lose_event_queue();
    // Something has to be done for the thread to notice.
    let _ = socket.send_text("x");
    let other = WebSocket::new(context, Arc::new(Recorder(channel().0)));
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let _ = other.connect(
        &format!("ws://{}", silent.local_addr().unwrap()),
        without_proxy(),
    );

    let error = next(&events);
    assert!(error.contains("\"internal\""), "{error}");
    assert!(error.contains("the network thread ended"), "{error}");
    assert_eq!(next(&events), "close 1006");
    assert_eq!(next(&events), "idle");
    assert_eq!(next(&served), "close 1006");
    assert_eq!(next(&served), "idle");

    server.start(config()).unwrap();
    let url = format!("ws://127.0.0.1:{}", next(&served));
    socket.connect(&url, without_proxy()).unwrap();
    assert_eq!(next(&events), "open");
}
