//! Everything that one socket receives is sent on another: `StreamExt::forward`.
use arkws::{CloseCode, CloseFrame, Config, Message, Role};
use futures_util::{SinkExt, StreamExt};

use crate::common::{next, open, tcp};

/// A client, a server, and between them a proxy, whose two directions have to end without an
/// error.
async fn through_a_proxy(
    run: impl AsyncFnOnce(
        arkws::WebSocket<tokio::net::TcpStream>,
        arkws::WebSocket<tokio::net::TcpStream>,
    ),
) {
    let (near, proxy_near) = tcp().await;
    let (proxy_far, far) = tcp().await;
    let config = Config::default;
    let (to_client, from_client) = open(proxy_near, Role::Server, config()).split();
    let (to_server, from_server) = open(proxy_far, Role::Client, config()).split();
    let proxy = async {
        tokio::join!(
            from_client.forward(to_server),
            from_server.forward(to_client)
        )
    };
    let client = open(near, Role::Client, config());
    let server = open(far, Role::Server, config());
    let ((up, down), ()) = tokio::join!(proxy, run(client, server));
    up.unwrap();
    down.unwrap();
}

#[tokio::test]
async fn forwarding_ends_without_an_error_when_the_client_closes() {
    through_a_proxy(async |mut client, mut server| {
        client.send(Message::from("hello")).await.unwrap();
        assert_eq!(next(&mut server).await.unwrap().unwrap(), "hello".into());
        let goodbye = CloseFrame::new(CloseCode::GOING_AWAY, "goodbye");
        let (closed, received) = tokio::join!(client.close(Some(goodbye.clone())), async {
            let received = next(&mut server).await.unwrap().unwrap();
            assert!(next(&mut server).await.is_none());
            received
        });
        closed.unwrap();
        assert_eq!(received, Message::Close(Some(goodbye)));
    })
    .await;
}

#[tokio::test]
async fn forwarding_ends_without_an_error_when_the_server_closes_while_pings_are_on_their_way() {
    through_a_proxy(async |mut client, mut server| {
        client.feed_ping(b"are you there").unwrap();
        let (closed, ()) = tokio::join!(server.close(None), async {
            client.flush().await.unwrap();
            while let Some(received) = client.recv().await {
                received.unwrap();
            }
        });
        closed.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_sink_of_a_connection_that_is_closing_takes_no_message_and_gives_it_back() {
    let (near, _far) = tcp().await;
    let mut socket = open(near, Role::Server, Config::default());
    SinkExt::close(&mut socket).await.unwrap();

    let error = SinkExt::send(&mut socket, Message::from("late")).await;
    assert_eq!(error.unwrap_err().into_unsent(), Some("late".into()));
    // What has no meaning any more is no error.
    for late in [
        Message::Close(None),
        Message::Ping("".into()),
        Message::Pong("".into()),
    ] {
        SinkExt::send(&mut socket, late).await.unwrap();
    }
}
