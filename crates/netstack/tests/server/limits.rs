//! What is larger than an option allows, or than the language's values: it ends its connection, and
//! is not delivered.
use arkws::Message;
use arkws_netstack::{LanguageLimits, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::*;

#[tokio::test]
async fn what_the_language_has_no_value_for_ends_its_connection_and_no_other() {
    let limits = LanguageLimits {
        max_text_units: 10,
        max_binary_bytes: 100,
    };
    let mut server = Server::with_context(context().with_language_limits(limits));
    let config = ServerConfig {
        max_message_size: Some(1000),
        ..loopback()
    };
    let address = server.start(config).await.unwrap();
    let (mut other, other_connection) = server.join(address).await;

    let (mut client, connection) = server.join(address).await;
    for text in ["0123456789", "0123456789a", "behind it"] {
        client.feed_text(text).unwrap();
    }
    client.flush().await.unwrap();
    assert_eq!(
        server.text().await,
        (connection.clone(), "0123456789".to_owned())
    );
    let error = server.error().await;
    assert_eq!(error.cause_name(), Some("too-big"));
    let why = "a text message of 11 UTF-16 units is longer than a string can be here: 10, which no \
               option changes";
    let words = format!("Websocket connection lost: {connection}: {why}");
    assert_eq!(error.message, words);
    let expected = Received::Close(Some((1009, why.to_owned())));
    assert_eq!(receive(&mut client).await, expected);
    assert_eq!(server.closed().await, (connection, 1009, why.to_owned()));

    let (mut client, connection) = server.join(address).await;
    client.send(Message::from(vec![7; 101])).await.unwrap();
    assert_eq!(server.error().await.cause_name(), Some("too-big"));
    assert!(matches!(
        receive(&mut client).await,
        Received::Close(Some((1009, _)))
    ));
    assert_eq!(server.closed().await.0, connection);

    other.send("0123456789".into()).await.unwrap();
    assert_eq!(
        server.text().await,
        (other_connection, "0123456789".to_owned())
    );
}

#[tokio::test]
async fn the_limits_of_a_request_and_of_a_message_have_options_that_errors_name() {
    let config = ServerConfig {
        max_header_bytes: Some(1000),
        max_headers: Some(10),
        max_fragments: Some(3),
        ..loopback()
    };
    let (mut server, address) = Server::started(config).await;
    for (value, count, words) in [
        (
            "x".repeat(1000),
            1,
            "the limit of 1000 bytes (the option maxHeaderBytes changes the limit)",
        ),
        (
            "x".to_owned(),
            11,
            "the limit of 10 (the option maxHeaders changes the limit)",
        ),
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let fields = format!("X: {value}\r\n").repeat(count);
        let head = format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
        let error = server.error().await;
        assert!(error.message.ends_with(words), "{error}");
    }

    let mut stream = TcpStream::connect(address).await.unwrap();
    shake_hands(&mut stream, request(address)).await.unwrap();
    let connection = server.connected().await;
    for first in [0x02, 0x00, 0x00, 0x80] {
        // Masked with 0.
        stream
            .write_all(&[first, 0x81, 0, 0, 0, 0, b'a'])
            .await
            .unwrap();
    }
    let error = server.error().await;
    assert_eq!(error.cause_name(), Some("too-big"));
    let words = "more than 3 fragments (the option maxFragments changes the limit)";
    assert!(error.message.ends_with(words), "{error}");
    assert_eq!(server.closed().await.0, connection);
}
