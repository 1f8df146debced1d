//! A session of a client object and a server object: a handshake, three messages that are sent
//! back, and a close. Who was told what is kept.
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arkws::CloseCode;
use arkws_netstack::{
    ApiLevel, BusinessError, CloseFrame, CloseResult, Connection, Context, Event, HandedOver, Host,
    ListenOn, Listener, Network, RequestOptions, ServerConfig, ServerEvent, ServerLimits,
    ServerListener, Transport, WebSocket, WebSocketServer,
};
use rustls::pki_types::PrivateKeyDer;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsAcceptor;

use crate::connect::without_proxy;
#[cfg(target_os = "linux")]
use crate::link::Fault;
use crate::link::{self, Kind, Passed, Plan};
#[cfg(target_os = "linux")]
use crate::reset;

/// Longer than all time-outs on the way together, in the tests' own time.
const BOUND: Duration = Duration::from_secs(120);

/// After so long without a message the program gives up a link that lies: both ends may live and
/// wait for each other.
const PATIENCE: Duration = Duration::from_secs(30);

/// One of each time-out.
const LIMIT: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Data {
    Text(String),
    Binary(Vec<u8>),
}

impl Data {
    fn len(&self) -> usize {
        match self {
            Data::Text(text) => text.len(),
            Data::Binary(data) => data.len(),
        }
    }
}

/// Text and binary, compressible or not, of both short forms of length.
pub(crate) fn messages() -> [Data; 3] {
    let binary = (0..200_u32).map(|n| (n.wrapping_mul(n) >> 3) as u8);
    [
        Data::Text("the first".to_owned()),
        Data::Binary(binary.collect()),
        Data::Text("the last, ".repeat(9)),
    ]
}

/// What one end was told.
#[derive(Debug, Default)]
pub(crate) struct EventLog {
    /// Its events, a letter each: `H` the answer's head, `O` open, `M` a message, `E` an error, `C`
    /// the end, `I` that there is nothing more; `N` a client that was never let in.
    pub(crate) order: String,
    pub(crate) received: Vec<Data>,
    /// How many bytes had passed, by direction, when each of them came.
    pub(crate) marks: Vec<[usize; 2]>,
    pub(crate) errors: Vec<BusinessError>,
    pub(crate) closes: Vec<CloseResult>,
    /// How many sends were taken; and which answers came, from which send through which.
    pub(crate) sent: u64,
    pub(crate) answers: Vec<(u64, u64)>,
}

impl EventLog {
    fn took(&mut self, data: Data, passed: &Passed) {
        self.order.push('M');
        self.received.push(data);
        self.marks.push(passed.bytes());
    }

    fn failed(&mut self, error: BusinessError) {
        self.order.push('E');
        self.errors.push(error);
    }

    fn closed(&mut self, result: CloseResult) {
        self.order.push('C');
        self.closes.push(result);
    }

    fn answered(&mut self, from: Option<u64>, through: u64) {
        let last = self.answers.last().map_or(0, |&(_, through)| through);
        self.answers.push((from.unwrap_or(last + 1), through));
    }
}

/// What became of a session.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) client: EventLog,
    pub(crate) server: EventLog,
    pub(crate) passed: [usize; 2],
    pub(crate) happened: bool,
    pub(crate) took: Duration,
}

/// An event of the client, or of the server, owned.
enum OwnedEvent {
    Headers,
    Open,
    Connect,
    Data(Option<(arkws_netstack::ClientId, Connection)>, Data),
    Error(BusinessError),
    Close(CloseResult),
    Answered(Option<u64>, u64),
    NeverConnected,
    /// There is nothing more.
    Over,
    Started(bool),
}

struct Recorder(UnboundedSender<OwnedEvent>);

impl Listener for Recorder {
    fn on_event(&self, event: Event<'_>) {
        let seen = match event {
            Event::HeaderReceive(_) => OwnedEvent::Headers,
            Event::Open { .. } => OwnedEvent::Open,
            Event::Text(text) => OwnedEvent::Data(None, Data::Text(text.as_str().to_owned())),
            Event::Binary(data) => OwnedEvent::Data(None, Data::Binary(data.to_vec())),
            Event::Error(error) => OwnedEvent::Error(error),
            Event::Close(result) => OwnedEvent::Close(result),
            Event::Sent { through } => OwnedEvent::Answered(None, through),
            Event::SendFailed { from, through, .. } => OwnedEvent::Answered(Some(from), through),
            Event::Idle => OwnedEvent::Over,
            Event::DataEnd => return,
            other => panic!("nobody asked for {other:?}"),
        };
        let _ = self.0.send(seen);
    }
}

impl ServerListener for Recorder {
    fn on_event(&self, event: ServerEvent<'_>) {
        let from =
            |client: &arkws_netstack::ConnectedClient| Some((client.id, client.connection.clone()));
        let seen = match event {
            ServerEvent::Started(result) => OwnedEvent::Started(result.is_ok()),
            ServerEvent::Connect { .. } => OwnedEvent::Connect,
            ServerEvent::Text(client, text) => {
                OwnedEvent::Data(from(client), Data::Text(text.as_str().to_owned()))
            }
            ServerEvent::Binary(client, data) => {
                OwnedEvent::Data(from(client), Data::Binary(data.to_vec()))
            }
            ServerEvent::Error { error, .. } => OwnedEvent::Error(error),
            ServerEvent::Close(_, result) => OwnedEvent::Close(result),
            ServerEvent::Sent { through, .. } => OwnedEvent::Answered(None, through),
            ServerEvent::SendFailed { from, through, .. } => {
                OwnedEvent::Answered(Some(from), through)
            }
            ServerEvent::NeverConnected(_) => OwnedEvent::NeverConnected,
            ServerEvent::HandedOverEnded => OwnedEvent::Over,
            other => panic!("nobody asked for {other:?}"),
        };
        let _ = self.0.send(seen);
    }
}

/// What both ends need for TLS: the client's authority, and the server's side.
pub(crate) type Tls = Option<(Vec<u8>, TlsAcceptor)>;

pub(crate) fn tls() -> Tls {
    // Of this algorithm all signatures are of one length: so are the sessions.
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let params = rcgen::CertificateParams::new(["server.test".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let authority = certificate.pem().into_bytes();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    // Each session is a whole one.
    config.send_tls13_tickets = 0;
    Some((authority, Arc::new(config).into()))
}

/// Both ends, for one session after the other.
pub(crate) struct Ends {
    tls: Tls,
    compressed: bool,
    server: WebSocketServer,
    events: UnboundedReceiver<OwnedEvent>,
    /// Those of TCP that both ends have had.
    #[cfg(target_os = "linux")]
    sockets: Vec<std::path::PathBuf>,
}

fn context() -> Context {
    Context::new(ApiLevel::NEWEST).with_network(Network::on(Handle::current()))
}

impl Ends {
    pub(crate) async fn start(tls: Tls, compressed: bool) -> Ends {
        let (sender, mut events) = unbounded_channel();
        let server = WebSocketServer::new(context(), Arc::new(Recorder(sender)));
        let config = ServerConfig {
            listen_on: ListenOn::Nowhere,
            // All come from one address.
            limits: ServerLimits::named("none").unwrap(),
            ping_interval: Some(LIMIT),
            handshake_timeout: Some(LIMIT),
            message_timeout: Some(LIMIT),
            per_message_deflate: compressed,
            ..ServerConfig::default()
        };
        server.start(config).unwrap();
        assert!(matches!(
            events.recv().await,
            Some(OwnedEvent::Started(true))
        ));
        Ends {
            tls,
            compressed,
            server,
            events,
            #[cfg(target_os = "linux")]
            sockets: Vec::new(),
        }
    }

    /// How many tasks there are.
    pub(crate) fn alive(&self) -> usize {
        Handle::current().metrics().num_alive_tasks()
    }

    pub(crate) async fn assert_nothing_left(mut self, before: usize) {
        assert_eq!(self.server.list_all_connections().unwrap().len(), 0);
        assert!(self.events.try_recv().is_err(), "told behind the end");
        // What has nothing more to do may have to be polled once more.
        let end = async {
            while self.alive() > before {
                sleep(Duration::from_millis(10)).await;
            }
        };
        let ended = timeout(BOUND, end).await;
        let left = self.alive();
        ended.unwrap_or_else(|_| panic!("{left} tasks are left, {before} were there"));
        #[cfg(target_os = "linux")]
        assert_eq!(reset::open(&self.sockets), Vec::<std::path::PathBuf>::new());
    }

    /// One session over a link in memory.
    pub(crate) async fn session(&mut self, plan: Plan) -> Session {
        let (of_client, near) = tokio::io::duplex(1 << 16);
        let (far, of_server) = tokio::io::duplex(1 << 16);
        let passed = Passed::default();
        let link = link::pass(plan, near, far, &passed);
        let ends = [of_client, of_server].map(Transport::other);
        self.session_over(plan, link, ends, &passed).await
    }

    /// One session over TCP, which may be reset.
    #[cfg(target_os = "linux")]
    pub(crate) async fn session_over_tcp(&mut self, fault: Option<Fault>) -> Session {
        let (of_client, near) = reset::connection().await;
        let (far, of_server) = reset::connection().await;
        self.sockets
            .extend([&of_client, &of_server].map(reset::name));
        let passed = Passed::default();
        let link = reset::pass(fault, near, far, &passed);
        let ends = [of_client, of_server].map(Transport::from);
        let plan = fault.map(Plan::of).unwrap_or_default();
        self.session_over(plan, link, ends, &passed).await
    }

    async fn session_over(
        &mut self,
        plan: Plan,
        link: impl Future<Output = ()>,
        [of_client, of_server]: [Transport; 2],
        passed: &Passed,
    ) -> Session {
        let start = Instant::now();
        let gives_up = plan.fault.is_some_and(|fault| fault.kind == Kind::Corrupt);
        let (url, options) = self.options(of_client);
        let all = async {
            tokio::join!(
                client(url, options, gives_up, passed),
                self.serve(of_server, passed),
                link,
            )
        };
        let (client, server, ()) = timeout(BOUND, all)
            .await
            .unwrap_or_else(|_| panic!("{plan:?}: an end does not end, or leaves its stream open"));
        Session {
            client,
            server,
            passed: passed.bytes(),
            happened: passed.happened(),
            took: start.elapsed(),
        }
    }

    fn options(&self, stream: Transport) -> (&'static str, RequestOptions) {
        let stream = Mutex::new(Some(stream));
        let connector = move |_: &Host, _: u16| {
            let stream = stream.lock().unwrap().take().expect("one attempt");
            async { Ok(stream) }
        };
        let options = RequestOptions {
            connector: Some(Arc::new(connector)),
            ca: self
                .tls
                .iter()
                .map(|(authority, _)| authority.clone())
                .collect(),
            ping_interval: Some(LIMIT.as_secs_f64()),
            pong_timeout: Some(LIMIT.as_secs_f64()),
            connect_timeout: Some(LIMIT),
            handshake_timeout: Some(LIMIT),
            message_timeout: Some(LIMIT),
            per_message_deflate: self.compressed,
            ..without_proxy()
        };
        match self.tls {
            Some(_) => ("wss://server.test/", options),
            None => ("ws://server.test/", options),
        }
    }

    /// Sends back what comes.
    async fn serve(&mut self, stream: Transport, passed: &Passed) -> EventLog {
        let mut told = EventLog::default();
        let stream = match &self.tls {
            None => stream,
            Some((_, acceptor)) => match timeout(LIMIT, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => Transport::other_tls(stream),
                // The program's own matter.
                Ok(Err(_)) | Err(_) => return told,
            },
        };
        let address = SocketAddr::from(([192, 0, 2, 1], 7));
        let connection = HandedOver::Stream(stream, Some(address));
        self.server.hand_over(connection, "").unwrap();
        loop {
            match self.events.recv().await.expect("the object lives") {
                OwnedEvent::Connect => told.order.push('O'),
                OwnedEvent::Data(from, data) => {
                    let (id, connection) = from.expect("a server's");
                    self.server.consumed(id, 1, data.len());
                    told.took(data.clone(), passed);
                    let sent = match data {
                        Data::Text(text) => self.server.send_text(text, &connection),
                        Data::Binary(data) => self.server.send_binary(data, &connection),
                    };
                    // It may have gone by now.
                    told.sent += u64::from(sent.is_ok());
                }
                OwnedEvent::Error(error) => told.failed(error),
                OwnedEvent::Close(result) => told.closed(result),
                OwnedEvent::Answered(from, through) => told.answered(from, through),
                OwnedEvent::NeverConnected => told.order.push('N'),
                OwnedEvent::Over => return told,
                OwnedEvent::Headers | OwnedEvent::Open | OwnedEvent::Started(_) => {
                    unreachable!("of no client")
                }
            }
        }
    }
}

/// Sends, waits for the answer, and closes at last.
async fn client(url: &str, options: RequestOptions, gives_up: bool, passed: &Passed) -> EventLog {
    let (sender, mut events) = unbounded_channel();
    let object = WebSocket::new(context(), Arc::new(Recorder(sender)));
    object.connect(url, options).unwrap();
    let mut told = EventLog::default();
    loop {
        let seen = tokio::select! {
            biased;
            seen = events.recv() => seen.expect("the object lives"),
            () = sleep(PATIENCE), if gives_up => {
                // Where there is no connection, its attempt has a time-out.
                let _ = object.close_with(None);
                continue;
            }
        };
        match seen {
            OwnedEvent::Headers => {
                told.order.push('H');
                continue;
            }
            OwnedEvent::Open => told.order.push('O'),
            OwnedEvent::Data(_, data) => {
                object.consumed(1, data.len());
                told.took(data, passed);
            }
            OwnedEvent::Error(error) => {
                told.failed(error);
                continue;
            }
            OwnedEvent::Close(result) => {
                told.closed(result);
                continue;
            }
            OwnedEvent::Answered(from, through) => {
                told.answered(from, through);
                continue;
            }
            OwnedEvent::Over => break,
            OwnedEvent::Connect | OwnedEvent::NeverConnected | OwnedEvent::Started(_) => {
                unreachable!("of no server")
            }
        }
        let sent = match messages().into_iter().nth(told.received.len()) {
            Some(Data::Text(text)) => object.send_text(text),
            Some(Data::Binary(data)) => object.send_binary(data),
            None => {
                // It may be closing by now.
                let _ = object.close_with(CloseFrame::new(CloseCode::NORMAL, "enough"));
                continue;
            }
        };
        told.sent += u64::from(sent.is_ok());
    }
    assert!(events.try_recv().is_err(), "told behind the end");
    told
}
