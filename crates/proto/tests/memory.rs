//! Memory, counted: it grows with bytes received and not with bytes announced, small messages need
//! none, an idle connection owns none.
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use arkws_proto::deflate::DeflateParams;
use arkws_proto::handshake::{ResponseReader, ServerHandshake};
use arkws_proto::{Config, Connection, Event, Limits, MessageKind, ProtocolError, Role};
use bytes::{Buf, BufMut};

/// Counts the allocations of each thread.
struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
    static IN_USE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn note(change: isize) {
    COUNT.set(COUNT.get() + usize::from(change > 0));
    IN_USE.set(IN_USE.get() + change);
    PEAK.set(PEAK.get().max(IN_USE.get()));
}

// SAFETY: all work is the system allocator's; the counters are constant-initialised and need no
// memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size() as isize);
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        note(-(layout.size() as isize));
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What `work` gives, how many allocations it made, and how far memory in use rose above what it
/// was before, in bytes.
fn counted<T>(work: impl FnOnce() -> T) -> (T, usize, isize) {
    let (count, in_use) = (COUNT.get(), IN_USE.get());
    PEAK.set(in_use);
    let result = work();
    (result, COUNT.get() - count, PEAK.get() - in_use)
}

fn deflate() -> DeflateParams {
    DeflateParams {
        server_no_context_takeover: false,
        client_no_context_takeover: false,
        server_max_window_bits: 15,
        client_max_window_bits: 15,
        level: 6,
        min_size: 0,
    }
}

fn unlimited() -> Limits {
    Limits {
        max_frame_size: u64::MAX,
        max_message_size: usize::MAX,
        ..Limits::default()
    }
}

/// Feeds bytes; how many events they gave.
fn feed(connection: &mut Connection, bytes: &mut [u8]) -> Result<usize, ProtocolError> {
    let mut input = bytes;
    let mut events = 0;
    while connection.recv(&mut input)?.is_some() {
        events += 1;
    }
    Ok(events)
}

/// Everything that waits for the transport.
fn drain(connection: &mut Connection) -> Vec<u8> {
    let transmit = connection.transmit();
    transmit.copy_to_bytes(transmit.remaining()).to_vec()
}

/// As if everything that waits had been written.
fn forget(connection: &mut Connection) {
    let transmit = connection.transmit();
    transmit.advance(transmit.remaining());
}

#[test]
fn a_terabyte_that_is_announced_costs_nothing_until_it_arrives() {
    let config = Config {
        limits: unlimited(),
        ..Config::default()
    };
    let mut client = Connection::new(Role::Client, config);
    let mut header = [&[0x82, 127][..], &(1_u64 << 40).to_be_bytes()].concat();
    let (_, count, _) = counted(|| feed(&mut client, &mut header).unwrap());
    assert!(
        count <= 1,
        "no more than the box that remembers the message"
    );

    // Bytes arrive through the shared buffer ...
    let mut arrived = 0;
    for _ in 0..20 {
        let mut bytes = vec![7; 1000];
        let (_, _, peak) = counted(|| feed(&mut client, &mut bytes).unwrap());
        arrived += bytes.len();
        assert!(peak <= 64 << 10, "{peak} bytes for {arrived} received");
    }
    // ... and straight.
    let (_, _, peak) = counted(|| {
        while arrived < 10 << 20 {
            let mut buffer = client.direct_buffer().expect("a large message");
            let room = buffer.chunk_mut().len().min(50_000);
            buffer.put_bytes(7, room);
            drop(buffer);
            assert!(client.recv(&mut &mut [][..]).unwrap().is_none());
            arrived += room;
        }
    });
    // While a buffer grows both the old and the new one exist.
    assert!(
        peak <= 6 * arrived as isize,
        "{peak} bytes for {arrived} received"
    );
}

/// undici CVE-2026-1528, Tomcat CVE-2020-13935, gorilla CVE-2020-27813, rust-websocket
/// CVE-2022-35922.
#[test]
fn a_length_over_the_limit_is_refused_without_memory() {
    for (role, mask) in [(Role::Client, 0), (Role::Server, 0x80)] {
        for len in [1 << 32, (1 << 32) + 5, i64::MAX as u64, 1 << 63, u64::MAX] {
            let mut connection = Connection::new(role, Config::default());
            let mut header = [&[0x82, mask | 127][..], &u64::to_be_bytes(len), &[1; 4]].concat();

            let (result, _, peak) = counted(|| feed(&mut connection, &mut header));

            let code = match len >> 63 {
                0 => arkws_proto::CloseCode::TOO_BIG,
                _ => arkws_proto::CloseCode::PROTOCOL_ERROR,
            };
            assert_eq!(result.unwrap_err().close_code(), code, "{len:#x}");
            assert!(peak < 4096, "{peak} bytes for {len:#x}");
        }
    }
}

/// ws CVE-2026-48779, ws #2331, undici CVE-2026-12151: what a fragment costs beyond its bytes.
#[test]
fn fragments_of_a_byte_or_none_pin_no_more_than_was_received() {
    for (role, size) in [
        (Role::Client, 0),
        (Role::Client, 1),
        (Role::Server, 0),
        (Role::Server, 1),
    ] {
        let limits = Limits {
            max_fragments: u32::MAX,
            ..unlimited()
        };
        let config = Config {
            limits,
            ..Config::default()
        };
        let mut connection = Connection::new(role, config);
        let mask: &[u8] = match role {
            Role::Client => &[],
            Role::Server => &[0; 4],
        };
        let masked = 0x80 * u8::from(!mask.is_empty());
        let fragment =
            |opcode| [&[opcode, masked | size][..], mask, &vec![7; size.into()]].concat();
        feed(&mut connection, &mut fragment(0x02)).unwrap();
        let before = IN_USE.get();
        let many = fragment(0x00).repeat(1000);
        let mut received = 0;
        for _ in 0..1000 {
            let mut bytes = many.clone();
            received += bytes.len() as isize;
            feed(&mut connection, &mut bytes).unwrap();
        }
        let pinned = IN_USE.get() - before;
        assert!(
            pinned <= 2 * received + (64 << 10),
            "{pinned} bytes for {received} in fragments of {size}"
        );

        // By default that many are refused.
        let mut connection = Connection::new(role, Config::default());
        feed(&mut connection, &mut fragment(0x02)).unwrap();
        let refused = (0..1100).find_map(|_| feed(&mut connection, &mut many.clone()).err());
        let error = refused.expect("a limit");
        assert_eq!(error.close_code(), arkws_proto::CloseCode::TOO_BIG);
    }
}

/// tungstenite CVE-2023-43669: each parse needs memory for the fields, so that parses can be
/// counted.
#[test]
fn a_head_in_small_pieces_is_not_parsed_again_for_each() {
    let fields: String = (0..50)
        .map(|n| format!("x-{n}: {}\r\n", "y".repeat(250)))
        .collect();
    let long = "z".repeat(16_000);
    for (what, start, rest) in [
        ("long fields", "", fields),
        ("one long field", "", format!("x: {long}\r\n")),
        ("empty lines first", "\r\n", "\r\n".repeat(8000)),
        ("bare line feeds first", "\n", "\n".repeat(16_000)),
    ] {
        for line in ["GET / HTTP/1.1\r\n", "HTTP/1.1 403 Forbidden\r\n"] {
            if start == "\n" && line.starts_with("GET") {
                // The first is refused.
                continue;
            }
            let head = match start {
                "" => format!("{line}{rest}"),
                _ => format!("{start}{rest}{line}"),
            };
            assert!(head.len() < 16_384, "{what}");
            let (refused, count, peak) = counted(|| {
                let limits = Limits::default();
                if line.starts_with("GET") {
                    let mut server = ServerHandshake::new(&limits);
                    head.bytes().any(|byte| server.recv(&[byte]).is_err())
                } else {
                    let mut client = ResponseReader::new(&limits);
                    head.bytes().any(|byte| client.recv(&[byte]).is_err())
                }
            });
            assert!(!refused, "{what}: the head is not complete");
            // Once per line, and for the first bytes.
            assert!(count < 150, "{what}: {count} allocations");
            assert!(peak < 48 << 10, "{what}: {peak} bytes");
        }
    }
}

#[test]
fn a_bomb_is_stopped_at_the_limit_while_it_is_inflated() {
    // Given: 64 MiB of zeroes in 64 KiB.
    let config = Config {
        deflate: Some(deflate()),
        ..Config::default()
    };
    let mut server = Connection::new(Role::Server, config);
    server.send_binary(&vec![0; 64 << 20]).unwrap();
    let mut bomb = drain(&mut server);
    assert!(bomb.len() < 70_000, "{}", bomb.len());
    // When
    let limits = Limits {
        max_message_size: 100_000,
        ..Limits::default()
    };
    let config = Config {
        limits,
        deflate: Some(deflate()),
        ..Config::default()
    };
    let mut client = Connection::new(Role::Client, config);
    let (result, _, peak) = counted(|| feed(&mut client, &mut bomb));
    // Then
    assert_eq!(
        result,
        Err(ProtocolError::MessageTooLarge { limit: 100_000 })
    );
    assert!(
        peak < 160_000,
        "{peak}: the message and the inflater's own 47 KiB"
    );
}

#[test]
fn a_connection_that_compresses_takes_less_than_300_kib_for_it_and_one_that_inflates_48() {
    let config = Config {
        deflate: Some(deflate()),
        ..Config::default()
    };
    let text = "a compressed text, ".repeat(100);
    let mut server = Connection::new(Role::Server, config.clone());
    let (mut bytes, _, to_compress) = counted(|| {
        server.send_text(&text).unwrap();
        drain(&mut server)
    });
    let mut client = Connection::new(Role::Client, config);
    let (events, _, to_inflate) = counted(|| feed(&mut client, &mut bytes).unwrap());
    assert_eq!(events, 1);
    assert!(to_compress < 300 << 10, "{to_compress}");
    // The message is counted too.
    assert!(
        to_inflate < (48 << 10) + 4 * text.len() as isize,
        "{to_inflate}"
    );
}

#[test]
fn small_messages_need_no_memory_when_they_arrive() {
    let (mut client, mut server) = (
        Connection::new(Role::Client, Config::default()),
        Connection::new(Role::Server, Config::default()),
    );
    for _ in 0..100 {
        client.send_text("some text, größer").unwrap();
        client.send_binary(&[7; 1000]).unwrap();
        client.send_ping(b"ping").unwrap();
    }
    let mut input = drain(&mut client);
    let (events, count, _) = counted(|| {
        let mut input = &mut input[..];
        let mut events = 0;
        while let Some(event) = server.recv(&mut input).unwrap() {
            events += 1;
            if let Event::Ping(_) = event {
                forget(&mut server);
            }
        }
        events
    });
    assert_eq!(events, 300);
    assert!(
        count <= 1,
        "{count} allocations: the block for the pongs, once"
    );
}

#[test]
fn small_messages_need_no_memory_when_they_are_sent_in_turn() {
    for role in [Role::Client, Role::Server] {
        let mut connection = Connection::new(role, Config::default());
        let (_, count, _) = counted(|| {
            for _ in 0..1000 {
                connection.send_text("some text").unwrap();
                connection.send_binary(&[7; 100]).unwrap();
                forget(&mut connection);
            }
        });
        // A thread makes its generator of masking keys with the first key.
        assert!(count <= 3, "{count} allocations for 2000 messages");
    }
}

#[test]
fn an_idle_connection_owns_nothing_but_itself() {
    let config = Config {
        deflate: Some(DeflateParams {
            server_no_context_takeover: true,
            client_no_context_takeover: true,
            ..deflate()
        }),
        ..Config::default()
    };
    let size = size_of::<Connection>();
    assert!(size <= 336, "{size} bytes");

    // The generator of masking keys belongs to the thread, which makes it with its first key.
    let mut other = Connection::new(Role::Client, Config::default());
    other.send_ping(b"").unwrap();
    drop(other);
    let before = IN_USE.get();
    let mut client = Connection::new(Role::Client, config.clone());
    assert_eq!(IN_USE.get(), before);
    // Given: it was busy.
    {
        let mut server = Connection::new(Role::Server, config);
        server
            .send_text(&"a compressed text, ".repeat(100))
            .unwrap();
        server
            .send_fragment(MessageKind::Binary, &[7; 1000], false)
            .unwrap();
        server
            .send_fragment(MessageKind::Binary, &[7; 1000], true)
            .unwrap();
        server.send_ping(b"").unwrap();
        let mut input = drain(&mut server);
        for byte in &mut input {
            feed(&mut client, std::slice::from_mut(byte)).unwrap();
        }
        client
            .send_text(&"a compressed text, ".repeat(100))
            .unwrap();
        forget(&mut client);
    }
    assert!(IN_USE.get() > before);
    // When
    client.release_buffers();
    // Then
    assert_eq!(IN_USE.get(), before);
}
