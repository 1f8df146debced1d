//! From and to the types of others.
use arkws::{Bytes, BytesMut, CloseCode, CloseFrame, Message, Utf8Bytes};

#[test]
fn messages_are_made_of_whatever_holds_text_or_bytes() {
    let text = Message::Text("hello".into());
    assert_eq!(Message::from("hello"), text);
    assert_eq!(Message::from(String::from("hello")), text);
    assert_eq!(Message::from(Utf8Bytes::from_static("hello")), text);
    assert_eq!(Message::text("hello"), text);
    assert_eq!(Message::text(std::borrow::Cow::Borrowed("hello")), text);
    assert_eq!(Message::text(Box::<str>::from("hello")), text);

    let data = Message::Binary(Bytes::from_static(b"abc"));
    assert_eq!(Message::from(b"abc".as_slice()), data);
    assert_eq!(Message::from(b"abc".to_vec()), data);
    assert_eq!(Message::from(Bytes::from_static(b"abc")), data);
    assert_eq!(Message::from(BytesMut::from("abc")), data);
    assert_eq!(Message::binary(b"abc".to_vec()), data);
    assert_eq!(Bytes::from(data), "abc");

    let close = CloseFrame::new(CloseCode::NORMAL, "done");
    assert_eq!(Message::from(close.clone()), Message::Close(Some(close)));
    assert!(Message::Ping(Bytes::new()).is_ping());
    assert!(Message::Pong(Bytes::new()).is_pong());
}

#[test]
fn messages_tell_what_they_are_and_give_up_what_they_hold() {
    let close = Message::Close(Some(CloseFrame::new(CloseCode::NORMAL, "done")));
    for (message, is, payload) in [
        (
            Message::from("one"),
            [true, false, false, false, false],
            "one",
        ),
        (
            Message::from(b"two".to_vec()),
            [false, true, false, false, false],
            "two",
        ),
        (
            Message::Ping("three".into()),
            [false, false, true, false, false],
            "three",
        ),
        (
            Message::Pong("four".into()),
            [false, false, false, true, false],
            "four",
        ),
        (close, [false, false, false, false, true], "done"),
        (Message::Close(None), [false, false, false, false, true], ""),
    ] {
        let told = [
            message.is_text(),
            message.is_binary(),
            message.is_ping(),
            message.is_pong(),
            message.is_close(),
        ];
        assert_eq!(told, is, "{message:?}");
        assert_eq!(message.is_data(), is[0] || is[1]);
        assert_eq!(message.len(), payload.len());
        assert_eq!(message.is_empty(), payload.is_empty());
        assert_eq!(message.as_bytes(), payload.as_bytes());
        let text = is[0].then_some(payload);
        assert_eq!(message.as_text(), text);
        assert_eq!(message.clone().into_text().as_deref(), text);
        assert_eq!(message.into_bytes(), payload);
    }
}

#[test]
fn text_becomes_a_string() {
    let text = Utf8Bytes::from("größer");
    let kept = text.clone();
    assert_eq!(text, "größer");
    assert_eq!("größer", text);
    assert_eq!(String::from(text), "größer");
    assert_eq!(String::from(kept), "größer");
}

#[test]
fn close_codes_are_numbers_but_not_every_number_is_one() {
    for code in 0..=u16::MAX {
        match CloseCode::try_from(code) {
            Ok(valid) => assert_eq!(u16::from(valid), code),
            Err(error) => assert!(error.to_string().contains(&code.to_string())),
        }
        assert_eq!(CloseCode::try_from(code).ok(), CloseCode::new(code));
    }
}

#[test]
fn messages_are_shown_to_people() {
    for (message, shown) in [
        (Message::from("hello"), "hello"),
        (Message::from(vec![0; 3]), "3 bytes"),
        (Message::Ping("a".into()), "ping of 1 bytes"),
        (Message::Close(None), "close"),
        (CloseFrame::from(CloseCode::GOING_AWAY).into(), "close 1001"),
        (
            CloseFrame::new(CloseCode::NORMAL, "done").into(),
            "close 1000: done",
        ),
    ] {
        assert_eq!(message.to_string(), shown);
    }
}
