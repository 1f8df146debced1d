//! Messages that share the memory that they were read into, for a listener that asks for that.
use std::sync::Arc;

use arkws::Message;
use arkws_netstack::{ApiLevel, Event, Listener, WebSocket};
use bytes::Bytes;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::connect::without_proxy;
use crate::support::{Server, context, level, soon};

/// From this many bytes on a message is to be shared.
const FROM: usize = 60 << 10;

#[derive(Debug)]
enum Seen {
    Open,
    Shared(Bytes),
    Other(Vec<u8>),
}

struct Sharer(UnboundedSender<Seen>);

impl Listener for Sharer {
    fn on_event(&self, event: Event<'_>) {
        let seen = match event {
            Event::Open { .. } => Seen::Open,
            Event::Binary(data) => Seen::Other(data.to_vec()),
            _ => return,
        };
        let _ = self.0.send(seen);
    }

    fn shared_from(&self) -> usize {
        FROM
    }

    fn on_shared(&self, data: Bytes) {
        let _ = self.0.send(Seen::Shared(data));
    }
}

/// What a listener sees of messages of these lengths, each of bytes that are its number.
async fn receive(level: ApiLevel, lengths: &[usize]) -> Vec<Seen> {
    let server = Server::start().await;
    let (sender, mut seen) = unbounded_channel();
    let socket = WebSocket::new(context(level), Arc::new(Sharer(sender)));
    socket.connect(&server.url(), without_proxy()).unwrap();
    let mut peer = server.accept().await;
    assert!(matches!(soon(seen.recv()).await, Some(Seen::Open)));
    let messages = lengths.to_owned();
    tokio::spawn(async move {
        for (number, length) in messages.into_iter().enumerate() {
            let message = Message::from(vec![number as u8; length]);
            peer.send(message).await.unwrap();
        }
        peer
    });
    let total: usize = lengths.iter().sum();
    let (mut all, mut bytes) = (Vec::new(), 0);
    while bytes < total {
        let next = soon(seen.recv()).await.expect("the listener lives");
        bytes += match &next {
            Seen::Shared(data) => data.len(),
            Seen::Other(data) => data.len(),
            Seen::Open => 0,
        };
        all.push(next);
    }
    all
}

#[tokio::test]
async fn large_messages_are_shared_and_stay_as_they_are_while_others_come() {
    let lengths = [
        FROM,
        16,
        64 << 10,
        64 << 10,
        FROM - 1,
        64 << 10,
        70_000,
        90_000,
        1 << 20,
        5_000,
        64 << 10,
        64 << 10,
        FROM,
        64 << 10,
    ];
    let all = receive(level(26), &lengths).await;
    assert_eq!(all.len(), lengths.len());
    let mut shared = 0;
    for (number, (seen, length)) in all.iter().zip(lengths).enumerate() {
        let data = match seen {
            Seen::Shared(data) => {
                assert!(length >= FROM);
                shared += 1;
                &data[..]
            }
            Seen::Other(data) => data,
            Seen::Open => panic!("it is open already"),
        };
        assert!(data == vec![number as u8; length], "message {number}");
    }
    // One that comes in parts may be in memory of its own.
    assert!(shared > 0);
}

#[tokio::test]
async fn a_level_that_cuts_messages_gets_pieces_all_the_same() {
    let all = receive(level(11), &[64 << 10]).await;
    assert!(all.len() > 1);
    assert!(all.iter().all(|seen| matches!(seen, Seen::Other(_))));
}
