//! A driver's read buffer: the same events as from the bytes themselves.
use arkws_proto::connection::{EventKind, RecvBuffer, Storage};
use arkws_proto::{Connection, Event, Payload, ProtocolError};
use bytes::Bytes;

use crate::common::{Owned, client, feed, frame};

/// As [`feed`], through a buffer.
fn feed_buffered(
    connection: &mut Connection,
    bytes: &[u8],
) -> (Vec<Owned>, Result<(), ProtocolError>) {
    let mut buffer = RecvBuffer::filled(bytes.into());
    let mut events = Vec::new();
    loop {
        match connection.recv_buffered(&mut buffer) {
            Ok(Some(_)) => events.push(buffer.take_event().expect("an event waits").into()),
            Ok(None) => {
                assert!(buffer.is_parsed());
                assert!(buffer.take_event().is_none());
                return (events, Ok(()));
            }
            Err(error) => return (events, Err(error)),
        }
    }
}

#[test]
fn events_are_the_same_through_a_buffer() {
    let mut input = frame(0x81, "grün".as_bytes(), None);
    input.extend(frame(0x82, b"", None));
    input.extend(frame(0x89, b"ping", None));
    input.extend(frame(0x8A, b"pong", None));
    input.extend(frame(0x01, b"two ", None));
    input.extend(frame(0x89, b"between", None));
    input.extend(frame(0x80, b"parts", None));
    input.extend(frame(0x82, &[7; 70_000], None));
    input.extend(frame(0x88, b"\x03\xE8bye", None));

    for cut in 0..100 {
        let (first, second) = input.split_at(cut);
        let (mut plain, mut buffered) = (client(), client());
        for part in [first, second] {
            assert_eq!(
                feed_buffered(&mut buffered, part),
                feed(&mut plain, part),
                "cut at {cut}"
            );
        }
    }
}

#[test]
fn an_error_comes_after_the_events_before_it() {
    let mut input = frame(0x81, b"fine", None);
    input.extend(frame(0x83, b"reserved", None));
    let (events, result) = feed_buffered(&mut client(), &input);
    assert_eq!(events, [Owned::Text("fine".into())]);
    assert_eq!(result, Err(ProtocolError::UnknownOpcode(3)));
}

#[test]
fn bytes_that_are_not_text_are_not_lent_as_the_text_that_nobody_took() {
    let mut input = frame(0x81, b"fine", None);
    input.extend(frame(0x81, b"\xFF\xFF\xFF\xFF", None));
    let mut connection = client();
    let mut buffer = RecvBuffer::filled(input[..].into());
    assert_eq!(
        connection.recv_buffered(&mut buffer),
        Ok(Some(EventKind::Text))
    );
    let result = connection.recv_buffered(&mut buffer);
    assert_eq!(result, Err(ProtocolError::InvalidUtf8));
    assert!(buffer.take_event().is_none());
    assert_eq!(buffer.payload(), b"");
}

#[test]
fn the_payload_shows_before_the_event_is_taken() {
    let mut input = frame(0x8A, b"pong", None);
    input.extend(frame(0x88, b"\x03\xE8bye", None));
    let mut buffer = RecvBuffer::filled(input[..].into());
    assert_eq!(buffer.payload(), b"");
    let mut connection = client();
    assert_eq!(
        connection.recv_buffered(&mut buffer),
        Ok(Some(EventKind::Pong))
    );
    assert_eq!(buffer.payload(), b"pong");
    // Not taken, and so forgotten.
    assert_eq!(
        connection.recv_buffered(&mut buffer),
        Ok(Some(EventKind::Close))
    );
    assert_eq!(buffer.payload(), b"");
    assert!(buffer.take_event().is_some());
}

#[test]
fn whoever_writes_to_the_storage_forgets_the_event() {
    let mut connection = client();
    for change in [
        |buffer: &mut RecvBuffer| buffer.room().fill(0xFF),
        |buffer: &mut RecvBuffer| buffer.add_filled(0),
    ] {
        let mut buffer = RecvBuffer::filled(frame(0x81, b"text", None)[..].into());
        assert_eq!(
            connection.recv_buffered(&mut buffer),
            Ok(Some(EventKind::Text))
        );
        change(&mut buffer);
        assert!(buffer.take_event().is_none());
        assert!(buffer.is_parsed());
    }
}

/// Puts `bytes` into the room of `buffer`, as a read does.
fn read(buffer: &mut RecvBuffer, bytes: &[u8]) {
    buffer.room()[..bytes.len()].copy_from_slice(bytes);
    buffer.add_filled(bytes.len());
}

#[test]
fn the_beginning_of_a_message_stays_and_the_whole_is_borrowed() {
    for (text, cut) in [("short", 1), ("short", 4), ("é".repeat(200).as_str(), 300)] {
        let mut connection = client();
        let mut buffer = RecvBuffer::reading(Storage::zeroed(1000), 500);
        let first = frame(0x82, &[7; 100], None);
        let second = frame(0x81, text.as_bytes(), None);
        read(&mut buffer, &[&first, &second[..cut]].concat());
        assert_eq!(
            connection.recv_buffered(&mut buffer),
            Ok(Some(EventKind::Binary))
        );
        // When: there is only the beginning of the second message.
        assert_eq!(connection.recv_buffered(&mut buffer), Ok(None));
        assert!(!buffer.is_parsed());
        assert!(buffer.take_event().is_none());
        // Then: the rest is read behind it.
        read(&mut buffer, &second[cut..]);
        assert_eq!(
            connection.recv_buffered(&mut buffer),
            Ok(Some(EventKind::Text))
        );
        let Some(Event::Text(found)) = buffer.take_event() else {
            panic!("a text was announced");
        };
        assert_eq!(found.as_str(), text);
        assert!(matches!(found.into_payload(), Payload::Borrowed(_)));
        assert_eq!(connection.recv_buffered(&mut buffer), Ok(None));
        assert!(buffer.is_parsed());
    }
}

#[test]
fn what_stayed_can_be_handed_over_when_its_rest_is_late() {
    let mut connection = client();
    let mut buffer = RecvBuffer::reading(Storage::zeroed(1000), 500);
    let input = frame(0x81, "grün".as_bytes(), None);
    read(&mut buffer, &input[..5]);
    assert_eq!(connection.recv_buffered(&mut buffer), Ok(None));
    assert_eq!(connection.take_incomplete(&mut buffer), Ok(()));
    assert!(buffer.is_parsed());
    read(&mut buffer, &input[5..]);
    assert_eq!(
        connection.recv_buffered(&mut buffer),
        Ok(Some(EventKind::Text))
    );
    assert_eq!(buffer.payload(), "grün".as_bytes());

    // It fails at its first bad byte, late or not.
    let input = frame(0x81, b"never \xFF ends", None);
    read(&mut buffer, &input[..10]);
    assert_eq!(connection.recv_buffered(&mut buffer), Ok(None));
    assert_eq!(
        connection.take_incomplete(&mut buffer),
        Err(ProtocolError::InvalidUtf8)
    );
}

#[test]
fn what_stays_tells_how_long_it_will_be() {
    let mut connection = client();
    let mut buffer = RecvBuffer::reading(Storage::zeroed(1000), 500);
    assert!(connection.incomplete(&buffer).is_none());
    for (opcode, is_text) in [(0x81, true), (0x82, false)] {
        let message = frame(opcode, &[b'a'; 300], None);
        // Of an incomplete header: as much as will tell more.
        read(&mut buffer, &message[..3]);
        assert_eq!(connection.recv_buffered(&mut buffer), Ok(None));
        assert_eq!(connection.incomplete(&buffer).unwrap().len, 14);
        read(&mut buffer, &message[3..100]);
        assert_eq!(connection.recv_buffered(&mut buffer), Ok(None));
        let incomplete = connection.incomplete(&buffer).unwrap();
        assert_eq!((incomplete.len, incomplete.text), (message.len(), is_text));
        assert_eq!(buffer.waiting(), 100);
        read(&mut buffer, &message[100..]);
        assert!(connection.recv_buffered(&mut buffer).unwrap().is_some());
        assert!(connection.incomplete(&buffer).is_none());
    }
}

#[test]
fn messages_stay_from_the_length_of_a_header_on() {
    for (keeps, stays) in [(13, false), (14, true)] {
        let mut connection = client();
        let mut buffer = RecvBuffer::reading(Storage::zeroed(100), keeps);
        read(&mut buffer, &frame(0x82, &[7; 11], None)[..12]);
        assert_eq!(connection.recv_buffered(&mut buffer), Ok(None));
        assert_eq!(connection.incomplete(&buffer).is_some(), stays);
    }
}

#[test]
fn a_whole_message_of_64_kib_does_not_stay() {
    let mut connection = client();
    let mut buffer = RecvBuffer::reading(Storage::zeroed(100_000), 80_000);
    read(&mut buffer, &frame(0x82, &[7; 1 << 16], None));
    let event = connection.recv_buffered(&mut buffer).unwrap();
    assert_eq!(event, Some(EventKind::Binary));
}

#[test]
fn what_breaks_a_rule_or_does_not_fit_does_not_stay() {
    let long = frame(0x82, &[7; 600], None);
    for (input, result) in [
        (&long[..10], Ok(None)),
        (&frame(0x02, &[7; 100], None)[..10], Ok(None)),
        (&frame(0x89, b"ping", None)[..3], Ok(None)),
        (
            &frame(0x82, &[7; 100], Some([1; 4]))[..10],
            Err(ProtocolError::MaskedByServer),
        ),
        (&[0x83][..], Ok(None)),
        (&[0x83, 5][..], Err(ProtocolError::UnknownOpcode(3))),
    ] {
        let mut connection = client();
        let mut buffer = RecvBuffer::reading(Storage::zeroed(1000), 500);
        read(&mut buffer, input);
        assert_eq!(connection.recv_buffered(&mut buffer), result, "{input:?}");
        assert!(result.is_err() || buffer.is_parsed() || input.len() == 1);
    }
}

#[test]
fn a_large_message_can_be_received_directly() {
    use bytes::BufMut;
    // Miri takes a thousand times as long.
    let text = "é".repeat(if cfg!(miri) { 10_000 } else { 50_000 });
    let input = frame(0x81, text.as_bytes(), None);
    let (first, second) = input.split_at(1000);
    let mut connection = client();
    let mut buffer = RecvBuffer::filled(first.into());
    assert_eq!(connection.recv_buffered(&mut buffer), Ok(None));
    let mut rest = second;
    let kind = loop {
        let mut direct = connection.direct_buffer().expect("a large message is open");
        let count = rest.len().min(direct.chunk_mut().len());
        direct.put_slice(&rest[..count]);
        drop(direct);
        rest = &rest[count..];
        if let Some(kind) = connection.recv_buffered(&mut buffer).unwrap() {
            break kind;
        }
    };
    assert_eq!(kind, EventKind::Text);
    assert_eq!(buffer.payload().len(), text.len());
    let event = buffer.take_event().map(Owned::from);
    assert_eq!(event, Some(Owned::Text(text)));
}

/// A storage of 1,000 bytes after a message of 300 bytes that is shared, and 20 bytes of the next.
fn shared(connection: &mut Connection) -> (RecvBuffer, Bytes) {
    let mut buffer = RecvBuffer::reading(Storage::zeroed(1000), 500);
    let first = frame(0x82, &[7; 300], None);
    let second = frame(0x82, &[8; 300], None);
    read(&mut buffer, &[&first, &second[..20]].concat());
    assert!(connection.recv_buffered(&mut buffer).unwrap().is_some());
    let Some(Event::Binary(Payload::Borrowed(lent))) = buffer.take_event() else {
        panic!("it lies in the storage");
    };
    let (len, place) = (lent.len(), lent.as_ptr());
    let payload = buffer.share(len).unwrap();
    // Nothing was copied.
    assert_eq!((&payload[..], payload.as_ptr()), (&[7; 300][..], place));
    assert_eq!(connection.recv_buffered(&mut buffer), Ok(None));
    (buffer, payload)
}

#[test]
fn a_message_that_is_shared_stays_as_it_is_while_more_is_read() {
    let mut connection = client();
    let (mut buffer, first) = shared(&mut connection);
    assert_eq!((buffer.waiting(), buffer.capacity()), (20, 1000 - 304));
    assert_eq!(buffer.spare(), 1000 - 304 - 20);
    read(&mut buffer, &frame(0x82, &[8; 300], None)[20..]);
    assert!(connection.recv_buffered(&mut buffer).unwrap().is_some());
    let second = buffer.share(300).unwrap();
    buffer.room().fill(0xFF);
    assert_eq!(first, [7; 300][..]);
    assert_eq!(second, [8; 300][..]);
}

#[test]
fn a_storage_is_whole_again_when_nobody_has_its_parts() {
    let mut connection = client();
    let (mut buffer, payload) = shared(&mut connection);
    // What waits is moved; the parts stay where they are.
    let mut rest = buffer.move_to(Storage::zeroed(1000), 500);
    assert_eq!((buffer.waiting(), buffer.capacity()), (20, 1000));
    assert!(!rest.is_whole());
    assert!(!rest.reclaim());
    assert_eq!(payload, [7; 300][..]);
    drop(payload);
    assert!(rest.reclaim());
    assert!(rest.is_whole());
    assert_eq!((rest.len(), rest.whole_len()), (1000, 1000));
    // Also if nothing is left behind them.
    let mut buffer = RecvBuffer::filled(frame(0x82, &[7; 100], None)[..].into());
    connection = client();
    assert!(connection.recv_buffered(&mut buffer).unwrap().is_some());
    let payload = buffer.share(100).unwrap();
    assert_eq!(buffer.capacity(), 0);
    let mut rest = buffer.into_storage();
    assert!(!rest.reclaim());
    drop(payload);
    assert!(rest.reclaim());
    assert_eq!(rest.len(), 102);
}

#[test]
fn no_more_is_shared_than_was_parsed() {
    let mut buffer = RecvBuffer::filled(frame(0x82, &[7; 100], None)[..].into());
    assert_eq!(buffer.share(1), None);
    assert!(client().recv_buffered(&mut buffer).unwrap().is_some());
    assert_eq!(buffer.share(103), None);
    assert_eq!(buffer.share(100).unwrap(), [7; 100][..]);
}

#[test]
fn what_waits_moves_to_the_front_if_there_is_no_room_for_its_rest() {
    let mut connection = client();
    let mut buffer = RecvBuffer::reading(Storage::zeroed(100), 10);
    let first = frame(0x82, &[7; 60], None);
    let second = frame(0x82, &[8; 60], None);
    read(&mut buffer, &[&first, &second[..1]].concat());
    assert!(connection.recv_buffered(&mut buffer).unwrap().is_some());
    assert!(buffer.has_storage());
    assert_eq!(buffer.unparsed(), &second[..1]);
    assert_eq!(buffer.spare(), 100 - first.len() - 1);

    assert_eq!(buffer.room().len(), 99);
    read(&mut buffer, &second[1..]);
    assert_eq!(buffer.unparsed(), second);
    assert!(connection.recv_buffered(&mut buffer).unwrap().is_some());
    assert_eq!(buffer.payload(), [8; 60]);
}

#[test]
fn there_is_nothing_to_hand_over_between_messages() {
    let mut connection = client();
    let mut buffer = RecvBuffer::reading(Storage::zeroed(1000), 500);
    assert_eq!(connection.take_incomplete(&mut buffer), Ok(()));
    assert!(!connection.is_unfinished());
    assert_eq!(connection.frames_begun(), 0);
    let message = frame(0x82, &[7; 100], None);
    read(&mut buffer, &message[..50]);
    assert_eq!(connection.take_incomplete(&mut buffer), Ok(()));
    assert!(connection.is_unfinished());
    assert_eq!(connection.frames_begun(), 1);
    // What has begun is not given up for its memory.
    connection.release_buffers();
    read(&mut buffer, &message[50..]);
    let found = connection.recv_buffered(&mut buffer);
    assert_eq!(found, Ok(Some(EventKind::Binary)));
    assert_eq!(buffer.payload(), [7; 100]);
    assert!(!connection.is_unfinished());
}

#[test]
fn a_storage_that_was_never_shared_is_whole() {
    let mut storage = Storage::zeroed(10);
    assert!(storage.reclaim());
    assert_eq!((storage.len(), storage.is_whole()), (10, true));
    assert!(!RecvBuffer::default().has_storage());
}
