//! What is measured of `arkws-proto`, by instruction count and by time alike. Only its public
//! interface is used.
#![forbid(unsafe_code)]

mod messages;

use std::hint::black_box;

use arkws_proto::deflate::{DeflateConfig, DeflateParams};
use arkws_proto::{Config, Connection, Role, mask};
use bytes::Buf;

/// Roughly as much as a driver reads from a socket, or writes to it, at once. Bytes.
const BLOCK: usize = 64 << 10;

/// Something that is done to many messages at once.
pub struct Case {
    /// What it is called in tables, and on the command line.
    pub name: &'static str,
    /// How many messages a run is about.
    pub messages: usize,
    run: Box<dyn FnMut()>,
}

impl Case {
    /// Does it once. It can be done any number of times, at the same cost from the second time on.
    pub fn run(&mut self) {
        (self.run)();
    }
}

/// Every case.
pub fn all() -> Vec<Case> {
    vec![
        unmask("unmask-1k", 1 << 10),
        unmask("unmask-64k", 64 << 10),
        receive("receive-16", binary(16)),
        receive("receive-1k", binary(1 << 10)),
        receive("receive-1k-ascii", text(messages::ascii(1 << 10))),
        receive("receive-1k-mixed", text(messages::mixed(1 << 10))),
        receive_in_halves("receive-1k-mixed-halves", messages::mixed(1 << 10)),
        send("send-16", 16),
        send("send-1k", 1 << 10),
        send("send-64k", 64 << 10),
        inflate("inflate-1k-json", 1 << 10),
        inflate("inflate-16k-json", 16 << 10),
        deflate("deflate-1k-json", 1 << 10),
        deflate("deflate-16k-json", 16 << 10),
    ]
}

/// Unmasks a payload where it lies, as a server does.
fn unmask(name: &'static str, len: usize) -> Case {
    let mut payload = messages::random(len);
    Case {
        name,
        messages: 1,
        run: Box::new(move || mask::apply(black_box(&mut payload), black_box([1, 2, 3, 4]), 0)),
    }
}

/// Receives a block of messages, as a client.
fn receive(name: &'static str, messages: Vec<Message>) -> Case {
    let mut wire = wire(&messages, &Config::default());
    let mut client = Connection::new(Role::Client, Config::default());
    Case {
        name,
        messages: messages.len(),
        run: Box::new(move || receive_all(&mut client, &mut wire)),
    }
}

/// Receives a text message in two reads; what parts them is the middle of a character.
fn receive_in_halves(name: &'static str, text: String) -> Case {
    let header = 4;
    let middle = (text.len() / 2..)
        .find(|at| !text.is_char_boundary(*at))
        .expect("text with a character of several bytes");
    let mut first = wire(&[Message::Text(text)], &Config::default());
    let mut second = first.split_off(header + middle);
    let mut client = Connection::new(Role::Client, Config::default());
    Case {
        name,
        messages: 1,
        run: Box::new(move || {
            receive_all(&mut client, &mut first);
            receive_all(&mut client, &mut second);
        }),
    }
}

/// Sends messages, as a client, until there is a block to be written.
fn send(name: &'static str, len: usize) -> Case {
    let payload = messages::random(len);
    let messages = (BLOCK / len).max(1);
    let mut client = Connection::new(Role::Client, Config::default());
    Case {
        name,
        messages,
        run: Box::new(move || {
            for _ in 0..messages {
                client
                    .send_binary(black_box(&payload))
                    .expect("an open connection");
            }
            transmit(&mut client, |chunk| {
                black_box(chunk);
            });
        }),
    }
}

/// Receives compressed messages, as a client.
fn inflate(name: &'static str, len: usize) -> Case {
    let config = compressed();
    let messages = json(len);
    let mut wire = wire(&messages, &config);
    let mut client = Connection::new(Role::Client, config);
    Case {
        name,
        messages: messages.len(),
        // The first message refers to none before it, so that all of them can be received again.
        run: Box::new(move || receive_all(&mut client, &mut wire)),
    }
}

/// Sends compressed messages, as a client.
fn deflate(name: &'static str, len: usize) -> Case {
    let messages = json(len);
    let mut client = Connection::new(Role::Client, compressed());
    Case {
        name,
        messages: messages.len(),
        run: Box::new(move || {
            for message in &messages {
                message.send(&mut client);
            }
            transmit(&mut client, |chunk| {
                black_box(chunk);
            });
        }),
    }
}

/// A message to be sent.
enum Message {
    Text(String),
    Binary(Vec<u8>),
}

impl Message {
    fn send(&self, connection: &mut Connection) {
        match self {
            Message::Text(text) => connection.send_text(text),
            Message::Binary(bytes) => connection.send_binary(bytes),
        }
        .expect("an open connection");
    }
}

/// A block of binary messages.
fn binary(len: usize) -> Vec<Message> {
    (0..BLOCK / len)
        .map(|_| Message::Binary(messages::random(len)))
        .collect()
}

/// A block of copies of a text.
fn text(text: String) -> Vec<Message> {
    (0..BLOCK / text.len())
        .map(|_| Message::Text(text.clone()))
        .collect()
}

/// Two blocks of JSON. Twice the window of the compressor: when the messages are sent again, it has
/// forgotten them.
fn json(len: usize) -> Vec<Message> {
    (0..2 * BLOCK / len)
        .map(|page| Message::Text(messages::json(len, page)))
        .collect()
}

fn compressed() -> Config {
    let offer = DeflateConfig::default();
    Config {
        deflate: Some(DeflateParams {
            server_no_context_takeover: offer.server_no_context_takeover,
            client_no_context_takeover: offer.client_no_context_takeover,
            server_max_window_bits: offer.server_max_window_bits,
            client_max_window_bits: offer.client_max_window_bits,
            level: offer.level,
            min_size: offer.min_size,
        }),
        ..Config::default()
    }
}

/// What a server writes to send these messages.
fn wire(messages: &[Message], config: &Config) -> Vec<u8> {
    let mut server = Connection::new(Role::Server, config.clone());
    let mut wire = Vec::new();
    for message in messages {
        message.send(&mut server);
        transmit(&mut server, |chunk| wire.extend_from_slice(chunk));
    }
    wire
}

fn transmit(connection: &mut Connection, mut write: impl FnMut(&[u8])) {
    let transmit = connection.transmit();
    while transmit.has_remaining() {
        write(transmit.chunk());
        transmit.advance(transmit.chunk().len());
    }
}

fn receive_all(client: &mut Connection, wire: &mut [u8]) {
    let mut input = black_box(wire);
    while let Some(event) = client.recv(&mut input).expect("valid frames") {
        black_box(event);
    }
}
