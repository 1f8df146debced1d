//! Messages that are sent and taken in pieces of any sizes.
use arkws_proto::deflate::DeflateParams;
use arkws_proto::{CloseCode, Config, Connection, Event, Limits, MessageKind, ProtocolError, Role};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::common::*;

/// A message, and in pieces of which sizes it is sent.
#[derive(Debug, Clone)]
struct Sent {
    text: bool,
    data: Vec<u8>,
    sizes: Vec<usize>,
    /// Whoever takes it has had enough after so many pieces.
    abandoned_after: Option<usize>,
}

fn sent() -> impl Strategy<Value = Sent> {
    let text = "größer und 🦀 ".repeat(4000);
    let boundary = |text: &str, len: usize| (len..).find(|at| text.is_char_boundary(*at));
    let data = prop_oneof![
        vec(any::<u8>(), 0..3000).prop_map(|data| (false, data)),
        (0..100_000_usize).prop_map(|len| (false, vec![7; len])),
        (0..text.len())
            .prop_map(move |len| { (true, text[..boundary(&text, len).unwrap()].into()) }),
    ];
    let sizes = vec(prop_oneof![0..10_usize, 0..40_000_usize], 1..5);
    let abandoned_after = proptest::option::weighted(0.3, 0..3_usize);
    (data, sizes, abandoned_after).prop_map(|((text, data), sizes, abandoned_after)| Sent {
        text,
        data,
        sizes,
        abandoned_after,
    })
}

fn config() -> impl Strategy<Value = Config> {
    let deflate = (any::<bool>(), 8..=15_u8, 0..=9_u8, 0..200_usize).prop_map(
        |(no_context_takeover, window_bits, level, min_size)| DeflateParams {
            server_no_context_takeover: no_context_takeover,
            client_no_context_takeover: no_context_takeover,
            server_max_window_bits: window_bits,
            client_max_window_bits: window_bits,
            level,
            min_size,
        },
    );
    proptest::option::of(deflate).prop_map(|deflate| Config {
        // What is taken in pieces has a limit of its own.
        limits: Limits {
            max_message_size: 10,
            ..Limits::default()
        },
        deflate,
        ..Config::default()
    })
}

/// Sends the message in its pieces, the last of them with what is left, and pings between them.
fn send(connection: &mut Connection, sent: &Sent) {
    let kind = match sent.text {
        true => MessageKind::Text,
        false => MessageKind::Binary,
    };
    let mut rest = &sent.data[..];
    for size in &sent.sizes {
        let (piece, behind) = rest.split_at((*size).min(rest.len()));
        connection.send_fragment(kind, piece, false).unwrap();
        assert!(connection.is_sending_fragments());
        // Nothing that is needed goes with the buffers.
        connection.release_buffers();
        connection.send_ping(b"between").unwrap();
        rest = behind;
    }
    connection.send_fragment(kind, rest, true).unwrap();
    assert!(!connection.is_sending_fragments());
}

/// One message as it was taken, as far as that went.
#[derive(Debug, Default)]
struct Taken {
    text: bool,
    data: Vec<u8>,
    abandoned: bool,
}

proptest! {
    #[test]
    fn pieces_of_any_sizes_make_the_messages_again(
        role in prop_oneof![Just(Role::Client), Just(Role::Server)],
        config in config(),
        messages in vec(sent(), 1..5),
        reads in vec(prop_oneof![1..20_usize, 1..50_000_usize], 1..5),
    ) {
        let mut sender = Connection::new(role, config.clone());
        let mut receiver = Connection::new(other(role), config);
        receiver.receive_in_pieces(Some(100_000));
        let mut taken: Vec<Taken> = Vec::new();
        let mut pieces = 0;
        for sent in &messages {
            send(&mut sender, sent);
            let mut stream = drain(&mut sender);
            let mut stream = &mut stream[..];
            let mut reads = reads.iter().cycle();
            let mut message = Taken::default();
            while !stream.is_empty() {
                let read = (*reads.next().unwrap()).clamp(1, stream.len());
                let (read, behind) = stream.split_at_mut(read);
                stream = behind;
                let mut input = match put(&mut receiver, read) {
                    // What did not fit comes after it.
                    Some(len) => &mut read[len..],
                    None => read,
                };
                loop {
                    match receiver.recv(&mut input).unwrap() {
                        Some(Event::Text(text)) => {
                            message.text = true;
                            message.data.extend(text.as_bytes());
                            taken.push(std::mem::take(&mut message));
                        }
                        Some(Event::Binary(data)) => {
                            message.data.extend(&data[..]);
                            taken.push(std::mem::take(&mut message));
                        }
                        Some(_) => {}
                        None => break,
                    }
                    pieces = 0;
                }
                if let Some(kind) = receiver.message_in_pieces() {
                    message.text = kind == MessageKind::Text;
                    if sent.abandoned_after == Some(pieces) {
                        receiver.abandon_pieces();
                        message.abandoned = true;
                        taken.push(std::mem::take(&mut message));
                        continue;
                    }
                }
                if let Some(piece) = receiver.take_piece() {
                    message.data.extend(&piece);
                    pieces += 1;
                }
                prop_assert!(!receiver.has_piece());
            }
            pieces = 0;
            prop_assert!(!receiver.is_unfinished());
        }
        prop_assert_eq!(taken.len(), messages.len());
        for (taken, sent) in taken.iter().zip(&messages) {
            prop_assert_eq!(taken.text, sent.text);
            match taken.abandoned {
                false => prop_assert_eq!(&taken.data, &sent.data),
                true => prop_assert!(sent.data.starts_with(&taken.data)),
            }
        }
    }
}

#[test]
fn what_arrives_of_a_message_in_pieces_is_discarded_while_nobody_takes_any() {
    for (deflate, abandoned) in [(None, false), (None, true), (Some(deflate()), true)] {
        discarded(deflate, abandoned);
    }
}

fn discarded(deflate: Option<DeflateParams>, abandoned: bool) {
    let config = Config {
        deflate,
        ..Config::default()
    };
    let mut server = Connection::new(Role::Server, config.clone());
    let mut client = Connection::new(Role::Client, config);
    client.receive_in_pieces(Some(3000));
    server
        .send_fragment(MessageKind::Binary, &[7; 1000], false)
        .unwrap();
    assert_eq!(events(&mut client, &drain(&mut server)), []);
    assert_eq!(client.take_piece().unwrap().len(), 1000);
    // When whoever took it has gone,
    if abandoned {
        client.abandon_pieces();
    }
    client.receive_in_pieces(None);
    let more = if abandoned { 1 << 20 } else { 1000 };
    client.allow_inflating(1 << 10);
    server
        .send_fragment(MessageKind::Binary, &vec![7; more], true)
        .unwrap();
    let mut last = drain(&mut server);
    let mut last = &mut last[..];
    while !last.is_empty() {
        assert!(client.recv(&mut last).unwrap().is_none());
        assert_eq!(client.is_paused(), !last.is_empty());
        // Whoever discards needs no memory for it.
        assert!(client.unfinished_memory() <= 2 << 20);
        client.allow_inflating(1 << 10);
    }
    server.send_text("next").unwrap();
    // then the next message is whole.
    let next = events(&mut client, &drain(&mut server));
    assert_eq!(next, [Owned::Text("next".into())]);
    assert_eq!(client.unfinished_memory(), 0);
}

#[test]
fn what_nobody_takes_is_not_gathered() {
    for deflate in [None, Some(deflate())] {
        let config = Config {
            deflate,
            ..Config::default()
        };
        let mut server = Connection::new(Role::Server, config.clone());
        let mut client = Connection::new(Role::Client, config);
        client.receive_in_pieces(Some(1 << 30));
        let part = vec![7; 60_000];
        for _ in 0..20 {
            server
                .send_fragment(MessageKind::Binary, &part, false)
                .unwrap();
            assert_eq!(events(&mut client, &drain(&mut server)), []);
            client.abandon_pieces();
            assert!(client.unfinished_memory() < 512 << 10);
        }
    }
}

#[test]
fn a_message_that_is_taken_in_pieces_has_a_limit() {
    for deflate in [None, Some(deflate())] {
        let config = Config {
            deflate,
            ..Config::default()
        };
        let mut server = Connection::new(Role::Server, config.clone());
        let mut client = Connection::new(Role::Client, config);
        client.receive_in_pieces(Some(2500));
        for _ in 0..2 {
            server
                .send_fragment(MessageKind::Binary, &[7; 1000], false)
                .unwrap();
            events(&mut client, &drain(&mut server));
            assert_eq!(client.take_piece().unwrap().len(), 1000);
        }
        server
            .send_fragment(MessageKind::Binary, &[7; 501], false)
            .unwrap();
        let (_, result) = feed(&mut client, &drain(&mut server));
        let error = result.unwrap_err();
        assert_eq!(error, ProtocolError::MessageTooLarge { limit: 2500 });
        assert_eq!(error.close_code(), CloseCode::TOO_BIG);
    }
}

#[test]
fn pieces_of_a_text_are_checked_as_they_arrive() {
    let (mut client, mut server) = (client(), server());
    client.receive_in_pieces(Some(100));
    server
        .send_fragment(MessageKind::Text, "a€".split_at(1).0.as_bytes(), false)
        .unwrap();
    server
        .send_fragment(MessageKind::Text, &"€".as_bytes()[..2], false)
        .unwrap();
    assert_eq!(events(&mut client, &drain(&mut server)), []);
    assert_eq!(client.message_in_pieces(), Some(MessageKind::Text));
    assert_eq!(client.take_piece().unwrap(), &"a€".as_bytes()[..3]);
    // The rest of the character, then no text.
    server
        .send_fragment(MessageKind::Text, &"€".as_bytes()[2..], false)
        .unwrap();
    assert_eq!(events(&mut client, &drain(&mut server)), []);
    server
        .send_fragment(MessageKind::Text, &[0xFF], true)
        .unwrap();
    let (_, result) = feed(&mut client, &drain(&mut server));
    assert_eq!(result, Err(ProtocolError::InvalidUtf8));
}

#[test]
fn a_message_in_fragments_is_compressed() {
    for no_context_takeover in [false, true] {
        let config = Config {
            deflate: Some(DeflateParams {
                server_no_context_takeover: no_context_takeover,
                ..deflate()
            }),
            ..Config::default()
        };
        let mut server = Connection::new(Role::Server, config.clone());
        let mut client = Connection::new(Role::Client, config);
        let piece = b"the same again and again ".repeat(40);
        let mut sizes = Vec::new();
        for round in 0..5 {
            server
                .send_fragment(MessageKind::Binary, &piece, round == 4)
                .unwrap();
            let bytes = drain(&mut server);
            sizes.push(bytes.len());
            events(&mut client, &bytes);
        }
        // Each refers to those before it.
        assert!(
            sizes[0] < 100 && sizes[1..].iter().all(|size| *size < 50),
            "{sizes:?}"
        );
    }
}

#[test]
fn a_message_that_has_begun_is_taken_in_pieces_from_where_it_is() {
    let (mut client, mut server) = (client(), server());
    let text = MessageKind::Text;
    server.send_fragment(text, b"before, ", false).unwrap();
    assert_eq!(events(&mut client, &drain(&mut server)), []);
    assert!(!client.receives_in_pieces() && !client.has_piece());

    client.receive_in_pieces(Some(1000));
    assert!(client.receives_in_pieces());
    assert_eq!(client.message_in_pieces(), Some(text));
    assert_eq!(client.take_piece().unwrap(), &b"before, "[..]);
    server.send_fragment(text, b"and after", true).unwrap();
    let last = events(&mut client, &drain(&mut server));
    assert_eq!(last, [Owned::Binary(b"and after".into())]);
}
