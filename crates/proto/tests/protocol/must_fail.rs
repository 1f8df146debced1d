//! What an endpoint must not accept, with the section that says so.
use arkws_proto::deflate::DeflateParams;
use arkws_proto::{CloseCode, Config, Connection, ProtocolError, Role, State};

use crate::common::*;

/// One rule, and input that breaks it.
struct Row {
    rule: &'static str,
    /// Who receives.
    role: Role,
    deflate: bool,
    input: Vec<u8>,
    error: ProtocolError,
    code: CloseCode,
}

const KEY: Option<[u8; 4]> = Some([0x37, 0xfa, 0x21, 0x3d]);

/// What a server sends breaks a rule.
fn at_client(rule: &'static str, input: &[u8], error: ProtocolError) -> Row {
    let (role, deflate, code) = (Role::Client, false, CloseCode::PROTOCOL_ERROR);
    Row {
        rule,
        role,
        deflate,
        input: input.to_vec(),
        error,
        code,
    }
}

/// What a client sends breaks a rule.
fn at_server(rule: &'static str, input: &[u8], error: ProtocolError) -> Row {
    Row {
        role: Role::Server,
        ..at_client(rule, input, error)
    }
}

/// What a server sends breaks a rule of permessage-deflate.
fn at_deflating(rule: &'static str, input: &[u8], error: ProtocolError) -> Row {
    Row {
        deflate: true,
        ..at_client(rule, input, error)
    }
}

/// A text message that is not UTF-8.
fn bad_text(rule: &'static str, text: &[u8]) -> Row {
    let row = at_client(rule, &frame(0x81, text, None), ProtocolError::InvalidUtf8);
    Row {
        code: CloseCode::INVALID_DATA,
        ..row
    }
}

fn bad_close_code(code: u16) -> Row {
    let body = code.to_be_bytes();
    at_client(
        "RFC 6455, 7.4: reserved and undefined codes are not sent",
        &frame(0x88, &body, None),
        ProtocolError::InvalidCloseCode(code),
    )
}

#[rustfmt::skip]
fn rows() -> Vec<Row> {
    use ProtocolError::*;
    let mut rows = vec![
        at_client("RFC 6455, 5.1: a server masks no frame", &frame(0x81, b"Hello", KEY), MaskedByServer),
        at_client("RFC 6455, 5.1: a server masks no control frame", &frame(0x8A, b"", KEY), MaskedByServer),
        at_server("RFC 6455, 5.1: a client masks all frames", &frame(0x81, b"Hello", None), UnmaskedByClient),
        at_server("RFC 6455, 5.1: a client masks empty frames", &frame(0x82, b"", None), UnmaskedByClient),
        at_server("RFC 6455, 5.1: a client masks control frames", &frame(0x88, b"", None), UnmaskedByClient),

        at_client("RFC 6455, 5.2: RSV1 is 0 without an extension", &frame(0xC1, b"Hello", None), ReservedBit(1)),
        at_client("RFC 6455, 5.2: RSV1 is 0 on control frames, too", &frame(0xC9, b"", None), ReservedBit(1)),
        at_server("RFC 6455, 5.2: RSV1 is 0 from clients, too", &frame(0xC2, b"", KEY), ReservedBit(1)),
        at_client("RFC 6455, 5.2: RSV2 is 0", &frame(0xA1, b"Hello", None), ReservedBit(2)),
        at_client("RFC 6455, 5.2: RSV3 is 0", &frame(0x92, b"Hello", None), ReservedBit(3)),
        at_deflating("RFC 6455, 5.2: RSV2 is 0 with permessage-deflate, too", &frame(0xE1, b"\0", None), ReservedBit(2)),
        at_deflating("RFC 6455, 5.2: RSV3 is 0 with permessage-deflate, too", &frame(0xD1, b"\0", None), ReservedBit(3)),

        at_client("RFC 6455, 5.2: the top bit of a 64-bit length is 0",
            &[0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0], LengthOverflow),
        at_client("RFC 6455, 5.2: the top bit of a 64-bit length is 0, all bits set",
            &[0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255], LengthOverflow),
        at_client("RFC 6455, 5.2: the length is encoded in as few bytes as possible, 16 bits for 0",
            &[0x82, 126, 0, 0], LengthNotMinimal(0)),
        at_client("RFC 6455, 5.2: the length is encoded in as few bytes as possible, 16 bits for 125",
            &[&[0x82, 126, 0, 125][..], &[0; 125]].concat(), LengthNotMinimal(125)),
        at_client("RFC 6455, 5.2: the length is encoded in as few bytes as possible, 64 bits for 5",
            &[0x81, 127, 0, 0, 0, 0, 0, 0, 0, 5, 1, 2, 3, 4, 5], LengthNotMinimal(5)),
        at_client("RFC 6455, 5.2: the length is encoded in as few bytes as possible, 64 bits for 65535",
            &[0x82, 127, 0, 0, 0, 0, 0, 0, 255, 255], LengthNotMinimal(65535)),

        at_client("RFC 6455, 5.4: a continuation continues something", &frame(0x80, b"lo", None), UnexpectedContinuation),
        at_client("RFC 6455, 5.4: a continuation continues something, not final", &frame(0x00, b"lo", None), UnexpectedContinuation),
        at_client("RFC 6455, 5.4: a continuation does not follow a whole message",
            &[frame(0x81, b"Hel", None), frame(0x80, b"lo", None)].concat(), UnexpectedContinuation),
        at_client("RFC 6455, 5.4: a continuation does not follow the last fragment",
            &[frame(0x01, b"Hel", None), frame(0x80, b"lo", None), frame(0x80, b"", None)].concat(),
            UnexpectedContinuation),
        at_client("RFC 6455, 5.4: messages are not interleaved",
            &[frame(0x01, b"Hel", None), frame(0x81, b"lo", None)].concat(), UnfinishedMessage),
        at_client("RFC 6455, 5.4: fragmented messages are not interleaved",
            &[frame(0x01, b"Hel", None), frame(0x02, b"lo", None)].concat(), UnfinishedMessage),
        at_client("RFC 6455, 5.4: messages are not interleaved, with a ping between",
            &[frame(0x02, b"", None), frame(0x89, b"", None), frame(0x82, b"", None)].concat(),
            UnfinishedMessage),

        at_client("RFC 6455, 5.5: a ping is not fragmented", &frame(0x09, b"", None), FragmentedControl),
        at_client("RFC 6455, 5.5: a pong is not fragmented", &frame(0x0A, b"", None), FragmentedControl),
        at_server("RFC 6455, 5.5: a close frame is not fragmented", &frame(0x08, b"", KEY), FragmentedControl),
        at_client("RFC 6455, 5.5: a ping has at most 125 bytes", &frame(0x89, &[0; 126], None), ControlTooLong),
        at_client("RFC 6455, 5.5: a pong has at most 125 bytes", &frame(0x8A, &[0; 65536], None), ControlTooLong),
        at_client("RFC 6455, 5.5: a close frame has at most 125 bytes", &frame(0x88, &[0; 126], None), ControlTooLong),
        at_server("RFC 6455, 5.5: a control frame has a 7-bit length", &[0x89, 0x80 | 126, 0, 5], ControlTooLong),

        at_client("RFC 6455, 5.5.1: a close body has no single byte", &frame(0x88, &[3], None), TruncatedCloseCode),
        Row { code: CloseCode::INVALID_DATA, ..at_client("RFC 6455, 5.5.1: a close reason is UTF-8",
            &frame(0x88, b"\x03\xE8\xFF", None), InvalidCloseReason) },
        Row { code: CloseCode::INVALID_DATA, ..at_client("RFC 6455, 5.5.1: a close reason is whole UTF-8",
            &frame(0x88, b"\x03\xE8\xE2\x82", None), InvalidCloseReason) },

        bad_text("RFC 6455, 8.1: a byte that UTF-8 does not use", b"Hello\xFF"),
        bad_text("RFC 6455, 8.1: a continuation byte alone", b"\x80"),
        bad_text("RFC 6455, 8.1: a character that is cut off by another", b"\xE2\x82Hello"),
        bad_text("RFC 6455, 8.1: a character that is cut off by the end", b"Hello\xE2\x82"),
        bad_text("RFC 6455, 8.1: an overlong slash in two bytes", b"\xC0\xAF"),
        bad_text("RFC 6455, 8.1: an overlong slash in three bytes", b"\xE0\x80\xAF"),
        bad_text("RFC 6455, 8.1: an overlong slash in four bytes", b"\xF0\x80\x80\xAF"),
        bad_text("RFC 6455, 8.1: the first surrogate, U+D800", b"\xED\xA0\x80"),
        bad_text("RFC 6455, 8.1: the last surrogate, U+DFFF", b"\xED\xBF\xBF"),
        bad_text("RFC 6455, 8.1: a surrogate pair", b"\xED\xA0\x80\xED\xB0\x80"),
        bad_text("RFC 6455, 8.1: beyond the last character, U+110000", b"\xF4\x90\x80\x80"),
        bad_text("RFC 6455, 8.1: a character of five bytes", b"\xF8\x88\x80\x80\x80"),
        Row { code: CloseCode::INVALID_DATA, ..at_client("RFC 6455, 8.1: a message that ends within a character, fragmented",
            &[frame(0x01, b"\xE2\x82", None), frame(0x80, b"", None)].concat(), InvalidUtf8) },
        Row { code: CloseCode::INVALID_DATA, ..at_server("RFC 6455, 8.1: from a client",
            &frame(0x81, b"\xC3\x28", KEY), InvalidUtf8) },

        at_deflating("RFC 7692, 6.1: control frames are not compressed", &frame(0xC9, b"\0", None), CompressedControl),
        at_deflating("RFC 7692, 6.1: the close frame is not compressed", &frame(0xC8, b"\0", None), CompressedControl),
        at_deflating("RFC 7692, 6.1: only the first fragment has RSV1",
            &[frame(0x41, b"\xF2\x48\xCD", None), frame(0xC0, b"\xC9\xC9\x07\x00", None)].concat(), CompressedContinuation),
        at_deflating("RFC 7692, 6.1: RSV1 does not begin in the middle of a message",
            &[frame(0x01, b"Hello", None), frame(0xC0, b"\0", None)].concat(), CompressedContinuation),
        Row { code: CloseCode::INVALID_DATA, ..at_deflating("RFC 7692, 7.2.2: the payload is DEFLATE data, not block type 3",
            &frame(0xC1, b"\x07", None), InvalidDeflate) },
        Row { code: CloseCode::INVALID_DATA, ..at_deflating("RFC 7692, 7.2.2: the payload is DEFLATE data, not text",
            &frame(0xC1, b"Hello", None), InvalidDeflate) },
        Row { code: CloseCode::INVALID_DATA, ..at_deflating("RFC 7692, 7.2.2: the payload is DEFLATE data, no reference beyond its start",
            &frame(0xC2, b"\xF2\x00\x11\x00\x00", None), InvalidDeflate) },
        Row { code: CloseCode::INVALID_DATA, ..at_deflating("RFC 6455, 8.1: compressed text is UTF-8",
            &frame(0xC1, b"\x00\x02\x00\xFD\xFF\xC3\x28\x00", None), InvalidUtf8) },
        Row { code: CloseCode::INVALID_DATA, ..at_deflating("RFC 6455, 8.1: compressed text ends with a whole character",
            &frame(0xC1, b"\x00\x02\x00\xFD\xFF\xE2\x82\x00", None), InvalidUtf8) },
    ];
    for opcode in [0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF] {
        rows.push(at_client("RFC 6455, 5.2: reserved opcodes", &frame(0x80 | opcode, b"", None), UnknownOpcode(opcode)));
        rows.push(at_server("RFC 6455, 5.2: reserved opcodes", &frame(opcode, b"Hello", KEY), UnknownOpcode(opcode)));
    }
    for code in [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535] {
        rows.push(bad_close_code(code));
    }
    rows
}

impl Row {
    fn connection(&self) -> Connection {
        let deflate = self.deflate.then_some(deflate());
        Connection::new(
            self.role,
            Config {
                deflate,
                ..Config::default()
            },
        )
    }

    fn check(&self, connection: &mut Connection, error: Option<ProtocolError>) {
        let rule = self.rule;
        assert_eq!(error.as_ref(), Some(&self.error), "{rule}");
        assert_eq!(self.error.close_code(), self.code, "{rule}");
        assert_eq!(connection.state(), State::Failed, "{rule}");
        assert!(
            !connection.send_close(None),
            "{rule}: the close frame is queued already"
        );

        // The peer learns what it did...
        let sent = drain(connection);
        let mut peer = Connection::new(other(self.role), Config::default());
        let received = events(&mut peer, &sent);
        let Some(Owned::Close(code, reason)) = received.last() else {
            panic!("{rule}: sent {received:?}");
        };
        assert_eq!(*code, Some(self.code.get()), "{rule}");
        assert!(
            self.error.to_string().starts_with(reason) && !reason.is_empty(),
            "{rule}: {reason}"
        );

        // ... and nothing that it sends after that matters.
        let (after, again) = feed(connection, &frame(0x81, b"more", None));
        assert_eq!((after, again), (vec![], Err(self.error.clone())), "{rule}");
        assert_eq!(connection.recv_eof(), Err(self.error.clone()), "{rule}");
        assert_eq!(
            connection.queued(),
            0,
            "{rule}: the connection is failed once"
        );
    }
}

#[test]
fn whatever_the_rfcs_forbid_fails_the_connection_with_the_right_code() {
    for row in rows() {
        let mut connection = row.connection();
        let (_, result) = feed(&mut connection, &row.input);
        row.check(&mut connection, result.err());
    }
}

#[test]
fn it_fails_in_the_same_way_when_it_arrives_byte_by_byte() {
    for row in rows() {
        let mut connection = row.connection();
        let error = row
            .input
            .iter()
            .find_map(|byte| feed(&mut connection, &[*byte]).1.err());
        row.check(&mut connection, error);
    }
}

#[test]
fn invalid_text_fails_at_its_first_bad_byte_not_at_the_end_of_the_frame() {
    // Given: 1000 bytes are announced, the seventh is wrong.
    let mut text = vec![b'a'; 1000];
    text[6] = 0xFF;
    for key in [None, KEY] {
        let input = frame(0x81, &text, key);
        let header = input.len() - text.len();
        let mut connection = if key.is_some() { server() } else { client() };
        // When / then
        assert_eq!(
            feed(&mut connection, &input[..header + 6]),
            (vec![], Ok(()))
        );
        let (_, result) = feed(&mut connection, &input[header + 6..header + 7]);
        assert_eq!(result, Err(ProtocolError::InvalidUtf8));
    }
}

#[test]
fn invalid_text_fails_at_its_first_bad_byte_within_a_character() {
    // U+D800 would begin with ED A0; ED 9F is fine.
    let mut connection = client();
    assert_eq!(feed(&mut connection, &[0x01, 1, 0xED]), (vec![], Ok(())));
    let (_, result) = feed(&mut connection, &[0x00, 5, 0xA0]);
    assert_eq!(result, Err(ProtocolError::InvalidUtf8));
}

#[test]
fn invalid_compressed_text_fails_before_its_message_ends() {
    let row = at_deflating("", b"", ProtocolError::InvalidUtf8);
    let mut connection = row.connection();
    // A stored block of 100 bytes of which 3 arrive, the last one wrong.
    let (_, result) = feed(&mut connection, b"\x41\x7D\x00\x64\x00\x9B\xFFab\xFF");
    assert_eq!(result, Err(ProtocolError::InvalidUtf8));
}

#[test]
fn without_context_takeover_a_message_cannot_refer_to_the_one_before_it() {
    // RFC 7692, 7.1.1.1. The example of 7.2.3.2: the second "Hello" is a reference to the first.
    let messages = [
        &b"\xF2\x48\xCD\xC9\xC9\x07\x00"[..],
        b"\xF2\x00\x11\x00\x00",
    ];
    let input = messages.map(|message| frame(0xC1, message, None)).concat();
    for (server_no_context_takeover, expected) in [(false, 2), (true, 1)] {
        let deflate = Some(DeflateParams {
            server_no_context_takeover,
            ..deflate()
        });
        let mut client = Connection::new(
            Role::Client,
            Config {
                deflate,
                ..Config::default()
            },
        );
        let (events, result) = feed(&mut client, &input);
        assert_eq!(events, vec![Owned::Text("Hello".into()); expected]);
        assert_eq!(
            result.err(),
            (expected == 1).then_some(ProtocolError::InvalidDeflate)
        );
    }
}
