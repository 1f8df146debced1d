//! `stop`, and what can follow it.
use arkws_netstack::{CloseOptions, Payload, ServerConfig};
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
