//! The closing handshake (RFC 6455, 5.5.1 and 7).
use arkws_proto::{CloseCode, CloseFrame, InvalidCloseCode, ProtocolError, SendError, State};

use crate::common::*;

fn close(code: u16, reason: &str) -> Owned {
    Owned::Close(Some(code), reason.into())
}

#[test]
fn a_close_frame_is_echoed_once_with_its_code() {
    // Given
    let (mut client, mut server) = (client(), server());
    assert!(client.send_close(Some(CloseFrame::new(CloseCode::GOING_AWAY, "bye"))));
    assert_eq!(client.state(), State::CloseSent);
    // When
    assert_eq!(
        events(&mut server, &drain(&mut client)),
        [close(1001, "bye")]
    );
    // Then
    assert_eq!(server.state(), State::Closed);
    let echo = drain(&mut server);
    assert_eq!(echo, [0x88, 2, 0x03, 0xE9]);
    assert_eq!(events(&mut client, &echo), [close(1001, "")]);
    assert_eq!(client.state(), State::Closed);
    assert_eq!(
        (client.queued(), server.queued()),
        (0, 0),
        "an echo is not echoed"
    );
    assert_eq!((client.recv_eof(), server.recv_eof()), (Ok(()), Ok(())));
}

#[test]
fn a_close_frame_without_a_body_is_answered_without_a_body() {
    let mut server = server();
    assert_eq!(
        events(&mut server, &frame(0x88, b"", Some([1, 2, 3, 4]))),
        [Owned::Close(None, String::new())]
    );
    assert_eq!(drain(&mut server), [0x88, 0]);
}

#[test]
fn when_both_close_at_once_nobody_echoes() {
    let (mut client, mut server) = (client(), server());
    assert!(client.send_close(None));
    assert!(server.send_close(Some(CloseFrame::new(CloseCode::NORMAL, ""))));
    let (from_client, from_server) = (drain(&mut client), drain(&mut server));
    assert_eq!(events(&mut client, &from_server), [close(1000, "")]);
    assert_eq!(
        events(&mut server, &from_client),
        [Owned::Close(None, String::new())]
    );
    assert_eq!(
        (client.state(), server.state()),
        (State::Closed, State::Closed)
    );
    assert_eq!((client.queued(), server.queued()), (0, 0));
}

#[test]
fn data_after_the_close_frame_is_ignored() {
    let mut client = client();
    let input = [
        frame(0x88, b"\x03\xE8", None),
        frame(0x81, b"late", None),
        vec![0xFF; 100],
    ];
    assert_eq!(events(&mut client, &input.concat()), [close(1000, "")]);
    assert_eq!(events(&mut client, &frame(0x89, b"", None)), []);
    assert_eq!(drain(&mut client).len(), 8, "a masked close frame, no pong");
    assert!(client.direct_buffer().is_none());
}

#[test]
fn messages_still_arrive_after_our_close_frame_but_pings_are_not_answered() {
    let mut client = client();
    client.send_close(None);
    drain(&mut client);
    let input = [frame(0x81, b"still", None), frame(0x89, b"?", None)].concat();
    assert_eq!(
        events(&mut client, &input),
        [Owned::Text("still".into()), Owned::Ping(b"?".into())]
    );
    assert_eq!(client.queued(), 0);
    assert_eq!(client.state(), State::CloseSent);
}

#[test]
fn nothing_is_sent_after_the_close_frame() {
    let mut client = client();
    assert!(client.send_close(None));
    assert!(!client.send_close(None));
    assert_eq!(client.send_text("late"), Err(SendError::Closing));
    assert_eq!(client.send_ping(b""), Err(SendError::Closing));
    assert_eq!(
        client.send_fragment(arkws_proto::MessageKind::Text, b"", true),
        Err(SendError::Closing)
    );
    assert_eq!(drain(&mut client).len(), 6);
}

#[test]
fn the_end_of_the_stream_without_a_close_frame_is_an_error() {
    for close_sent in [false, true] {
        let mut client = client();
        if close_sent {
            client.send_close(None);
            drain(&mut client);
        }
        assert_eq!(client.recv_eof(), Err(ProtocolError::UnexpectedEof));
        assert_eq!(client.state(), State::Failed);
        assert_eq!(client.queued(), 0, "nobody is left to read a close frame");
        assert_eq!(
            feed(&mut client, b"more").1,
            Err(ProtocolError::UnexpectedEof)
        );
    }
}

#[test]
fn every_code_that_may_be_sent_is_accepted() {
    for code in [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000,
        4999,
    ] {
        let body = [&u16::to_be_bytes(code)[..], "größer".as_bytes()].concat();
        assert_eq!(
            events(&mut client(), &frame(0x88, &body, None)),
            [close(code, "größer")]
        );
    }
}

#[test]
fn a_close_frame_may_arrive_in_the_midst_of_a_fragmented_message() {
    let mut client = client();
    let input = [frame(0x01, b"Hel", None), frame(0x88, b"\x03\xE8", None)].concat();
    assert_eq!(events(&mut client, &input), [close(1000, "")]);
    assert_eq!(client.recv_eof(), Ok(()));
}

#[test]
fn a_reason_that_is_too_long_is_cut_between_two_characters() {
    // 61 characters of two bytes fit into 123 bytes.
    let frame = CloseFrame::new(CloseCode::NORMAL, &"é".repeat(100));
    assert_eq!(frame.reason(), "é".repeat(61));
    let (mut client, mut server) = (client(), server());
    client.send_close(Some(frame));
    assert_eq!(
        events(&mut server, &drain(&mut client)),
        [close(1000, &"é".repeat(61))]
    );
}

#[test]
fn codes_that_must_not_be_sent_cannot_be_expressed() {
    for code in (0..1000).chain([1004, 1005, 1006, 1015, 1016, 2999, 5000, u16::MAX]) {
        assert_eq!(CloseCode::new(code), None);
    }
    assert_eq!(CloseCode::new(4999).map(CloseCode::get), Some(4999));
    assert_eq!(CloseCode::POLICY.to_string(), "1008");
}

#[test]
fn codes_and_frames_are_made_of_numbers_and_shown_in_words() {
    assert_eq!(CloseCode::try_from(1001), Ok(CloseCode::GOING_AWAY));
    assert_eq!(u16::from(CloseCode::GOING_AWAY), 1001);
    let error = CloseCode::try_from(1006).unwrap_err();
    assert_eq!(error, InvalidCloseCode(1006));
    assert!(error.to_string().starts_with("1006 must not"), "{error}");

    let frame = CloseFrame::from(CloseCode::GOING_AWAY);
    assert_eq!(frame, CloseFrame::new(CloseCode::GOING_AWAY, ""));
    assert_eq!(frame.to_string(), "1001");
    let frame = CloseFrame::new(CloseCode::GOING_AWAY, "bye");
    assert_eq!(frame.to_string(), "1001: bye");
}

#[test]
fn the_peers_close_frame_is_there_when_it_has_come() {
    let (mut client, mut server) = (client(), server());
    client.send_close(Some(CloseFrame::new(CloseCode::GOING_AWAY, "bye")));
    assert_eq!((client.peer_close(), server.peer_close()), (None, None));
    events(&mut server, &drain(&mut client));
    let frame = server.peer_close().expect("it has come");
    assert_eq!((frame.code().get(), frame.reason()), (1001, "bye"));
    events(&mut client, &drain(&mut server));
    assert_eq!(
        client.peer_close().map(|frame| frame.code().get()),
        Some(1001)
    );
}

#[test]
fn what_a_terminal_would_obey_is_escaped_where_a_reason_is_shown() {
    let shown = |reason: &str| CloseFrame::new(CloseCode::GOING_AWAY, reason).to_string();
    assert_eq!(shown(""), "1001");
    assert_eq!(shown("bis später"), "1001: bis später");
    assert_eq!(
        shown("\x1b[2Jgone\r\n200 OK\x07"),
        r"1001: \u{1b}[2Jgone\r\n200 OK\u{7}"
    );
}
