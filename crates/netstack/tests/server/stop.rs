//! `stop`, and what can follow it.
use arkws_netstack::{CloseOptions, Payload, ServerConfig, StopId, StopOptions};
use std::time::Duration;

use arkws_proto::handshake::ClientHandshake;
use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::support::*;

const GOING_AWAY: u16 = 1001;

fn goodbye() -> Received {
    Received::Close(Some((GOING_AWAY, "server is going away".into())))
}

#[tokio::test]
async fn every_client_is_told_1001_and_has_its_close_event_and_then_the_server_is_idle() {
    let (mut server, address) = Server::started(loopback()).await;
    let mut clients = Vec::new();
    for _ in 0..5 {
        clients.push(server.join(address).await);
    }
    server.object.stop().unwrap();
    let mut expected = Vec::new();
    for (mut client, connection) in clients {
        assert_eq!(receive(&mut client).await, goodbye());
        expected.push(connection);
    }
    let mut closed = Vec::new();
    for _ in 0..5 {
        let (connection, code, reason) = server.closed().await;
        assert_eq!(
            (code, reason.as_str()),
            (GOING_AWAY, "server is going away")
        );
        closed.push(connection);
    }
    closed.sort();
    expected.sort();
    assert_eq!(closed, expected);
    server.idle().await;
    assert!(server.try_next().is_none());
    TcpStream::connect(address).await.unwrap_err();
}

#[tokio::test]
async fn after_a_stop_the_server_is_not_started() {
    let (mut server, address) = Server::started(loopback()).await;
    let (_client, connection) = server.join(address).await;
    server.object.stop().unwrap();
    let object = &server.object;
    assert_eq!(object.list_address(), None);
    assert_eq!(object.stop().unwrap_err().code, 2302999);
    assert_eq!(object.list_all_connections().unwrap_err().code, 2302999);
    assert_eq!(
        object.send_text("hi", &connection).unwrap_err().code,
        2302006
    );
    let close = object.close(&connection, CloseOptions::default());
    assert_eq!(close.unwrap_err().code, 2302006);
    let broadcast = object.broadcast(Payload::Borrowed(&mut []), false, &[]);
    assert_eq!(broadcast.unwrap_err().code, 2302999);
}

#[tokio::test]
async fn what_was_sent_before_a_stop_arrives_before_the_goodbye() {
    let (mut server, address) = Server::started(loopback()).await;
    let (mut client, connection) = server.join(address).await;
    server
        .object
        .send_binary(vec![9; 3_000_000], &connection)
        .unwrap();
    server.object.stop().unwrap();
    assert_eq!(
        receive(&mut client).await,
        Received::Binary(vec![9; 3_000_000].into())
    );
    assert_eq!(receive(&mut client).await, goodbye());
}

#[tokio::test]
async fn a_start_right_after_a_stop_takes_the_port_over() {
    let (mut server, address) = Server::started(loopback()).await;
    let config = ServerConfig {
        server_port: address.port().into(),
        ..loopback()
    };
    for _ in 0..20 {
        let (mut client, connection) = server.join(address).await;
        server.object.stop().unwrap();
        server.object.start(config.clone()).unwrap();
        assert_eq!(receive(&mut client).await, goodbye());

        let (mut started, mut closed, mut idle) = (false, false, false);
        while !(started && closed && idle) {
            match server.next().await {
                Seen::Started(result) => {
                    started = result.unwrap() == arkws_netstack::ListenAddress::Port(address)
                }
                Seen::Close(of, _) => closed = of == connection,
                Seen::Idle => idle = closed,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(server.list(), []);
    }
    server.join(address).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_of_the_past_does_not_hold_up_the_next_start() {
    let (mut server, address) = Server::started(loopback()).await;
    let (_mute, connection) = server.join(address).await;
    let start = Instant::now();
    server.object.stop().unwrap();
    let config = ServerConfig {
        server_port: address.port().into(),
        max_connections_for_one_client: Some(1.0),
        ..loopback()
    };
    server.start(config).await.unwrap();
    server.join(address).await;
    assert!(start.elapsed() < seconds(1));
    // The two runs end on their own.
    assert!(matches!(
        server.next().await,
        Seen::Error(_) | Seen::Close(..)
    ));
    loop {
        match server.next().await {
            Seen::Close(closed, result) if closed == connection => {
                break assert_eq!(result.code, GOING_AWAY);
            }
            Seen::Close(..) | Seen::Error(_) => {}
            other => panic!("{other:?}"),
        }
    }
    server.idle().await;
}

#[tokio::test]
async fn a_stop_before_the_answer_fails_the_start() {
    let mut server = Server::new();
    for _ in 0..3 {
        server.object.start(loopback()).unwrap();
        server.object.stop().unwrap();
        assert_eq!(server.object.stop().unwrap_err().code, 2302999);
    }
    for _ in 0..3 {
        match server.next().await {
            Seen::Started(Err(error)) => assert_eq!(error.code, 2302999),
            other => panic!("{other:?}"),
        }
        server.idle().await;
    }
    let address = server.start(loopback()).await.unwrap();
    server.join(address).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_neither_reads_nor_answers_holds_a_stop_up_for_ten_seconds_at_most() {
    let (mut server, address) = Server::started(loopback()).await;
    let (_stuck, stuck) = server.join(address).await;
    for _ in 0..16 {
        let object = &server.object;
        object.send_binary(vec![0; 1_000_000], &stuck).unwrap();
    }
    let start = Instant::now();
    server.object.stop().unwrap();
    let mut answered = 0;
    loop {
        match server.next().await {
            Seen::Sent(_, through) => answered = through,
            Seen::SendFailed(_, from, through, error) => {
                assert_eq!(error.cause_name(), Some("closed"));
                assert_eq!(from, answered + 1);
                answered = through;
            }
            Seen::Close(closed, result) => {
                break assert_eq!((closed, result.code), (stuck, GOING_AWAY));
            }
            other => panic!("{other:?}"),
        }
    }
    server.idle().await;
    assert_eq!(answered, 16);
    assert!(start.elapsed() >= seconds(5) && start.elapsed() <= seconds(11));
}

fn within(timeout: Duration) -> StopOptions {
    StopOptions {
        timeout: Some(timeout),
        ..StopOptions::default()
    }
}

async fn stopped(server: &mut Server) -> StopId {
    match server.next().await {
        Seen::Stopped(id) => id,
        other => panic!("Stopped, not {other:?}"),
    }
}

#[tokio::test]
async fn a_stop_that_waits_is_answered_after_the_close_events() {
    let (mut server, address) = Server::started(loopback()).await;
    let own_words = StopOptions {
        code: Some(4000.0),
        reason: Some("maintenance".into()),
        timeout: None,
    };
    let mut ids = Vec::new();
    for (options, code, reason) in [
        (StopOptions::default(), GOING_AWAY, "server is going away"),
        (own_words, 4000, "maintenance"),
    ] {
        let mut clients = Vec::new();
        for _ in 0..5 {
            clients.push(server.join(address).await.0);
        }
        let id = server.object.stop_with(&options).unwrap();
        assert_eq!(server.object.list_address(), None);
        assert_eq!(server.object.stop().unwrap_err().code, 2302999);
        assert_eq!(server.object.stop_with(&options).unwrap_err().code, 2302999);
        for client in &mut clients {
            let expected = Received::Close(Some((code, reason.into())));
            assert_eq!(receive(client).await, expected);
        }
        for _ in 0..5 {
            let (_, seen, why) = server.closed().await;
            assert_eq!((seen, why.as_str()), (code, reason));
        }
        assert_eq!(stopped(&mut server).await, id);
        server.idle().await;
        ids.push(id);
        let config = ServerConfig {
            server_port: address.port().into(),
            ..loopback()
        };
        server.start(config).await.unwrap();
    }
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test(start_paused = true)]
async fn clients_that_do_not_close_in_time_are_dropped_with_1006() {
    for (options, limit) in [
        (StopOptions::default(), seconds(5)),
        (within(seconds(2)), seconds(2)),
        (within(Duration::ZERO), Duration::ZERO),
    ] {
        let (mut server, address) = Server::started(loopback()).await;
        let (mut mute, connection) = server.join(address).await;
        let start = Instant::now();
        let id = server.object.stop_with(&options).unwrap();
        let error = server.error().await;
        assert_eq!(error.cause_name(), Some("timeout"));
        assert!(
            error.message.contains("the option timeout of stop"),
            "{error}"
        );
        assert_eq!(start.elapsed(), limit);
        let (closed, code, why) = server.closed().await;
        assert_eq!((closed, code), (connection, 1006));
        assert!(why.contains("the client had not closed in time"), "{why}");
        assert_eq!(stopped(&mut server).await, id);
        server.idle().await;
        assert_eq!(start.elapsed(), limit);
        // Its connection is gone.
        while mute.next().await.is_some() {}
    }
}

#[tokio::test(start_paused = true)]
async fn who_reads_slowly_has_the_time_that_the_program_gives() {
    let (mut server, address) = Server::started(loopback()).await;
    let (mut slow, connection) = server.join(address).await;
    for _ in 0..4 {
        let object = &server.object;
        object.send_binary(vec![7; 4_000_000], &connection).unwrap();
    }
    server.object.stop_with(&within(seconds(600))).unwrap();
    for _ in 0..4 {
        tokio::time::sleep(seconds(4)).await;
        assert!(
            matches!(receive(&mut slow).await, Received::Binary(data) if data.len() == 4_000_000)
        );
    }
    assert_eq!(receive(&mut slow).await, goodbye());
    while !matches!(server.next().await, Seen::Close(_, result) if result.code == GOING_AWAY) {}
    stopped(&mut server).await;
}

#[tokio::test(start_paused = true)]
async fn who_was_not_let_in_does_not_hold_up_the_answer() {
    let config = ServerConfig {
        max_connections_for_one_client: Some(0.0),
        ..loopback()
    };
    let (mut server, address) = Server::started(config).await;
    let mut refused = TcpStream::connect(address).await.unwrap();
    let (_, bytes) = ClientHandshake::new(request(address), &Default::default()).unwrap();
    refused.write_all(&bytes).await.unwrap();
    server.error().await;
    let start = Instant::now();
    let id = server.object.stop_with(&StopOptions::default()).unwrap();
    assert_eq!(stopped(&mut server).await, id);
    assert_eq!(start.elapsed(), Duration::ZERO);
    server.idle().await;
    assert!(start.elapsed() > Duration::ZERO, "it was told why");
}

#[tokio::test]
async fn a_stop_that_waits_fails_a_start_and_refuses_codes_that_are_none() {
    let mut server = Server::new();
    let not_started = server.object.stop_with(&StopOptions::default());
    assert_eq!(not_started.unwrap_err().code, 2302999);
    server.object.start(loopback()).unwrap();
    for code in [
        -1.0,
        0.0,
        999.0,
        1004.0,
        1005.0,
        1006.0,
        1015.0,
        2999.0,
        5000.0,
        1000.5,
        66536.0,
        f64::NAN,
    ] {
        let options = StopOptions {
            code: Some(code),
            ..StopOptions::default()
        };
        let error = server.object.stop_with(&options).unwrap_err();
        assert_eq!(error.code, 401, "{code}");
    }
    let id = server.object.stop_with(&within(Duration::MAX)).unwrap();
    assert!(matches!(server.next().await, Seen::Started(Err(_))));
    assert_eq!(stopped(&mut server).await, id);
    server.idle().await;
}

#[tokio::test]
async fn a_dropped_object_closes_its_clients_without_events() {
    let (mut server, address) = Server::started(loopback()).await;
    let (mut client, _) = server.join(address).await;
    let Server { object, .. } = server;
    drop(object);
    assert_eq!(receive(&mut client).await, goodbye());
    TcpStream::connect(address).await.unwrap_err();
}

#[tokio::test]
async fn a_server_on_the_processs_network_thread_works_the_same() {
    let context = arkws_netstack::Context::new(arkws_netstack::ApiLevel::NEWEST);
    let mut server = Server::with_context(context);
    let address = server.start(loopback()).await.unwrap();
    let (mut client, connection) = server.join(address).await;
    client.send("ping".into()).await.unwrap();
    assert_eq!(server.text().await, (connection.clone(), "ping".into()));
    server.object.send_text("pong", &connection).unwrap();
    assert_eq!(receive(&mut client).await, Received::Text("pong".into()));
    server.object.stop().unwrap();
    assert_eq!(receive(&mut client).await, goodbye());
}
