//! What a program sees of a connection, and in which order.
use arkws::{Acceptor, CloseCode, CloseFrame, Limits, Message};
use arkws_netstack::RequestOptions;
use tokio::io::AsyncWriteExt;

use crate::connect::without_proxy;
use crate::support::{Client, SWITCHING, Seen, Server, close_frame, level, message};

#[tokio::test]
async fn events_come_in_the_contracts_order_and_idle_is_last() {
    let server = Server::with(Acceptor::builder().protocols(["chat"]).build()).await;
    let mut client = Client::new();
    client
        .socket
        .connect(
            &server.url(),
            RequestOptions {
                protocol: "other, chat".into(),
                ..without_proxy()
            },
        )
        .unwrap();

    let mut peer = server.accept().await;
    peer.send(Message::from("hello")).await.unwrap();
    peer.send(Message::from(vec![1, 2])).await.unwrap();
    let bye = CloseFrame::new(CloseCode::new(3000).unwrap(), "done");
    peer.close(Some(bye)).await.unwrap();

    let events = client.rest().await;
    let Seen::Headers(headers) = &events[0] else {
        panic!("{events:?}");
    };
    assert!(headers.contains(&("sec-websocket-protocol".into(), "chat".into())));
    assert_eq!(
        events[1..],
        [
            Seen::Open {
                status: 101,
                message: "Switching Protocols".into(),
                protocol: Some("chat".into()),
            },
            Seen::Text("hello".into()),
            Seen::DataEnd,
            Seen::Binary(vec![1, 2]),
            Seen::DataEnd,
            Seen::Close(3000, "done".into()),
        ]
    );
    client.assert_silent().await;
}

#[tokio::test]
async fn header_fields_have_lower_case_names_and_repeated_ones_come_repeatedly() {
    let server = Server::start().await;
    let mut client = Client::new();
    client.connect(server.url()).unwrap();
    let answer = SWITCHING.replace(
        "\r\n\r\n",
        "\r\nSet-Cookie: a=1\r\nX-Other: x\r\nSet-Cookie: b=2\r\n\r\n",
    );
    let (_peer, _) = server.answer(&answer).await;

    let Seen::Headers(headers) = client.next().await else {
        panic!("headerReceive comes first");
    };
    let cookies: Vec<&str> = headers
        .iter()
        .filter(|(name, _)| name == "set-cookie")
        .map(|(_, value)| value.as_str())
        .collect();
    assert_eq!(cookies, ["a=1", "b=2"]);
    assert!(headers.contains(&("upgrade".into(), "websocket".into())));
}

#[tokio::test]
async fn before_level_12_messages_come_in_pieces_that_split_no_character() {
    // 9999 bytes; three-byte characters do not fit 4096 evenly.
    let text = "€".repeat(3333);
    let binary: Vec<u8> = (0..10_000).map(|n| n as u8).collect();
    for (api, pieces) in [(10, 3), (11, 3), (12, 1), (26, 1)] {
        let server = Server::start().await;
        let mut client = Client::at(level(api));
        let mut peer = client.open_to(&server).await;

        peer.send(text.as_str().into()).await.unwrap();
        peer.send(binary.clone().into()).await.unwrap();

        let mut joined = String::new();
        for _ in 0..pieces {
            match client.next().await {
                Seen::Text(piece) => {
                    assert!(pieces == 1 || piece.len() <= 4096, "level {api}");
                    joined += &piece;
                }
                other => panic!("level {api}: {other:?}"),
            }
        }
        assert_eq!(joined, text);
        assert_eq!(client.next().await, Seen::DataEnd);

        let mut joined = Vec::new();
        for _ in 0..pieces {
            match client.next().await {
                Seen::Binary(piece) => {
                    assert!(pieces == 1 || piece.len() <= 4096, "level {api}");
                    joined.extend(piece);
                }
                other => panic!("level {api}: {other:?}"),
            }
        }
        assert_eq!(joined, binary);
        assert_eq!(client.next().await, Seen::DataEnd);
    }
}

#[tokio::test]
async fn an_empty_message_is_one_empty_piece_at_every_level() {
    for api in [10, 26] {
        let server = Server::start().await;
        let mut client = Client::at(level(api));
        let mut peer = client.open_to(&server).await;

        peer.send("".into()).await.unwrap();
        peer.send(Vec::new().into()).await.unwrap();
        peer.send("x".repeat(4096).into()).await.unwrap();

        assert_eq!(client.next().await, Seen::Text("".into()));
        assert_eq!(client.next().await, Seen::DataEnd);
        assert_eq!(client.next().await, Seen::Binary(vec![]));
        assert_eq!(client.next().await, Seen::DataEnd);
        assert_eq!(client.next().await, Seen::Text("x".repeat(4096)));
        assert_eq!(client.next().await, Seen::DataEnd);
    }
}

#[tokio::test]
async fn a_close_without_a_code_is_1005_and_one_without_a_reason_has_none() {
    for (frame, expected) in [
        (None, Seen::Close(1005, "".into())),
        (
            Some(CloseFrame::new(CloseCode::NORMAL, "")),
            Seen::Close(1000, "".into()),
        ),
    ] {
        let server = Server::start().await;
        let mut client = Client::new();
        let mut peer = client.open_to(&server).await;

        peer.close(frame).await.unwrap();

        assert_eq!(client.rest().await, [expected]);
    }
}

#[tokio::test]
async fn a_lost_connection_is_an_error_and_then_1006_with_the_cause() {
    let server = Server::start().await;
    let mut client = Client::new();
    let peer = client.open_to(&server).await;

    drop(peer);

    let error = client.error().await;
    assert_eq!(error.code, 200);
    assert_eq!(error.data.as_deref(), Some("0"));
    assert_eq!(error.cause_name(), Some("reset"));
    let [Seen::Close(1006, reason)] = &client.rest().await[..] else {
        panic!("expected 1006");
    };
    assert!(!reason.is_empty());
    assert_eq!(
        error.message,
        format!("Websocket connection lost: {reason}")
    );
}

/// What a server sends after the handshake, and what it and the program then learn.
#[tokio::test]
async fn what_breaks_the_protocol_ends_the_connection_with_the_right_code() {
    let huge = [0x82, 0x7f, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    let gigabyte = [0x82, 0x7f, 0, 0, 0, 0, 0x40, 0, 0, 0];
    for (bytes, code, cause) in [
        (&b"HTTP/1.1 500 oh no\r\n\r\n"[..], 1002, "protocol"),
        (&[0x81, 0x02, 0xc3, 0x28], 1007, "protocol"),
        (&[0x81, 0x81, 0, 0, 0, 0, b'x'], 1002, "protocol"),
        (&[0x83, 0x00], 1002, "protocol"),
        (&huge, 1009, "too-big"),
        (&gigabyte, 1009, "too-big"),
    ] {
        let server = Server::start().await;
        let mut client = Client::new();
        let mut peer = client.open_raw(&server).await;

        peer.write_all(bytes).await.unwrap();

        // The events do not wait for the server, which leaves the connection open.
        let error = client.error().await;
        assert_eq!(error.cause_name(), Some(cause), "{bytes:?}: {error:?}");
        let rest = client.rest().await;
        assert!(matches!(rest[..], [Seen::Close(1006, _)]), "{rest:?}");
        let mut peer = arkws::WebSocket::from_handshake(
            peer,
            arkws::Role::Server,
            Default::default(),
            Default::default(),
            &[],
        );
        let frame = close_frame(&mut peer).await;
        assert_eq!(frame.map(|(code, _)| code), Some(code), "{bytes:?}");
    }
}

#[tokio::test]
async fn the_limit_for_messages_is_an_option_and_the_error_names_it() {
    let server = Server::start().await;
    let mut client = Client::new();
    let options = RequestOptions {
        max_message_size: Some(1000),
        ..without_proxy()
    };
    client.socket.connect(&server.url(), options).unwrap();
    let mut peer = server.accept().await;
    client.next().await;
    client.next().await;

    peer.send("x".repeat(1000).into()).await.unwrap();
    assert_eq!(client.next().await, Seen::Text("x".repeat(1000)));
    assert_eq!(client.next().await, Seen::DataEnd);
    peer.send("x".repeat(1001).into()).await.unwrap();

    let error = client.error().await;
    assert_eq!(error.cause_name(), Some("too-big"));
    assert!(error.message.contains("maxMessageSize"), "{error}");
    assert_eq!(close_frame(&mut peer).await.unwrap().0, 1009);
}

#[tokio::test]
async fn compressed_messages_arrive_as_they_were() {
    let acceptor = Acceptor::builder()
        .deflate(arkws::DeflateConfig::default())
        .build();
    let server = Server::with(acceptor).await;
    let mut client = Client::at(level(26));
    let options = RequestOptions {
        per_message_deflate: true,
        ..without_proxy()
    };
    client.socket.connect(&server.url(), options).unwrap();
    let mut peer = server.accept().await;
    client.next().await;
    client.next().await;
    let text = "again and again and again ".repeat(100);

    peer.send(text.as_str().into()).await.unwrap();
    client.send(&text).unwrap();

    let mut seen = vec![client.next().await, client.next().await];
    seen.push(client.next().await);
    assert!(seen.contains(&Seen::Text(text.clone())));
    assert_eq!(message(&mut peer).await, Message::from(text.as_str()));
    let extensions = client.socket.stats().extensions.unwrap();
    assert!(extensions.contains("permessage-deflate"), "{extensions}");
    let _ = Limits::default();
}

#[tokio::test]
async fn a_panicking_listener_loses_its_own_connection_only() {
    let server = Server::start().await;
    let (mut broken, mut other) = (Client::new(), Client::new());
    broken.on_event(|seen| {
        if matches!(seen, Seen::Text(_)) {
            panic!("a defect in a binding");
        }
    });
    broken.connect(server.url()).unwrap();
    let mut broken_peer = server.accept().await;
    other.connect(server.url()).unwrap();
    let mut other_peer = server.accept().await;
    for client in [&mut broken, &mut other] {
        client.next().await;
        client.next().await;
    }

    broken_peer.send("boom".into()).await.unwrap();
    // The panic has poisoned the hook's mutex, so that the last events are not seen; the object is
    // free again all the same.
    while broken_peer.recv().await.is_some_and(|event| event.is_ok()) {}
    assert_eq!(
        broken.socket.ready_state(),
        arkws_netstack::ReadyState::Closed
    );

    other_peer.send("still here".into()).await.unwrap();
    assert_eq!(other.next().await, Seen::Text("still here".into()));
}

#[tokio::test]
async fn a_listener_that_panics_at_the_answer_of_a_send_is_told_that_it_failed() {
    let server = Server::start().await;
    let mut client = Client::new();
    client.on_event(|seen| {
        if matches!(seen, Seen::Sent(_)) {
            panic!("a defect in a binding");
        }
    });
    let _peer = client.open_to(&server).await;
    client.send("boom").unwrap();
    assert!(matches!(client.next().await, Seen::SendFailed(1, 1, _)));
    assert_eq!(client.error().await.cause_name(), Some("internal"));
}
