//! Compression beside zlib: what one end compresses with any window, level and takeover the other
//! inflates, and both say the same of any bytes.
use arkws_proto::deflate::DeflateParams;
use arkws_proto::frame::{Header, MAX_HEADER, Opcode};
use arkws_proto::{Config, Connection, Event, Limits, ProtocolError, Role, mask};
use bytes::Buf;

use crate::config::{ENTROPY, peer, role};
use crate::input::Input;
use crate::zlib;

/// RFC 7692, 7.2.1: what a sender takes off.
const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

/// Most bytes of a message that is inflated.
const LIMIT: usize = 1 << 20;

/// The three ways.
pub(crate) fn run(data: &[u8]) {
    let mut input = Input::new(data);
    match input.byte() % 3 {
        0 => ours_to_zlib(input),
        1 => zlib_to_ours(input),
        _ => any_bytes(input),
    }
}

/// What was negotiated for the compressor of one end.
struct Choices {
    role: Role,
    /// 9–15.
    window_bits: u8,
    takeover: bool,
    level: u8,
}

impl Choices {
    fn read(input: &mut Input<'_>) -> Choices {
        let role = role(input);
        let [window, level] = input.array();
        Choices {
            role,
            window_bits: 15 - (window >> 1) % 7,
            takeover: window & 1 == 0,
            level: level % 10,
        }
    }

    fn config(&self) -> Config {
        Config {
            deflate: Some(DeflateParams {
                server_no_context_takeover: !self.takeover,
                client_no_context_takeover: !self.takeover,
                server_max_window_bits: self.window_bits,
                client_max_window_bits: self.window_bits,
                level: self.level,
                min_size: 0,
            }),
            limits: Limits {
                max_message_size: LIMIT,
                ..Limits::default()
            },
            entropy: ENTROPY,
        }
    }
}

/// Some bytes of the input, repeated: what compresses, and reaches beyond small windows.
fn message(input: &mut Input<'_>) -> Vec<u8> {
    let times = input.byte();
    let pattern = input.short();
    match times {
        0..0x80 => pattern.to_vec(),
        _ => pattern.repeat(1 << (times % 9)),
    }
}

fn ours_to_zlib(mut input: Input<'_>) {
    let choices = Choices::read(&mut input);
    let mut connection = Connection::new(choices.role, choices.config());
    let mut inflater = zlib::Inflater::new(choices.window_bits);
    while !input.is_empty() {
        let message = message(&mut input);
        connection
            .send_binary(&message)
            .expect("nothing refuses it");
        let transmit = connection.transmit();
        let mut sent = transmit.copy_to_bytes(transmit.remaining()).to_vec();
        let (header, len) = Header::decode(&sent).expect("valid").expect("whole");
        let payload = &mut sent[len..];
        assert_eq!(header.len, payload.len() as u64);
        mask::apply(payload, header.mask.unwrap_or_default(), 0);
        if !header.rsv1 {
            assert_eq!(*payload, message);
            continue;
        }
        let mut inflated = Vec::new();
        let compressed = [payload, &TAIL[..]].concat();
        let all = inflater
            .inflate(&compressed, &mut inflated)
            .expect("valid for zlib");
        assert_eq!((all.consumed, all.ended), (compressed.len(), false));
        assert!(inflated == message, "zlib inflates something else");
        if !choices.takeover {
            inflater.reset();
        }
    }
}

fn zlib_to_ours(mut input: Input<'_>) {
    let choices = Choices::read(&mut input);
    let [memory, strategy] = input.array();
    let mut compressor = zlib::Compressor::new(
        choices.window_bits,
        choices.level,
        1 + memory % 9,
        strategy % 5,
    );
    let mut connection = Connection::new(peer(choices.role), choices.config());
    while !input.is_empty() {
        let message = message(&mut input);
        let compressed = compressor.compress(&message);
        let compressed = compressed.strip_suffix(&TAIL[..]).unwrap_or(&[0]);
        let fragments = 1 + input.byte() % 4;
        let received = receive(&mut connection, choices.role, compressed, fragments.into());
        assert!(
            received.as_ref() == Ok(&message),
            "{received:?} is not {message:?}"
        );
        if !choices.takeover {
            compressor.reset();
        }
    }
}

fn any_bytes(mut input: Input<'_>) {
    let choices = Choices::read(&mut input);
    let mut connection = Connection::new(peer(choices.role), choices.config());
    // We inflate with the largest window, whatever was negotiated.
    let mut inflater = zlib::Inflater::new(15);
    while !input.is_empty() {
        let fragments = 1 + input.byte() % 4;
        let len = match input.byte() {
            0 => usize::MAX,
            len => len.into(),
        };
        let compressed = input.bytes(len);
        let received = receive(&mut connection, choices.role, compressed, fragments.into());
        match (received, inflate(&mut inflater, compressed)) {
            (Ok(received), Some(expected)) => assert!(received == expected, "another message"),
            (Err(ProtocolError::InvalidDeflate), None) => return,
            (Err(ProtocolError::MessageTooLarge { .. }), expected) => {
                assert!(expected.is_none_or(|expected| expected.len() > LIMIT));
                return;
            }
            (received, expected) => panic!("{received:?} is not {expected:?}"),
        }
        if !choices.takeover {
            inflater.reset();
        }
    }
}

/// As RFC 7692, 7.2.2, has it, with a stream of its own behind a block with BFINAL set (7.2.3.4).
fn inflate(inflater: &mut zlib::Inflater, compressed: &[u8]) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    if !inflate_streams(inflater, compressed, &mut message)? {
        inflate_streams(inflater, &TAIL, &mut message)?;
    }
    Some(message)
}

/// Whether the last byte ended a stream. `None`: they are not valid.
fn inflate_streams(
    inflater: &mut zlib::Inflater,
    mut compressed: &[u8],
    message: &mut Vec<u8>,
) -> Option<bool> {
    let mut ended = false;
    while !compressed.is_empty() {
        let inflated = inflater.inflate(compressed, message)?;
        compressed = &compressed[inflated.consumed..];
        ended = inflated.ended;
        if ended {
            inflater.reset();
        }
    }
    Some(ended)
}

/// Sends `compressed` as a message of so many fragments.
fn receive(
    connection: &mut Connection,
    from: Role,
    mut compressed: &[u8],
    fragments: usize,
) -> Result<Vec<u8>, ProtocolError> {
    let each = compressed.len() / fragments;
    let mut received = None;
    for index in 1..=fragments {
        let last = index == fragments;
        let (payload, rest) = compressed.split_at(if last { compressed.len() } else { each });
        compressed = rest;
        let first = index == 1;
        let mut head = [0; MAX_HEADER];
        let len = Header {
            fin: last,
            rsv1: first,
            opcode: if first {
                Opcode::Binary
            } else {
                Opcode::Continuation
            },
            // A mask that changes nothing.
            mask: (from == Role::Client).then_some([0; 4]),
            len: payload.len() as u64,
        }
        .encode(&mut head);
        let mut frame = [&head[..len], payload].concat();
        let mut frame = &mut frame[..];
        while let Some(event) = connection.recv(&mut frame)? {
            let Event::Binary(data) = event else {
                panic!("{event:?}")
            };
            assert!(received.replace(data.to_vec()).is_none(), "one message");
        }
    }
    Ok(received.expect("a message"))
}
