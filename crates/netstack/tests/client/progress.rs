//! A server that takes what is sent, however slowly, lives.
use arkws::Message;
use arkws_netstack::RequestOptions;

use crate::connect::without_proxy;
use crate::slow_peer::slowly;
use crate::support::{Client, Seen, Server, soon};

/// Together what a kernel holds several times.
const MESSAGES: u64 = 5;
const SIZE: usize = 2 << 20;
/// Bytes a second: what a kernel holds, some 4 MB, takes longer than both times of the heartbeat.
const RATE: u32 = 1_900_000;

#[tokio::test]
async fn a_slow_server_gets_all_and_answers_pings() {
    let server = Server::start().await;
    let mut client = Client::new();
    let options = RequestOptions {
        ping_interval: Some(1.0),
        pong_timeout: Some(1.0),
        ..without_proxy()
    };
    client.socket.connect(&server.url(), options).unwrap();
    let stream = server.accept_raw().await;
    let peer = tokio::spawn(async move {
        let mut peer = arkws::accept(slowly(stream, RATE)).await.unwrap();
        let mut left = MESSAGES;
        while left > 0 {
            let message = peer.recv().await.unwrap().map(Message::from).unwrap();
            if message.is_data() {
                assert_eq!(message.len(), SIZE);
                left -= 1;
            }
        }
        peer.send("thanks".into()).await.unwrap();
        while let Some(Ok(_)) = peer.recv().await {}
    });
    for _ in 0..MESSAGES {
        client.socket.send_binary(vec![7; SIZE]).unwrap();
    }
    let mut sent = 0;
    loop {
        match client.peek().await {
            Seen::Sent(through) => sent = through,
            Seen::Text(text) => break assert_eq!(text, "thanks"),
            Seen::Headers(_) | Seen::Open { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(sent, MESSAGES);
    let stats = client.socket.stats();
    assert!(stats.counters.round_trip.is_some(), "{stats:?}");
    client.close().unwrap();
    client.rest().await;
    soon(peer).await.unwrap();
}
