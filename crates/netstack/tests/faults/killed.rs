//! A server or a client whose process is killed, by SIGKILL: it says nothing, its system ends its
//! connections. The other end is told so, once, and each of its sends is answered.
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use arkws::{Message, MessageKind, WebSocket as Peer};
#[cfg(target_os = "linux")]
use arkws_netstack::Reconnect;
use arkws_netstack::{
    ApiLevel, BusinessError, Context, Event, Listener, Network, RequestOptions, ServerConfig,
    ServerEvent, ServerListener, WebSocket, WebSocketServer,
};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use crate::connect::without_proxy;

/// What the process that is killed does.
const ROLE: &str = "ARKWS_TEST_KILLED";

/// More than systems take for programs that do not read.
const MUCH: usize = 1 << 20;
const SENDS: u64 = 50;

/// A test that hangs shall fail instead.
const LONG: Duration = Duration::from_secs(300);

/// This program once more, with a role; killed at last.
struct Process {
    child: Child,
    /// What it has said.
    said: UnboundedReceiver<String>,
}

impl Process {
    /// `role` is `serve ADDRESS`, `hesitate ADDRESS`, or `send ADDRESS`.
    fn start(role: &str) -> Process {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "killed::the_process", "--nocapture"])
            .env(ROLE, role)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, said) = unbounded_channel();
        // Reading a pipe blocks.
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some(said) = line.strip_prefix("it says ") {
                    let _ = sender.send(said.to_owned());
                }
            }
        });
        Process { child, said }
    }

    /// What it says next.
    async fn says(&mut self) -> String {
        let said = timeout(LONG, self.said.recv()).await;
        said.expect("it says something").expect("it lives")
    }

    /// Where it listens.
    async fn address(&mut self) -> String {
        self.says().await
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What [`Process`] runs; nothing by itself.
#[tokio::test]
async fn the_process() {
    let Ok(role) = std::env::var(ROLE) else {
        return;
    };
    let (role, address) = role.split_once(' ').unwrap();
    // Behind what the test's frame prints.
    let says = |what: &str| println!("\nit says {what}");
    if role == "send" {
        let (mut socket, _) = arkws::connect(format!("ws://{address}/")).await.unwrap();
        socket.send("hello".into()).await.unwrap();
        return hesitate(socket, says).await;
    }
    let listener = TcpListener::bind(address).await.unwrap();
    says(&listener.local_addr().unwrap().to_string());
    let (stream, _) = listener.accept().await.unwrap();
    let mut socket = arkws::accept(stream).await.unwrap();
    if role == "hesitate" {
        return hesitate(socket, says).await;
    }
    while let Some(Ok(message)) = socket.recv().await.map(|it| it.map(Message::from)) {
        socket.send(message).await.unwrap();
    }
}

/// Begins a message, does not end it, and reads nothing.
async fn hesitate<S>(mut socket: Peer<S>, says: impl Fn(&str))
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut message = socket.message_writer(MessageKind::Binary);
    message.write_all(&[7; 1000]).await.unwrap();
    message.flush().await.unwrap();
    says("begun");
    std::future::pending().await
}

/// What an object tells, in words; a message by its length.
struct Recorder(UnboundedSender<Record>);

#[derive(Debug, PartialEq)]
enum Record {
    Word(&'static str),
    Port(u16),
    Message(usize),
    Lost(BusinessError),
    Close(u16),
    Sent(u64),
    Failed(u64, u64),
}

impl Listener for Recorder {
    fn on_event(&self, event: Event<'_>) {
        let told = match event {
            Event::Open { .. } => Record::Word("open"),
            Event::Text(text) => Record::Message(text.as_str().len()),
            Event::Binary(data) => Record::Message(data.len()),
            Event::Error(error) => Record::Lost(error),
            Event::Close(result) => Record::Close(result.code),
            Event::Sent { through } => Record::Sent(through),
            Event::SendFailed { from, through, .. } => Record::Failed(from, through),
            Event::Reconnecting { cause, .. } => Record::Lost(cause),
            Event::Reconnected { .. } => Record::Word("reconnected"),
            Event::Idle => Record::Word("idle"),
            _ => return,
        };
        let _ = self.0.send(told);
    }
}

impl ServerListener for Recorder {
    fn on_event(&self, event: ServerEvent<'_>) {
        let told = match event {
            ServerEvent::Started(Ok(address)) => {
                Record::Port(address.socket_address().unwrap().port())
            }
            ServerEvent::Connect { .. } => Record::Word("open"),
            ServerEvent::Text(_, text) => Record::Message(text.as_str().len()),
            ServerEvent::Binary(_, data) => Record::Message(data.len()),
            ServerEvent::Error { error, .. } => Record::Lost(error),
            ServerEvent::Close(_, result) => Record::Close(result.code),
            ServerEvent::Sent { through, .. } => Record::Sent(through),
            ServerEvent::SendFailed { from, through, .. } => Record::Failed(from, through),
            ServerEvent::Idle => Record::Word("idle"),
            other => panic!("nobody asked for {other:?}"),
        };
        let _ = self.0.send(told);
    }
}

struct Events(UnboundedReceiver<Record>);

impl Events {
    async fn next(&mut self) -> Record {
        let next = timeout(LONG, self.0.recv()).await;
        next.expect("it comes").expect("the object lives")
    }

    async fn is(&mut self, word: &'static str) {
        assert_eq!(self.next().await, Record::Word(word));
    }

    async fn lost(&mut self, cause: &str) {
        match self.next().await {
            Record::Lost(error) => assert_eq!(error.cause_name(), Some(cause), "{error}"),
            other => panic!("{other:?}"),
        }
    }

    /// Each of so many sends has an answer. Once one has failed, so has each behind it.
    async fn answer_each(&mut self, sends: u64) {
        let (mut answered, mut failed) = (0, false);
        while answered < sends {
            match self.next().await {
                Record::Sent(through) if through > answered && !failed => answered = through,
                Record::Failed(from, through) if from == answered + 1 => {
                    (answered, failed) = (through, true);
                }
                other => panic!("{other:?} after {answered}"),
            }
        }
        assert!(failed);
    }

    /// The end of a connection that its peer's system has ended, and nothing behind it.
    async fn are_of_a_lost_connection(&mut self) {
        self.lost("reset").await;
        assert_eq!(self.next().await, Record::Close(1006));
    }
}

fn context() -> Context {
    Context::new(ApiLevel::NEWEST).with_network(Network::on(Handle::current()))
}

/// A client that is connected.
async fn client(address: &str, options: RequestOptions) -> (WebSocket, Events) {
    let (sender, events) = unbounded_channel();
    let object = WebSocket::new(context(), Arc::new(Recorder(sender)));
    let url = format!("ws://{address}/");
    object.connect(&url, options).unwrap();
    let mut events = Events(events);
    events.is("open").await;
    (object, events)
}

#[tokio::test]
async fn a_server_that_is_killed_while_nothing_is_sent_is_an_error_and_a_close() {
    let mut server = Process::start("serve 127.0.0.1:0");
    let (_object, mut events) = client(&server.address().await, without_proxy()).await;
    server.kill();
    events.are_of_a_lost_connection().await;
    events.is("idle").await;
}

#[tokio::test]
async fn a_server_that_is_killed_in_the_midst_of_a_message_has_sent_none() {
    let mut server = Process::start("hesitate 127.0.0.1:0");
    let (_object, mut events) = client(&server.address().await, without_proxy()).await;
    assert_eq!(server.says().await, "begun");
    server.kill();
    events.are_of_a_lost_connection().await;
    events.is("idle").await;
}

#[tokio::test]
async fn each_send_to_a_server_that_is_killed_is_answered() {
    let mut server = Process::start("hesitate 127.0.0.1:0");
    let (object, mut events) = client(&server.address().await, without_proxy()).await;
    for _ in 0..SENDS {
        object.send_binary(vec![0; MUCH]).unwrap();
    }
    assert_eq!(server.says().await, "begun");
    server.kill();
    events.answer_each(SENDS).await;
    events.are_of_a_lost_connection().await;
    events.is("idle").await;
}

/// Of the loopback network, of which Linux has every address, one of this process's own: while the
/// port is free nobody else takes it, and no client connects to itself.
#[cfg(target_os = "linux")]
fn own_address() -> String {
    let [.., high, low] = std::process::id().to_be_bytes();
    format!("127.77.{high}.{low}")
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_server_that_is_killed_and_comes_back_gets_what_was_sent_meanwhile() {
    let mut server = Process::start(&format!("serve {}:0", own_address()));
    let address = server.address().await;
    let reconnect = Reconnect {
        initial_delay: Duration::from_millis(20),
        max_delay: Duration::from_millis(50),
        ..Reconnect::default()
    };
    let options = RequestOptions {
        reconnect: Some(reconnect),
        ..without_proxy()
    };
    let (object, mut events) = client(&address, options).await;
    server.kill();
    events.lost("reset").await;
    events.lost("refused").await;
    object.send_text("still here".to_owned()).unwrap();
    let _back = Process::start(&format!("serve {address}"));
    loop {
        match events.next().await {
            Record::Lost(error) => assert_eq!(error.cause_name(), Some("refused"), "{error}"),
            Record::Word("open") => break,
            other => panic!("{other:?}"),
        }
    }
    events.is("reconnected").await;
    assert_eq!(events.next().await, Record::Sent(1));
    assert_eq!(events.next().await, Record::Message(10));
    // Nothing else has happened.
    assert!(events.0.try_recv().is_err());
}

#[tokio::test]
async fn a_client_that_is_killed_in_the_midst_of_messages_is_an_error_and_a_close() {
    let (sender, events) = unbounded_channel();
    let object = WebSocketServer::new(context(), Arc::new(Recorder(sender)));
    let config = ServerConfig {
        server_ip: "127.0.0.1".into(),
        max_queued_bytes: Some(2 * MUCH * SENDS as usize),
        ..ServerConfig::default()
    };
    object.start(config).unwrap();
    let mut events = Events(events);
    let Record::Port(port) = events.next().await else {
        panic!("it is not started");
    };
    let mut peer = Process::start(&format!("send 127.0.0.1:{port}"));
    events.is("open").await;
    assert_eq!(events.next().await, Record::Message(5));
    let client = object.list_all_connections().unwrap().remove(0).connection;
    for _ in 0..SENDS {
        object.send_binary(vec![0; MUCH], &client).unwrap();
    }
    assert_eq!(peer.says().await, "begun");
    peer.kill();
    events.answer_each(SENDS).await;
    events.are_of_a_lost_connection().await;
    assert!(object.list_all_connections().unwrap().is_empty());
    object.stop().unwrap();
    events.is("idle").await;
}
