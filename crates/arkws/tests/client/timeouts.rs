//! Peers that hang: every phase ends by itself.
use std::net::SocketAddr;
use std::time::Duration;

use arkws::{Cause, Error, Lookup, Phase, Proxy, ProxyServer};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::{builder, failure, listen, read_head};

const SHORT: Duration = Duration::from_millis(50);

/// A listener whose queue is full: the operating system does not answer further connections.
async fn black_hole() -> (TcpListener, Vec<TcpStream>, SocketAddr) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(stream) = tokio::time::timeout(SHORT * 4, TcpStream::connect(address)).await {
        queue.push(stream.unwrap());
        assert!(queue.len() < 1000, "the queue never fills");
    }
    (listener, queue, address)
}

fn assert_timeout(error: &Error, expected: Phase, target: impl ToString) {
    assert_eq!(error.cause(), Cause::Timeout, "{error}");
    assert!(
        matches!(error, Error::DialTimeout { phase, .. } if *phase == expected),
        "{error:?}"
    );
    assert!(
        error.to_string().starts_with(&target.to_string()),
        "{error}"
    );
    assert!(
        error.to_string().ends_with("took longer than 50ms"),
        "{error}"
    );
}

#[tokio::test]
async fn an_address_that_does_not_answer() {
    let (_listener, _queue, address) = black_hole().await;

    let client = builder().connect_timeout(SHORT).build().unwrap();
    let error = failure(client.connect(&format!("ws://{address}")).await);

    assert_timeout(&error, Phase::Connect, address);
}

/// It is the name that takes the time, and the error says so: that of the server, and of a proxy.
#[tokio::test]
async fn a_name_server_that_does_not_answer() {
    let silent = Lookup::new(|name| {
        assert_eq!(name, "name.test");
        Box::pin(std::future::pending())
    });
    let proxy = |url| Proxy::Server(ProxyServer::parse(url, None).unwrap());
    for (proxy, target) in [
        (Proxy::None, "name.test:80"),
        (proxy("http://name.test:3128"), "name.test:3128"),
        (proxy("socks5://name.test"), "name.test:1080"),
        (proxy("socks5h://name.test"), "name.test:1080"),
        // Its own address is known: it has the server's looked up here.
        (proxy("socks5://127.0.0.1:1"), "name.test:80"),
    ] {
        let client = builder().connect_timeout(SHORT).proxy(proxy);
        let client = client.lookup(silent.clone()).build().unwrap();
        let error = failure(client.connect("ws://name.test").await);

        assert_timeout(&error, Phase::Lookup, target);
        assert!(error.to_string().contains(": looking the name up took "));
    }
}

#[tokio::test]
async fn a_server_that_does_not_answer_the_handshake() {
    let (_listener, address) = listen().await;

    let client = builder().handshake_timeout(SHORT).build().unwrap();
    let error = failure(client.connect(&format!("ws://{address}")).await);

    assert_timeout(&error, Phase::Handshake, address);
}

#[tokio::test]
async fn a_server_that_answers_by_drops() {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_head(&mut stream).await;
        for byte in b"HTTP/1.1 101 Switching Protocols\r\nX: "
            .iter()
            .chain(std::iter::repeat(&b'y'))
        {
            if stream.write_all(&[*byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(SHORT / 10).await;
        }
    });

    let client = builder().handshake_timeout(SHORT).build().unwrap();
    let error = failure(client.connect(&format!("ws://{address}")).await);

    assert_timeout(&error, Phase::Handshake, address);
}

#[tokio::test]
async fn a_server_that_does_not_answer_tls() {
    let (_listener, address) = listen().await;
    let tls = arkws::TlsConfig {
        dangerous_accept_any_certificate: true,
        ..Default::default()
    };

    let client = builder().handshake_timeout(SHORT).tls(tls).build().unwrap();
    let error = failure(client.connect(&format!("wss://{address}")).await);

    assert_timeout(&error, Phase::Tls, address);
}

#[tokio::test]
async fn a_proxy_that_does_not_answer() {
    for scheme in ["http", "socks5", "socks5h"] {
        let (_listener, address) = listen().await;
        let proxy = ProxyServer::parse(&format!("{scheme}://{address}"), None).unwrap();

        let client = builder()
            .connect_timeout(SHORT)
            .proxy(Proxy::Server(proxy))
            .build()
            .unwrap();
        let error = failure(client.connect("ws://127.0.0.1:1").await);

        assert_timeout(
            &error,
            Phase::Proxy,
            format!("127.0.0.1:1 through {address}"),
        );
    }
}

/// The defaults, on simulated time.
#[tokio::test(start_paused = true)]
async fn the_handshake_may_take_15_seconds() {
    let (client_end, _server_end) = tokio::io::duplex(1 << 16);
    let started = tokio::time::Instant::now();

    let error = builder()
        .build()
        .unwrap()
        .connect_over("ws://a", client_end)
        .await
        .unwrap_err();

    assert_eq!(started.elapsed().as_secs(), 15);
    assert_eq!(
        error.to_string(),
        "a:80: the WebSocket handshake took longer than 15s"
    );
}

#[tokio::test]
async fn limits_without_end_are_possible() {
    let address = crate::echo_server().await;
    let client = builder()
        .connect_timeout(Duration::MAX)
        .handshake_timeout(Duration::MAX)
        .build()
        .unwrap();

    let (mut socket, _) = client.connect(&format!("ws://{address}")).await.unwrap();

    crate::assert_echoes(&mut socket).await;
}
