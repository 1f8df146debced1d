//! The output queue: order, limits, large payloads, answers to pings.
use std::io::IoSlice;

use arkws_proto::deflate::DeflateParams;
use arkws_proto::frame::{Header, Opcode};
use arkws_proto::{Config, Connection, Limits, MessageKind, RefusedPayload, Role, SendError};
use bytes::{Buf, Bytes};
use proptest::prelude::*;

use crate::common::*;

const KEY: Option<[u8; 4]> = Some([9, 8, 7, 6]);

#[test]
fn what_waits_leaves_in_order_in_writes_of_any_size() {
    for step in [1, 7, 1000, 100_000] {
        // Given: small frames around large payloads that are chunks of their own.
        let mut server = server();
        let large = |byte| Bytes::from(vec![byte; 20_000]);
        server.send_owned(MessageKind::Binary, large(1)).unwrap();
        server.send_text("between").unwrap();
        server.send_owned(MessageKind::Binary, large(2)).unwrap();
        server.send_owned(MessageKind::Binary, large(3)).unwrap();
        server.send_ping(b"ping").unwrap();
        // When: they are written in steps, and a message is sent after each of the first ones.
        let mut written = Vec::new();
        let mut late = 0;
        while server.queued() > 0 {
            let transmit = server.transmit();
            let len = transmit.chunk().len().min(step);
            written.extend(&transmit.chunk()[..len]);
            transmit.advance(len);
            if late < 3 {
                server.send_text(&"late".repeat(100)).unwrap();
                late += 1;
            }
        }
        // Then
        let large = |byte| Owned::Binary(vec![byte; 20_000]);
        let text = |text: &str| Owned::Text(text.into());
        let ping = Owned::Ping(b"ping".into());
        let late = text(&"late".repeat(100));
        assert_eq!(
            events(&mut client(), &written),
            [
                ping,
                large(1),
                text("between"),
                large(2),
                large(3),
                late.clone(),
                late.clone(),
                late.clone()
            ]
        );
    }
}

#[test]
fn a_server_sends_a_large_owned_payload_without_copying_it() {
    let mut server = server();
    let payload = Bytes::from(vec![7; 100_000]);
    server.send_text("before").unwrap();
    server
        .send_owned(MessageKind::Binary, payload.clone())
        .unwrap();
    server.send_text("after").unwrap();

    let transmit = server.transmit();
    let mut slices = [IoSlice::new(&[]); 8];
    let filled = transmit.chunks_vectored(&mut slices);
    let slices = &slices[..filled];
    assert_eq!(slices.len(), 3, "frames before it, itself, frames after it");
    assert_eq!(slices[1].as_ptr(), payload.as_ptr());
    assert_eq!(
        slices.iter().map(|slice| slice.len()).sum::<usize>(),
        transmit.remaining()
    );

    let mut two = [IoSlice::new(&[]); 2];
    assert_eq!(transmit.chunks_vectored(&mut two), 2);
    assert_eq!(two[1].len(), payload.len());
}

#[test]
fn a_client_masks_a_large_payload_in_place_if_nobody_else_has_it() {
    let payload = Bytes::from(vec![7; 100_000]);
    let place = payload.as_ptr();
    let mut client = client();
    client.send_owned(MessageKind::Binary, payload).unwrap();
    let transmit = client.transmit();
    let mut slices = [IoSlice::new(&[]); 2];
    assert_eq!(transmit.chunks_vectored(&mut slices), 2);
    assert_eq!(slices[1].as_ptr(), place);
    assert_eq!(
        events(&mut server(), &drain(&mut client)),
        [Owned::Binary(vec![7; 100_000])]
    );
}

#[test]
fn every_frame_of_a_client_has_a_key_of_its_own() {
    let mut client = client();
    let keys: std::collections::HashSet<Vec<u8>> = (0..100)
        .map(|_| {
            client.send_text("Hello").unwrap();
            drain(&mut client)[2..6].to_vec()
        })
        .collect();
    assert_eq!(keys.len(), 100);
}

#[test]
fn a_fragmented_message_excludes_other_messages_but_not_control_frames() {
    let mut server = server();
    server
        .send_fragment(MessageKind::Text, b"Hel", false)
        .unwrap();
    assert_eq!(
        server.send_text("no"),
        Err(SendError::FragmentedMessageOpen)
    );
    let payload = Bytes::from(vec![0; 100_000]);
    let refused = RefusedPayload {
        error: SendError::FragmentedMessageOpen,
        payload: payload.clone(),
    };
    assert_eq!(
        server.send_owned(MessageKind::Binary, payload),
        Err(refused)
    );
    assert_eq!(
        server.send_fragment(MessageKind::Binary, b"no", true),
        Err(SendError::FragmentedMessageOpen)
    );
    server.send_ping(b"yes").unwrap();
    server
        .send_fragment(MessageKind::Text, b"lo", true)
        .unwrap();
    server.send_text("again").unwrap();
    assert_eq!(
        events(&mut client(), &drain(&mut server)),
        [
            Owned::Ping(b"yes".into()),
            Owned::Text("Hello".into()),
            Owned::Text("again".into())
        ]
    );
}

#[test]
fn a_control_frame_of_more_than_125_bytes_is_refused() {
    let mut server = server();
    assert_eq!(
        server.send_ping(&[0; 126]),
        Err(SendError::ControlTooLong(126))
    );
    assert_eq!(
        server.send_pong(&[0; 126]),
        Err(SendError::ControlTooLong(126))
    );
    assert_eq!(server.queued(), 0);
    server.send_ping(&[0; 125]).unwrap();
    assert_eq!(server.queued(), 127);
}

/// A server whose queue takes no more messages when 1,000 bytes wait.
fn bounded() -> Connection {
    let limits = Limits {
        max_queued: 1000,
        ..Limits::default()
    };
    Connection::new(
        Role::Server,
        Config {
            limits,
            ..Config::default()
        },
    )
}

#[test]
fn a_full_queue_refuses_messages_and_takes_them_again_when_it_has_been_written() {
    let mut server = bounded();
    server.send_binary(&[0; 900]).unwrap();
    // The size of the next does not matter.
    assert!(server.is_ready());
    server.send_binary(&[0; 100_000]).unwrap();
    assert!(!server.is_ready());
    let queued = server.queued();
    let full = SendError::QueueFull {
        queued,
        limit: 1000,
    };
    assert_eq!(server.send_binary(&[0; 1]), Err(full.clone()));
    assert_eq!(
        full.to_string(),
        "the output queue is full: 100914 bytes are waiting, the limit is 1000"
    );
    let payload = Bytes::from(vec![0; 100_000]);
    let refused = RefusedPayload {
        error: full,
        payload: payload.clone(),
    };
    assert_eq!(
        server.send_owned(MessageKind::Binary, payload),
        Err(refused)
    );
    assert_eq!(server.queued(), queued, "nothing was queued");
    drain(&mut server);
    assert!(server.is_ready());
    server.send_binary(&[0; 100]).unwrap();
    assert!(server.send_close(None), "a close frame is always taken");
    assert!(!server.is_ready());
}

#[test]
fn pings_and_pongs_take_no_room_from_messages_nor_messages_from_them() {
    let mut server = bounded();
    server.send_binary(&[0; 990]).unwrap();
    assert!(server.is_ready());
    for _ in 0..100 {
        events(&mut server, &frame(0x89, &[1; 125], KEY));
        server.send_ping(&[2; 125]).unwrap();
    }
    assert!(server.queued() > 10_000);
    assert!(server.is_ready());
    server.send_binary(&[0; 1000]).unwrap();
    assert!(!server.is_ready());
    server.send_ping(&[3; 125]).unwrap();
    // They are bounded, too.
    let refused = loop {
        if let Err(refused) = server.send_ping(&[4; 125]) {
            break refused;
        }
    };
    assert!(
        matches!(refused, SendError::QueueFull { limit: 16_384, .. }),
        "{refused:?}"
    );
    assert!(server.queued() < 30_000);
    drain(&mut server);
    server.send_ping(&[5; 125]).unwrap();
}

#[test]
fn a_limit_of_nothing_takes_one_message_at_a_time() {
    let limits = Limits {
        max_queued: 0,
        ..Limits::default()
    };
    let config = Config {
        limits,
        ..Config::default()
    };
    let mut client = Connection::new(Role::Client, config);
    client.send_text("one").unwrap();
    assert!(client.send_text("two").is_err());
    drain(&mut client);
    client.send_text("two").unwrap();
}

#[test]
fn pings_are_answered_one_by_one_while_the_answers_leave() {
    let mut client = client();
    let pings: Vec<Vec<u8>> = (0..100_u8).map(|i| vec![i; 5]).collect();
    let mut pongs = Vec::new();
    for ping in pings.chunks(10) {
        let input: Vec<u8> = ping
            .iter()
            .flat_map(|ping| frame(0x89, ping, None))
            .collect();
        events(&mut client, &input);
        pongs.extend(events(&mut server(), &drain(&mut client)));
    }
    assert_eq!(
        pongs,
        pings.into_iter().map(Owned::Pong).collect::<Vec<_>>()
    );
}

#[test]
fn a_flood_of_pings_does_not_grow_the_queue_and_the_latest_is_answered() {
    // Given: nothing can be written.
    let mut server = server();
    let mut most = 0;
    for i in 0..100_000_u32 {
        events(&mut server, &frame(0x89, &i.to_be_bytes(), KEY));
        most = most.max(server.queued());
    }
    assert!(most < 4096, "{most}");
    // When: the queue is written, in any steps.
    let mut written = Vec::new();
    while server.queued() > 0 {
        let transmit = server.transmit();
        written.push(transmit.get_u8());
    }
    // Then
    let pongs = events(&mut client(), &written);
    assert_eq!(
        pongs.first(),
        Some(&Owned::Pong(0_u32.to_be_bytes().into()))
    );
    assert_eq!(
        pongs.last(),
        Some(&Owned::Pong(99_999_u32.to_be_bytes().into()))
    );
    // And the next ping is answered as ever.
    events(&mut server, &frame(0x89, b"next", KEY));
    assert_eq!(
        events(&mut client(), &drain(&mut server)),
        [Owned::Pong(b"next".into())]
    );
}

#[test]
fn a_flood_of_pings_while_the_peer_reads_slowly_does_not_grow_the_queue() {
    let mut server = server();
    let mut most = 0;
    for i in 0..100_000_u32 {
        events(&mut server, &frame(0x89, &i.to_be_bytes(), KEY));
        if i % 2 == 0 {
            server.transmit().advance(1);
        }
        most = most.max(server.queued());
    }
    assert!(most < 4096, "{most}");
}

#[test]
fn no_pong_follows_a_close_frame() {
    let mut server = server();
    for i in 0..100_u8 {
        events(&mut server, &frame(0x89, &[i], KEY));
    }
    assert!(server.send_close(None));
    let written = drain(&mut server);
    assert_eq!(
        events(&mut client(), &written).last(),
        Some(&Owned::Close(None, String::new()))
    );
    assert!(written.ends_with(&[0x88, 0]));
    assert_eq!(server.queued(), 0);
}

#[test]
#[should_panic(expected = "advanced by 8, but only 7 bytes wait")]
fn advancing_past_the_end_is_a_bug() {
    let mut server = server();
    server.send_text("Hello").unwrap();
    server.transmit().advance(8);
}

#[test]
fn a_lent_block_is_encoded_into_and_can_be_reclaimed_when_nothing_waits_in_it() {
    let mut connection = server();
    assert!(!connection.has_block());
    assert_eq!(connection.reclaim_block(), None);
    connection.lend_block(vec![0xFF; 1000].into());
    assert!(connection.has_block());
    connection.send_text("hello").unwrap();
    assert_eq!(connection.reclaim_block(), None, "something waits in it");
    assert_eq!(drain(&mut connection), b"\x81\x05hello");
    let block = connection.reclaim_block().unwrap();
    assert_eq!((block.len(), &block[..7]), (1000, &b"\x81\x05hello"[..]));
    assert!(!connection.has_block());

    // One that is too small grows.
    connection.lend_block(vec![0; 3].into());
    connection.send_text("hello").unwrap();
    assert_eq!(drain(&mut connection), b"\x81\x05hello");
}

/// The frames of these bytes: their opcode, whether they are the last of their message, and how
/// long.
fn frames(mut bytes: &[u8]) -> Vec<(Opcode, bool, u64)> {
    let mut frames = Vec::new();
    while let Some((header, len)) = Header::decode(bytes).unwrap() {
        frames.push((header.opcode, header.fin, header.len));
        bytes = &bytes[len + header.len as usize..];
    }
    assert!(bytes.is_empty());
    frames
}

/// Writes so many bytes.
fn write(connection: &mut Connection, count: usize, wire: &mut Vec<u8>) {
    let transmit = connection.transmit();
    let mut part = vec![0; count];
    transmit.copy_to_slice(&mut part);
    wire.extend(part);
}

#[test]
fn pings_and_pongs_go_ahead_of_what_waits_but_not_into_the_midst_of_a_frame() {
    const LARGE: u64 = 100_000;
    // However many bytes of two small messages, a large one in two fragments and a small one have
    // left.
    for role in [Role::Client, Role::Server] {
        let header = if role == Role::Client { 4 } else { 0 };
        let ends = [
            0,
            7 + header,
            14 + 2 * header,
            24 + 3 * header + LARGE as usize,
        ];
        for left in (0..60).chain([30_000, LARGE as usize]) {
            let mut connection = Connection::new(role, Config::default());
            for _ in 0..2 {
                connection.send_text("small").unwrap();
            }
            let data = vec![7; LARGE as usize];
            let half = connection.send_fragment(MessageKind::Binary, &data, false);
            half.unwrap();
            connection
                .send_fragment(MessageKind::Binary, b"end", true)
                .unwrap();
            let mut wire = Vec::new();
            write(&mut connection, left, &mut wire);
            let ahead = connection.send_ping(b"1").unwrap();
            let end = left + ahead;
            connection.send_pong(b"22").unwrap();
            // More messages change nothing, not even those for which the block has to grow.
            connection.send_text("last").unwrap();
            connection
                .send_owned(MessageKind::Binary, data.into())
                .unwrap();
            connection.send_binary(&[0; 5_000]).unwrap();
            connection.send_ping(b"333").unwrap();
            assert!(connection.send_close(None));
            let rest = connection.queued();
            write(&mut connection, rest, &mut wire);
            assert_eq!(connection.queued(), 0);

            let mut expected = vec![
                (Opcode::Text, true, 5),
                (Opcode::Text, true, 5),
                (Opcode::Binary, false, LARGE),
                (Opcode::Continuation, true, 3),
                (Opcode::Text, true, 4),
                (Opcode::Binary, true, LARGE),
                (Opcode::Binary, true, 5_000),
                (Opcode::Close, true, 0),
            ];
            let place = ends.iter().filter(|end| **end < left).count();
            let control = [(Opcode::Ping, 1), (Opcode::Pong, 2), (Opcode::Ping, 3)];
            for (at, (opcode, len)) in control.into_iter().enumerate() {
                expected.insert(place + at, (opcode, true, len));
            }
            assert_eq!(frames(&wire), expected, "{role:?}, {left}");
            assert_eq!(frames(&wire[..end]).last(), Some(&(Opcode::Ping, true, 1)));
        }
    }
}

proptest! {
    #[test]
    fn whatever_waits_and_however_it_leaves_frames_stay_whole_and_in_order(
        role in prop_oneof![Just(Role::Client), Just(Role::Server)],
        steps in prop::collection::vec((0..5_u8, 0..40_000_usize), 1..60),
    ) {
        let mut connection = Connection::new(role, Config::default());
        let (mut wire, mut data, mut control) = (Vec::new(), 0_u64, 0_u64);
        let (mut sizes, mut pings) = (Vec::new(), Vec::new());
        for (what, size) in steps {
            match what {
                0 => {
                    connection.send_text(&"x".repeat(size % 300)).unwrap();
                    sizes.push(size as u64 % 300);
                    data += 1;
                }
                1 => {
                    let owned = vec![0; size].into();
                    connection.send_owned(MessageKind::Binary, owned).unwrap();
                    sizes.push(size as u64);
                    data += 1;
                }
                2 => {
                    let ahead = connection.send_ping(&[0; 125][..size % 126]).unwrap();
                    prop_assert!(ahead <= connection.queued());
                    pings.push(size as u64 % 126);
                    control += 1;
                }
                _ => {
                    let most = connection.queued();
                    write(&mut connection, size.min(most), &mut wire);
                }
            }
        }
        let most = connection.queued();
        write(&mut connection, most, &mut wire);
        let frames = frames(&wire);
        prop_assert_eq!(frames.len() as u64, data + control);
        let of = |ping: bool| -> Vec<u64> {
            let frames = frames.iter().filter(|it| (it.0 == Opcode::Ping) == ping);
            frames.map(|it| it.2).collect()
        };
        prop_assert_eq!(of(false), sizes);
        prop_assert_eq!(of(true), pings);
    }
}

#[test]
fn the_queue_is_full_at_its_limit() {
    // A text of five bytes takes seven.
    for (max_queued, is_ready) in [(7, false), (8, true)] {
        let limits = Limits {
            max_queued,
            ..Limits::default()
        };
        let mut server = Connection::new(
            Role::Server,
            Config {
                limits,
                ..Config::default()
            },
        );
        server.send_text("hello").unwrap();
        assert_eq!(server.is_ready(), is_ready, "{max_queued}");
        assert_eq!(server.send_text("more").is_ok(), is_ready, "{max_queued}");
    }
}

#[test]
fn sixteen_kib_of_pings_may_wait() {
    let mut server = server();
    let limit = 16 << 10;
    for _ in 0..limit / 127 {
        server.send_ping(&[7; 125]).unwrap();
    }
    let queued = limit / 127 * 127;
    server.send_ping(&vec![7; limit - queued]).unwrap();
    let error = server.send_ping(b"").unwrap_err();
    let queued = limit + 2;
    assert_eq!(error, SendError::QueueFull { queued, limit });
}

#[test]
fn a_message_of_one_fragment_is_whole() {
    let deflate = DeflateParams {
        min_size: 100,
        ..deflate()
    };
    let config = Config {
        deflate: Some(deflate),
        ..Config::default()
    };
    let mut server = Connection::new(Role::Server, config);
    let kind = MessageKind::Binary;
    server.send_fragment(kind, b"short", true).unwrap();
    assert_eq!(drain(&mut server), b"\x82\x05short");
}

#[test]
fn sixteen_answers_to_pings_wait_and_the_latest_counts_as_queued() {
    let mut client = client();
    for _ in 0..20 {
        events(&mut client, &frame(0x89, b"hello", None));
    }
    // Header, masking key and payload of each.
    assert_eq!(client.queued(), 17 * (2 + 4 + 5));
}

#[test]
fn small_payloads_leave_in_one_chunk() {
    let mut server = server();
    for _ in 0..3 {
        let payload = Bytes::from_static(b"hello");
        server.send_owned(MessageKind::Binary, payload).unwrap();
    }
    let mut slices = [IoSlice::new(&[]); 4];
    assert_eq!(server.transmit().chunks_vectored(&mut slices), 1);
}
