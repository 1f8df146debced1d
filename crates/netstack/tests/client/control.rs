//! What a program does with a connection beside messages and its close: pings, pause, terminate,
//! abort; and what a refusal tells.
use arkws::Message;
use arkws_netstack::{BusinessError, ReadyState, RequestOptions};
use futures_util::StreamExt;

use crate::connect::without_proxy;
use crate::support::{Client, Seen, Server, assert_other_error, message, soon};

#[tokio::test]
async fn a_refusal_has_status_headers_and_body_and_debug_shows_the_status_alone() {
    let server = Server::start().await;
    let mut client = Client::new();
    client.connect(server.url()).unwrap();
    let body = "6\r\nsecret\r\n0\r\n\r\n";
    let head = "HTTP/1.1 403 Forbidden\r\nX-Token: secret\r\nTransfer-Encoding: chunked\r\n\r\n";
    server.answer(&format!("{head}{body}")).await;

    let error = client.error().await;
    assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    let response = error.response.unwrap();
    assert_eq!(response.status, 403);
    assert_eq!(response.headers["x-token"], "secret");
    assert_eq!(response.body, b"secret");
}

#[tokio::test]
async fn sends_that_waited_for_a_refused_attempt_fail_with_its_response() {
    let server = Server::start().await;
    let mut client = Client::new();
    client.connect(server.url()).unwrap();
    client.send("first").unwrap();
    client.send("second").unwrap();
    server
        .answer("HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\nsecret")
        .await;

    let Seen::SendFailed(1, 2, error) = client.next().await else {
        panic!("the sends were not answered");
    };
    assert_eq!((error.code, error.cause_name()), (-1, Some("handshake")));
    assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    let response = error.response.unwrap();
    assert_eq!((response.status, &*response.body), (403, &b"secret"[..]));
    assert_eq!(client.error().await.response.unwrap(), response);
}

#[tokio::test]
async fn a_pong_answers_its_ping_with_the_time_that_it_took() {
    let server = Server::start().await;
    let mut client = Client::new();
    let mut peer = client.open_to(&server).await;
    let answering = tokio::spawn(async move { while peer.next().await.is_some() {} });

    assert_eq!(client.socket.ping(Some(b"data".to_vec())).unwrap(), 1);
    assert!(matches!(client.next().await, Seen::Pong(data, Some(1)) if data == b"data"));
    assert_eq!(client.socket.ping(None).unwrap(), 2);
    assert!(
        matches!(client.next().await, Seen::Pong(data, Some(2)) if data == 2_u64.to_be_bytes())
    );

    client.close().unwrap();
    assert!(matches!(
        client.rest().await[..],
        [Seen::PingsLost(2, _), Seen::Close(..)]
    ));
    answering.await.unwrap();
}

#[tokio::test]
async fn pings_need_a_connection_and_room_in_their_frame() {
    let server = Server::start().await;
    let mut client = Client::new();
    let code = |result: Result<u64, BusinessError>| result.unwrap_err().code;
    assert_eq!(code(client.socket.ping(None)), -1);
    client.connect(server.url()).unwrap();
    assert_eq!(code(client.socket.ping(None)), -1);
    assert_eq!(code(client.socket.ping(Some(vec![0; 126]))), 401);
    client.close().unwrap();
    assert_eq!(code(client.socket.ping(None)), -1);
    client.rest().await;
}

#[tokio::test]
async fn pings_that_nobody_has_answered_are_lost_with_their_connection() {
    let server = Server::start().await;
    let mut client = Client::new();
    let peer = client.open_raw(&server).await;
    for _ in 0..3 {
        client.socket.ping(None).unwrap();
    }
    drop(peer);
    let Seen::PingsLost(3, error) = client.next().await else {
        panic!("three pings are lost");
    };
    assert_eq!(error.cause_name(), Some("reset"));
    assert!(matches!(
        client.rest().await[..],
        [Seen::Error(_), Seen::Close(1006, _)]
    ));
}

#[tokio::test]
async fn the_peers_pings_and_other_pongs_are_told_to_those_who_ask() {
    let server = Server::start().await;
    let mut client = Client::new();
    let mut peer = client.open_to(&server).await;
    let mut both = async |data: &'static str| {
        peer.send(Message::Ping(data.into())).await.unwrap();
        peer.send(Message::Pong(data.into())).await.unwrap();
        peer.send(Message::Text(data.into())).await.unwrap();
    };
    both("unheard").await;
    assert_eq!(client.next().await, Seen::Text("unheard".to_owned()));
    assert_eq!(client.next().await, Seen::DataEnd);
    client.socket.observe_pings(true);
    both("heard").await;
    assert_eq!(client.next().await, Seen::Ping(b"heard".to_vec()));
    assert_eq!(client.next().await, Seen::Pong(b"heard".to_vec(), None));
    assert_eq!(client.next().await, Seen::Text("heard".to_owned()));
}

#[tokio::test]
async fn what_is_paused_is_not_read_from_until_it_is_resumed_or_closed() {
    let server = Server::start().await;
    let mut client = Client::new();
    client.socket.pause();
    let mut peer = client.open_to(&server).await;
    peer.send(Message::from("late")).await.unwrap();
    client.assert_silent().await;
    client.socket.resume();
    assert_eq!(client.next().await, Seen::Text("late".to_owned()));
    assert_eq!(client.next().await, Seen::DataEnd);

    client.socket.pause();
    client.close().unwrap();
    while soon(peer.next()).await.is_some() {}
    assert!(matches!(client.rest().await[..], [Seen::Close(1000, _)]));
}

#[tokio::test]
async fn terminate_ends_without_a_closing_handshake() {
    let server = Server::start().await;
    let mut client = Client::new();
    assert_other_error(&client.socket.terminate().unwrap_err(), 2302999);
    // Open.
    let mut peer = client.open_to(&server).await;
    client.socket.terminate().unwrap();
    assert!(matches!(client.rest().await[..], [Seen::Close(1006, _)]));
    assert!(soon(peer.next()).await.unwrap().is_err());
    // Connecting.
    client.connect(server.url()).unwrap();
    client.socket.terminate().unwrap();
    assert!(matches!(client.rest().await[..], [Seen::Close(1006, _)]));
    // Closing, with a peer that does not answer.
    let _peer = client.open_raw(&server).await;
    client.send("sent").unwrap();
    client.sent(1).await;
    client.close().unwrap();
    client.socket.terminate().unwrap();
    assert!(matches!(client.rest().await[..], [Seen::Close(1006, _)]));
    assert_eq!(client.socket.ready_state(), ReadyState::Closed);
}

#[tokio::test]
async fn abort_fails_an_attempt_and_closes_a_connection() {
    let server = Server::start().await;
    let mut client = Client::new();
    client.socket.abort("nothing to abort");
    client.connect(server.url()).unwrap();
    client.socket.abort("changed my mind");
    let events = client.rest().await;
    let [Seen::Error(error)] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(error.cause_name(), Some("closed"));
    assert!(
        error.message.ends_with("it was aborted: changed my mind"),
        "{error}"
    );

    let mut peer = client.open_to(&server).await;
    client.socket.abort("enough");
    assert!(matches!(message(&mut peer).await, Message::Close(_)));
    while soon(peer.next()).await.is_some() {}
    assert!(matches!(client.rest().await[..], [Seen::Close(1000, _)]));

    let options = RequestOptions {
        aborted: Some("before".to_owned()),
        ..without_proxy()
    };
    let error = client.socket.connect(&server.url(), options).unwrap_err();
    assert_eq!((error.code, error.event_follows), (-1, true));
    assert!(matches!(client.rest().await[..], [Seen::Error(_)]));
}
