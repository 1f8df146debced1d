//! Large messages that are received straight into their final buffer.
use arkws_proto::deflate::DeflateParams;
use arkws_proto::{Config, Connection, ProtocolError, Role};

use crate::common::*;

#[test]
fn the_buffer_takes_what_is_missing_of_the_frame_and_no_more() {
    // Given: the first bytes of a large frame, and what comes after it.
    let message = vec![7; 100_000];
    let input = [frame(0x82, &message, None), frame(0x81, b"next", None)].concat();
    let mut client = client();
    assert!(
        client.direct_buffer().is_none(),
        "nothing is known of the next message"
    );
    assert_eq!(events(&mut client, &input[..1000]), []);
    // When
    let taken = put(&mut client, &input[1000..]).expect("a large message is incomplete");
    // Then
    assert_eq!(taken, input.len() - 1000 - frame(0x81, b"next", None).len());
    let event = recv_appended(&mut client).unwrap();
    assert_eq!(event, Some(Owned::Binary(message)));
    assert!(client.direct_buffer().is_none());
    assert_eq!(
        events(&mut client, &input[1000 + taken..]),
        [Owned::Text("next".into())]
    );
}

#[test]
fn the_buffer_takes_no_more_if_something_waits_in_it() {
    let input = frame(0x82, &[7; 100_000], None);
    let mut client = client();
    events(&mut client, &input[..1000]);
    let missing = input.len() - 1000;
    assert_eq!(put(&mut client, &[7; 30_000]), Some(30_000));
    let rest = put(&mut client, &[7; 100_000]).expect("much is missing still");
    assert!(rest <= missing - 30_000, "{rest}");
}

#[test]
fn it_is_not_offered_where_it_does_not_pay() {
    let mut client = client();
    let input = frame(0x82, &[7; 20_000], None);
    events(&mut client, &input[..100]);
    assert!(client.direct_buffer().is_some(), "much is missing");
    events(&mut client, &input[100..10_000]);
    assert!(client.direct_buffer().is_none(), "little is missing");
    events(&mut client, &input[10_000..]);
    events(&mut client, &frame(0x89, &[7; 100], None)[..50]);
    assert!(client.direct_buffer().is_none(), "a control frame");

    let params = DeflateParams {
        level: 0,
        ..deflate()
    };
    let config = Config {
        deflate: Some(params),
        ..Config::default()
    };
    let mut client = Connection::new(Role::Client, config.clone());
    let mut server = Connection::new(Role::Server, config);
    server.send_binary(&[7; 100_000]).unwrap();
    events(&mut client, &drain(&mut server)[..100]);
    assert!(client.direct_buffer().is_none(), "compressed data");
}

#[test]
fn what_was_appended_counts_even_if_the_next_bytes_come_another_way() {
    let key = Some([1, 2, 3, 4]);
    let message = vec![7; 100_000];
    let input = [frame(0x82, &message, key), frame(0x81, b"next", key)].concat();
    let mut server = server();
    events(&mut server, &input[..1000]);
    put(&mut server, &input[1000..30_000]);
    put(&mut server, &input[30_000..60_001]);
    assert_eq!(
        events(&mut server, &input[60_001..]),
        [Owned::Binary(message), Owned::Text("next".into())]
    );
}

#[test]
fn text_fails_at_its_first_bad_byte() {
    let mut text = vec![b'a'; 100_000];
    text[50_000] = 0xFF;
    let input = frame(0x81, &text, None);
    let mut client = client();
    events(&mut client, &input[..1000]);
    put(&mut client, &input[1000..49_000]);
    assert!(recv_appended(&mut client).unwrap().is_none());
    put(&mut client, &input[49_000..51_000]);
    assert_eq!(
        recv_appended(&mut client).unwrap_err(),
        ProtocolError::InvalidUtf8
    );
    assert!(client.direct_buffer().is_none());
    assert_eq!(
        recv_appended(&mut client).unwrap_err(),
        ProtocolError::InvalidUtf8
    );
}
