//! A client that sends much at once to a server that answers all of it: neither waits for the other
//! for ever.
use std::net::SocketAddr;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arkws_netstack::{
    ApiLevel, Context, Event, Listener, RequestOptions, ServerCertificate, ServerConfig,
    ServerEvent, ServerListener, WebSocket, WebSocketServer,
};

use connect::without_proxy;

#[path = "support/connect.rs"]
mod connect;

/// Of a message.
const SIZE: usize = 64 << 10;

/// Sends every message back.
struct Echo {
    server: Arc<OnceLock<WebSocketServer>>,
    started: Sender<SocketAddr>,
}

impl ServerListener for Echo {
    fn on_event(&self, event: ServerEvent<'_>) {
        match event {
            ServerEvent::Started(address) => self
                .started
                .send(address.unwrap().socket_address().unwrap())
                .unwrap(),
            ServerEvent::Binary(client, data) => {
                let server = self.server.get().expect("it was started");
                server.send_binary(&*data, &client.connection).unwrap();
                server.consumed(client.id, 1, data.len());
            }
            _ => {}
        }
    }
}

/// What a client sees: the first byte of every message, and how it ended.
enum Seen {
    Open,
    Message(u8, usize),
    End(String),
}

struct Recorder(Sender<Seen>);

impl Listener for Recorder {
    fn on_event(&self, event: Event<'_>) {
        let seen = match event {
            Event::Open { .. } => Seen::Open,
            Event::Binary(data) => Seen::Message(data[0], data.len()),
            Event::Error(error) => Seen::End(error.message),
            Event::Close(close) => Seen::End(format!("{close:?}")),
            _ => return,
        };
        let _ = self.0.send(seen);
    }
}

#[test]
fn sixty_four_mebibytes_sent_in_one_turn_come_back() {
    let config = ServerConfig {
        server_ip: "127.0.0.1".into(),
        ..ServerConfig::default()
    };
    echo(1024, config, "ws", without_proxy());
}

#[test]
fn who_asks_faster_than_it_reads_is_held_back_before_what_may_wait_for_it_is_full() {
    let config = ServerConfig {
        server_ip: "127.0.0.1".into(),
        // Less than what has to wait before a client that takes nothing is held back.
        max_queued_bytes: Some(1 << 20),
        ..ServerConfig::default()
    };
    echo(1024, config, "ws", without_proxy());
}

#[test]
fn over_tls_what_is_sent_in_one_turn_comes_back() {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let [certificate_path, key_path] = [
        ("cert.pem", certificate.pem()),
        ("key.pem", key.serialize_pem()),
    ]
    .map(|(name, pem)| {
        let path = folder.path().join(name);
        std::fs::write(&path, pem).unwrap();
        path
    });
    let options = RequestOptions {
        ca_path: Some(certificate_path.clone()),
        ..without_proxy()
    };
    let config = ServerConfig {
        server_ip: "127.0.0.1".into(),
        server_cert: Some(ServerCertificate::files(certificate_path, key_path)),
        ..ServerConfig::default()
    };
    echo(32, config, "wss", options);
}

/// Sends so many messages to a server of this configuration, and waits for each to come back.
fn echo(count: usize, config: ServerConfig, scheme: &str, options: RequestOptions) {
    let context = Context::new(ApiLevel::NEWEST);
    let server = Arc::<OnceLock<WebSocketServer>>::default();
    let (started, address) = channel();
    let echo = Echo {
        server: Arc::clone(&server),
        started,
    };
    let server = server.get_or_init(|| WebSocketServer::new(context.clone(), Arc::new(echo)));
    server.start(config).unwrap();
    let soon = Duration::from_secs(60);
    let address = address.recv_timeout(soon).unwrap();

    let (sender, seen) = channel();
    let client = WebSocket::new(context, Arc::new(Recorder(sender)));
    client
        .connect(&format!("{scheme}://{address}/"), options)
        .unwrap();
    match seen.recv_timeout(soon) {
        Ok(Seen::Open) => {}
        Ok(Seen::End(how)) => panic!("it has not opened: {how}"),
        _ => panic!("it has not opened"),
    }
    for number in 0..count {
        client.send_binary(vec![number as u8; SIZE]).unwrap();
    }
    for number in 0..count {
        match seen.recv_timeout(soon).expect("nobody waits for ever") {
            Seen::Message(first, len) => {
                assert_eq!((first, len), (number as u8, SIZE));
                client.consumed(1, len);
            }
            Seen::Open => unreachable!("once"),
            Seen::End(how) => panic!("message {number}: {how}"),
        }
    }
}
