//! What is larger than the language's values ends its connection with 1009, and is not delivered.
use arkws::Message;
use arkws_netstack::{BusinessError, LanguageLimits, RequestOptions};

use crate::connect::without_proxy;
use crate::support::{Client, Seen, Server, close_frame, context, level};

/// A client in a language with texts of 10 units and buffers of 100 bytes, and its server.
async fn open(level_number: u32) -> (Client, arkws::WebSocket<tokio::net::TcpStream>) {
    let server = Server::start().await;
    let limits = LanguageLimits {
        max_text_units: 10,
        max_binary_bytes: 100,
    };
    let mut client = Client::with(context(level(level_number)).with_language_limits(limits));
    let options = RequestOptions {
        max_message_size: Some(1000),
        ..without_proxy()
    };
    client.socket.connect(&server.url(), options).unwrap();
    let peer = server.accept().await;
    assert!(matches!(client.next().await, Seen::Headers(_)));
    assert!(matches!(client.next().await, Seen::Open { .. }));
    (client, peer)
}

#[tokio::test]
async fn a_text_of_more_units_than_a_string_can_have_ends_the_connection() {
    for (longest, too_long, units) in [
        ("0123456789", "0123456789a", 11),
        // Three bytes a unit, and two units a character of four bytes.
        ("\u{ffff}0123456\u{7ff}9", "\u{ffff}0123456\u{7ff}9a", 11),
        ("\u{1f600}\u{1f600}234567", "\u{1f600}\u{1f600}2345678", 11),
        (
            "\u{1f600}\u{1f600}\u{1f600}\u{1f600}\u{1f600}",
            "\u{1f600}\u{1f600}\u{1f600}\u{1f600}\u{1f600}\u{1f600}",
            12,
        ),
    ] {
        let (mut client, mut peer) = open(26).await;
        for text in [longest, too_long, "behind it"] {
            peer.feed_text(text).unwrap();
        }
        peer.flush().await.unwrap();
        assert_eq!(client.next().await, Seen::Text(longest.to_owned()));
        assert_eq!(client.next().await, Seen::DataEnd);
        let error = client.error().await;
        let why = format!(
            "a text message of {units} UTF-16 units is longer than a string can be here: 10, \
             which no option changes"
        );
        assert_eq!(error.code, BusinessError::EVENT);
        assert_eq!(error.cause_name(), Some("too-big"));
        assert_eq!(error.message, format!("Websocket connection lost: {why}"));
        let frame = close_frame(&mut peer).await;
        assert_eq!(frame, Some((1009, why.clone())));
        assert_eq!(client.rest().await, [Seen::Close(1009, why)]);
        // The object can connect again.
        assert_eq!(client.send("late").unwrap_err().code, BusinessError::FAILED);
    }
}

#[tokio::test]
async fn pieces_are_short_whatever_the_message_is() {
    let (mut client, mut peer) = open(10).await;
    peer.send("0123456789a".into()).await.unwrap();
    assert_eq!(client.next().await, Seen::Text("0123456789a".to_owned()));
}

#[tokio::test]
async fn no_message_is_longer_than_a_buffer_can_be() {
    let (mut client, mut peer) = open(26).await;
    peer.send(Message::from(vec![7; 100])).await.unwrap();
    peer.send(Message::from(vec![7; 101])).await.unwrap();
    assert_eq!(client.next().await, Seen::Binary(vec![7; 100]));
    assert_eq!(client.next().await, Seen::DataEnd);
    assert_eq!(client.error().await.cause_name(), Some("too-big"));
    assert_eq!(
        close_frame(&mut peer).await.map(|(code, _)| code),
        Some(1009)
    );
}
