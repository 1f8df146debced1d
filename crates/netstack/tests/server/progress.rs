//! A client that takes what is sent, however slowly, lives.
use std::time::Duration;

use arkws::Message;
use arkws_netstack::ServerConfig;

use crate::slow_peer::slowly;
use crate::support::*;

/// Together what a kernel holds several times.
const MESSAGES: u64 = 5;
const SIZE: usize = 2 << 20;
/// Bytes a second: what a kernel holds, some 4 MB, takes longer than both times of the heartbeat.
const RATE: u32 = 2_500_000;

#[tokio::test]
async fn a_slow_client_gets_all_and_answers_pings() {
    let (mut server, address) = Server::started(ServerConfig {
        ping_interval: Some(Duration::from_millis(400)),
        ..loopback()
    })
    .await;
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let Ok(mut client) = open(slowly(stream, RATE), request(address)).await else {
        panic!("the client is let in");
    };
    let connection = server.connected().await;
    let peer = tokio::spawn(async move {
        let mut left = MESSAGES;
        while left > 0 {
            let message = client.recv().await.unwrap().map(Message::from).unwrap();
            if message.is_data() {
                assert_eq!(message.len(), SIZE);
                left -= 1;
            }
        }
        client.send("thanks".into()).await.unwrap();
        while let Some(Ok(_)) = client.recv().await {}
    });
    for _ in 0..MESSAGES {
        let sent = server.object.send_binary(vec![7; SIZE], &connection);
        sent.unwrap();
    }
    let mut sent = 0;
    loop {
        match server.next().await {
            Seen::Sent(_, through) => sent = through,
            Seen::Text(_, text) => break assert_eq!(text, "thanks"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(sent, MESSAGES);
    server.object.stop().unwrap();
    server.closed().await;
    peer.await.unwrap();
}
