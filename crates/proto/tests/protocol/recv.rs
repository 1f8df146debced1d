//! Any messages, however they are fragmented, interleaved and cut into reads, give the same events.
use arkws_proto::connection::{RecvBuffer, Storage};
use arkws_proto::deflate::DeflateParams;
use arkws_proto::frame::{Header, MAX_HEADER, Opcode};
use arkws_proto::{Config, Connection, Limits, MessageKind, Role, State, mask};
use bytes::{Buf, Bytes};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::common::*;

/// How a message is handed to the sender.
#[derive(Debug, Clone, Copy)]
enum Way {
    Borrowed,
    Owned,
    Shared,
    InFragments,
}

#[derive(Debug, Clone)]
enum Sent {
    Message(Owned, Way),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
}

/// Lengths around which the encoding changes, and any.
fn length() -> impl Strategy<Value = usize> {
    prop_oneof![
        4 => 0..40_usize,
        2 => 120..135_usize,
        2 => 0..3000_usize,
        1 => 8100..8300_usize,
        1 => 65_530..65_545_usize,
        1 => 0..200_000_usize,
    ]
}

/// Compressible text with characters of every width.
fn text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("websocket".to_owned()),
        Just("größer ".to_owned()),
        Just("{\"号\":".to_owned()),
        Just("🦀".to_owned()),
        any::<char>().prop_map(String::from),
    ];
    (vec(word, 1..20), length()).prop_map(|(words, len)| {
        let mut text: String = words
            .iter()
            .cycle()
            .flat_map(|word| word.chars())
            .take(len)
            .collect();
        text.truncate(
            (0..=len)
                .rev()
                .find(|end| text.is_char_boundary(*end))
                .unwrap_or(0),
        );
        text
    })
}

/// Bytes that repeat themselves only after `period`.
fn binary() -> impl Strategy<Value = Vec<u8>> {
    (length(), any::<u32>(), 1..50_000_usize).prop_map(|(len, seed, period)| {
        (0..len)
            .map(|i| ((seed ^ (i % period) as u32).wrapping_mul(0x9E37_79B9) >> 24) as u8)
            .collect()
    })
}

fn sent() -> impl Strategy<Value = Sent> {
    let message = prop_oneof![
        text().prop_map(Owned::Text),
        binary().prop_map(Owned::Binary)
    ];
    let way = prop_oneof![
        Just(Way::Borrowed),
        Just(Way::Owned),
        Just(Way::Shared),
        Just(Way::InFragments)
    ];
    prop_oneof![
        8 => (message, way).prop_map(|(message, way)| Sent::Message(message, way)),
        1 => vec(any::<u8>(), 0..=125).prop_map(Sent::Ping),
        1 => vec(any::<u8>(), 0..=125).prop_map(Sent::Pong),
    ]
}

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Client), Just(Role::Server)]
}

fn deflate() -> impl Strategy<Value = DeflateParams> {
    (
        any::<bool>(),
        any::<bool>(),
        8..=15_u8,
        8..=15_u8,
        0..=9_u8,
        0..200_usize,
    )
        .prop_map(
            |(server_no, client_no, server_bits, client_bits, level, min_size)| DeflateParams {
                server_no_context_takeover: server_no,
                client_no_context_takeover: client_no,
                server_max_window_bits: server_bits,
                client_max_window_bits: client_bits,
                level,
                min_size,
            },
        )
}

fn config() -> impl Strategy<Value = Config> {
    proptest::option::of(deflate()).prop_map(|deflate| Config {
        deflate,
        ..Config::default()
    })
}

fn send(connection: &mut Connection, sent: &Sent) -> Owned {
    match sent {
        Sent::Ping(data) => {
            connection.send_ping(data).unwrap();
            Owned::Ping(data.clone())
        }
        Sent::Pong(data) => {
            connection.send_pong(data).unwrap();
            Owned::Pong(data.clone())
        }
        Sent::Message(message, way) => {
            let (kind, data) = match message {
                Owned::Text(text) => (MessageKind::Text, text.as_bytes()),
                Owned::Binary(data) => (MessageKind::Binary, &data[..]),
                other => unreachable!("{other:?} is not a message"),
            };
            match (way, message) {
                (Way::Borrowed, Owned::Text(text)) => connection.send_text(text).unwrap(),
                (Way::Borrowed, _) => connection.send_binary(data).unwrap(),
                (Way::Owned, _) => {
                    connection
                        .send_owned(kind, Bytes::copy_from_slice(data))
                        .unwrap();
                }
                (Way::Shared, _) => {
                    let shared = Bytes::copy_from_slice(data);
                    connection.send_owned(kind, shared.clone()).unwrap();
                    assert_eq!(shared, data, "what is shared is not masked in place");
                }
                (Way::InFragments, _) => {
                    let (first, last) = data.split_at(data.len() / 3);
                    connection.send_fragment(kind, first, false).unwrap();
                    connection.send_fragment(kind, &[], false).unwrap();
                    connection.send_fragment(kind, last, true).unwrap();
                }
            }
            message.clone()
        }
    }
}

fn append(stream: &mut Vec<u8>, header: Header, payload: &[u8]) {
    let mut encoded = [0; MAX_HEADER];
    let len = header.encode(&mut encoded);
    stream.extend(&encoded[..len]);
    let start = stream.len();
    stream.extend(payload);
    if let Some(key) = header.mask {
        mask::apply(&mut stream[start..], key, 0);
    }
}

/// Cuts every data frame in two or three, with a pong before each piece but the first. Returns the
/// new stream and how many pongs went into each frame of the old one.
fn refragment(mut stream: &[u8], cuts: &[Index]) -> (Vec<u8>, Vec<usize>) {
    let mut cut = Vec::new();
    let mut pongs = Vec::new();
    let mut cuts = cuts.iter().cycle();
    while let Some((header, len)) = Header::decode(stream).expect("frames of ours are valid") {
        let mut payload = stream[len..len + header.len as usize].to_vec();
        stream.advance(len + payload.len());
        if let Some(key) = header.mask {
            mask::apply(&mut payload, key, 0);
        }
        if header.opcode.is_control() {
            append(&mut cut, header, &payload);
            pongs.push(0);
            continue;
        }
        let mut at = [cuts.next(), cuts.next()].map(|cut| cut.unwrap().index(payload.len() + 1));
        at.sort();
        let pieces = [&payload[..at[0]], &payload[at[0]..at[1]], &payload[at[1]..]];
        for (i, piece) in pieces.iter().enumerate() {
            let first = i == 0;
            if !first {
                let pong = Header {
                    fin: true,
                    rsv1: false,
                    opcode: Opcode::Pong,
                    len: 4,
                    ..header
                };
                append(&mut cut, pong, b"pong");
            }
            let fragment = Header {
                fin: header.fin && i == pieces.len() - 1,
                rsv1: header.rsv1 && first,
                opcode: if first {
                    header.opcode
                } else {
                    Opcode::Continuation
                },
                len: piece.len() as u64,
                ..header
            };
            append(&mut cut, fragment, piece);
        }
        pongs.push(2);
    }
    (cut, pongs)
}

/// Reads `stream` in pieces of the given sizes, straight into the message's buffer where that is
/// offered.
fn receive(connection: &mut Connection, mut stream: &[u8], reads: &[usize]) -> Vec<Owned> {
    let mut events = Vec::new();
    let mut reads = reads.iter().cycle();
    while !stream.is_empty() {
        let read = (*reads.next().unwrap()).clamp(1, stream.len());
        if let Some(read) = put(connection, &stream[..read]) {
            stream.advance(read);
            events.extend(recv_appended(connection).expect("valid input"));
            continue;
        }
        let mut bytes = stream[..read].to_vec();
        let mut input = &mut bytes[..];
        while let Some(event) = connection.recv(&mut input).expect("valid input") {
            events.push(event.into());
        }
        assert!(input.is_empty());
        stream.advance(read);
    }
    events
}

/// As [`receive`], but the events wait in a read buffer.
fn receive_buffered(connection: &mut Connection, mut stream: &[u8], reads: &[usize]) -> Vec<Owned> {
    let mut events = Vec::new();
    let mut reads = reads.iter().cycle();
    let mut buffer = RecvBuffer::reading(Storage::zeroed(100_000), 40_000);
    while !stream.is_empty() {
        let read = (*reads.next().unwrap()).clamp(1, stream.len().min(buffer.room().len()));
        if let Some(read) = put(connection, &stream[..read]) {
            stream.advance(read);
            connection.recv_buffered(&mut buffer).expect("valid input");
            events.extend(buffer.take_event().map(Owned::from));
            continue;
        }
        buffer.room()[..read].copy_from_slice(&stream[..read]);
        buffer.add_filled(read);
        stream.advance(read);
        while connection
            .recv_buffered(&mut buffer)
            .expect("valid input")
            .is_some()
        {
            let payload = buffer.payload().to_vec();
            let event = Owned::from(buffer.take_event().expect("an event was announced"));
            match &event {
                Owned::Text(text) => assert_eq!(payload, text.as_bytes()),
                Owned::Binary(data) | Owned::Ping(data) | Owned::Pong(data) => {
                    assert_eq!(payload, *data)
                }
                Owned::Close(..) => assert_eq!(payload, b""),
            }
            assert!(buffer.take_event().is_none(), "it is taken once");
            events.push(event);
        }
        assert!(buffer.room().len() >= buffer.capacity() - 40_000);
    }
    events
}

/// Pings and pongs go ahead of the messages that wait.
fn is_message(event: &Owned) -> bool {
    matches!(event, Owned::Text(_) | Owned::Binary(_))
}

fn read_sizes() -> impl Strategy<Value = Vec<usize>> {
    let size = prop_oneof![1..4_usize, 1..200_usize, 1000..100_000_usize];
    prop_oneof![vec(size, 1..20), Just(vec![1]), Just(vec![usize::MAX])]
}

proptest! {
    // Miri takes a thousand times as long.
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 2 } else { 150 },
        ..ProptestConfig::default()
    })]

    #[test]
    fn messages_arrive_as_they_were_sent(
        role in role(),
        config in config(),
        sent in vec(sent(), 1..8),
        reads in read_sizes(),
    ) {
        let mut sender = Connection::new(role, config.clone());
        let mut receiver = Connection::new(other(role), config);
        let mut expected = Vec::new();
        for chunk in sent.chunks(3) {
            expected.extend(chunk.iter().map(|sent| send(&mut sender, sent)));
            sender.release_buffers();
        }
        expected.sort_by_key(is_message);
        let stream = drain(&mut sender);
        prop_assert_eq!(receive(&mut receiver, &stream, &reads), expected);
    }

    #[test]
    fn events_may_wait_in_a_read_buffer(
        role in role(),
        config in config(),
        sent in vec(sent(), 1..8),
        reads in read_sizes(),
    ) {
        let mut sender = Connection::new(role, config.clone());
        let mut receiver = Connection::new(other(role), config);
        let mut expected: Vec<Owned> = sent.iter().map(|sent| send(&mut sender, sent)).collect();
        expected.sort_by_key(is_message);
        prop_assert_eq!(receive_buffered(&mut receiver, &drain(&mut sender), &reads), expected);
    }

    #[test]
    fn messages_may_be_fragmented_anywhere_with_control_frames_between(
        role in role(),
        config in config(),
        messages in vec(sent(), 1..6),
        cuts in vec(any::<Index>(), 1..10),
        reads in read_sizes(),
    ) {
        // Given: every message in one frame, and the frames cut into fragments.
        let mut sender = Connection::new(role, config.clone());
        let mut expected = Vec::new();
        let mut stream = Vec::new();
        for message in messages {
            let message = match message {
                Sent::Message(message, _) => Sent::Message(message, Way::Borrowed),
                control => control,
            };
            let event = send(&mut sender, &message);
            let (cut, pongs) = refragment(&drain(&mut sender), &cuts);
            stream.extend(cut);
            expected.extend(std::iter::repeat_n(Owned::Pong(b"pong".into()), pongs.iter().sum()));
            expected.push(event);
        }
        // When / then
        let mut receiver = Connection::new(other(role), config);
        prop_assert_eq!(receive(&mut receiver, &stream, &reads), expected);
        prop_assert_eq!(receiver.state(), State::Open);
    }

    #[test]
    fn no_input_makes_a_connection_panic(
        role in role(),
        deflate in proptest::option::of(deflate()),
        max_frame_size in prop_oneof![Just(u64::MAX), 0..2000_u64],
        max_message_size in prop_oneof![Just(usize::MAX), 0..2000_usize],
        max_fragments in 0..5_u32,
        first in vec(
            prop_oneof![0x80..0x84_u8, 0x00..0x03_u8, 0xC1..0xC3_u8, 0x88..0x8B_u8, any::<u8>()],
            1..8,
        ),
        bytes in vec(any::<u8>(), 0..600),
        flips in vec((any::<Index>(), any::<u8>()), 0..3),
        reads in read_sizes(),
    ) {
        // Given: something that looks like frames, with some bytes replaced.
        let limits = Limits {
            max_frame_size,
            max_message_size,
            max_fragments,
            ..Limits::default()
        };
        let key = (role == Role::Server).then_some([1, 2, 3, 4]);
        let len = bytes.len().div_ceil(first.len()).max(1);
        let mut stream: Vec<u8> = first
            .iter()
            .zip(bytes.chunks(len).chain(std::iter::repeat(&[][..])))
            .flat_map(|(first, payload)| frame(*first, payload, key))
            .collect();
        for (at, byte) in flips {
            let at = at.index(stream.len());
            stream[at] = byte;
        }
        // When
        let config = Config { limits, deflate, ..Config::default() };
        let mut connection = Connection::new(role, config);
        let mut reads = reads.iter().cycle();
        let mut rest = &stream[..];
        let mut failure = None;
        while !rest.is_empty() {
            let read = (*reads.next().unwrap()).min(rest.len());
            let (_, result) = feed(&mut connection, &rest[..read]);
            if let Some(error) = &failure {
                prop_assert_eq!(result.as_ref(), Err(error));
            }
            failure = result.err();
            rest.advance(read);
        }
        // Then: whatever is queued are valid frames, and the last one says why it failed.
        let replies = drain(&mut connection);
        let config = Config { deflate, ..Config::default() };
        let received = events(&mut Connection::new(other(role), config), &replies);
        if let Some(error) = failure {
            prop_assert_eq!(connection.state(), State::Failed);
            let code = error.close_code().get();
            let closed = matches!(received.last(), Some(Owned::Close(Some(it), _)) if *it == code);
            prop_assert!(closed, "{:?}", received);
        }
    }
}

#[test]
fn a_small_frame_may_end_its_read_anywhere() {
    // What is behind the first byte of this one looks like a frame.
    for key in [None, Some([0x80, 2, 3, 4])] {
        for len in 0..4 {
            let input = frame(0x82, &vec![7; len], key);
            for cut in 0..input.len() {
                let mut connection = match key {
                    None => client(),
                    Some(_) => server(),
                };
                assert_eq!(events(&mut connection, &input[..cut]), []);
                let message = [Owned::Binary(vec![7; len])];
                assert_eq!(events(&mut connection, &input[cut..]), message);
            }
        }
    }
}
