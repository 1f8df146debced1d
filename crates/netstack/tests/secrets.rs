//! What clients and servers hold of keys and passwords is wiped before its memory is freed.
//!
//! A program of its own: its allocator looks at all that is freed.
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use arkws_netstack::{
    ApiLevel, CertificateSource, Context, Event, IdentityPem, Listener, Proxy, ProxyServer,
    RequestOptions, ServerCertificate, ServerConfig, ServerEvent, ServerListener, WebSocket,
    WebSocketServer,
};

use connect::without_proxy;
use freed::assert_wiped;
use freed::refusing_proxy::refusing_proxy;

#[path = "support/connect.rs"]
mod connect;
#[path = "../../arkws/tests/freed/mod.rs"]
mod freed;

const CERTIFICATE: &str = include_str!("../../arkws/tests/client/keys/ec-cert.pem");
const ENCRYPTED: &str = include_str!("../../arkws/tests/client/keys/ec-aes256.pem");
const PLAIN: &str = include_str!("../../arkws/tests/client/keys/ec-pkcs8.pem");
const SOON: Duration = Duration::from_secs(60);

/// Tells of each error's message.
struct Errors(Sender<String>);

impl Listener for Errors {
    fn on_event(&self, event: Event<'_>) {
        if let Event::Error(error) = event {
            let _ = self.0.send(error.message);
        }
    }
}

fn client() -> (WebSocket, Receiver<String>) {
    let (errors, received) = channel();
    let context = Context::new(ApiLevel::NEWEST);
    (WebSocket::new(context, Arc::new(Errors(errors))), received)
}

/// Another attempt, after which the network thread has let go of all that came before.
fn fail_once_more() {
    let (client, errors) = client();
    client
        .connect("ws://127.0.0.1:1/", without_proxy())
        .expect("to begin");
    errors.recv_timeout(SOON).expect("an error");
}

#[test]
fn a_clients_key_and_passwords_are_wiped() {
    let port = refusing_proxy();
    let text = ENCRYPTED.lines().nth(5).expect("base64").as_bytes();
    let secrets: [&[u8]; 4] = [text, b"sesame", b"p@ss-beside", b"cDpwQHNzLWJlc2lkZQ=="];
    assert_wiped(&secrets, || {
        let (client, errors) = client();
        let options = RequestOptions {
            identity: Some(IdentityPem {
                cert: CERTIFICATE.into(),
                key: ENCRYPTED.as_bytes().to_vec().into(),
                password: "sesame".to_owned().into(),
            }),
            proxy: Proxy::Server(ProxyServer {
                host: "127.0.0.1".to_owned().into(),
                port: port.into(),
                username: "p".into(),
                password: "p@ss-beside".to_owned().into(),
                ..ProxyServer::default()
            }),
            ..RequestOptions::default()
        };
        client
            .connect("wss://example.org/", options)
            .expect("to begin");
        let error = errors.recv_timeout(SOON).expect("an error");
        assert!(error.contains("user name and password"), "{error}");
        drop(client);
        fail_once_more();
    });
}

#[test]
fn a_password_in_a_proxys_address_is_wiped() {
    let port = refusing_proxy();
    assert_wiped(&[b"p@ss-inside", b"p%40ss-inside"], || {
        let (client, errors) = client();
        let options = RequestOptions {
            proxy: Proxy::Server(ProxyServer {
                host: "http://p:p%40ss-inside@127.0.0.1".to_owned().into(),
                port: port.into(),
                ..ProxyServer::default()
            }),
            ..RequestOptions::default()
        };
        client
            .connect("ws://example.org/", options)
            .expect("to begin");
        errors.recv_timeout(SOON).expect("an error");
        drop(client);
        fail_once_more();
    });
}

/// Tells when the server has started and stopped.
struct Lifecycle(Sender<()>);

impl ServerListener for Lifecycle {
    fn on_event(&self, event: ServerEvent<'_>) {
        if let ServerEvent::Started(started) = event {
            started.expect("it starts");
            let _ = self.0.send(());
        }
    }
}

#[test]
fn a_servers_key_is_wiped() {
    let text = PLAIN.lines().nth(2).expect("base64").as_bytes();
    assert_wiped(&[text], || {
        let (sender, started) = channel();
        let server =
            WebSocketServer::new(Context::new(ApiLevel::NEWEST), Arc::new(Lifecycle(sender)));
        let config = ServerConfig {
            server_ip: "127.0.0.1".into(),
            server_cert: Some(ServerCertificate {
                source: CertificateSource::Pem {
                    certificate: CERTIFICATE.into(),
                    key: PLAIN.as_bytes().to_vec().into(),
                },
                client_ca: None,
                require_client_certificate: false,
            }),
            ..ServerConfig::default()
        };
        server.start(config).expect("to begin");
        started.recv_timeout(SOON).expect("an answer");
        drop(server);
        fail_once_more();
    });
}
