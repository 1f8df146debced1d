//! `Debug` shows no payload: neither those of the connection nor what a block of it held before.
use std::fmt::Debug;

use arkws_proto::connection::RecvBuffer;
use arkws_proto::utf8::Validator;
use arkws_proto::{Config, Connection, MessageKind, RefusedPayload, Role, SendError};
use bytes::Bytes;

use crate::common::*;

const SECRET: &[u8] = b"SECRET";

/// In words, and byte by byte.
#[track_caller]
fn assert_hidden(what: &impl Debug) {
    let shown = format!("{what:?}");
    for secret in ["SECRET", "83, 69, 67", "83, 84, 65, 76, 69"] {
        assert!(!shown.contains(secret), "{shown:.1000}");
    }
}

fn compressed(role: Role) -> Connection {
    let config = Config {
        deflate: Some(deflate()),
        ..Config::default()
    };
    Connection::new(role, config)
}

#[test]
fn no_payload_that_is_sent_is_shown() {
    for mut server in [server(), compressed(Role::Server)] {
        // A block in which another connection had something.
        server.lend_block(b"STALE".repeat(1000).into());
        server.send_ping(SECRET).unwrap();
        server.send_binary(SECRET).unwrap();
        let large = Bytes::from(SECRET.repeat(10_000));
        server.send_owned(MessageKind::Binary, large).unwrap();
        server.send_pong(SECRET).unwrap();
        // More than are answered at once: the last answer is held back.
        for _ in 0..20 {
            let ping = frame(0x89, SECRET, Some([0; 4]));
            assert_eq!(events(&mut server, &ping), [Owned::Ping(SECRET.into())]);
        }
        assert_hidden(&server);
        assert_hidden(server.transmit());
    }
}

#[test]
fn no_payload_that_arrives_is_shown() {
    let mut sender = compressed(Role::Server);
    sender.send_binary(&SECRET.repeat(100)).unwrap();
    let deflated = drain(&mut sender);
    let inputs = [
        frame(0x82, &SECRET.repeat(100), None),
        [frame(0x01, SECRET, None), frame(0x89, SECRET, None)].concat(),
        deflated,
    ];
    for input in inputs {
        let mut client = compressed(Role::Client);
        events(&mut client, &input[..input.len() - 2]);
        assert_hidden(&client);
    }
}

#[test]
fn a_read_buffer_shows_neither_bytes_nor_the_event_that_waits() {
    let inputs = [
        frame(0x82, SECRET, None),
        [frame(0x02, SECRET, None), frame(0x80, SECRET, None)].concat(),
        frame(0x88, b"\x03\xE8SECRET", None),
    ];
    for input in inputs {
        let mut client = client();
        let mut buffer = RecvBuffer::filled(input[..].into());
        assert_hidden(&buffer);
        client.recv_buffered(&mut buffer).unwrap().unwrap();
        assert_hidden(&buffer);
        assert!(buffer.take_event().is_some());
        assert_hidden(&buffer);
        assert_hidden(&buffer.into_storage());
    }
}

#[test]
fn a_refused_payload_is_not_shown() {
    let refused = RefusedPayload {
        error: SendError::Closing,
        payload: Bytes::from_static(SECRET),
    };
    assert_hidden(&refused);
    assert_eq!(
        format!("{refused:?}"),
        "RefusedPayload { error: Closing, payload: 6 }"
    );
}

#[test]
fn a_validator_shows_not_even_an_incomplete_character() {
    let mut validator = Validator::new();
    validator.push(b"\xE2\x82").unwrap();
    assert_eq!(format!("{validator:?}"), "Validator { incomplete: 2 }");
}
