//! Where random numbers come from, and that nothing else about a connection is random.
use std::collections::HashSet;

use arkws_proto::deflate::DeflateConfig;
use arkws_proto::frame::Header;
use arkws_proto::handshake::{ClientHandshake, ClientRequest, ServerHandshake};
use arkws_proto::{
    CloseCode, CloseFrame, Config, Connection, Entropy, EntropySource, Limits, MessageKind, Role,
};
use bytes::Bytes;
use http::HeaderMap;

use crate::common::{Owned, client, drain, events};

/// All that two connections said to each other, and what each received.
#[derive(Debug, PartialEq, Eq)]
struct Run {
    from_client: Vec<u8>,
    from_server: Vec<u8>,
    received: Vec<(Role, Owned)>,
}

/// Two connections from their handshake to their end.
fn run(entropy: Entropy) -> Run {
    let limits = Limits::default();
    let request = ClientRequest {
        host: "example.com".into(),
        target: "/".into(),
        deflate: Some(DeflateConfig::default()),
        entropy,
        ..ClientRequest::default()
    };
    let (mut handshake, from_client) = ClientHandshake::new(request, &limits).unwrap();
    let (request, _) = ServerHandshake::new(&limits)
        .recv(&from_client)
        .unwrap()
        .unwrap();
    let offer = DeflateConfig::default();
    let accepted = request
        .accept(None, Some(&offer), &HeaderMap::new())
        .unwrap();
    let (response, _) = handshake.recv(&accepted.response).unwrap().unwrap();

    let open = |role, deflate| {
        let config = Config {
            deflate,
            entropy,
            ..Config::default()
        };
        Connection::new(role, config)
    };
    let mut client = open(Role::Client, response.negotiated.deflate);
    let mut server = open(Role::Server, accepted.negotiated.deflate);
    let mut run = Run {
        from_client,
        from_server: accepted.response,
        received: Vec::new(),
    };
    for round in 0..20 {
        for connection in [&mut client, &mut server] {
            connection.send_text("small").unwrap();
            connection
                .send_text(&"compressed, ".repeat(100 * round))
                .unwrap();
            let large = Bytes::from(vec![round as u8; 20_000]);
            connection.send_owned(MessageKind::Binary, large).unwrap();
            connection.send_ping(b"ping").unwrap();
            let kind = MessageKind::Text;
            connection.send_fragment(kind, b"two ", false).unwrap();
            connection.send_fragment(kind, b"pieces", true).unwrap();
        }
        exchange(&mut client, &mut server, &mut run);
    }
    client.send_close(Some(CloseFrame::new(CloseCode::NORMAL, "done")));
    exchange(&mut client, &mut server, &mut run);
    run
}

/// Passes on what waits until nothing does, in reads of several lengths.
fn exchange(client: &mut Connection, server: &mut Connection, run: &mut Run) {
    let mut lengths = [1, 7, 1000, 3, 16_000].into_iter().cycle();
    let mut pass = |from: &mut Connection, to: &mut Connection, received: &mut Vec<_>| {
        let wire = drain(from);
        let mut rest = &wire[..];
        while !rest.is_empty() {
            let (read, after) = rest.split_at(lengths.next().unwrap().min(rest.len()));
            let found = events(to, read);
            received.extend(found.into_iter().map(|event| (to.role(), event)));
            rest = after;
        }
        wire
    };
    while client.queued() + server.queued() > 0 {
        let received = &mut run.received;
        run.from_client.extend(pass(client, server, received));
        run.from_server.extend(pass(server, client, received));
    }
}

#[test]
fn two_connections_with_a_seed_say_and_receive_the_same_every_time() {
    let first = run(Entropy::Seed(7));
    assert_eq!(first.received.len(), 20 * 2 * 6 + 2);
    assert!(run(Entropy::Seed(7)) == first);
}

#[test]
fn keys_are_all_that_a_seed_decides() {
    let (one, other) = (run(Entropy::Seed(7)), run(Entropy::Seed(8)));
    let drawn = run(Entropy::System);

    assert_eq!(one.received, other.received);
    assert_eq!(one.received, drawn.received);
    assert_eq!(one.from_client.len(), other.from_client.len());
    assert!(one.from_client != other.from_client);
    assert!(one.from_client != drawn.from_client);
    // The server's answer proves that it has read the client's key; its frames have none.
    let frames = |run: &Run| {
        let head = run.from_server.windows(4).position(|it| it == b"\r\n\r\n");
        run.from_server[head.unwrap()..].to_vec()
    };
    assert!(one.from_server != other.from_server);
    assert!(frames(&one) == frames(&other));
}

#[test]
fn masking_keys_do_not_repeat() {
    let seeded = Connection::new(
        Role::Client,
        Config {
            entropy: Entropy::Seed(7),
            ..Config::default()
        },
    );
    for mut connection in [client(), seeded] {
        let keys: HashSet<[u8; 4]> = (0..10_000)
            .map(|_| {
                connection.send_binary(b"").unwrap();
                let frame = drain(&mut connection);
                let (header, _) = Header::decode(&frame).unwrap().unwrap();
                header.mask.expect("a client masks")
            })
            .collect();
        // Of 10,000 random 32-bit numbers, some 0.01 pairs are equal.
        assert!(keys.len() > 9_990, "{} of 10000", keys.len());
    }
}

/// As a device would fill them: with what is easy to recognise.
fn fours(bytes: &mut [u8]) {
    bytes.fill(4);
}

#[test]
fn a_source_of_the_programs_own_makes_every_key() {
    let source = Entropy::Source(EntropySource(fours));
    let request = ClientRequest {
        host: "example.com".into(),
        target: "/".into(),
        entropy: source,
        ..ClientRequest::default()
    };
    let (_, head) = ClientHandshake::new(request, &Limits::default()).unwrap();
    let head = String::from_utf8(head).unwrap();
    // Sixteen bytes 4 in Base64.
    let key = "Sec-WebSocket-Key: BAQEBAQEBAQEBAQEBAQEBA==\r\n";
    assert!(head.contains(key), "{head}");

    let config = Config {
        entropy: source,
        ..Config::default()
    };
    let mut client = Connection::new(Role::Client, config);
    client.send_binary(&[0]).unwrap();
    assert_eq!(drain(&mut client), [0x82, 0x81, 4, 4, 4, 4, 4]);
    assert_eq!(source.number(7), u64::from_le_bytes([4; 8]));
}

#[test]
fn a_seeds_numbers_are_the_same_each_time_and_each_is_its_own() {
    let numbers = |seed| (0..1000).map(move |nth| Entropy::Seed(seed).number(nth));
    assert!(numbers(7).eq(numbers(7)));
    let mut all: HashSet<u64> = numbers(7).chain(numbers(8)).collect();
    all.extend((0..1000).map(|nth| Entropy::System.number(nth)));
    assert_eq!(all.len(), 3000);
}

#[test]
fn a_source_equals_itself_alone() {
    let source = EntropySource(fours);
    assert_eq!(source, source);
    assert_ne!(source, EntropySource(|bytes| bytes[0] = 1));
}
