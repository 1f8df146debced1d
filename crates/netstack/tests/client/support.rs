//! A client whose events are recorded, servers to connect to, and a clock that a test moves.
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arkws::{Acceptor, Message, WebSocket as ServerSocket};
use arkws_netstack::{
    ApiLevel, BusinessError, CloseOptions, CloseResult, Context, Event, Listener, Network,
    WebSocket,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use crate::connect::without_proxy;

/// An event, owned.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Seen {
    Headers(Vec<(String, String)>),
    Open {
        status: u16,
        message: String,
        protocol: Option<String>,
    },
    Text(String),
    Binary(Vec<u8>),
    DataEnd,
    Error(BusinessError),
    Close(u16, String),
    /// Through which send.
    Sent(u64),
    /// From which send, through which.
    SendFailed(u64, u64, BusinessError),
    Reconnecting {
        attempt: u32,
        delay: u64,
        cause: BusinessError,
    },
    Reconnected(u32),
    Ping(Vec<u8>),
    /// Its payload, and through which ping it answers.
    Pong(Vec<u8>, Option<u64>),
    PingsLost(u64, BusinessError),
    Idle,
}

impl From<Event<'_>> for Seen {
    fn from(event: Event<'_>) -> Seen {
        match event {
            Event::HeaderReceive(headers) => Seen::Headers(
                headers
                    .iter()
                    .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                    .collect(),
            ),
            Event::Open {
                status,
                message,
                protocol,
            } => Seen::Open {
                status,
                message: message.to_owned(),
                protocol: protocol.map(str::to_owned),
            },
            Event::Text(text) => Seen::Text(text.as_str().to_owned()),
            Event::Binary(data) => Seen::Binary(data.to_vec()),
            Event::DataEnd => Seen::DataEnd,
            Event::Error(error) => Seen::Error(error),
            Event::Close(CloseResult { code, reason }) => Seen::Close(code, reason),
            Event::Sent { through } => Seen::Sent(through),
            Event::SendFailed {
                from,
                through,
                error,
            } => Seen::SendFailed(from, through, error),
            Event::Reconnecting {
                attempt,
                delay,
                cause,
            } => Seen::Reconnecting {
                attempt,
                delay,
                cause,
            },
            Event::Reconnected { attempts } => Seen::Reconnected(attempts),
            Event::Ping(data) => Seen::Ping(data.to_vec()),
            Event::Pong { data, answer } => {
                Seen::Pong(data.to_vec(), answer.map(|(through, _)| through))
            }
            Event::PingsLost { through, error } => Seen::PingsLost(through, error),
            Event::Idle => Seen::Idle,
        }
    }
}

type Hook = Box<dyn FnMut(&Seen) + Send>;

/// Records events, after a test's hook has seen them.
pub(crate) struct Recorder {
    seen: UnboundedSender<Seen>,
    hook: Mutex<Option<Hook>>,
}

impl Listener for Recorder {
    fn on_event(&self, event: Event<'_>) {
        let seen = Seen::from(event);
        // A hook may panic on purpose.
        let mut hook = self.hook.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hook) = &mut *hook {
            hook(&seen);
        }
        let _ = self.seen.send(seen);
    }
}

/// A client object and its events.
pub(crate) struct Client {
    pub(crate) socket: Arc<WebSocket>,
    recorder: Arc<Recorder>,
    seen: UnboundedReceiver<Seen>,
}

impl Client {
    /// At the contract's level.
    pub(crate) fn new() -> Client {
        Client::at(ApiLevel::CONTRACT)
    }

    pub(crate) fn at(level: ApiLevel) -> Client {
        Client::with(context(level))
    }

    pub(crate) fn with(context: Context) -> Client {
        let (sender, seen) = unbounded_channel();
        let recorder = Arc::new(Recorder {
            seen: sender,
            hook: Mutex::new(None),
        });
        Client {
            socket: Arc::new(WebSocket::new(context, recorder.clone())),
            recorder,
            seen,
        }
    }

    /// Runs `hook` on the network thread, inside the listener.
    pub(crate) fn on_event(&self, hook: impl FnMut(&Seen) + Send + 'static) {
        *self.recorder.hook.lock().unwrap() = Some(Box::new(hook));
    }

    pub(crate) fn connect(&self, url: impl AsRef<str>) -> Result<(), BusinessError> {
        self.socket.connect(url.as_ref(), without_proxy())
    }

    /// Connects to a server that then waits, and looks at the events up to `open`.
    pub(crate) async fn open_to(&mut self, server: &Server) -> ServerSocket<TcpStream> {
        self.connect(server.url()).unwrap();
        let peer = server.accept().await;
        assert!(matches!(self.next().await, Seen::Headers(_)));
        assert!(matches!(self.next().await, Seen::Open { .. }));
        peer
    }

    /// The same with a server that says nothing more after its handshake.
    pub(crate) async fn open_raw(&mut self, server: &Server) -> TcpStream {
        self.connect(server.url()).unwrap();
        let (peer, _) = server.answer(SWITCHING).await;
        assert!(matches!(self.next().await, Seen::Headers(_)));
        assert!(matches!(self.next().await, Seen::Open { .. }));
        peer
    }

    pub(crate) fn send(&self, text: &str) -> Result<(), BusinessError> {
        self.socket.send_text(text.to_owned()).map(drop)
    }

    pub(crate) fn close(&self) -> Result<(), BusinessError> {
        self.socket.close(CloseOptions::default())
    }

    /// The next event. What it carries is consumed.
    pub(crate) async fn next(&mut self) -> Seen {
        let seen = soon(self.seen.recv()).await.expect("the recorder lives");
        match &seen {
            Seen::Text(text) => self.socket.consumed(1, text.len()),
            Seen::Binary(data) => self.socket.consumed(1, data.len()),
            _ => {}
        }
        seen
    }

    /// The next event, without consuming what it carries.
    pub(crate) async fn peek(&mut self) -> Seen {
        soon(self.seen.recv()).await.expect("the recorder lives")
    }

    /// All events up to the next `Idle`, which is checked and left out.
    pub(crate) async fn rest(&mut self) -> Vec<Seen> {
        let mut all = Vec::new();
        loop {
            match self.next().await {
                Seen::Idle => return all,
                seen => all.push(seen),
            }
        }
    }

    /// The next events must be `Sent`, and tell of the object's first `total` sends.
    pub(crate) async fn sent(&mut self, total: u64) {
        let mut answered = 0;
        while answered < total {
            match self.next().await {
                Seen::Sent(through) => {
                    assert!(through > answered, "{through} after {answered}");
                    answered = through;
                }
                other => panic!("expected an answer to a send, not {other:?}"),
            }
        }
        assert_eq!(answered, total);
    }

    /// The next event must be an error.
    pub(crate) async fn error(&mut self) -> BusinessError {
        match self.next().await {
            Seen::Error(error) => error,
            other => panic!("expected an error, not {other:?}"),
        }
    }

    /// Lets go of the object, but not of its events, which end when the object's listener is gone.
    pub(crate) fn let_go(self) -> UnboundedReceiver<Seen> {
        self.seen
    }

    /// Nothing has happened that was not looked at.
    pub(crate) async fn assert_silent(&mut self) {
        if let Err(seen) = self.silent().await {
            panic!("unexpected: {seen:?}");
        }
    }

    /// The next event is not there yet.
    pub(crate) async fn is_silent(&mut self) -> bool {
        self.silent().await.is_ok()
    }

    async fn silent(&mut self) -> Result<(), Seen> {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        self.seen.try_recv().map_or(Ok(()), Err)
    }
}

/// The error is the contract's "unknown other error" with this code.
pub(crate) fn assert_other_error(error: &BusinessError, code: i32) {
    assert_eq!(error.code, code);
    let words = "Websocket Unknown Other Error: ";
    assert!(error.message.starts_with(words), "{error}");
}

/// On the test's own event loop.
pub(crate) fn context(level: ApiLevel) -> Context {
    Context::new(level).with_network(Network::on(Handle::current()))
}

pub(crate) fn level(level: u32) -> ApiLevel {
    ApiLevel::new(level).unwrap()
}

/// A test that hangs shall fail instead.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    timeout(Duration::from_secs(300), future)
        .await
        .expect("this takes too long")
}

/// A WebSocket server, one connection at a time.
pub(crate) struct Server {
    listener: TcpListener,
    acceptor: Acceptor,
}

impl Server {
    pub(crate) async fn start() -> Server {
        Server::with(Acceptor::default()).await
    }

    pub(crate) async fn with(acceptor: Acceptor) -> Server {
        Server {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            acceptor,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}/", self.address())
    }

    /// The next client, after the handshake.
    pub(crate) async fn accept(&self) -> ServerSocket<TcpStream> {
        let stream = self.accept_raw().await;
        self.acceptor.accept(stream).await.unwrap()
    }

    /// The next client, before the handshake.
    pub(crate) async fn accept_raw(&self) -> TcpStream {
        soon(self.listener.accept()).await.unwrap().0
    }

    /// The next client, after a handshake that is answered with exactly `answer`. Returns the
    /// request as well.
    pub(crate) async fn answer(&self, answer: &str) -> (TcpStream, String) {
        let mut stream = self.accept_raw().await;
        let request = read_head(&mut stream).await;
        let answer = match answer.contains("{accept}") {
            true => answer.replace("{accept}", &accept_key(&request)),
            false => answer.to_owned(),
        };
        stream.write_all(answer.as_bytes()).await.unwrap();
        (stream, request)
    }

    /// Stops listening; the address then refuses connections.
    pub(crate) fn stop(self) -> SocketAddr {
        self.address()
    }
}

/// A 101 answer; `{accept}` is filled in by [`Server::answer`].
pub(crate) const SWITCHING: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n";

/// Reads the head of an HTTP message.
pub(crate) async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(soon(stream.read_u8()).await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// The value of a field of a request, if it is there once.
pub(crate) fn field<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    let mut values = request.lines().filter_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    });
    let value = values.next()?;
    assert_eq!(values.next(), None, "{name} comes twice");
    Some(value)
}

fn accept_key(request: &str) -> String {
    use base64::Engine;
    use sha1::Digest;
    let key = field(request, "sec-websocket-key").unwrap();
    let digest = sha1::Sha1::digest(format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
    base64::prelude::BASE64_STANDARD.encode(digest)
}

/// The next message at a server, owned.
pub(crate) async fn message(socket: &mut ServerSocket<TcpStream>) -> Message {
    let message = soon(socket.recv()).await;
    message.expect("the connection is open").unwrap().into()
}

/// The close frame that a server sees next, as code and reason.
pub(crate) async fn close_frame(socket: &mut ServerSocket<TcpStream>) -> Option<(u16, String)> {
    match message(socket).await {
        Message::Close(frame) => {
            // To the end, so that the client sees it.
            while soon(socket.recv()).await.is_some() {}
            frame.map(|frame| (frame.code().get(), frame.reason().to_owned()))
        }
        other => panic!("expected a close frame, not {other:?}"),
    }
}

/// A paused clock that does not advance by itself while the test waits for the network: only
/// [`advance`](tokio::time::advance) moves it. To be used in a test with `start_paused`.
pub(crate) struct Frozen {
    _until_dropped: std::sync::mpsc::Sender<()>,
}

impl Frozen {
    pub(crate) fn clock() -> Frozen {
        let (sender, receiver) = std::sync::mpsc::channel::<()>();
        // While a blocking task runs, tokio's clock stands still.
        tokio::task::spawn_blocking(move || receiver.recv());
        Frozen {
            _until_dropped: sender,
        }
    }

    pub(crate) async fn advance(&self, time: Duration) {
        tokio::time::advance(time).await;
    }
}
