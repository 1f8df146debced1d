//! Which clients are let in, and what happens to the others.
use std::io::ErrorKind::WouldBlock;

use arkws_proto::Limits;
use arkws_proto::handshake::ClientHandshake;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, advance};

use arkws_netstack::{CustomLimits, RefusalStatus, ServerConfig, ServerLimits};

use crate::support::*;

const OTHER: [u8; 4] = [127, 0, 0, 2];

#[tokio::test]
async fn ten_connections_of_one_address_by_default_and_a_503_for_the_next() {
    let (mut server, address) = Server::started(loopback()).await;
    let mut clients = Vec::new();
    for _ in 0..10 {
        clients.push(server.join(address).await);
    }
    let refused = connect(address).await.unwrap_err();
    assert_eq!(refused.status, SERVICE_UNAVAILABLE);
    assert!(
        refused.body.contains("maxConnectionsForOneClient"),
        "{}",
        refused.body
    );
    let error = server.error().await;
    assert!(
        error.message.contains("maxConnectionsForOneClient"),
        "{}",
        error.message
    );
    assert_eq!(error.cause_name(), Some("limit"));

    let (mut first, gone) = clients.remove(0);
    first.close(None).await.unwrap();
    assert_eq!(server.closed().await.0, gone);
    server.join(address).await;
}

#[tokio::test]
async fn a_limit_on_distinct_addresses_leaves_known_ones_alone() {
    let config = ServerConfig {
        max_concurrent_clients_number: Some(1.0),
        ..loopback()
    };
    let (mut server, address) = Server::started(config).await;
    let (_first, _) = server.join(address).await;
    let refused = connect_from(OTHER, address).await.unwrap_err();
    assert_eq!(refused.status, SERVICE_UNAVAILABLE);
    assert!(
        refused.body.contains("maxConcurrentClientsNumber"),
        "{}",
        refused.body
    );
    let error = server.error().await;
    assert!(error.message.contains("127.0.0.2:"), "{}", error.message);
    server.join(address).await;
}

#[tokio::test]
async fn limits_of_the_program_count_connections_in_all_and_of_each_address() {
    let limits = CustomLimits {
        connections: Some(3),
        per_address: Some(2),
        ..CustomLimits::default()
    };
    let config = ServerConfig {
        limits: ServerLimits::Custom(limits),
        ..loopback()
    };
    let (mut server, address) = Server::started(config).await;
    let (mut first, _) = server.join(address).await;
    let (_second, _) = server.join(address).await;
    let refused = connect(address).await.unwrap_err();
    let words = "a client address may have 2 at a time (limits.perAddress)";
    assert!(refused.body.contains(words), "{}", refused.body);
    assert_eq!(server.error().await.cause_name(), Some("limit"));

    let _third = connect_from(OTHER, address).await.unwrap();
    server.connected().await;
    let refused = connect_from(OTHER, address).await.unwrap_err();
    assert_eq!(refused.status, SERVICE_UNAVAILABLE);
    let words = "it serves 3 connection(s) at a time (limits.connections)";
    assert!(refused.body.contains(words), "{}", refused.body);
    assert_eq!(server.error().await.cause_name(), Some("limit"));

    first.close(None).await.unwrap();
    server.closed().await;
    let _fourth = connect_from(OTHER, address).await.unwrap();
}

#[tokio::test]
async fn without_limits_one_address_may_come_as_often_as_it_likes() {
    let config = ServerConfig {
        limits: ServerLimits::None,
        ..loopback()
    };
    let (mut server, address) = Server::started(config).await;
    let mut clients = Vec::new();
    for _ in 0..100 {
        clients.push(server.join(address).await);
    }
    assert_eq!(server.list().len(), 100);
}

#[tokio::test]
async fn limits_of_the_program_and_the_platforms_exclude_each_other() {
    let limits = |limits: ServerLimits, clients, connections| ServerConfig {
        limits,
        max_concurrent_clients_number: clients,
        max_connections_for_one_client: connections,
        ..loopback()
    };
    let custom = || ServerLimits::Custom(CustomLimits::default());
    let zero = CustomLimits {
        connections: Some(0),
        ..CustomLimits::default()
    };
    for (config, code, words) in [
        (
            limits(ServerLimits::None, Some(5.0), None),
            401,
            "maxConcurrentClientsNumber",
        ),
        (
            limits(custom(), None, Some(5.0)),
            401,
            "maxConnectionsForOneClient",
        ),
        (
            limits(ServerLimits::Custom(zero), None, None),
            401,
            "limits.connections",
        ),
        (
            limits(ServerLimits::Platform, Some(11.0), None),
            2302999,
            "maxConcurrentClientsNumber 11",
        ),
    ] {
        let error = Server::new().object.start(config).unwrap_err();
        assert_eq!(error.code, code);
        assert!(error.message.contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_limit_of_zero_refuses_everybody() {
    let config = ServerConfig {
        max_connections_for_one_client: Some(0.0),
        ..loopback()
    };
    let (_server, address) = Server::started(config).await;
    assert_eq!(
        connect(address).await.unwrap_err().status,
        SERVICE_UNAVAILABLE
    );
}

/// One attempt that is let in, and gone again.
async fn attempt(server: &mut Server, address: std::net::SocketAddr) -> Result<(), Refused> {
    let mut client = connect(address).await?;
    server.connected().await;
    client.close(None).await.unwrap();
    server.closed().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_52nd_attempt_within_a_minute_is_refused_and_bans_for_a_minute() {
    let (mut server, address) = Server::started(loopback()).await;
    let start = Instant::now();
    for _ in 0..51 {
        attempt(&mut server, address).await.unwrap();
    }
    assert!(start.elapsed() < seconds(1), "all within one window");

    let refused = attempt(&mut server, address).await.unwrap_err();
    assert_eq!(refused.status, SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers["retry-after"], "60");
    assert_eq!(server.error().await.cause_name(), Some("flood"));

    advance(seconds(58)).await;
    let refused = attempt(&mut server, address).await.unwrap_err();
    assert_eq!(refused.headers["retry-after"], "2");
    assert_eq!(server.error().await.cause_name(), Some("flood"));

    // Another address is not concerned, nor is another server.
    let (mut other, elsewhere) = Server::started(loopback()).await;
    attempt(&mut other, elsewhere).await.unwrap();
    let mut client = connect_from(OTHER, address).await.unwrap();
    server.connected().await;
    client.close(None).await.unwrap();
    server.closed().await;

    // A restart forgets nothing.
    server.object.stop().unwrap();
    server.idle().await;
    let address = server.start(loopback()).await.unwrap();
    attempt(&mut server, address).await.unwrap_err();
    server.error().await;

    advance(seconds(3)).await;
    attempt(&mut server, address).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn fifty_one_attempts_a_minute_are_never_too_many() {
    let (mut server, address) = Server::started(loopback()).await;
    for _ in 0..3 {
        for _ in 0..51 {
            attempt(&mut server, address).await.unwrap();
        }
        advance(seconds(61)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_is_dropped_after_the_handshake_timeout() {
    let (mut server, address) = Server::started(loopback()).await;
    assert_silence_ends(
        &mut server,
        address,
        "the WebSocket handshake took longer than 5s",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_dribbles_its_request_gets_no_more_time() {
    let config = ServerConfig {
        handshake_timeout: Some(seconds(5)),
        ..loopback()
    };
    let (mut server, address) = Server::started(config).await;
    let mut slow = TcpStream::connect(address).await.unwrap();
    let start = Instant::now();
    for byte in b"GET / HTTP/1.1\r\n" {
        if slow.write_all(&[*byte]).await.is_err() {
            break;
        }
        tokio::time::sleep(seconds(1)).await;
    }
    assert_eq!(server.error().await.cause_name(), Some("timeout"));
    assert!(start.elapsed() >= seconds(5));
}

#[tokio::test]
async fn silent_connections_of_one_address_do_not_keep_another_out() {
    let (mut server, address) = Server::started(loopback()).await;
    let mut silent = Vec::new();
    for _ in 0..200 {
        silent.push(tcp_from(OTHER, address).await);
    }
    connect(address).await.unwrap();
    loop {
        match server.next().await {
            Seen::Connect(connection) => break assert_eq!(connection.client_ip, "127.0.0.1"),
            Seen::Error(error) => assert!(error.message.contains("127.0.0.2:"), "{error}"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_full_door_lets_go_of_the_oldest_that_has_said_nothing() {
    let (mut server, address) = Server::started(loopback()).await;
    let mut silent = Vec::new();
    for last in 2..6 {
        for _ in 0..64 {
            silent.push(tcp_from([127, 0, 0, last], address).await);
        }
    }
    for number in 0..3 {
        connect(address).await.unwrap().close(None).await.unwrap();
        // Where it stood, who came first is gone, and nobody else.
        assert_eq!(silent[number].read(&mut [0]).await.unwrap(), 0);
        let gone = silent[number].local_addr().unwrap().to_string();
        // Two connections, whose events come in any order.
        let (mut refused, mut left) = (false, false);
        while !(refused && left) {
            match server.next().await {
                Seen::Error(error) => {
                    assert_eq!(error.cause_name(), Some("limit"));
                    assert!(error.message.contains(&gone), "{error}");
                    refused = true;
                }
                Seen::Connect(client) => assert_eq!(client.client_ip, "127.0.0.1"),
                Seen::Close(..) => left = true,
                other => panic!("{other:?}"),
            }
        }
        silent.push(tcp_from([127, 0, 0, 6], address).await);
    }
    assert!(
        silent[3]
            .try_read(&mut [0])
            .is_err_and(|error| error.kind() == WouldBlock)
    );
}

#[tokio::test]
async fn an_address_with_too_many_handshakes_gives_up_its_own_oldest() {
    let (mut server, address) = Server::started(loopback()).await;
    let mut other = tcp_from([127, 0, 0, 3], address).await;
    let mut silent = Vec::new();
    for _ in 0..64 {
        silent.push(tcp_from(OTHER, address).await);
    }
    connect_from(OTHER, address).await.unwrap();
    assert_eq!(silent[0].read(&mut [0]).await.unwrap(), 0);
    assert_eq!(server.error().await.cause_name(), Some("limit"));
    assert!(
        other
            .try_read(&mut [0])
            .is_err_and(|error| error.kind() == WouldBlock)
    );
    // It may go on.
    shake_hands(&mut other, request(address)).await.unwrap();
}

#[tokio::test]
async fn who_was_refused_and_stays_takes_nobodys_place() {
    let config = ServerConfig {
        ask_request: true,
        ..loopback()
    };
    let (mut server, address) = Server::started(config).await;
    let mut staying = Vec::new();
    for _ in 0..70 {
        let mut stream = tcp_from(OTHER, address).await;
        let (_, bytes) = ClientHandshake::new(request(address), &Limits::default()).unwrap();
        stream.write_all(&bytes).await.unwrap();
        match server.next().await {
            Seen::Request(request) => request.refuse(RefusalStatus::new(403.0).unwrap(), "not you"),
            Seen::Error(error) => assert_eq!(error.cause_name(), Some("flood")),
            other => panic!("{other:?}"),
        }
        staying.push(stream);
    }
    // It has the field that only the flood rule sends.
    let refused = connect_from(OTHER, address).await.unwrap_err();
    assert!(refused.headers.contains_key("retry-after"), "{refused:?}");
}

#[tokio::test]
async fn pages_of_other_origins_are_refused_before_the_program_is_asked() {
    let config = ServerConfig {
        allowed_origins: Some(vec!["https://example.org".into()]),
        ask_request: true,
        ..loopback()
    };
    let (mut server, address) = Server::started(config).await;
    let with = |origin: &'static str| {
        let mut request = request(address);
        request.headers.insert("origin", origin.parse().unwrap());
        request
    };
    let refused = connect_with(address, with("https://example.com"))
        .await
        .unwrap_err();
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("origin"), "{}", refused.body);
    let error = server.error().await;
    assert!(
        error.message.contains("this origin is not allowed"),
        "{error}"
    );

    for request in [with("https://example.org"), request(address)] {
        let client = tokio::spawn(connect_with(address, request));
        match server.next().await {
            Seen::Request(request) => request.accept(),
            other => panic!("{other:?}"),
        }
        client.await.unwrap().unwrap().close(None).await.unwrap();
        server.connected().await;
        server.closed().await;
    }
}

#[tokio::test]
async fn what_is_not_a_websocket_request_is_told_so() {
    let (mut server, address) = Server::started(loopback()).await;
    for (request, status, cause) in [
        (
            "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            "HTTP/1.1 426 ",
            "handshake",
        ),
        (
            "POST / HTTP/1.1\r\nHost: x\r\n\r\n",
            "HTTP/1.1 405 ",
            "handshake",
        ),
        ("\0\x01\x02\x03\r\n\r\n", "HTTP/1.1 400 ", "handshake"),
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with(status), "{answer}");
        assert_eq!(server.error().await.cause_name(), Some(cause));
    }
    server.join(address).await;
}

#[tokio::test]
async fn a_connection_that_asks_for_nothing_is_no_error() {
    let (mut server, address) = Server::started(loopback()).await;
    for _ in 0..3 {
        drop(TcpStream::connect(address).await.unwrap());
    }
    // The next event is the next client's.
    server.join(address).await;
}
