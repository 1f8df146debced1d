//! Proxies in front of a server: whom it takes its clients for, and counts.
use std::net::SocketAddr;

use arkws::http::{HeaderName, HeaderValue};
use arkws_netstack::{CustomLimits, ServerConfig, ServerLimits, TrustProxy};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::support::*;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

const PROXY: [u8; 4] = [127, 0, 0, 1];
/// An address that no proxy is trusted at.
const ELSEWHERE: [u8; 4] = [127, 0, 0, 2];

/// A server that trusts 127.0.0.1 only.
fn behind_a_proxy(limits: CustomLimits) -> ServerConfig {
    ServerConfig {
        trust_proxy: TrustProxy::Listed(vec!["127.0.0.1".into(), "10.0.0.0/8".into()]),
        limits: ServerLimits::Custom(limits),
        ..loopback()
    }
}

/// As a proxy would, or whoever claims to be one.
async fn forward(
    from: [u8; 4],
    address: SocketAddr,
    fields: &[(HeaderName, &'static str)],
) -> Result<Client, Refused> {
    let mut request = request(address);
    for (name, value) in fields {
        request
            .headers
            .append(name, HeaderValue::from_static(value));
    }
    open(tcp_from(from, address).await, request).await
}

#[tokio::test]
async fn the_program_is_told_where_a_client_behind_a_trusted_proxy_comes_from() {
    let config = ServerConfig {
        ask_request: true,
        ..behind_a_proxy(CustomLimits::default())
    };
    let (mut server, address) = Server::started(config).await;
    let list = |value| vec![(X_FORWARDED_FOR, value)];
    let forwarded = |value| vec![(HeaderName::from_static("forwarded"), value)];
    for (from, fields, expected) in [
        (PROXY, vec![], None),
        (PROXY, list("203.0.113.7"), Some("203.0.113.7")),
        (
            PROXY,
            list("198.51.100.66, 203.0.113.7, 10.0.0.9"),
            Some("203.0.113.7"),
        ),
        (
            PROXY,
            forwarded("for=198.51.100.66, for=\"[2001:db8::7]:443\""),
            Some("2001:db8::7"),
        ),
        (ELSEWHERE, list("203.0.113.7"), None),
        (ELSEWHERE, forwarded("for=203.0.113.7"), None),
    ] {
        let client = tokio::spawn(async move { forward(from, address, &fields).await });
        match server.next().await {
            Seen::Request(request) => {
                let told = request.forwarded_for().map(|ip| ip.to_string());
                assert_eq!(told.as_deref(), expected);
                assert_eq!(
                    request.connection().client_ip,
                    SocketAddr::from((from, 0)).ip().to_string()
                );
                request.accept();
            }
            other => panic!("{other:?}"),
        }
        client.await.unwrap().unwrap();
        server.connected().await;
        while !matches!(server.next().await, Seen::Close(..)) {}
    }
}

#[tokio::test]
async fn limits_count_clients_behind_a_proxy_and_not_the_proxy() {
    let config = behind_a_proxy(CustomLimits {
        per_address: Some(1),
        attempts_per_minute: Some(3),
        ..CustomLimits::default()
    });
    let (mut server, address) = Server::started(config).await;
    let mut clients = Vec::new();
    for client in ["203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4"] {
        let fields = [(X_FORWARDED_FOR, client)];
        clients.push(forward(PROXY, address, &fields).await.unwrap());
        server.connected().await;
    }
    // What the client itself has written before the proxy's entry does not help it.
    let fields = [(X_FORWARDED_FOR, "198.51.100.66, 203.0.113.1")];
    let refused = forward(PROXY, address, &fields).await.unwrap_err();
    assert!(
        refused.body.contains("limits.perAddress"),
        "{}",
        refused.body
    );
    let error = server.error().await;
    let words = "client 203.0.113.1 behind 127.0.0.1:";
    assert!(error.message.contains(words), "{error}");

    // Attempts are those of the client's address as well: this was its first.
    clients.remove(0).close(None).await.unwrap();
    server.closed().await;
    let fields = [(X_FORWARDED_FOR, "203.0.113.1")];
    for _ in 0..2 {
        let mut client = forward(PROXY, address, &fields).await.unwrap();
        server.connected().await;
        client.close(None).await.unwrap();
        server.closed().await;
    }
    let refused = forward(PROXY, address, &fields).await.unwrap_err();
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(server.error().await.cause_name(), Some("flood"));

    // Who claims to be a proxy is counted as itself.
    let fields = [(X_FORWARDED_FOR, "203.0.113.5")];
    let _first = forward(ELSEWHERE, address, &fields).await.unwrap();
    server.connected().await;
    let fields = [(X_FORWARDED_FOR, "203.0.113.6")];
    let refused = forward(ELSEWHERE, address, &fields).await.unwrap_err();
    assert!(
        refused.body.contains("limits.perAddress"),
        "{}",
        refused.body
    );
    let error = server.error().await;
    assert!(error.message.contains("client 127.0.0.2:"), "{error}");
}

#[tokio::test]
async fn opening_handshakes_of_a_trusted_proxy_are_not_limited() {
    let config = behind_a_proxy(CustomLimits {
        handshakes: Some(1),
        ..CustomLimits::default()
    });
    let (mut server, address) = Server::started(config).await;
    let start = Instant::now();
    let mut silent = Vec::new();
    for _ in 0..5 {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    let _client = server.join(address).await;
    // None of them had to go: there would be an error. Nor has one of them the only place.
    let _stranger = connect_from(ELSEWHERE, address).await.unwrap();
    server.connected().await;
    assert!(start.elapsed() < seconds(5));
}
