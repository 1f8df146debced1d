//! What a connection accepts, and when it stops.
use arkws_proto::deflate::DeflateParams;
use arkws_proto::{CloseCode, Config, Connection, Limits, MessageKind, ProtocolError, Role};

use crate::common::*;

fn limited(limits: Limits) -> Connection {
    Connection::new(
        Role::Client,
        Config {
            limits,
            ..Config::default()
        },
    )
}

fn deflating(role: Role, limits: Limits) -> Connection {
    let deflate = Some(DeflateParams {
        level: 9,
        ..deflate()
    });
    let config = Config {
        limits,
        deflate,
        ..Config::default()
    };
    Connection::new(role, config)
}

fn messages_of(max_message_size: usize) -> Limits {
    Limits {
        max_message_size,
        ..Limits::default()
    }
}

#[test]
fn a_gigabyte_that_is_announced_fails_at_its_header() {
    let mut client = client();
    let len: u64 = 1 << 30;
    let header = [&[0x82, 127][..], &len.to_be_bytes()].concat();
    let (_, result) = feed(&mut client, &header);
    let error = result.unwrap_err();
    assert_eq!(
        error,
        ProtocolError::FrameTooLarge {
            len,
            limit: 64 << 20
        }
    );
    assert_eq!(error.close_code(), CloseCode::TOO_BIG);
    assert_eq!(
        error.to_string(),
        "a frame announces 1073741824 bytes, the limit is 67108864"
    );
}

#[test]
fn a_frame_of_the_limit_passes_and_one_byte_more_fails() {
    let limits = Limits {
        max_frame_size: 200,
        ..Limits::default()
    };
    for (len, passes) in [(200, true), (201, false)] {
        // Whole, and in pieces.
        let input = frame(0x82, &vec![7; len], None);
        for read in [input.len(), 50] {
            let mut client = limited(limits.clone());
            let failed = input
                .chunks(read)
                .any(|read| feed(&mut client, read).1.is_err());
            assert_eq!(failed, !passes, "{len} bytes in reads of {read}");
        }
    }
}

#[test]
fn a_message_of_the_limit_passes_and_one_byte_more_fails() {
    for (last, passes) in [(100, true), (101, false)] {
        let mut client = limited(messages_of(200));
        let input = [
            frame(0x02, &[7; 100], None),
            frame(0x80, &vec![7; last], None),
        ]
        .concat();
        let (events, result) = feed(&mut client, &input);
        match passes {
            true => assert_eq!(events, [Owned::Binary(vec![7; 200])]),
            false => assert_eq!(result, Err(ProtocolError::MessageTooLarge { limit: 200 })),
        }
    }
}

#[test]
fn the_limit_of_a_message_holds_for_whole_frames_too() {
    for (len, passes) in [(200, true), (201, false)] {
        let (events, result) = feed(
            &mut limited(messages_of(200)),
            &frame(0x82, &vec![7; len], None),
        );
        match passes {
            true => assert_eq!(events, [Owned::Binary(vec![7; 200])]),
            false => assert_eq!(result, Err(ProtocolError::MessageTooLarge { limit: 200 })),
        }
    }
}

#[test]
fn control_frames_are_not_messages() {
    let mut client = limited(Limits {
        max_frame_size: 0,
        max_message_size: 0,
        max_fragments: 0,
        ..Limits::default()
    });
    assert_eq!(
        events(&mut client, &frame(0x89, b"Hello", None)),
        [Owned::Ping(b"Hello".into())]
    );
}

#[test]
fn more_fragments_than_the_limit_fail() {
    let limits = Limits {
        max_fragments: 3,
        ..Limits::default()
    };
    let fragments = |count: usize| -> Vec<u8> {
        let middle = std::iter::repeat_n(frame(0x00, b"", None), count - 2).flatten();
        frame(0x01, b"a", None)
            .into_iter()
            .chain(middle)
            .chain(frame(0x80, b"", None))
            .collect()
    };
    let mut client = limited(limits);
    // The count starts again with each message.
    for _ in 0..2 {
        assert_eq!(
            events(&mut client, &fragments(3)),
            [Owned::Text("a".into())]
        );
    }
    let (_, result) = feed(&mut client, &fragments(4));
    let error = result.unwrap_err();
    assert_eq!(error, ProtocolError::TooManyFragments { limit: 3 });
    assert!(error.to_string().contains("max_fragments"), "{error}");
    assert_eq!(error.close_code(), CloseCode::TOO_BIG);
}

#[test]
fn a_compressed_message_of_the_limit_passes_and_one_byte_more_fails() {
    for (len, passes) in [(100_000, true), (100_001, false)] {
        let mut server = deflating(Role::Server, Limits::default());
        server.send_binary(&vec![7; len]).unwrap();
        let input = drain(&mut server);
        assert!(input.len() < 1000, "it is compressed: {}", input.len());

        let mut client = deflating(Role::Client, messages_of(100_000));
        let (events, result) = feed(&mut client, &input);
        match passes {
            true => assert_eq!(events, [Owned::Binary(vec![7; len])]),
            false => assert_eq!(
                result,
                Err(ProtocolError::MessageTooLarge { limit: 100_000 })
            ),
        }
    }
}

#[test]
fn a_compressed_message_may_be_larger_on_the_wire_than_inflated() {
    // Stored blocks without content: five bytes each that inflate to nothing.
    let payload = [&b"\x00\x00\x00\xFF\xFF".repeat(100)[..], &b"\x00"[..]].concat();
    let mut client = deflating(Role::Client, messages_of(10));
    assert_eq!(
        events(&mut client, &frame(0xC2, &payload, None)),
        [Owned::Binary(vec![])]
    );
}

#[test]
fn the_memory_of_what_is_unfinished_is_told() {
    let mut client = limited(Limits::default());
    assert_eq!(client.unfinished_memory(), 0);
    feed(&mut client, &frame(0x02, &[7; 1000], None)).1.unwrap();
    let message = client.unfinished_memory();
    assert!(message >= 1000, "{message}");
    feed(&mut client, &frame(0x89, &[7; 100], None)[..90])
        .1
        .unwrap();
    let with_a_ping = client.unfinished_memory();
    assert!(with_a_ping >= message + 80, "{with_a_ping}");

    let mut server = deflating(Role::Server, Limits::default());
    let mut client = deflating(Role::Client, Limits::default());
    let kind = MessageKind::Binary;
    server.send_fragment(kind, &[7; 1000], false).unwrap();
    feed(&mut client, &drain(&mut server)).1.unwrap();
    let inflated = client.unfinished_memory();
    assert!(inflated >= 1000, "{inflated}");
}

#[test]
fn what_a_message_was_inflated_to_is_counted_once() {
    let mut server = deflating(Role::Server, Limits::default());
    let mut client = deflating(Role::Client, Limits::default());
    client.allow_inflating(60_000);
    let kind = MessageKind::Binary;
    server.send_fragment(kind, &[7; 50_000], false).unwrap();
    server.send_fragment(kind, &[7; 10], false).unwrap();
    server.send_fragment(kind, &[7; 10], true).unwrap();
    let message = [Owned::Binary(vec![7; 50_020])];
    assert_eq!(events(&mut client, &drain(&mut server)), message);
    assert!(!client.is_paused());
}

#[test]
fn input_is_left_while_nothing_more_may_be_inflated() {
    let mut server = deflating(Role::Server, Limits::default());
    let mut client = deflating(Role::Client, Limits::default());
    let kind = MessageKind::Binary;
    for fin in [false, false, true] {
        server.send_fragment(kind, &[7; 50_000], fin).unwrap();
    }
    let mut input = drain(&mut server);
    let mut input = &mut input[..];
    for _ in 0..2 {
        client.allow_inflating(10);
        assert!(client.recv(&mut input).unwrap().is_none());
        assert!(client.is_paused() && !input.is_empty());
    }
    client.allow_inflating(10);
    let message = client.recv(&mut input).unwrap().map(Owned::from);
    assert_eq!(message, Some(Owned::Binary(vec![7; 150_000])));
}

#[test]
fn no_fragments_at_all_is_one() {
    for max_fragments in [0, 1] {
        let mut client = limited(Limits {
            max_fragments,
            ..Limits::default()
        });
        assert_eq!(events(&mut client, &frame(0x02, b"a", None)), []);
        let (_, result) = feed(&mut client, &frame(0x80, b"b", None));
        let limit = max_fragments;
        assert_eq!(result, Err(ProtocolError::TooManyFragments { limit }));
    }
}

#[test]
fn the_empty_end_of_a_message_is_no_work() {
    let mut server = deflating(Role::Server, Limits::default());
    let mut client = deflating(Role::Client, Limits::default());
    let kind = MessageKind::Binary;
    server.send_fragment(kind, &[7; 50_000], false).unwrap();
    let input = [drain(&mut server), frame(0x80, b"", None)].concat();
    client.allow_inflating(10);
    let message = [Owned::Binary(vec![7; 50_000])];
    assert_eq!(events(&mut client, &input), message);
}

#[test]
fn a_message_takes_at_most_four_times_what_has_arrived_of_it() {
    let mut client = limited(Limits::default());
    let message = frame(0x82, &[7; 1 << 20], None);
    let mut received = 0;
    for piece in message[..message.len() - 1].chunks(10_000) {
        feed(&mut client, piece).1.unwrap();
        received += piece.len();
        let memory = client.unfinished_memory();
        assert!(memory <= (64 << 10).max(4 * received), "{memory}");
    }
}
