//! Any messages, sent in any way, cut into any reads, arrive as they were sent, in their order.
//! Pings, which go ahead of what waits, arrive in theirs.
use arkws_proto::{Connection, Event, MessageKind, SendError};
use bytes::{Buf, Bytes};

use crate::config::{AnyConfig, peer, role};
use crate::input::{Cuts, Input};

#[derive(Debug, PartialEq, Eq)]
enum Message {
    Text(String),
    Binary(Vec<u8>),
    /// A large message of a repeated byte, handed over owned or shared.
    Large {
        byte: u8,
        len: u16,
        shared: bool,
    },
    Fragments(Vec<Vec<u8>>),
    Ping(Vec<u8>),
}

impl Message {
    fn read(input: &mut Input<'_>) -> Message {
        match input.byte() % 5 {
            0 => Message::Text(String::from_utf8_lossy(input.short()).into_owned()),
            1 => Message::Binary(input.short().to_vec()),
            2 => Message::Large {
                byte: input.byte(),
                len: input.u16(),
                shared: input.flag(),
            },
            3 => {
                let count = input.byte() % 8;
                Message::Fragments((0..count).map(|_| input.short().to_vec()).collect())
            }
            _ => Message::Ping(input.short().iter().copied().take(125).collect()),
        }
    }
}

/// What is sent arrives, and nothing else does.
pub(crate) fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let role = role(&mut input);
    let config = AnyConfig::read(&mut input).default_limits();
    let mut cuts = Cuts::new(input.byte());
    let mut sent = Vec::new();
    while !input.is_empty() {
        sent.push(Message::read(&mut input));
    }

    let mut sender = Connection::new(role, config.clone());
    let mut receiver = Connection::new(peer(role), config);
    let (mut messages, mut pings) = (Vec::new(), Vec::new());
    for message in &sent {
        if send(&mut sender, message) {
            match message {
                Message::Ping(_) => pings.push(message),
                _ => messages.push(message),
            }
        }
    }
    let transmit = sender.transmit();
    let mut stream = transmit.copy_to_bytes(transmit.remaining()).to_vec();

    let (mut messages, mut pings) = (messages.into_iter(), pings.into_iter());
    let mut rest = &mut stream[..];
    while !rest.is_empty() {
        let len = cuts.next().map_or(1, |len| len.min(rest.len()));
        let (mut read, after) = rest.split_at_mut(len);
        while let Some(event) = receiver.recv(&mut read).expect("valid frames") {
            let expected = match event {
                Event::Ping(_) => pings.next(),
                _ => messages.next(),
            };
            check(event, expected.expect("no more than was sent"));
        }
        rest = after;
    }
    assert_eq!(messages.next(), None, "everything arrived");
    assert_eq!(pings.next(), None, "everything arrived");
}

/// Whether it was taken: all is, but for more pings than may wait.
fn send(sender: &mut Connection, message: &Message) -> bool {
    let result = match message {
        Message::Text(text) => sender.send_text(text),
        Message::Binary(data) => sender.send_binary(data),
        Message::Large { byte, len, shared } => {
            let payload = Bytes::from(vec![*byte; (*len).into()]);
            let _other = shared.then(|| payload.clone());
            let sent = sender.send_owned(MessageKind::Binary, payload);
            sent.map_err(|refused| refused.error)
        }
        Message::Fragments(fragments) => {
            let kind = MessageKind::Binary;
            let sent = fragments
                .iter()
                .try_for_each(|data| sender.send_fragment(kind, data, false));
            sent.and_then(|()| sender.send_fragment(kind, b"", true))
        }
        Message::Ping(data) => match sender.send_ping(data) {
            Err(SendError::QueueFull { .. }) => return false,
            result => result.map(|_end| ()),
        },
    };
    result.expect("nothing refuses it");
    true
}

fn check(event: Event<'_>, expected: &Message) {
    match (event, expected) {
        (Event::Text(text), Message::Text(expected)) => assert_eq!(text.as_str(), expected),
        (Event::Binary(data), Message::Binary(expected)) => assert_eq!(*data, **expected),
        (Event::Binary(data), Message::Large { byte, len, .. }) => {
            assert_eq!(data.len(), usize::from(*len));
            assert!(data.iter().all(|other| other == byte));
        }
        (Event::Binary(data), Message::Fragments(expected)) => assert_eq!(*data, expected.concat()),
        (Event::Ping(data), Message::Ping(expected)) => assert_eq!(*data, **expected),
        (event, expected) => panic!("sent {expected:?}, received {event:?}"),
    }
}
