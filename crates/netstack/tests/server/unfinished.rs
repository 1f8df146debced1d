//! Messages of clients that do not become whole.
use std::time::{Duration, Instant};

use arkws::{Bytes, DeflateConfig, Message};
use arkws_netstack::ServerConfig;
use arkws_proto::{Config, Connection, Role};
use bytes::Buf;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::{
    Received, Seen, Server, connect, loopback, receive, request, seconds, shake_hands, tcp_from,
};

const MIB: usize = 1 << 20;

#[tokio::test]
async fn a_message_of_16_mib_is_accepted_and_a_longer_one_is_not() {
    let (mut server, address) = Server::started(loopback()).await;
    let (mut client, _) = server.join(address).await;
    let send = client.send(Message::from(vec![0; 16 * MIB]));
    let (sent, seen) = tokio::join!(send, server.next());
    sent.unwrap();
    assert!(matches!(seen, Seen::Binary(_, data) if data.len() == 16 * MIB));
    let sending = tokio::spawn(async move {
        let _ = client.send(Message::from(vec![0; 16 * MIB + 1])).await;
        receive(&mut client).await
    });
    let error = server.error().await;
    assert!(error.message.contains("maxMessageSize"), "{error}");
    assert!(matches!(
        sending.await.unwrap(),
        Received::Close(Some((1009, _)))
    ));
}

#[tokio::test(start_paused = true)]
async fn a_message_whose_rest_does_not_come_ends_its_connection() {
    for (given, limit) in [
        (None, Some(60)),
        (Some(seconds(5)), Some(5)),
        (Some(Duration::ZERO), None),
    ] {
        let config = ServerConfig {
            message_timeout: given,
            ..loopback()
        };
        let (mut server, address) = Server::started(config).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        shake_hands(&mut stream, request(address)).await.unwrap();
        let connection = server.connected().await;
        // A fragment, masked with 0.
        stream
            .write_all(&[0x02, 0x81, 0, 0, 0, 0, b'a'])
            .await
            .unwrap();
        let start = tokio::time::Instant::now();
        match limit {
            Some(limit) => {
                let error = server.error().await;
                assert_eq!(error.cause_name(), Some("timeout"));
                assert!(error.message.contains("messageTimeout"), "{error}");
                let (closed, code, _) = server.closed().await;
                assert_eq!((closed, code), (connection, 1006));
                let elapsed = start.elapsed().as_secs();
                assert!((limit..limit + 2).contains(&elapsed), "{elapsed}");
            }
            None => {
                tokio::time::sleep(seconds(100_000)).await;
                assert_eq!(server.list(), [connection]);
            }
        }
    }
}

#[tokio::test]
async fn compressed_bytes_without_an_end_pin_no_more_than_the_budget_and_hold_nobody_up() {
    const CLIENTS: u8 = 40;
    let config = ServerConfig {
        per_message_deflate: true,
        max_message_size: Some(64 * MIB),
        max_unfinished_bytes: Some(128 * MIB),
        ..loopback()
    };
    let (mut server, address) = Server::started(config).await;
    let (mut other, _) = server.join(address).await;

    // 64 MiB in 64 KiB, without an end.
    let mut bomb = Vec::new();
    let mut attackers = Vec::new();
    for n in 0..CLIENTS {
        let mut stream = tcp_from([127, 0, 1, n / 10], address).await;
        let offer = arkws_proto::handshake::ClientRequest {
            deflate: Some(DeflateConfig::default()),
            ..request(address)
        };
        let negotiated = shake_hands(&mut stream, offer).await.unwrap();
        server.connected().await;
        if bomb.is_empty() {
            let config = Config {
                deflate: negotiated.deflate,
                ..Config::default()
            };
            let mut client = Connection::new(Role::Client, config);
            client.send_binary(&vec![0; 64 * MIB]).unwrap();
            let transmit = client.transmit();
            bomb = transmit.copy_to_bytes(transmit.remaining()).to_vec();
            bomb[0] &= 0x7F;
            assert!(bomb.len() < 80 << 10);
        }
        attackers.push(stream);
    }
    let before = resident();
    for attacker in &mut attackers {
        attacker.write_all(&bomb).await.unwrap();
    }

    // Whoever has too much goes, ...
    let mut slowest = Duration::ZERO;
    let mut most = 0;
    let mut gone = 0;
    while gone < usize::from(CLIENTS) - 2 {
        let asked = Instant::now();
        other.send(Message::from("still there?")).await.unwrap();
        loop {
            match server.next().await {
                Seen::Error(error) => {
                    assert_eq!(error.cause_name(), Some("too-big"), "{error}");
                    assert!(error.message.contains("maxUnfinishedBytes"), "{error}");
                    gone += 1;
                }
                Seen::Close(_, result) => assert_eq!(result.code, 1006),
                Seen::Text(..) => break,
                other => panic!("{other:?}"),
            }
        }
        slowest = slowest.max(asked.elapsed());
        most = most.max(resident().saturating_sub(before));
    }
    println!(
        "slowest message of the other client: {slowest:?}; at most {} MiB",
        most / MIB
    );
    // What stays allocated is the budget, and what the clients have that are closed and had no turn
    // yet. Without the budget it would be 2.6 GB.
    assert!(most < 512 * MIB, "{} MiB", most / MIB);
    drop(attackers);
    other
        .send(Message::Binary(Bytes::from_static(b"!")))
        .await
        .unwrap();
    loop {
        if let Seen::Binary(..) = server.next().await {
            break;
        }
    }
    let _ = connect(address).await;
}

/// What this process has in memory, in bytes.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}
