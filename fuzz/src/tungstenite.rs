//! Any frames to us and to tungstenite: both find the same messages, and both refuse the same.
use std::io::{self, Read, Write};

use arkws_proto::{Config, Connection, Event, Limits, ProtocolError, Role};
use tungstenite::protocol::{self, WebSocketConfig};
use tungstenite::{Message, WebSocket};

use crate::config::role;
use crate::input::Input;

/// Largest frame and message for both.
const LIMIT: usize = 1 << 14;

/// A code of IANA's registry that tungstenite does not know: it shows the program another one.
const BAD_GATEWAY: u16 = 1014;

/// The same messages. Of what only one refuses there is a list: [`ours_alone`].
pub(crate) fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let role = role(&mut input);
    let bytes = input.rest();
    let (ours, refusal) = ours(role, bytes);
    let (theirs, end) = theirs(role, bytes);
    let common = ours.len().min(theirs.len());
    assert_eq!(ours[..common], theirs[..common]);
    match (refusal, end) {
        (None, End::Waits | End::Closed) => assert_eq!(ours.len(), theirs.len()),
        (None, End::Refused(error)) => panic!("tungstenite alone refuses: {error}"),
        // It refuses a frame when the last byte of it is there.
        (Some(error), End::Waits) => {
            assert!(ours.len() == theirs.len() || ours_alone(&error), "{error}");
        }
        (Some(error), End::Refused(_) | End::Closed) => {
            assert!(ours.len() == theirs.len() || ours_alone(&error), "{error}");
        }
    }
    assert!(
        theirs.len() >= ours.len(),
        "tungstenite refuses what we take"
    );
}

/// What RFC 6455 forbids and tungstenite takes.
fn ours_alone(error: &ProtocolError) -> bool {
    match error {
        // 5.2: "the minimal number of bytes MUST be used to encode the length".
        ProtocolError::LengthNotMinimal(_) => true,
        // The same, for a control frame of at most 125 bytes.
        ProtocolError::ControlTooLong => true,
        // 7.4: it shows the program 1002 in the place of a code that must not be sent.
        ProtocolError::InvalidCloseCode(_) => true,
        _ => false,
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<(u16, String)>),
}

fn ours(role: Role, bytes: &[u8]) -> (Vec<Seen>, Option<ProtocolError>) {
    let limits = Limits {
        max_frame_size: LIMIT as u64,
        max_message_size: LIMIT,
        ..Limits::default()
    };
    let mut connection = Connection::new(
        role,
        Config {
            limits,
            ..Config::default()
        },
    );
    let mut bytes = bytes.to_vec();
    let mut input = &mut bytes[..];
    let mut seen = Vec::new();
    loop {
        let event = match connection.recv(&mut input) {
            Ok(Some(event)) => event,
            Ok(None) => return (seen, None),
            Err(error) => return (seen, Some(error)),
        };
        seen.push(match event {
            Event::Text(text) => Seen::Text(text.to_owned()),
            Event::Binary(data) => Seen::Binary(data.to_vec()),
            Event::Ping(data) => Seen::Ping(data.to_vec()),
            Event::Pong(data) => Seen::Pong(data.to_vec()),
            Event::Close(frame) => Seen::Close(frame.map(|frame| match frame.code().get() {
                BAD_GATEWAY => (1002, "Protocol violation".to_owned()),
                code => (code, frame.reason().to_owned()),
            })),
        });
    }
}

/// How tungstenite ended.
enum End {
    Waits,
    Closed,
    Refused(tungstenite::Error),
}

fn theirs(role: Role, bytes: &[u8]) -> (Vec<Seen>, End) {
    let role = match role {
        Role::Client => protocol::Role::Client,
        Role::Server => protocol::Role::Server,
    };
    let config = WebSocketConfig::default()
        .read_buffer_size(4096)
        .write_buffer_size(0)
        .max_message_size(Some(LIMIT))
        .max_frame_size(Some(LIMIT));
    let mut socket = WebSocket::from_raw_socket(Arrived(bytes), role, Some(config));
    let mut seen = Vec::new();
    loop {
        let message = match socket.read() {
            Ok(message) => message,
            Err(tungstenite::Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                return (seen, End::Waits);
            }
            Err(error) => return (seen, End::Refused(error)),
        };
        seen.push(match message {
            Message::Text(text) => Seen::Text(text.as_str().to_owned()),
            Message::Binary(data) => Seen::Binary(data.to_vec()),
            Message::Ping(data) => Seen::Ping(data.to_vec()),
            Message::Pong(data) => Seen::Pong(data.to_vec()),
            Message::Close(frame) => {
                let frame = frame.map(|frame| (frame.code.into(), frame.reason.to_string()));
                seen.push(Seen::Close(frame));
                // What comes behind it we ignore, and tungstenite refuses.
                return (seen, End::Closed);
            }
            Message::Frame(frame) => panic!("{frame}"),
        });
    }
}

/// Bytes that have arrived; more may come. What is written is of no interest.
struct Arrived<'a>(&'a [u8]);

impl Read for Arrived<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer) {
            Ok(0) => Err(io::ErrorKind::WouldBlock.into()),
            read => read,
        }
    }
}

impl Write for Arrived<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
