//! A sandbox that denies internet sockets: every call gives 201, as on a device without the
//! permission. A test binary of its own: what the system has said is remembered by the process.
#![cfg(target_os = "linux")]
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use arkws_netstack::{
    ApiLevel, BusinessError, CloseOptions, Connection, Context, Event, ListenOn, Listener,
    OpenPolicy, ServerConfig, ServerEvent, ServerListener, WebSocket, WebSocketServer,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use connect::without_proxy;
use sandbox::deny_internet_sockets;

#[path = "support/connect.rs"]
mod connect;
#[path = "support/sandbox.rs"]
mod sandbox;

struct Recorder(Sender<String>);

impl Listener for Recorder {
    fn on_event(&self, event: Event<'_>) {
        let _ = self.0.send(match event {
            Event::Open { .. } => "open".into(),
            Event::Error(error) => error.message,
            other => format!("{other:?}"),
        });
    }
}

impl ServerListener for Recorder {
    fn on_event(&self, event: ServerEvent<'_>) {
        let _ = self.0.send(match event {
            ServerEvent::Started(address) => address.unwrap().to_string(),
            ServerEvent::Connect { .. } => "connect".into(),
            ServerEvent::Sent { .. } => "sent".into(),
            other => format!("{other:?}"),
        });
    }
}

fn next(events: &Receiver<String>) -> String {
    events
        .recv_timeout(Duration::from_secs(30))
        .expect("an event")
}

fn code<T>(result: Result<T, BusinessError>) -> i32 {
    result.err().map_or(0, |error| error.code)
}

/// Nobody.
fn somebody() -> Connection {
    Connection {
        client_ip: "127.0.0.1".to_owned(),
        client_port: 1,
    }
}

fn client() -> (WebSocket, Receiver<String>) {
    let (sender, events) = channel();
    let socket = WebSocket::new(Context::new(ApiLevel::NEWEST), Arc::new(Recorder(sender)));
    (socket, events)
}

fn server() -> (WebSocketServer, Receiver<String>) {
    let (sender, events) = channel();
    let server = WebSocketServer::new(Context::new(ApiLevel::NEWEST), Arc::new(Recorder(sender)));
    (server, events)
}

fn every_call_is_denied(errno: i32) {
    let (client, client_events) = client();
    let (server, server_events) = server();
    // Not even objects that were made before, and used, are let through, nor a policy that allows.
    let context = Context::new(ApiLevel::NEWEST);
    context.set_policy(Arc::new(OpenPolicy));

    deny_internet_sockets(errno).unwrap();

    let denied = client.connect("ws://127.0.0.1:1", without_proxy());
    let denied = denied.unwrap_err();
    assert_eq!((denied.code, denied.event_follows), (201, false));
    let why = std::io::Error::from_raw_os_error(errno);
    let words = format!("Permission denied: create an internet socket: {why}");
    assert_eq!(denied.message, words);
    // First of all checks, whatever else is wrong.
    assert_eq!(code(client.connect("hello", without_proxy())), 201);
    assert_eq!(code(client.send_text("x")), 201);
    assert_eq!(code(client.send_binary(&[][..])), 201);
    assert_eq!(client.refuse_long_text(usize::MAX).code, 201);
    assert_eq!(code(client.ping(Some(vec![0; 126]))), 201);
    assert_eq!(code(client.close(CloseOptions::default())), 201);
    assert_eq!(code(client.terminate()), 201);

    let wrong = ServerConfig {
        server_ip: "nowhere".into(),
        ..ServerConfig::default()
    };
    assert_eq!(code(server.start(ServerConfig::default())), 201);
    assert_eq!(code(server.start(wrong)), 201);
    assert_eq!(code(server.send_text("x", &somebody())), 201);
    let options = CloseOptions::default();
    assert_eq!(code(server.close(&somebody(), options)), 201);
    assert_eq!(code(server.list_all_connections()), 201);
    assert_eq!(code(server.stop()), 201);
    assert_eq!(server.refuse_long_text(usize::MAX).code, 201);

    // A missing permission raises no events.
    assert!(client_events.try_recv().is_err());
    assert!(server_events.try_recv().is_err());
}

/// A thread of its own for each sandbox: no way leads out of one.
fn on_a_thread(test: impl FnOnce() + Send + 'static) {
    if let Err(panic) = thread::spawn(test).join() {
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn where_the_system_denies_internet_sockets_every_call_is_201() {
    // While the system allows them, nothing is denied.
    let (before, events) = client();
    assert_eq!(code(before.send_text("x")), -1);
    assert_eq!(code(before.connect("ws://127.0.0.1:1", without_proxy())), 0);
    let error = next(&events);
    assert!(error.contains("127.0.0.1:1: connection refused"), "{error}");

    on_a_thread(|| every_call_is_denied(libc::EPERM));
    on_a_thread(|| every_call_is_denied(libc::EACCES));
    // What says nothing about rights is no answer.
    on_a_thread(|| {
        deny_internet_sockets(libc::EAFNOSUPPORT).unwrap();
        assert_eq!(code(client().0.connect("ws://", without_proxy())), -1);
    });
    on_a_thread(a_server_needs_no_internet_for_a_unix_socket);

    // Out here, nobody has been denied anything.
    assert_eq!(code(before.close(CloseOptions::default())), 2302999);
}

fn a_server_needs_no_internet_for_a_unix_socket() {
    deny_internet_sockets(libc::EPERM).unwrap();
    let connected = client().0.connect("ws://127.0.0.1:1", without_proxy());
    assert_eq!(code(connected), 201);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let (server, events) = server();
    let config = ServerConfig {
        listen_on: ListenOn::Path(path.clone()),
        ..ServerConfig::default()
    };
    server.start(config).unwrap();
    assert_eq!(next(&events), path.display().to_string());

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut peer = UnixStream::connect(&path).await.unwrap();
        let request = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\
                       Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        peer.write_all(request.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        peer.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 101");
        assert_eq!(next(&events), "connect");
        let clients = server.list_all_connections().unwrap();
        server.send_text("hello", clients[0].id).unwrap();
        assert_eq!(next(&events), "sent");
    });
    assert_eq!(server.refuse_long_text(usize::MAX).code, 401);
    server.stop().unwrap();
}
