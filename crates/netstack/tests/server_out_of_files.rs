//! A server whose process has run out of file descriptors. A test binary of its own: the limit is
//! the process's.
#![cfg(target_os = "linux")]
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use arkws_netstack::{
    ApiLevel, Context, ServerConfig, ServerEvent, ServerListener, WebSocketServer,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

use open_files::exhaust;

#[path = "support/open_files.rs"]
mod open_files;

struct Recorder(Sender<String>);

impl ServerListener for Recorder {
    fn on_event(&self, event: ServerEvent<'_>) {
        let _ = self.0.send(match event {
            ServerEvent::Started(Ok(address)) => address.to_string(),
            ServerEvent::Started(Err(error)) => {
                format!("{} {:?}: {}", error.code, error.cause_name(), error.message)
            }
            ServerEvent::Connect { .. } => "connect".into(),
            ServerEvent::Error { error, .. } => error.message,
            ServerEvent::Idle => "idle".into(),
            other => panic!("{other:?}"),
        });
    }
}

fn next(events: &Receiver<String>) -> String {
    events
        .recv_timeout(Duration::from_secs(30))
        .expect("an event")
}

#[tokio::test]
async fn a_server_that_cannot_accept_says_so_once_and_goes_on_when_it_can() {
    let (sender, events) = mpsc::channel();
    // On the process's network thread, which goes on while this one waits.
    let server = WebSocketServer::new(Context::new(ApiLevel::NEWEST), Arc::new(Recorder(sender)));
    server.start(ServerConfig::default()).unwrap();
    let port = next(&events)
        .parse::<std::net::SocketAddr>()
        .unwrap()
        .port();
    let socket = TcpSocket::new_v4().unwrap();

    let open_files = exhaust();
    let mut client = socket.connect(([127, 0, 0, 1], port).into()).await.unwrap();
    let (sender, others) = mpsc::channel();
    let other = WebSocketServer::new(Context::new(ApiLevel::NEWEST), Arc::new(Recorder(sender)));
    // The network thread runs, and has no descriptor for a socket.
    other.start(ServerConfig::default()).unwrap();
    let error = next(&others);
    assert!(error.starts_with("2302999 Some(\"system\"): "), "{error}");

    let error = next(&events);
    assert!(
        error.starts_with("the server cannot accept connections: "),
        "{error}"
    );
    // It tries again meanwhile, and does not say so each time.
    assert!(events.recv_timeout(Duration::from_millis(200)).is_err());

    drop(open_files);
    let request = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    client.write_all(request.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    client.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 101");
    assert_eq!(next(&events), "connect");
}
