//! A program whose own log panics, on the network thread. A test binary of its own: the log is the
//! process's.
use std::fmt;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arkws_netstack::{
    ApiLevel, Context, Network, ServerConfig, ServerEvent, ServerListener, WebSocketServer,
};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber, subscriber};

/// The words at which the log panics, once.
static PANICS_AT: Mutex<Option<&str>> = Mutex::new(None);

struct Log;

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Words);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Words;

impl Visit for Words {
    fn record_debug(&mut self, _: &Field, value: &dyn fmt::Debug) {
        let words = format!("{value:?}");
        let panics = PANICS_AT.lock().unwrap().take_if(|at| *at == words);
        assert_eq!(panics, None, "the log does");
    }
}

struct Recorder(Sender<String>);

impl ServerListener for Recorder {
    fn on_event(&self, event: ServerEvent<'_>) {
        let word = match event {
            ServerEvent::Started(Ok(_)) => "started".to_owned(),
            ServerEvent::Started(Err(error)) => {
                format!("not started, {:?}: {}", error.cause_name(), error.message)
            }
            ServerEvent::Idle => "idle".to_owned(),
            other => panic!("{other:?}"),
        };
        let _ = self.0.send(word);
    }
}

fn next(events: &Receiver<String>) -> String {
    events.recv_timeout(Duration::from_secs(30)).unwrap()
}

fn server(context: Context) -> (WebSocketServer, Receiver<String>) {
    let (sender, events) = channel();
    let server = WebSocketServer::new(context, Arc::new(Recorder(sender)));
    (server, events)
}

fn config() -> ServerConfig {
    ServerConfig {
        server_ip: "127.0.0.1".to_owned(),
        ..ServerConfig::default()
    }
}

const ENDED: &str =
    "not started, Some(\"internal\"): Websocket Unknown Other Error: the network thread ended";

#[test]
fn every_start_is_answered_and_the_next_one_succeeds() {
    subscriber::set_global_default(Log).unwrap();
    let (server, events) = server(Context::new(ApiLevel::NEWEST));
    for at in ["the network thread starts", "server listening"] {
        *PANICS_AT.lock().unwrap() = Some(at);
        server.start(config()).unwrap();
        assert_eq!(next(&events), ENDED, "{at}");
        assert_eq!(next(&events), "idle", "{at}");
        assert_eq!(*PANICS_AT.lock().unwrap(), None, "{at}");
    }
    server.start(config()).unwrap();
    assert_eq!(next(&events), "started");
    server.stop().unwrap();
    assert_eq!(next(&events), "idle");
}

#[test]
fn a_start_is_answered_that_was_stopped_before_its_runtime_ended() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let network = Network::on(runtime.handle().clone());
    let (server, events) = server(Context::new(ApiLevel::NEWEST).with_network(network));
    server.start(config()).unwrap();
    server.stop().unwrap();
    drop(runtime);
    assert_eq!(next(&events), ENDED);
    assert_eq!(next(&events), "idle");

    // And one that nothing runs at all.
    server.start(config()).unwrap();
    assert_eq!(next(&events), ENDED);
    assert_eq!(next(&events), "idle");
}
