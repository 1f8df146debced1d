//! `send` and `broadcast`.
use std::collections::HashMap;
use std::time::Duration;

use arkws_netstack::{ApiLevel, CloseOptions, Connection, Context, Payload, ServerConfig};
use tokio::net::TcpStream;

use crate::support::*;

const LONGEST: usize = 5 * 1024 * 1024 - 16;

fn broadcast(server: &Server, text: &str, except: &[Connection]) -> usize {
    let mut bytes = text.as_bytes().to_vec();
    let payload = Payload::Borrowed(&mut bytes);
    server.object.broadcast(payload, true, except).unwrap()
}

/// The next events must tell that all sends to this client up to that one have left.
async fn sent(server: &mut Server, client: &Connection, last: u64) {
    let mut answered = 0;
    while answered < last {
        match server.next().await {
            Seen::Sent(whose, through) => {
                assert_eq!(whose, *client);
                assert!(through > answered, "{through} after {answered}");
                answered = through;
            }
            other => panic!("Sent, not {other:?}"),
        }
    }
    assert_eq!(answered, last);
}

#[tokio::test]
async fn messages_to_a_client_arrive_in_order_and_are_answered() {
    let (mut server, address) = Server::started(loopback()).await;
    let (mut client, connection) = server.join(address).await;
    let receiving = tokio::spawn(async move {
        for n in 0..10_000 {
            assert_eq!(receive(&mut client).await, Received::Text(n.to_string()));
        }
        assert_eq!(
            receive(&mut client).await,
            Received::Binary(vec![1, 2, 3].into())
        );
        assert_eq!(receive(&mut client).await, Received::Text(String::new()));
    });
    let object = &server.object;
    for n in 0..10_000 {
        let (_, number) = object.send_text(n.to_string(), &connection).unwrap();
        assert_eq!(number, n + 1);
    }
    object.send_binary(vec![1, 2, 3], &connection).unwrap();
    object.send_text("", &connection).unwrap();
    sent(&mut server, &connection, 10_002).await;
    receiving.await.unwrap();
}

#[tokio::test]
async fn the_sends_to_each_client_have_numbers_of_their_own_and_broadcasts_have_none() {
    let (mut server, address) = Server::started(loopback()).await;
    let (_one, one) = server.join(address).await;
    let (_other, other) = server.join(address).await;
    let send = |client| server.object.send_text("x", client).unwrap();
    let (first, number) = send(&one);
    assert_eq!(number, 1);
    let (second, number) = send(&other);
    assert_eq!(number, 1);
    assert_ne!(first, second);
    assert_eq!(broadcast(&server, "news", &[]), 2);
    assert_eq!(send(&one), (first, 2));

    let mut answered = HashMap::new();
    while answered.get(&one) != Some(&2) || answered.get(&other) != Some(&1) {
        match server.next().await {
            Seen::Sent(client, through) => answered.insert(client, through),
            other => panic!("Sent, not {other:?}"),
        };
    }
}

#[tokio::test]
async fn sends_from_several_threads_are_each_answered_once_and_in_their_own_order() {
    const THREADS: usize = 4;
    const EACH: usize = 2000;
    // On the process's network thread, so that there are that many threads indeed.
    let context = Context::new(ApiLevel::NEWEST);
    let mut server = Server::with_context(context);
    let address = server.start(loopback()).await.unwrap();
    let (mut client, connection) = server.join(address).await;

    let mut numbers: Vec<u64> = std::thread::scope(|scope| {
        let sending: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (object, connection) = (&server.object, &connection);
                scope.spawn(move || {
                    let send = |n| {
                        object
                            .send_text(format!("{thread} {n}"), connection)
                            .unwrap()
                            .1
                    };
                    (0..EACH).map(send).collect::<Vec<u64>>()
                })
            })
            .collect();
        sending
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });

    let mut next = [0; THREADS];
    for _ in 0..THREADS * EACH {
        let Received::Text(text) = receive(&mut client).await else {
            panic!("a text");
        };
        let (thread, n) = text.split_once(' ').unwrap();
        let next = &mut next[thread.parse::<usize>().unwrap()];
        assert_eq!(n, next.to_string());
        *next += 1;
    }
    sent(&mut server, &connection, (THREADS * EACH) as u64).await;
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(1..=(THREADS * EACH) as u64));
}

#[tokio::test]
async fn the_longest_message_is_sent_and_one_byte_more_is_401() {
    let (mut server, address) = Server::started(loopback()).await;
    let (mut client, connection) = server.join(address).await;
    let receiving = tokio::spawn(async move {
        match receive(&mut client).await {
            Received::Binary(data) => assert_eq!(data.len(), LONGEST),
            other => panic!("{other:?}"),
        }
    });
    let object = &server.object;
    object.send_binary(vec![0; LONGEST], &connection).unwrap();
    let error = object
        .send_binary(vec![0; LONGEST + 1], &connection)
        .unwrap_err();
    assert_eq!(error.code, 401);
    let error = object
        .send_text("é".repeat(LONGEST / 2 + 1), &connection)
        .unwrap_err();
    assert_eq!(error.code, 401, "bytes, not characters");
    receiving.await.unwrap();
}

#[tokio::test]
async fn send_says_who_there_is_to_send_to() {
    let (mut server, address) = Server::started(loopback()).await;
    let (_client, connection) = server.join(address).await;
    let send = |connection: &Connection| {
        let result = server.object.send_text("hi", connection);
        result.map(drop).map_err(|error| error.code)
    };
    let nameless = Connection {
        client_ip: String::new(),
        ..connection.clone()
    };
    let stranger = Connection {
        client_ip: "192.0.2.1".into(),
        ..connection.clone()
    };
    assert_eq!(send(&nameless), Err(-1));
    assert_eq!(send(&stranger), Err(2302006));
    assert_eq!(send(&connection), Ok(()));
    server
        .object
        .close(&connection, CloseOptions::default())
        .unwrap();
    assert_eq!(send(&connection), Err(-1), "closing");
}

#[tokio::test]
async fn what_was_sent_before_a_close_arrives_before_it() {
    let (mut server, address) = Server::started(loopback()).await;
    let (mut client, connection) = server.join(address).await;
    for n in 0..100 {
        server
            .object
            .send_binary(vec![n; 50_000], &connection)
            .unwrap();
    }
    server
        .object
        .close(&connection, CloseOptions::default())
        .unwrap();
    for n in 0..100 {
        assert_eq!(
            receive(&mut client).await,
            Received::Binary(vec![n; 50_000].into())
        );
    }
    assert!(matches!(
        receive(&mut client).await,
        Received::Close(Some((1000, _)))
    ));
    sent(&mut server, &connection, 100).await;
    server.closed().await;
}

#[tokio::test]
async fn a_broadcast_reaches_all_but_the_excepted() {
    let (mut server, address) = Server::started(loopback()).await;
    let mut clients = Vec::new();
    for _ in 0..3 {
        clients.push(server.join(address).await);
    }
    let except = [clients[1].1.clone()];
    assert_eq!(broadcast(&server, "news", &except), 2);
    assert_eq!(broadcast(&server, "all", &[]), 3);
    for (n, (client, _)) in clients.iter_mut().enumerate() {
        if n != 1 {
            assert_eq!(receive(client).await, Received::Text("news".into()));
        }
        assert_eq!(receive(client).await, Received::Text("all".into()));
    }
}

#[tokio::test]
async fn a_broadcast_has_the_limits_of_send() {
    let (server, _) = Server::started(loopback()).await;
    let mut bytes = vec![0; LONGEST + 1];
    let too_long = server
        .object
        .broadcast(Payload::Borrowed(&mut bytes), false, &[]);
    assert_eq!(too_long.unwrap_err().code, 401);
    let not_text = server
        .object
        .broadcast(Payload::Borrowed(&mut [0xff]), true, &[]);
    assert_eq!(not_text.unwrap_err().code, 401);
    assert_eq!(broadcast(&server, "nobody", &[]), 0);
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_given_up_after_the_write_timeout() {
    let config = ServerConfig {
        write_timeout: Some(Duration::from_millis(200)),
        ..loopback()
    };
    let (mut server, address) = Server::started(config).await;
    let mut silent = TcpStream::connect(address).await.unwrap();
    shake_hands(&mut silent, request(address)).await.unwrap();
    let connection = server.connected().await;
    // More than the system holds; it may be over before all of it is queued.
    for _ in 0..15 {
        let sent = server.object.send_binary(vec![7; 1 << 20], &connection);
        if sent.is_err() {
            break;
        }
    }
    loop {
        match server.next().await {
            Seen::Error(error) => {
                assert_eq!(error.cause_name(), Some("timeout"), "{error}");
                assert!(error.message.contains("writeTimeout"), "{error}");
                // Not the default.
                assert!(error.message.contains("200ms"), "{error}");
                break;
            }
            Seen::Sent(..) | Seen::SendFailed(..) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(server.closed().await.1, 1006);
}

#[tokio::test]
async fn a_client_that_does_not_read_fills_its_own_queue_and_is_closed_with_1008() {
    const LIMIT: usize = 1 << 20;
    let config = ServerConfig {
        max_queued_bytes: Some(LIMIT),
        ..loopback()
    };
    let (mut server, address) = Server::started(config).await;
    let (_slow, slow_connection) = server.join(address).await;
    let (mut quick, quick_connection) = server.join(address).await;

    let message = vec![7; 100_000];
    let mut accepted = 0;
    let error = loop {
        match server.object.send_binary(message.clone(), &slow_connection) {
            Ok(_) => accepted += 1,
            Err(error) => break error,
        }
        tokio::task::yield_now().await;
        assert!(accepted < 1000, "the queue is bounded");
    };
    assert_eq!((error.code, error.cause_name()), (-1, Some("queue-full")));
    assert!(error.message.contains("too slow"), "{}", error.message);
    let error = server.object.send_text("x", &slow_connection).unwrap_err();
    assert_eq!(error.cause_name(), Some("closed"));

    server.object.send_text("quick", &quick_connection).unwrap();
    assert_eq!(receive(&mut quick).await, Received::Text("quick".into()));

    loop {
        match server.next().await {
            Seen::Sent(..) | Seen::SendFailed(..) => {}
            Seen::Error(error) => {
                assert_eq!(error.cause_name(), Some("queue-full"));
                let words = error.message;
                let expected = [slow_connection.to_string(), LIMIT.to_string()];
                assert!(expected.iter().all(|part| words.contains(part)), "{words}");
                assert!(words.contains("maxQueuedBytes"), "{words}");
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    let (closed, code, _) = server.closed().await;
    assert_eq!((closed, code), (slow_connection, 1008));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_too_slow_for_a_broadcast_is_closed_with_1008() {
    let config = ServerConfig {
        max_queued_bytes: Some(1 << 20),
        ..loopback()
    };
    let (mut server, address) = Server::started(config).await;
    let (_slow, slow_connection) = server.join(address).await;
    let (mut quick, _) = server.join(address).await;
    let receiving = tokio::spawn(async move {
        let mut count = 0;
        while let Received::Text(_) = receive(&mut quick).await {
            count += 1;
        }
        count
    });

    let news = "n".repeat(500_000);
    let mut broadcasts = 0;
    while broadcast(&server, &news, &[]) == 2 {
        broadcasts += 1;
        assert!(broadcasts < 1000, "the queue is bounded");
        // The quick one is given the time that it needs.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(server.error().await.cause_name(), Some("queue-full"));
    let (closed, code, reason) = server.closed().await;
    assert_eq!(
        (closed, code, reason.as_str()),
        (slow_connection, 1008, "too slow")
    );
    assert_eq!(broadcast(&server, "last", &[]), 1);
    server.object.stop().unwrap();
    assert_eq!(receiving.await.unwrap(), broadcasts + 2);
}

#[tokio::test]
async fn messages_that_a_lost_connection_takes_with_it_are_reported_before_its_end() {
    let (mut server, address) = Server::started(loopback()).await;
    let (client, connection) = server.join(address).await;
    for _ in 0..100 {
        let object = &server.object;
        object.send_binary(vec![0; 100_000], &connection).unwrap();
    }
    // Until the transport takes no more.
    let mut answered = 0;
    while let Ok(seen) = tokio::time::timeout(seconds(1), server.next()).await {
        match seen {
            Seen::Sent(_, through) => answered = through,
            other => panic!("{other:?}"),
        }
    }
    assert!(answered < 100);
    drop(client);
    match server.next().await {
        Seen::SendFailed(client, from, through, error) => {
            assert_eq!(client, connection);
            assert_eq!(
                (from, through),
                (answered + 1, 100),
                "each is answered once"
            );
            assert_eq!(error.code, -1);
            assert_eq!(error.cause_name(), Some("reset"));
            assert!(
                error.message.contains(&connection.to_string()),
                "{}",
                error.message
            );
        }
        other => panic!("SendFailed, not {other:?}"),
    }
    server.error().await;
    assert_eq!(server.closed().await.1, 1006);
    assert_eq!(
        server
            .object
            .send_text("late", &connection)
            .unwrap_err()
            .code,
        2302006
    );
}

#[tokio::test]
async fn what_is_called_for_a_client_that_has_left_fails_for_the_reason_of_its_end() {
    let (mut server, address) = Server::started(loopback()).await;
    let late = |server: &Server, connection: &Connection| {
        let sent = server.object.send_text("late", connection).unwrap_err();
        let closed = server
            .object
            .close(connection, CloseOptions::default())
            .unwrap_err();
        assert_eq!(sent, closed);
        assert_eq!(sent.code, 2302006);
        (sent.cause_name(), sent.message)
    };

    let (client, lost) = server.join(address).await;
    client.get_ref().set_zero_linger().unwrap();
    drop(client);
    server.error().await;
    server.closed().await;
    let (cause, message) = late(&server, &lost);
    assert_eq!(cause, Some("reset"));
    assert!(message.contains("reset by peer"), "{message}");
    assert!(message.contains(&lost.to_string()), "{message}");

    let (mut client, left) = server.join(address).await;
    let bye = client.close(Some(frame(3001, "bye")));
    tokio::join!(async { bye.await.unwrap() }, server.closed());
    let (cause, message) = late(&server, &left);
    assert_eq!(cause, Some("closed"));
    assert!(message.contains("3001: bye"), "{message}");

    // Others before it and after it change nothing; who was never there has no end.
    assert_eq!(late(&server, &lost).0, Some("reset"));
    let nobody = Connection {
        client_port: 1,
        ..lost.clone()
    };
    assert_eq!(late(&server, &nobody).0, None);
}
