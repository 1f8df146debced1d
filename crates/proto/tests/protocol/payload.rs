//! What frames carry, lent from the read or put together: the same to whoever takes it.
use arkws_proto::{Connection, Event, Payload};

use crate::common::{client, frame};

/// Has the connection receive a text in so many reads, and looks at it.
fn with_text(reads: usize, look: impl FnOnce(Event<'_>)) {
    let mut connection: Connection = client();
    let mut bytes = frame(0x81, "Grüße".as_bytes(), None);
    let (first, mut last) = bytes.split_at_mut(if reads == 1 { 0 } else { 4 });
    assert!(connection.recv(&mut &mut *first).unwrap().is_none());
    look(connection.recv(&mut last).unwrap().expect("it is whole"));
}

#[test]
fn a_text_is_taken_whole_or_from_its_front_wherever_it_lies() {
    for reads in [1, 2] {
        with_text(reads, |event| {
            let Event::Text(text) = event else {
                panic!("{event:?}");
            };
            assert_eq!(format!("{text:?}"), r#""Grüße""#);
            assert_eq!(text.into_utf8_bytes(), "Grüße");
        });
        with_text(reads, |event| {
            let Event::Text(text) = event else {
                panic!("{event:?}");
            };
            let mut payload = text.into_payload();
            assert_eq!(matches!(payload, Payload::Borrowed(_)), reads == 1);
            assert_eq!(payload.split_to(2).into_bytes(), b"Gr"[..]);
            assert_eq!(payload.into_bytes(), "üße".as_bytes());
        });
    }
}
