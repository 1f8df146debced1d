//! The life of a client: connect, messages, close, error; and that one's trouble is nobody else's.
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use arkws::Message;
use arkws_netstack::{
    CloseOptions, Connection, ServerConfig, ServerEvent, ServerListener, WebSocketServer,
};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::support::*;

/// A listener that is a function, which may call the object.
struct CallingListener<F> {
    object: OnceLock<Arc<WebSocketServer>>,
    on_event: F,
}

impl<F> CallingListener<F>
where
    F: Fn(&WebSocketServer, ServerEvent<'_>) + Send + Sync + 'static,
{
    fn object(on_event: F) -> Arc<WebSocketServer> {
        let listener = Arc::new(CallingListener {
            object: OnceLock::new(),
            on_event,
        });
        let object = Arc::new(WebSocketServer::new(context(), listener.clone()));
        listener.object.set(object.clone()).unwrap();
        object
    }
}

impl<F> ServerListener for CallingListener<F>
where
    F: Fn(&WebSocketServer, ServerEvent<'_>) + Send + Sync + 'static,
{
    fn on_event(&self, event: ServerEvent<'_>) {
        (self.on_event)(self.object.get().unwrap(), event);
    }
}

#[tokio::test]
async fn a_client_is_listed_when_it_sees_its_open_and_inside_its_connect_event() {
    let (mut server, address) = Server::started(loopback()).await;
    let mut clients = Vec::new();
    for _ in 0..10 {
        let client = connect(address).await.unwrap();
        let local = client.get_ref().local_addr().unwrap().to_string();
        assert!(
            server
                .list()
                .iter()
                .any(|listed| listed.to_string() == local),
            "at once"
        );
        server.connected().await;
        clients.push(client);
    }

    let (sender, mut seen) = mpsc::unbounded_channel();
    let object = CallingListener::object(move |object, event| match event {
        ServerEvent::Started(address) => sender.send((address.unwrap().to_string(), true)).unwrap(),
        ServerEvent::Connect { client, .. } | ServerEvent::Close(client, _) => {
            let connection = &client.connection;
            let listed = object.list_all_connections().unwrap().contains(client);
            sender.send((connection.to_string(), listed)).unwrap();
        }
        _ => {}
    });
    object.start(loopback()).unwrap();
    let address = seen.recv().await.unwrap().0.parse().unwrap();
    let mut client = connect(address).await.unwrap();
    let (joined, listed) = seen.recv().await.unwrap();
    assert!(listed, "inside Connect");
    client.close(None).await.unwrap();
    assert_eq!(seen.recv().await.unwrap(), (joined, false), "inside Close");
}

#[tokio::test]
async fn the_list_is_ordered_by_address_and_port_as_text() {
    let (mut server, address) = Server::started(loopback()).await;
    let mut clients = Vec::new();
    for source in [
        [127, 0, 0, 20],
        [127, 0, 0, 3],
        [127, 0, 0, 20],
        [127, 0, 0, 100],
    ] {
        clients.push(connect_from(source, address).await.unwrap());
        server.connected().await;
    }
    let listed: Vec<String> = server.list().iter().map(Connection::to_string).collect();
    assert!(listed.is_sorted(), "{listed:?}");
    let ips: Vec<_> = server
        .list()
        .into_iter()
        .map(|listed| listed.client_ip)
        .collect();
    assert_eq!(
        ips,
        ["127.0.0.100", "127.0.0.20", "127.0.0.20", "127.0.0.3"]
    );
}

#[tokio::test]
async fn messages_come_whole_and_in_order_at_every_level() {
    let (mut server, address) = Server::started(loopback()).await;
    let (mut client, connection) = server.join(address).await;
    let long = "\0é😀".repeat(10_000);
    for message in [
        Message::from(""),
        Message::from(long.as_str()),
        Message::from(vec![0; 100_000]),
        Message::from(Vec::new()),
    ] {
        client.send(message).await.unwrap();
    }
    assert_eq!(server.text().await, (connection.clone(), String::new()));
    assert_eq!(server.text().await, (connection.clone(), long));
    for length in [100_000, 0] {
        match server.next().await {
            Seen::Binary(from, data) => {
                assert_eq!((from, data), (connection.clone(), vec![0; length]))
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_client_that_closes_gives_its_code_and_reason() {
    let (mut server, address) = Server::started(loopback()).await;
    for (sent, code, reason) in [
        (Some(frame(4321, "enough")), 4321, "enough"),
        (Some(frame(1000, "")), 1000, ""),
        (None, 1005, ""),
    ] {
        let (mut client, connection) = server.join(address).await;
        client.close(sent).await.unwrap();
        assert_eq!(server.closed().await, (connection, code, reason.to_owned()));
        assert_eq!(server.list(), []);
    }
}

#[tokio::test]
async fn the_id_of_a_client_that_has_left_is_not_that_of_the_next_with_its_address_and_port() {
    let (sender, mut seen) = mpsc::unbounded_channel();
    let object = CallingListener::object(move |_, event| match event {
        ServerEvent::Started(address) => sender
            .send(Err(address.unwrap().socket_address().unwrap()))
            .unwrap(),
        ServerEvent::Connect { client, .. } | ServerEvent::Close(client, _) => {
            sender.send(Ok(client.clone())).unwrap();
        }
        _ => {}
    });
    object.start(loopback()).unwrap();
    let address = seen.recv().await.unwrap().unwrap_err();
    let mut local = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut clients = Vec::new();
    for _ in 0..2 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(local).unwrap();
        let stream = socket.connect(address).await.unwrap();
        local = stream.local_addr().unwrap();
        let client = open(stream, request(address)).await.unwrap();
        clients.push(seen.recv().await.unwrap().unwrap());
        if clients.len() == 1 {
            // Nothing is left of the connection: its port is free at once.
            client.get_ref().set_zero_linger().unwrap();
            drop(client);
            assert_eq!(seen.recv().await.unwrap().unwrap(), clients[0]);
        } else {
            let [old, new] = &clients[..] else {
                unreachable!("two")
            };
            assert_eq!(old.connection, new.connection);
            assert!(!object.close_client(old.id, CloseOptions::default()));
            let closed = object.close(&new.connection, CloseOptions::default());
            assert_eq!(closed.unwrap(), new.id);
        }
    }
}

#[tokio::test]
async fn an_empty_close_frame_ends_one_connection_and_nothing_else() {
    let (mut server, address) = Server::started(loopback()).await;
    let (mut other, other_connection) = server.join(address).await;
    let (mut client, _) = server.join(address).await;
    client.close(None).await.unwrap();
    server.closed().await;

    assert_eq!(server.list(), std::slice::from_ref(&other_connection));
    other.send("still here".into()).await.unwrap();
    assert_eq!(server.text().await, (other_connection, "still here".into()));
    server.join(address).await;
}

#[tokio::test]
async fn the_servers_close_goes_on_the_wire_and_into_its_own_event() {
    let (mut server, address) = Server::started(loopback()).await;
    let long = "é".repeat(100);
    for (code, reason, wire_code, wire_reason) in [
        (None, None, 1000, "CLOSE_NORMAL"),
        (Some(1001), Some(""), 1001, "CLOSE_NORMAL"),
        (Some(3000), Some("mine"), 3000, "mine"),
        (Some(4999), Some("mine"), 4999, "mine"),
        (
            Some(1005),
            Some("not for the wire"),
            1000,
            "not for the wire",
        ),
        (Some(5000), Some("none"), 1000, "none"),
        (Some(66_536), Some("beyond 16 bits"), 1000, "beyond 16 bits"),
        (Some(1000), Some(long.as_str()), 1000, &long[..122]),
    ] {
        let (mut client, connection) = server.join(address).await;
        let options = CloseOptions {
            code,
            reason: reason.map(str::to_owned),
        };
        server.object.close(&connection, options).unwrap();
        let expected = (wire_code, wire_reason.to_owned());
        assert_eq!(receive(&mut client).await, Received::Close(Some(expected)));
        let event = (connection, wire_code, wire_reason.to_owned());
        assert_eq!(server.closed().await, event);
    }
}

#[tokio::test]
async fn close_says_who_there_is_to_close() {
    let (mut server, address) = Server::started(loopback()).await;
    let (_client, connection) = server.join(address).await;
    let close = |connection: &Connection| {
        let result = server.object.close(connection, CloseOptions::default());
        result.map(drop).map_err(|error| error.code)
    };
    let nameless = Connection {
        client_ip: String::new(),
        ..connection.clone()
    };
    let stranger = Connection {
        client_port: connection.client_port ^ 1,
        ..connection.clone()
    };
    assert_eq!(close(&nameless), Err(2302999));
    assert_eq!(close(&stranger), Err(2302006));
    assert_eq!(close(&connection), Ok(()));
    assert_eq!(close(&connection), Err(2302999), "closing already");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_answer_a_close_is_given_up_after_five_seconds() {
    let (mut server, address) = Server::started(loopback()).await;
    let (_client, connection) = server.join(address).await;
    let start = Instant::now();
    let options = CloseOptions {
        code: Some(4000),
        reason: Some("bye".into()),
    };
    server.object.close(&connection, options).unwrap();
    assert_eq!(server.closed().await, (connection, 4000, "bye".into()));
    assert!(start.elapsed() >= seconds(5));
}

#[tokio::test]
async fn a_code_that_must_not_be_sent_goes_as_1000_and_none_is_converted() {
    let (mut server, address) = Server::started(loopback()).await;
    for (asked, sent) in [
        (1001, 1001),
        (1005, 1000),
        (1006, 1000),
        (1015, 1000),
        (2999, 1000),
        (5000, 1000),
        (0, 1000),
        (65536 + 1001, 1000),
        (u32::MAX, 1000),
    ] {
        let (mut client, connection) = server.join(address).await;
        let options = CloseOptions {
            code: Some(asked),
            reason: Some("x".into()),
        };
        server.object.close(&connection, options).unwrap();
        let expected = Received::Close(Some((sent, "x".into())));
        assert_eq!(receive(&mut client).await, expected);
        assert_eq!(server.closed().await, (connection, sent, "x".into()));
    }
}

#[tokio::test]
async fn a_lost_connection_is_an_error_and_then_1006_with_the_cause() {
    let (mut server, address) = Server::started(loopback()).await;
    let (client, connection) = server.join(address).await;
    drop(client);
    let error = server.error().await;
    assert_eq!(error.cause_name(), Some("reset"));
    let expected = format!("Websocket connection lost: {connection}: ");
    assert!(error.message.starts_with(&expected), "{}", error.message);
    let (closed, code, reason) = server.closed().await;
    assert_eq!((closed, code), (connection, 1006));
    assert!(
        error.message.ends_with(&reason) && !reason.is_empty(),
        "{reason}"
    );
    assert_eq!(server.list(), []);
}

#[tokio::test]
async fn a_client_that_breaks_the_protocol_is_told_so_and_the_others_go_on() {
    let (mut server, address) = Server::started(loopback()).await;
    let (mut good, good_connection) = server.join(address).await;

    // An unmasked frame (RFC 6455, 5.1), text that is not UTF-8 (8.1).
    for (bytes, code, cause) in [
        (&b"\x81\x02hi"[..], 1002, "protocol"),
        (b"\x81\x82\0\0\0\0\xff\xff", 1007, "protocol"),
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let negotiated = shake_hands(&mut stream, request(address)).await.unwrap();
        let connection = server.connected().await;
        stream.write_all(bytes).await.unwrap();

        let mut bad = client(stream, negotiated);
        match receive(&mut bad).await {
            Received::Close(Some((received, _))) => assert_eq!(received, code),
            other => panic!("{other:?}"),
        }
        assert_eq!(server.error().await.cause_name(), Some(cause));
        assert_eq!(server.closed().await.0, connection);
    }

    good.send("fine".into()).await.unwrap();
    assert_eq!(server.text().await, (good_connection, "fine".into()));
}

#[tokio::test]
async fn a_message_over_the_limit_ends_its_connection_with_1009() {
    let config = ServerConfig {
        max_message_size: Some(1000),
        ..loopback()
    };
    let (mut server, address) = Server::started(config).await;
    let (mut client, connection) = server.join(address).await;
    client.send(vec![1; 1000].into()).await.unwrap();
    assert!(matches!(server.next().await, Seen::Binary(_, data) if data.len() == 1000));
    client.send(vec![1; 1001].into()).await.unwrap();
    let error = server.error().await;
    assert_eq!(error.cause_name(), Some("too-big"));
    assert!(
        error.message.contains("maxMessageSize"),
        "{}",
        error.message
    );
    let (closed, code, _) = server.closed().await;
    assert_eq!((closed, code), (connection, 1006));
    match receive(&mut client).await {
        Received::Close(Some((code, _))) => assert_eq!(code, 1009),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_pings_unanswered_is_given_up_and_one_that_answers_is_not() {
    let config = ServerConfig {
        ping_interval: Some(seconds(10)),
        ..loopback()
    };
    let (mut server, address) = Server::started(config).await;
    let (mut alive, alive_connection) = server.join(address).await;
    let answering = tokio::spawn(async move {
        let _ = receive(&mut alive).await;
        alive
    });
    let start = Instant::now();
    let (_mute, mute_connection) = server.join(address).await;

    let error = server.error().await;
    assert_eq!(error.cause_name(), Some("heartbeat"));
    assert!(error.message.contains("pingInterval"), "{}", error.message);
    let (closed, code, _) = server.closed().await;
    assert_eq!((closed, code), (mute_connection, 1006));
    assert!(start.elapsed() >= seconds(20) && start.elapsed() < seconds(25));

    tokio::time::sleep(seconds(120)).await;
    assert_eq!(server.list(), [alive_connection]);
    answering.abort();
}

#[tokio::test]
async fn a_listener_that_panics_harms_nobody() {
    let (sender, mut seen) = mpsc::unbounded_channel();
    let object = CallingListener::object(move |_, event| match event {
        ServerEvent::Started(address) => sender.send(address.unwrap().to_string()).unwrap(),
        ServerEvent::Text(_, text) if text.as_str() == "panic" => panic!("as asked"),
        ServerEvent::Text(_, text) => sender.send(text.as_str().to_owned()).unwrap(),
        _ => {}
    });
    object.start(loopback()).unwrap();
    let address = seen.recv().await.unwrap().parse().unwrap();
    let mut one = connect(address).await.unwrap();
    let mut other = connect(address).await.unwrap();
    one.send("panic".into()).await.unwrap();
    one.send("one".into()).await.unwrap();
    assert_eq!(seen.recv().await.unwrap(), "one");
    other.send("other".into()).await.unwrap();
    assert_eq!(seen.recv().await.unwrap(), "other");
}

#[tokio::test]
async fn calls_from_inside_events_are_answered() {
    let (sender, mut seen) = mpsc::unbounded_channel();
    let object = CallingListener::object(move |object, event| match event {
        ServerEvent::Started(address) => sender.send(address.unwrap().to_string()).unwrap(),
        ServerEvent::Connect { client, .. } => {
            object.send_text("hello", &client.connection).unwrap();
        }
        ServerEvent::Text(client, text) => {
            let connection = &client.connection;
            object.send_text(text.as_str(), connection).unwrap();
            object.close(connection, CloseOptions::default()).unwrap();
        }
        ServerEvent::Close(..) => object.stop().unwrap(),
        ServerEvent::Idle => sender.send("idle".into()).unwrap(),
        _ => {}
    });
    object.start(loopback()).unwrap();
    let address = seen.recv().await.unwrap().parse().unwrap();
    let mut client = connect(address).await.unwrap();
    assert_eq!(receive(&mut client).await, Received::Text("hello".into()));
    client.send("echo".into()).await.unwrap();
    assert_eq!(receive(&mut client).await, Received::Text("echo".into()));
    assert!(matches!(
        receive(&mut client).await,
        Received::Close(Some((1000, _)))
    ));
    assert_eq!(seen.recv().await.unwrap(), "idle");
}

#[tokio::test]
async fn a_client_that_is_not_consumed_is_not_read_from_and_nothing_is_lost() {
    const MESSAGE: usize = 64 << 10;
    const COUNT: usize = 1000;
    let (mut server, address) = Server::started(loopback()).await;
    let (mut client, _) = server.join(address).await;
    let (mut other, other_connection) = server.join(address).await;
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = sent.clone();
    let sending = tokio::spawn(async move {
        for n in 0..COUNT {
            client.send(vec![n as u8; MESSAGE].into()).await.unwrap();
            counter.fetch_add(1, Ordering::Relaxed);
        }
        client
    });

    // The client comes to a halt long before the end...
    let mut held = Vec::new();
    loop {
        let before = sent.load(Ordering::Relaxed);
        while let Ok(seen) = tokio::time::timeout(
            std::time::Duration::from_millis(300),
            server.next_unconsumed(),
        )
        .await
        {
            held.push(seen);
        }
        if sent.load(Ordering::Relaxed) == before {
            break;
        }
    }
    assert!(held.len() * MESSAGE < 8 << 20, "{} messages", held.len());
    assert!(sent.load(Ordering::Relaxed) < COUNT);

    // ...which the other one does not notice...
    other.send("hello".into()).await.unwrap();
    assert_eq!(server.text().await, (other_connection, "hello".into()));

    // ...and goes on when its data is consumed.
    for (n, (sender, seen)) in held.iter().enumerate() {
        assert!(
            matches!(seen, Seen::Binary(_, data) if data.len() == MESSAGE && data[0] == n as u8)
        );
        server.object.consumed(sender.unwrap(), 1, MESSAGE);
    }
    for n in held.len()..COUNT {
        match server.next().await {
            Seen::Binary(_, data) => assert_eq!(data[0], n as u8),
            other => panic!("{other:?}"),
        }
    }
    sending.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_waits_to_be_consumed_is_not_taken_for_dead() {
    let config = ServerConfig {
        ping_interval: Some(seconds(10)),
        ..loopback()
    };
    let (mut server, address) = Server::started(config).await;
    let (mut client, connection) = server.join(address).await;
    let sending = tokio::spawn(async move {
        for _ in 0..200 {
            client.send(vec![0; 64 << 10].into()).await.unwrap();
        }
        let _ = receive(&mut client).await;
    });
    // The program is busy for ten minutes...
    tokio::time::sleep(seconds(600)).await;
    // ...then catches up.
    for _ in 0..200 {
        assert!(matches!(server.next().await, Seen::Binary(..)));
    }
    tokio::time::sleep(seconds(60)).await;
    assert_eq!(server.list(), [connection]);
    sending.abort();
}

#[tokio::test]
async fn every_batch_of_events_is_flushed() {
    /// Events that have not been flushed.
    #[derive(Default)]
    struct Batches {
        open: Mutex<Vec<String>>,
        sender: OnceLock<mpsc::UnboundedSender<Vec<String>>>,
    }
    impl ServerListener for Batches {
        fn on_event(&self, event: ServerEvent<'_>) {
            let name = match event {
                ServerEvent::Started(address) => address.unwrap().to_string(),
                ServerEvent::Connect { .. } => "connect".into(),
                ServerEvent::Text(_, text) => text.as_str().to_owned(),
                ServerEvent::Close(..) => "close".into(),
                ServerEvent::Idle => "idle".into(),
                other => panic!("{other:?}"),
            };
            self.open.lock().unwrap().push(name);
        }
        fn flush(&self) {
            let batch = std::mem::take(&mut *self.open.lock().unwrap());
            self.sender.get().unwrap().send(batch).unwrap();
        }
    }
    let (sender, mut batches) = mpsc::unbounded_channel();
    let listener = Arc::new(Batches::default());
    listener.sender.set(sender).unwrap();
    let object = WebSocketServer::new(context(), listener);
    let mut flushed = async move || {
        loop {
            let batch = batches.recv().await.unwrap();
            if !batch.is_empty() {
                return batch;
            }
        }
    };

    object.start(loopback()).unwrap();
    let address = flushed().await[0].parse().unwrap();
    let mut client = connect(address).await.unwrap();
    assert_eq!(flushed().await, ["connect"]);
    for text in ["a", "b", "c"] {
        client.feed_text(text).unwrap();
    }
    client.flush().await.unwrap();
    assert_eq!(flushed().await, ["a", "b", "c"], "one batch for one read");
    client.close(None).await.unwrap();
    assert_eq!(flushed().await, ["close"]);
    object.stop().unwrap();
    assert_eq!(flushed().await, ["idle"]);
}
