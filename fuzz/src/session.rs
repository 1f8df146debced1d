//! A whole connection, as client and as server: a peer that says anything in any pieces, or takes
//! nothing, between calls of the program in any order.
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use arkws::{
    CloseCode, CloseFrame, Config, Error, Heartbeat, Message, Negotiated, ProtocolError, Role,
    SendError, WebSocket,
};
use arkws_proto::Connection;
use arkws_proto::frame::{Header, Opcode};
use tokio::time::{sleep, timeout};

use crate::config::{AnyConfig, ENTROPY, peer, role};
use crate::input::Input;
use crate::peer::Stream;
use crate::runtime::paused;

/// In which a connection has ended when its peer takes everything: a message may be incomplete, a
/// ping without its answer, and a close frame, each until its time is over.
const END: Duration = Duration::from_secs(60);

/// What the program is told is what the bytes say, and ends once. What it has sent leaves whole, in
/// its order, in valid frames. Nothing waits for ever.
pub(crate) fn run(data: &[u8]) {
    paused().block_on(async {
        let mut input = Input::new(data);
        let mut session = Session::new(&mut input);
        while !input.is_empty() {
            session.step(&mut input).await;
        }
        session.finish().await;
    });
}

struct Session {
    socket: WebSocket<Stream>,
    stream: Stream,
    role: Role,
    config: AnyConfig,
    /// What the peer said.
    said: Vec<u8>,
    /// What the program was told.
    received: Vec<Message>,
    /// Why it ended.
    error: Option<Error>,
    ended: bool,
    /// What the program sent.
    sent: Vec<Message>,
}

impl Session {
    fn new(input: &mut Input<'_>) -> Session {
        let role = role(input);
        let config = AnyConfig::read(input);
        let [options, read_size, room] = input.array();
        let stream = Stream::new(1 + usize::from(read_size), 64 * usize::from(room));
        let leftover = input.short();
        let negotiated = Negotiated {
            deflate: config.config().deflate,
            ..Negotiated::default()
        };
        Session {
            socket: WebSocket::from_handshake(
                stream.clone(),
                role,
                settings(&config, options),
                negotiated,
                leftover,
            ),
            stream,
            role,
            config,
            said: leftover.to_vec(),
            received: Vec::new(),
            error: None,
            ended: false,
            sent: Vec::new(),
        }
    }

    async fn step(&mut self, input: &mut Input<'_>) {
        match input.byte() % 12 {
            0..3 => {
                let bytes = input.short();
                self.said.extend_from_slice(bytes);
                self.stream.wire().say(bytes);
            }
            3 => self.stream.wire().take(64 * usize::from(input.byte())),
            4 => while self.receive().await {},
            5 => {
                self.receive().await;
            }
            6 => {
                let text = String::from_utf8_lossy(input.short()).into_owned();
                let fed = self.socket.feed_text(&text);
                self.note(fed, Message::text(text));
            }
            7 => {
                let data = input.short().repeat(1 << (input.byte() % 8));
                let fed = self.socket.feed_binary(&data);
                self.note(fed, Message::binary(data));
            }
            8 => {
                let ping: Vec<u8> = input.short().iter().copied().take(125).collect();
                let fed = self.socket.feed_ping(&ping);
                self.note(fed, Message::Ping(ping.into()));
            }
            9 => {
                let flushed = poll_fn(|cx| Poll::Ready(self.socket.poll_flush(cx))).await;
                // Once it cannot be written to, the end comes.
                assert!(!matches!(flushed, Poll::Ready(Ok(()))) || self.socket.queued() == 0);
            }
            10 => {
                let code = CloseCode::new(input.u16());
                let reason = String::from_utf8_lossy(input.short()).into_owned();
                self.socket
                    .start_close(code.map(|code| CloseFrame::new(code, &reason)));
            }
            _ => match input.byte() {
                0 => self.stream.wire().end(),
                tenths => sleep(Duration::from_millis(100 * u64::from(tenths))).await,
            },
        }
    }

    fn note(&mut self, fed: Result<(), SendError>, message: Message) {
        if fed.is_ok() {
            assert!(!self.ended, "nothing is taken after the end");
            self.sent.push(message);
        }
    }

    /// Receives if something is there, and says whether there was.
    async fn receive(&mut self) -> bool {
        let polled = poll_fn(|cx| {
            let event = match self.socket.poll_recv(cx) {
                Poll::Ready(event) => event.map(|event| event.map(Message::from)),
                Poll::Pending => return Poll::Ready(None),
            };
            Poll::Ready(Some(event))
        });
        match polled.await {
            Some(event) => self.found(event),
            None => {
                assert!(!self.ended, "what has ended does not wait");
                false
            }
        }
    }

    /// Whether there may be more.
    fn found(&mut self, event: Option<Result<Message, Error>>) -> bool {
        match event {
            Some(Ok(message)) => {
                assert!(
                    !self.ended && self.error.is_none(),
                    "{message:?} after the end"
                );
                self.received.push(message);
                true
            }
            Some(Err(error)) => {
                assert!(!self.ended && self.error.is_none(), "{error} after the end");
                self.error = Some(error);
                true
            }
            None => {
                self.ended = true;
                false
            }
        }
    }

    async fn finish(mut self) {
        self.stream.wire().take(usize::MAX);
        self.socket.start_close(None);
        let end = async {
            while !self.ended {
                let event = self
                    .socket
                    .recv()
                    .await
                    .map(|event| event.map(Message::from));
                self.found(event);
            }
        };
        timeout(END, end).await.expect("an end");
        assert!(!self.receive().await, "the end stays the end");
        self.check_received();
        self.check_written();
    }

    /// What was received is what the bytes say; all of it, if an error of theirs was told.
    fn check_received(&self) {
        let mut connection = Connection::new(self.role, self.config.config());
        let mut bytes = self.said.clone();
        let (messages, error) = read(&mut connection, &mut bytes);
        let told = messages.get(..self.received.len());
        assert_eq!(told, Some(&self.received[..]));
        if let Some(Error::Protocol(told)) = &self.error {
            // Of two faults in one compressed message reads decide which is found first.
            let in_deflate = |error: &ProtocolError| {
                use ProtocolError::{InvalidDeflate, InvalidUtf8, MessageTooLarge};
                matches!(error, InvalidDeflate | InvalidUtf8 | MessageTooLarge { .. })
            };
            let error = error.expect("the bytes are at fault");
            assert!(
                *told == error || in_deflate(told) && in_deflate(&error),
                "{told}, not {error}"
            );
            assert_eq!(self.received.len(), messages.len());
        }
    }

    /// Valid frames, the close frame last; the messages that were sent, all if nothing went wrong;
    /// answers to pings that were received.
    fn check_written(&self) {
        let mut written = self.stream.wire().written.clone();
        check_frames(&written, self.role);
        let mut connection = Connection::new(peer(self.role), self.config.default_limits());
        let (messages, error) = read(&mut connection, &mut written);
        assert_eq!(error, None);
        let data = |messages: &[Message]| -> Vec<Message> {
            let data = messages.iter().filter(|message| message.is_data());
            data.cloned().collect()
        };
        let (arrived, sent) = (data(&messages), data(&self.sent));
        assert_eq!(sent.get(..arrived.len()), Some(&arrived[..]));
        // Who closes and then takes nothing has closed all the same.
        let gave_up = self.stream.wire().has_stalled && self.received.iter().any(Message::is_close);
        if self.error.is_none() && !gave_up {
            assert_eq!(
                arrived.len(),
                sent.len(),
                "nothing is lost without an error"
            );
        }
        let mut pings = self.received.iter();
        for pong in messages.iter().filter(|message| message.is_pong()) {
            let ping = Message::Ping(pong.clone().into_bytes());
            assert!(
                pings.any(|received| *received == ping),
                "{pong:?} answers nothing"
            );
        }
    }
}

fn settings(config: &AnyConfig, options: u8) -> Config {
    Config {
        limits: config.config().limits,
        heartbeat: (options & 1 != 0).then_some(Heartbeat {
            interval: Duration::from_secs(3),
            timeout: Duration::from_secs(2),
        }),
        message_timeout: (options & 2 != 0).then_some(Duration::from_secs(7)),
        write_timeout: (options & 4 == 0).then_some(Duration::from_secs(11)),
        write_buffer: if options & 8 != 0 { 1 } else { 4096 },
        entropy: ENTROPY,
        ..Config::default()
    }
}

fn read(connection: &mut Connection, bytes: &mut [u8]) -> (Vec<Message>, Option<ProtocolError>) {
    let mut input = bytes;
    let mut messages = Vec::new();
    loop {
        match connection.recv(&mut input) {
            Ok(Some(event)) => messages.push(Message::from(event)),
            Ok(None) => return (messages, None),
            Err(error) => return (messages, Some(error)),
        }
    }
}

/// Masked by a client only; nothing behind a close frame.
fn check_frames(mut bytes: &[u8], from: Role) {
    while let Some((header, len)) = Header::decode(bytes).expect("a valid header") {
        assert_eq!(header.mask.is_some(), from == Role::Client);
        let payload = usize::try_from(header.len).expect("it is in memory");
        bytes = bytes.get(len + payload..).unwrap_or_default();
        assert!(header.opcode != Opcode::Close || bytes.is_empty());
    }
}
