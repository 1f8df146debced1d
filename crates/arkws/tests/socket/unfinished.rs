//! Messages that do not become whole: their time, their memory, and the work that they cause.
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use arkws::{
    Acceptor, Cause, CloseCode, Config, DeflateParams, Error, Message, Negotiated, Phase, Role,
    UnfinishedBudget, WebSocket,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::{Instant, advance, sleep, timeout};

use crate::common::{BINARY, CLOSE, PING, PONG, ROLES, frame, next, open, raw, read_frame};

const LIMIT: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const MIB: usize = 1 << 20;

fn with_message_timeout() -> Config {
    Config {
        message_timeout: Some(LIMIT),
        ..Config::default()
    }
}

/// The header of a frame of this length to a server, with a masking key of 0.
fn header(first: u8, len: u64) -> Vec<u8> {
    let mut header = vec![first];
    match u16::try_from(len) {
        Ok(len) => {
            assert!(len >= 126);
            header.push(0x80 | 126);
            header.extend(len.to_be_bytes());
        }
        Err(_) => {
            header.push(0x80 | 127);
            header.extend(len.to_be_bytes());
        }
    }
    header.extend([0; 4]);
    header
}

/// This many zero bytes, compressed as one block of a message that does not end.
fn bomb(len: usize) -> Vec<u8> {
    let params = DeflateParams {
        server_no_context_takeover: false,
        client_no_context_takeover: false,
        server_max_window_bits: 15,
        client_max_window_bits: 15,
        level: 9,
        min_size: 0,
    };
    let config = arkws_proto::Config {
        deflate: Some(params),
        ..Default::default()
    };
    let mut client = arkws_proto::Connection::new(Role::Server, config);
    client.send_binary(&vec![0; len]).unwrap();
    let transmit = client.transmit();
    let bytes = bytes::Buf::copy_to_bytes(transmit, bytes::Buf::remaining(transmit));
    // Without the header, which is the server's.
    let header = match bytes[1] {
        126 => 4,
        127 => 10,
        _ => 2,
    };
    let mut frame = self::header(0x42, (bytes.len() - header) as u64);
    frame.extend(&bytes[header..]);
    frame
}

fn inflating<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + 'static>(
    io: S,
    config: Config,
) -> WebSocket<S> {
    let negotiated = Negotiated {
        deflate: Some(DeflateParams {
            server_no_context_takeover: false,
            client_no_context_takeover: false,
            server_max_window_bits: 15,
            client_max_window_bits: 15,
            level: 4,
            min_size: 128,
        }),
        ..Negotiated::default()
    };
    WebSocket::from_handshake(io, Role::Server, config, negotiated, &[])
}

async fn assert_closed_with(far: &mut DuplexStream, code: CloseCode) {
    let (first, body) = read_frame(far).await;
    assert_eq!((first, &body[..2]), (CLOSE, &code.get().to_be_bytes()[..]));
}

#[tokio::test(start_paused = true)]
async fn a_message_whose_rest_does_not_come_is_given_up() {
    let beginnings = [
        // A frame of several, a part of one, and a part of a header.
        frame(Role::Server, 0x01, b"beginning"),
        frame(Role::Server, BINARY, b"more")[..7].to_vec(),
        vec![BINARY],
        header(BINARY, 1 << 20),
    ];
    for beginning in beginnings {
        let (mut socket, mut far) = raw(Role::Server, with_message_timeout());
        far.write_all(&beginning).await.unwrap();
        let start = Instant::now();
        let error = next(&mut socket).await.unwrap().unwrap_err();
        assert!(
            matches!(error, Error::Timeout { phase: Phase::Message, limit } if limit == LIMIT),
            "{error}"
        );
        assert_eq!(error.cause(), Cause::Timeout);
        assert_eq!(start.elapsed(), LIMIT);
        assert_closed_with(&mut far, CloseCode::POLICY).await;
        drop(far);
        assert!(next(&mut socket).await.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn between_messages_there_is_no_such_limit_nor_on_clients_by_default() {
    let (mut socket, mut far) = raw(Role::Server, with_message_timeout());
    far.write_all(&frame(Role::Server, BINARY, b"whole"))
        .await
        .unwrap();
    next(&mut socket).await.unwrap().unwrap();
    assert!(timeout(DAY, next(&mut socket)).await.is_err());

    let (mut socket, mut far) = raw(Role::Client, Config::default());
    far.write_all(&[BINARY]).await.unwrap();
    assert!(timeout(DAY, next(&mut socket)).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn any_frame_gives_it_more_time() {
    let (mut socket, mut far) = raw(Role::Server, with_message_timeout());
    let start = Instant::now();
    let peer = async {
        far.write_all(&frame(Role::Server, 0x02, b"a"))
            .await
            .unwrap();
        for _ in 0..5 {
            sleep(LIMIT - Duration::from_secs(1)).await;
            far.write_all(&frame(Role::Server, PING, b""))
                .await
                .unwrap();
            sleep(LIMIT - Duration::from_secs(1)).await;
            far.write_all(&frame(Role::Server, 0x00, b"b"))
                .await
                .unwrap();
        }
        sleep(LIMIT - Duration::from_secs(1)).await;
        // The end, and the beginning of the next.
        let mut end = frame(Role::Server, 0x80, b"c");
        end.push(BINARY);
        far.write_all(&end).await.unwrap();
        sleep(LIMIT - Duration::from_secs(1)).await;
        far.write_all(&frame(Role::Server, BINARY, b"d")[1..])
            .await
            .unwrap();
    };
    let ours = async {
        let mut whole = Vec::new();
        while whole.len() < 2 {
            if let Message::Binary(data) = next(&mut socket).await.unwrap().unwrap() {
                whole.push(data);
            }
        }
        whole
    };
    let ((), whole) = tokio::join!(peer, ours);
    assert_eq!(whole, [&b"abbbbbc"[..], b"d"]);
    assert_eq!(start.elapsed(), 12 * (LIMIT - Duration::from_secs(1)));
}

#[tokio::test(start_paused = true)]
async fn so_do_64_kib_of_a_long_one_but_not_less() {
    for (step, lives) in [(64 << 10, true), (63 << 10, false)] {
        let (mut socket, mut far) = raw(Role::Server, with_message_timeout());
        let peer = async {
            let total = step as u64 * 5;
            far.write_all(&header(BINARY, total)).await.unwrap();
            for _ in 0..5 {
                sleep(LIMIT - Duration::from_secs(1)).await;
                if far.write_all(&vec![0; step]).await.is_err() {
                    break;
                }
            }
            far
        };
        let (far, message) = tokio::join!(peer, next(&mut socket));
        assert_eq!(message.unwrap().is_ok(), lives);
        drop(far);
    }
}

#[tokio::test(start_paused = true)]
async fn it_stands_while_nobody_reads() {
    let (mut socket, mut far) = raw(Role::Server, with_message_timeout());
    far.write_all(&frame(Role::Server, 0x02, b"a"))
        .await
        .unwrap();
    assert!(
        timeout(Duration::from_secs(1), next(&mut socket))
            .await
            .is_err()
    );
    advance(DAY).await;
    let peer = async {
        sleep(LIMIT - Duration::from_secs(1)).await;
        far.write_all(&frame(Role::Server, 0x80, b"b"))
            .await
            .unwrap();
    };
    let ((), message) = tokio::join!(peer, next(&mut socket));
    assert_eq!(message.unwrap().unwrap().into_bytes(), &b"ab"[..]);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_read_in_pieces_may_take_its_time() {
    for role in ROLES {
        let (mut socket, mut far) = raw(role, with_message_timeout());
        let peer = async {
            for (first, payload) in [(0x02, b"be"), (0x00, b"gi"), (0x80, b"ns")] {
                sleep(DAY).await;
                far.write_all(&frame(role, first, payload)).await.unwrap();
            }
            // It is over: of the next message, a part of a header comes.
            far.write_all(&[BINARY]).await.unwrap();
        };
        let ours = async {
            let mut reader = socket.message_reader(100).await.unwrap().unwrap();
            let mut all = Vec::new();
            reader.read_to_end(&mut all).await.unwrap();
            all
        };
        let ((), all) = tokio::join!(peer, ours);
        assert_eq!(all, b"begins");
        // Nor does the wait for the first of the next count, until it is to be whole.
        assert!(timeout(DAY, socket.message_reader(100)).await.is_err());
        let start = Instant::now();
        let error = next(&mut socket).await.unwrap().unwrap_err();
        assert_eq!(error.cause(), Cause::Timeout, "{error}");
        assert_eq!(start.elapsed(), LIMIT);
    }
}

#[tokio::test(start_paused = true)]
async fn in_two_tasks_too_and_what_its_reader_lets_go_of_has_its_time() {
    let (socket, mut far) = raw(Role::Server, with_message_timeout());
    let (_sender, mut receiver) = socket.split();
    far.write_all(&frame(Role::Server, 0x02, b"be"))
        .await
        .unwrap();
    let mut reader = receiver.message_reader(100).await.unwrap().unwrap();
    assert_eq!(reader.chunk().await.unwrap().unwrap(), &b"be"[..]);
    assert!(timeout(DAY, reader.chunk()).await.is_err());
    drop(reader);
    // The rest is discarded when it comes.
    let start = Instant::now();
    let error = receiver.recv().await.unwrap().unwrap_err();
    assert_eq!(error.cause(), Cause::Timeout, "{error}");
    assert_eq!(start.elapsed(), LIMIT);
    assert_closed_with(&mut far, CloseCode::POLICY).await;
}

#[tokio::test(start_paused = true)]
async fn who_pins_most_is_closed_when_the_budget_is_exceeded() {
    let budget = UnfinishedBudget::new(10 * MIB);
    let config = Config {
        unfinished_budget: Some(budget.clone()),
        ..Config::default()
    };
    let mut config = config;
    config.limits.max_message_size = 10 * MIB;
    let mut tasks = Vec::new();
    let mut peers = Vec::new();
    for size in [1, 5, 2, 3] {
        let (near, mut far) = tokio::io::duplex(64 << 10);
        let mut socket = open(near, Role::Server, config.clone());
        tasks.push(tokio::spawn(async move {
            let message = next(&mut socket).await;
            while next(&mut socket).await.is_some() {}
            message
        }));
        far.write_all(&header(BINARY, 9 * MIB as u64))
            .await
            .unwrap();
        far.write_all(&vec![0; size * MIB]).await.unwrap();
        assert!(budget.used() <= 10 * MIB);
        peers.push(far);
    }
    tokio::time::sleep(Duration::from_millis(1)).await;
    // The second had most, and was closed by what another received; so that the rest has enough.
    let error = tasks.remove(1);
    let mut closed = peers.remove(1);
    assert_closed_with(&mut closed, CloseCode::TOO_BIG).await;
    drop(closed);
    let error = error.await.unwrap().unwrap().unwrap_err();
    assert!(matches!(error, Error::UnfinishedBudget { .. }), "{error}");
    assert_eq!(error.cause(), Cause::TooBig);
    assert!(
        error.to_string().contains("max_unfinished_bytes"),
        "{error}"
    );
    assert!(tasks.iter().all(|task| !task.is_finished()));
    // What is given up is given back.
    drop(peers);
    for task in tasks {
        assert!(task.await.unwrap().unwrap().is_err());
    }
    assert_eq!(budget.used(), 0);
}

#[tokio::test]
async fn a_whole_message_takes_nothing_of_the_budget() {
    let budget = UnfinishedBudget::new(MIB);
    let config = Config {
        unfinished_budget: Some(budget.clone()),
        ..Config::default()
    };
    let (mut client, far) = {
        let (near, far) = tokio::io::duplex(1000);
        (open(near, Role::Client, Config::default()), far)
    };
    let mut server = open(far, Role::Server, config);
    let send = async {
        for _ in 0..3 {
            client.send(Message::from(vec![7; 3 * MIB])).await.unwrap();
        }
    };
    let receive = async {
        for _ in 0..3 {
            assert_eq!(next(&mut server).await.unwrap().unwrap().len(), 3 * MIB);
            assert_eq!(budget.used(), 0);
        }
    };
    tokio::join!(send, receive);
}

#[tokio::test]
async fn compressed_bytes_without_an_end_pin_no_more_than_the_budget() {
    const CONNECTIONS: usize = 40;
    let bomb = bomb(15 * MIB);
    assert!(bomb.len() < 64 << 10);
    let budget = UnfinishedBudget::new(64 * MIB);
    let mut config = Config {
        unfinished_budget: Some(budget.clone()),
        ..Config::default()
    };
    config.limits.max_message_size = 16 * MIB;
    let mut peers = Vec::new();
    let mut tasks = Vec::new();
    for _ in 0..CONNECTIONS {
        let (near, mut far) = tokio::io::duplex(64 << 10);
        let mut socket = inflating(near, config.clone());
        tasks.push(tokio::spawn(async move {
            let result = next(&mut socket).await;
            while next(&mut socket).await.is_some() {}
            result
        }));
        far.write_all(&bomb[..bomb.len()]).await.unwrap();
        peers.push(far);
    }
    // Everybody has inflated what it has: those that are left take less than the budget.
    let mut closed = 0;
    while closed < CONNECTIONS - 4 {
        tokio::task::yield_now().await;
        closed = 0;
        for task in &tasks {
            closed += usize::from(task.is_finished());
        }
        for far in &mut peers {
            // They take their close frame and go.
            let mut byte = [0; 64];
            if let Ok(Ok(_)) = timeout(Duration::ZERO, far.read(&mut byte)).await {
                let (near, _) = tokio::io::duplex(1);
                *far = near;
            }
        }
        assert!(budget.used() <= 64 * MIB);
    }
    assert!(budget.used() > 30 * MIB);
    drop(peers);
    let mut too_big = 0;
    for task in tasks {
        let error = task.await.unwrap().unwrap().unwrap_err();
        too_big += usize::from(error.cause() == Cause::TooBig);
    }
    assert_eq!(too_big, CONNECTIONS - 4);
    assert_eq!(budget.used(), 0);
}

/// ws CVE-2026-48779, undici CVE-2026-12151: a peer that stays under every limit, two hundred
/// times.
#[tokio::test]
async fn fragments_just_under_the_limit_on_200_connections_pin_little_and_end_in_time() {
    const CONNECTIONS: usize = 200;
    const FRAGMENTS: u32 = 20_000;
    let budget = UnfinishedBudget::new(64 * MIB);
    let mut config = Config {
        unfinished_budget: Some(budget.clone()),
        ..with_message_timeout()
    };
    config.limits.max_fragments = FRAGMENTS;
    for size in [0, 1] {
        let fragment = |opcode| frame(Role::Server, opcode, &vec![7; size]);
        let more = fragment(0x00).repeat(FRAGMENTS as usize - 1);
        let mut peers = Vec::new();
        let mut tasks = Vec::new();
        for _ in 0..CONNECTIONS {
            let (mut socket, mut far) = raw(Role::Server, config.clone());
            tasks.push(tokio::spawn(async move {
                assert_eq!(
                    next(&mut socket).await.unwrap().unwrap(),
                    Message::Ping("".into())
                );
                let end = next(&mut socket).await;
                while next(&mut socket).await.is_some() {}
                end
            }));
            far.write_all(&fragment(0x02)).await.unwrap();
            far.write_all(&more).await.unwrap();
            far.write_all(&frame(Role::Server, PING, b""))
                .await
                .unwrap();
            // All of it has been received.
            assert_eq!(read_frame(&mut far).await.0, PONG);
            peers.push(far);
        }
        let received = CONNECTIONS * (more.len() + fragment(0x02).len());
        let allowed = 2 * received + CONNECTIONS * (64 << 10);
        assert!(budget.used() <= allowed, "{} bytes", budget.used());
        assert!(tasks.iter().all(|task| !task.is_finished()));

        // One more ends half of them, and the others are given up when nothing follows.
        for far in &mut peers[..CONNECTIONS / 2] {
            far.write_all(&fragment(0x00)).await.unwrap();
            assert_closed_with(far, CloseCode::TOO_BIG).await;
        }
        tokio::time::pause();
        for far in &mut peers[CONNECTIONS / 2..] {
            assert_closed_with(far, CloseCode::POLICY).await;
        }
        drop(peers);
        let mut causes = Vec::new();
        for task in tasks {
            causes.push(task.await.unwrap().unwrap().unwrap_err().cause());
        }
        tokio::time::resume();
        let (too_many, too_late) = causes.split_at(CONNECTIONS / 2);
        assert!(too_many.iter().all(|cause| *cause == Cause::TooBig));
        assert!(too_late.iter().all(|cause| *cause == Cause::Timeout));
        assert_eq!(budget.used(), 0);
    }
}

/// How many turns another task of the same thread has until this one is ready.
async fn turns_until<T>(work: impl Future<Output = T> + Send + 'static) -> usize
where
    T: Send + 'static,
{
    let working = tokio::spawn(work);
    let counting = tokio::spawn(async move {
        let mut turns = 0;
        poll_fn(|cx| {
            turns += 1;
            cx.waker().wake_by_ref();
            match working.is_finished() {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
        working.await.unwrap();
        turns
    });
    counting.await.unwrap()
}

#[tokio::test]
async fn others_have_their_turn_while_much_is_inflated() {
    let (near, mut far) = tokio::io::duplex(1 << 20);
    let mut socket = inflating(near, Config::default());
    let mut bomb = bomb(60 * MIB);
    bomb[0] |= 0x80;
    far.write_all(&bomb).await.unwrap();
    let receive = async move {
        let message = next(&mut socket).await.unwrap().unwrap();
        assert_eq!(message.len(), 60 * MIB);
    };
    let turns = turns_until(receive).await;
    assert!(turns >= 30, "{turns} turns for 60 MiB");
}

#[tokio::test]
async fn however_many_messages_it_is() {
    let (near, mut far) = tokio::io::duplex(1 << 20);
    let mut socket = inflating(near, Config::default());
    // Each is less than what is inflated at once.
    let mut bomb = bomb(MIB / 2);
    bomb[0] |= 0x80;
    far.write_all(&bomb.repeat(60)).await.unwrap();
    let receive = async move {
        for _ in 0..60 {
            assert_eq!(next(&mut socket).await.unwrap().unwrap().len(), MIB / 2);
        }
    };
    let turns = turns_until(receive).await;
    assert!(turns >= 15, "{turns} turns for 30 MiB");
}

#[tokio::test(start_paused = true)]
async fn an_acceptor_has_limits_by_default() {
    let (near, mut far) = tokio::io::duplex(64 << 10);
    let request = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    far.write_all(request.as_bytes()).await.unwrap();
    let mut socket = Acceptor::default().accept(near).await.unwrap();
    let mut answer = [0; 129];
    far.read_exact(&mut answer).await.unwrap();
    assert!(answer.ends_with(b"\r\n\r\n"));
    far.write_all(&header(BINARY, (16 << 20) + 1))
        .await
        .unwrap();
    let error = next(&mut socket).await.unwrap().unwrap_err();
    assert_eq!(error.cause(), Cause::TooBig, "{error}");

    let (near, mut far) = tokio::io::duplex(64 << 10);
    far.write_all(request.as_bytes()).await.unwrap();
    let mut socket = Acceptor::default().accept(near).await.unwrap();
    far.write_all(&header(BINARY, 16 << 20)).await.unwrap();
    let start = Instant::now();
    let error = next(&mut socket).await.unwrap().unwrap_err();
    assert_eq!(error.cause(), Cause::Timeout, "{error}");
    assert_eq!(start.elapsed(), LIMIT);
}
