//! The examples of RFC 6455, 5.7, and of RFC 7692, 7.2.3, byte for byte.

use crate::common::*;
use arkws_proto::deflate::DeflateParams;
use arkws_proto::{Config, Connection, MessageKind, Role};

const MASKED_HELLO: [u8; 11] = [
    0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
];

/// Replaces the key of a masked frame with a header of `header` bytes: keys are random.
fn with_key(mut frame: Vec<u8>, header: usize, key: [u8; 4]) -> Vec<u8> {
    let old: [u8; 4] = frame[header - 4..header].try_into().unwrap();
    for (i, byte) in frame[header..].iter_mut().enumerate() {
        *byte ^= old[i % 4] ^ key[i % 4];
    }
    frame[header - 4..header].copy_from_slice(&key);
    frame
}

#[test]
fn a_single_frame_unmasked_text_message() {
    let hello = [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f];
    assert_eq!(events(&mut client(), &hello), [Owned::Text("Hello".into())]);

    let mut server = server();
    server.send_text("Hello").unwrap();
    assert_eq!(drain(&mut server), hello);
}

#[test]
fn a_single_frame_masked_text_message() {
    assert_eq!(
        events(&mut server(), &MASKED_HELLO),
        [Owned::Text("Hello".into())]
    );

    let mut client = client();
    client.send_text("Hello").unwrap();
    let sent = drain(&mut client);
    assert_eq!(with_key(sent, 6, [0x37, 0xfa, 0x21, 0x3d]), MASKED_HELLO);
}

#[test]
fn a_fragmented_unmasked_text_message() {
    let first = [0x01, 0x03, 0x48, 0x65, 0x6c];
    let second = [0x80, 0x02, 0x6c, 0x6f];
    let mut client = client();
    assert_eq!(events(&mut client, &first), []);
    assert_eq!(events(&mut client, &second), [Owned::Text("Hello".into())]);

    let mut server = server();
    server
        .send_fragment(MessageKind::Text, b"Hel", false)
        .unwrap();
    server
        .send_fragment(MessageKind::Text, b"lo", true)
        .unwrap();
    assert_eq!(drain(&mut server), [&first[..], &second].concat());
}

#[test]
fn an_unmasked_ping_and_its_masked_pong() {
    let mut client = client();
    let ping = [0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f];
    assert_eq!(events(&mut client, &ping), [Owned::Ping(b"Hello".into())]);
    let masked_pong = [
        0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
    ];
    assert_eq!(
        with_key(drain(&mut client), 6, [0x37, 0xfa, 0x21, 0x3d]),
        masked_pong
    );

    let mut server = server();
    assert_eq!(
        events(&mut server, &masked_pong),
        [Owned::Pong(b"Hello".into())]
    );
    assert_eq!(drain(&mut server), []);
}

#[test]
fn a_256_byte_binary_message_in_a_single_unmasked_frame() {
    let message = [0x5A; 256];
    let encoded = [&[0x82, 0x7E, 0x01, 0x00][..], &message].concat();
    let mut server = server();
    server.send_binary(&message).unwrap();
    assert_eq!(drain(&mut server), encoded);
    assert_eq!(
        events(&mut client(), &encoded),
        [Owned::Binary(message.into())]
    );
}

#[test]
fn a_64_kib_binary_message_in_a_single_unmasked_frame() {
    let message = vec![0xA5; 65536];
    let header = [0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0];
    let encoded = [&header[..], &message].concat();
    let mut server = server();
    server.send_binary(&message).unwrap();
    assert_eq!(drain(&mut server), encoded);
    assert_eq!(events(&mut client(), &encoded), [Owned::Binary(message)]);
}

/// RFC 7692, 7.2.3: both ends with permessage-deflate and its default parameters.
fn deflating(role: Role, takeover: bool) -> Connection {
    let deflate = Some(DeflateParams {
        server_no_context_takeover: !takeover,
        client_no_context_takeover: !takeover,
        ..deflate()
    });
    Connection::new(
        role,
        Config {
            deflate,
            ..Config::default()
        },
    )
}

fn hello() -> Vec<Owned> {
    vec![Owned::Text("Hello".into())]
}

#[test]
fn a_compressed_message_in_one_frame_and_in_two() {
    let whole = [0xc1, 0x07, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    let fragments = [
        0x41, 0x03, 0xf2, 0x48, 0xcd, 0x80, 0x04, 0xc9, 0xc9, 0x07, 0x00,
    ];
    assert_eq!(events(&mut deflating(Role::Client, true), &whole), hello());
    assert_eq!(
        events(&mut deflating(Role::Client, true), &fragments),
        hello()
    );

    let mut server = deflating(Role::Server, true);
    server.send_text("Hello").unwrap();
    assert_eq!(drain(&mut server), whole);
}

#[test]
fn the_second_of_two_equal_messages_is_a_reference_with_context_takeover() {
    let first = [0xc1, 0x07, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    let second = [0xc1, 0x05, 0xf2, 0x00, 0x11, 0x00, 0x00];
    for (takeover, second) in [(true, &second[..]), (false, &first)] {
        let (mut server, mut client) = (
            deflating(Role::Server, takeover),
            deflating(Role::Client, takeover),
        );
        for expected in [&first, second] {
            server.send_text("Hello").unwrap();
            // Without takeover five bytes do not get smaller, and go as they are.
            let sent = drain(&mut server);
            if takeover {
                assert_eq!(sent, expected);
            }
            assert_eq!(events(&mut client, expected), hello());
        }
    }
}

#[test]
fn a_compressed_message_in_a_block_without_compression() {
    let input = [
        0xc1, 0x0b, 0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00,
    ];
    assert_eq!(events(&mut deflating(Role::Client, true), &input), hello());
}

#[test]
fn a_compressed_message_in_a_final_block() {
    let input = [0xc1, 0x08, 0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
    // The context is usable after it.
    let mut client = deflating(Role::Client, true);
    for _ in 0..3 {
        assert_eq!(events(&mut client, &input), hello());
    }
}

#[test]
fn a_final_block_without_the_empty_block_after_it_is_a_message_too() {
    let input = [0xc1, 0x07, 0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    let mut client = deflating(Role::Client, true);
    for _ in 0..3 {
        assert_eq!(events(&mut client, &input), hello());
    }
}

#[test]
fn a_compressed_message_in_two_blocks() {
    let blocks = [
        0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00,
    ];
    let input = frame(0xc1, &blocks, None);
    assert_eq!(events(&mut deflating(Role::Client, true), &input), hello());
}

#[test]
fn an_empty_compressed_message() {
    let input = [0xc1, 0x01, 0x00];
    let (mut server, mut client) = (deflating(Role::Server, true), deflating(Role::Client, true));
    for _ in 0..2 {
        server.send_text("").unwrap();
        assert_eq!(drain(&mut server), input);
        assert_eq!(events(&mut client, &input), [Owned::Text(String::new())]);
    }
}
