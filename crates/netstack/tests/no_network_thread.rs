//! A process in which the network thread cannot be started. A test binary of its own: the limit is
//! the process's.
#![cfg(target_os = "linux")]
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use arkws_netstack::{
    ApiLevel, Context, Event, Listener, ReadyState, ServerConfig, ServerEvent, ServerListener,
    WebSocket, WebSocketServer,
};

use connect::without_proxy;
use open_files::exhaust;

#[path = "support/connect.rs"]
mod connect;
#[path = "support/open_files.rs"]
mod open_files;

struct Recorder(Sender<String>);

impl Listener for Recorder {
    fn on_event(&self, event: Event<'_>) {
        let _ = self.0.send(match event {
            Event::Error(error) => error.message,
            Event::Idle => "idle".into(),
            other => panic!("{other:?}"),
        });
    }
}

impl ServerListener for Recorder {
    fn on_event(&self, event: ServerEvent<'_>) {
        panic!("{event:?}");
    }
}

#[test]
fn connect_fails_at_once_and_no_event_is_promised() {
    let (sender, events) = channel();
    let context = Context::new(ApiLevel::NEWEST);
    let socket = WebSocket::new(context, Arc::new(Recorder(sender.clone())));
    let connect = |url| socket.connect(url, without_proxy());

    let open_files = exhaust();

    let error = connect("ws://127.0.0.1:1").unwrap_err();
    assert_eq!((error.code, error.cause_name()), (-1, Some("system")));
    let words = "Websocket connect failed: the network thread cannot be started: ";
    assert!(error.message.starts_with(words), "{error}");
    assert_eq!(socket.ready_state(), ReadyState::Closed);
    assert_eq!(socket.send_text("x").unwrap_err().code, -1);

    // An error that an event would tell of, too, if there could be one.
    let error = connect("hello").unwrap_err();
    assert_eq!((error.code, error.cause_name()), (2302001, Some("invalid")));
    assert!(!error.event_follows);

    let server = WebSocketServer::new(Context::new(ApiLevel::NEWEST), Arc::new(Recorder(sender)));
    let error = server.start(ServerConfig::default()).unwrap_err();
    assert_eq!(
        (error.code, error.cause_name()),
        (2302999, Some("system")),
        "{error}"
    );
    assert!(server.list_address().is_none());

    // And when it can be started again, all is well: what comes first is of this connect.
    drop(open_files);
    connect("ws://127.0.0.1:1").unwrap();
    let next = || events.recv_timeout(Duration::from_secs(30)).unwrap();
    let error = next();
    assert!(error.contains("127.0.0.1:1: connection refused"), "{error}");
    assert_eq!(next(), "idle");
}
