//! What is larger than the language's values ends its connection with 1009, and is not delivered.
use arkws::Message;
use arkws_netstack::{RuntimeLimits, ServerConfig};

use crate::support::*;

#[tokio::test]
async fn what_the_language_has_no_value_for_ends_its_connection_and_no_other() {
    let limits = RuntimeLimits {
        max_text_units: 10,
        max_binary_bytes: 100,
    };
    let mut server = Server::with_context(context().with_runtime_limits(limits));
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
    assert_eq!(error.cause, Some("too-big"));
    let why = "a text message of 11 UTF-16 units is longer than a string can be here: 10, which no \
               option changes";
    let words = format!("Websocket connection lost: {connection}: {why}");
    assert_eq!(error.message, words);
    let told = Received::Close(Some((1009, why.to_owned())));
    assert_eq!(receive(&mut client).await, told);
    assert_eq!(server.closed().await, (connection, 1009, why.to_owned()));

    let (mut client, connection) = server.join(address).await;
    client.send(Message::from(vec![7; 101])).await.unwrap();
    assert_eq!(server.error().await.cause, Some("too-big"));
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
