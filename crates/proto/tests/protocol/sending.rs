//! The output queue: order, limits, large payloads, answers to pings.
use std::io::IoSlice;

use arkws_proto::{Config, Connection, Limits, MessageKind, RefusedPayload, Role, SendError};
use bytes::{Buf, Bytes};

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
                large(1),
                text("between"),
                large(2),
                large(3),
                ping,
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

#[test]
fn a_full_queue_refuses_messages_and_takes_them_again_when_it_has_been_written() {
    let limits = Limits {
        max_queued: 1000,
        ..Limits::default()
    };
    let mut server = Connection::new(
        Role::Server,
        Config {
            limits,
            deflate: None,
        },
    );
    server.send_binary(&[0; 900]).unwrap();
    let queued = server.queued();
    let full = SendError::QueueFull {
        queued,
        limit: 1000,
    };
    assert_eq!(server.send_binary(&[0; 100]), Err(full.clone()));
    assert_eq!(
        full.to_string(),
        "the output queue is full: 904 bytes are waiting, the limit is 1000"
    );
    assert_eq!(server.queued(), queued, "nothing was queued");
    drain(&mut server);
    server.send_binary(&[0; 100]).unwrap();
    assert!(server.send_close(None), "a close frame is always taken");
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
