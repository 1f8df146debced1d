//! A server whose events are recorded, and clients for it.
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use arkws::http::{HeaderMap, Response, StatusCode};
use arkws::{
    Bytes, CloseCode, CloseFrame, Config, DeflateConfig, Message, Negotiated, Role, WebSocket,
};
use arkws_netstack::{
    ApiLevel, BusinessError, ClientId, CloseResult, Connection, Context, ListenAddress, Network,
    PendingHttpRequest, PendingRequest, ServerConfig, ServerEvent, ServerListener, StopId,
    WebSocketServer,
};
use arkws_proto::handshake::{ClientHandshake, ClientRequest, HandshakeError};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// An event, owned.
#[derive(Debug)]
pub(crate) enum Seen {
    Started(Result<ListenAddress, BusinessError>),
    Request(PendingRequest),
    HttpRequest(PendingHttpRequest),
    RequestOver(ClientId),
    Connect(Connection),
    Text(Connection, String),
    Binary(Connection, Vec<u8>),
    Close(Connection, CloseResult),
    NeverConnected(Connection),
    Error(BusinessError),
    /// Through which send.
    Sent(Connection, u64),
    /// From which send, through which.
    SendFailed(Connection, u64, u64, BusinessError),
    HandedOverEnded,
    Stopped(StopId),
    Idle,
}

/// With the client whose message it is.
type Recorded = (Option<ClientId>, Seen);

struct Recorder(mpsc::UnboundedSender<Recorded>);

impl ServerListener for Recorder {
    fn on_event(&self, event: ServerEvent<'_>) {
        let sender = match &event {
            ServerEvent::Text(client, _) | ServerEvent::Binary(client, _) => Some(client.id),
            _ => None,
        };
        let seen = match event {
            ServerEvent::Started(result) => Seen::Started(result),
            ServerEvent::Request(request) => Seen::Request(request),
            ServerEvent::HttpRequest(request) => Seen::HttpRequest(request),
            ServerEvent::RequestOver(id) => Seen::RequestOver(id),
            ServerEvent::Connect { client, .. } => Seen::Connect(client.connection.clone()),
            ServerEvent::Text(client, text) => {
                Seen::Text(client.connection.clone(), text.as_str().to_owned())
            }
            ServerEvent::Binary(client, data) => {
                Seen::Binary(client.connection.clone(), data.to_vec())
            }
            ServerEvent::Close(client, result) => Seen::Close(client.connection.clone(), result),
            ServerEvent::NeverConnected(client) => Seen::NeverConnected(client.connection.clone()),
            ServerEvent::Error { error, .. } => Seen::Error(error),
            ServerEvent::Sent { client, through } => Seen::Sent(client.connection.clone(), through),
            ServerEvent::SendFailed {
                client,
                from,
                through,
                error,
            } => Seen::SendFailed(client.connection.clone(), from, through, error),
            ServerEvent::HandedOverEnded => Seen::HandedOverEnded,
            ServerEvent::Stopped(id) => Seen::Stopped(id),
            ServerEvent::Idle => Seen::Idle,
        };
        let _ = self.0.send((sender, seen));
    }
}

/// A server object under test. Its network is the test's own runtime, so that a test can pause the
/// clock.
pub(crate) struct Server {
    pub(crate) object: WebSocketServer,
    events: mpsc::UnboundedReceiver<Recorded>,
}

/// Port 0 of the loopback interface, with the contract's defaults.
pub(crate) fn loopback() -> ServerConfig {
    ServerConfig {
        server_ip: "127.0.0.1".into(),
        ..ServerConfig::default()
    }
}

pub(crate) fn context() -> Context {
    Context::new(ApiLevel::CONTRACT).with_network(Network::on(tokio::runtime::Handle::current()))
}

impl Server {
    /// Not started.
    pub(crate) fn new() -> Server {
        Server::with_context(context())
    }

    pub(crate) fn with_context(context: Context) -> Server {
        let (sender, events) = mpsc::unbounded_channel();
        Server {
            object: WebSocketServer::new(context, Arc::new(Recorder(sender))),
            events,
        }
    }

    /// Started, and where.
    pub(crate) async fn started(config: ServerConfig) -> (Server, SocketAddr) {
        let mut server = Server::new();
        let address = server.start(config).await.expect("the server starts");
        (server, address)
    }

    /// Starts, and waits for the answer.
    pub(crate) async fn start(
        &mut self,
        config: ServerConfig,
    ) -> Result<SocketAddr, BusinessError> {
        let address = self.start_anywhere(config).await?;
        Ok(address.socket_address().expect("it is TCP"))
    }

    /// As `start`, also where there is no port.
    pub(crate) async fn start_anywhere(
        &mut self,
        config: ServerConfig,
    ) -> Result<ListenAddress, BusinessError> {
        self.object.start(config)?;
        match self.next().await {
            Seen::Started(result) => result,
            other => panic!("Started, not {other:?}"),
        }
    }

    /// The next event, whose data is then consumed.
    pub(crate) async fn next(&mut self) -> Seen {
        let (sender, seen) = self.next_unconsumed().await;
        let length = match &seen {
            Seen::Text(_, text) => text.len(),
            Seen::Binary(_, data) => data.len(),
            _ => 0,
        };
        if let Some(client) = sender {
            self.object.consumed(client, 1, length);
        }
        seen
    }

    /// The next event, and the client whose message it is.
    pub(crate) async fn next_unconsumed(&mut self) -> Recorded {
        self.events.recv().await.expect("the object lives")
    }

    /// What has happened already.
    pub(crate) fn try_next(&mut self) -> Option<Seen> {
        self.events.try_recv().ok().map(|(_, seen)| seen)
    }

    /// A new client, once the server knows it.
    pub(crate) async fn join(&mut self, address: SocketAddr) -> (Client, Connection) {
        let client = connect(address).await.expect("the client is let in");
        (client, self.connected().await)
    }

    pub(crate) async fn handed_over_ended(&mut self) {
        match self.next().await {
            Seen::HandedOverEnded => {}
            other => panic!("HandedOverEnded, not {other:?}"),
        }
    }

    pub(crate) async fn connected(&mut self) -> Connection {
        match self.next().await {
            Seen::Connect(connection) => connection,
            other => panic!("Connect, not {other:?}"),
        }
    }

    pub(crate) async fn closed(&mut self) -> (Connection, u16, String) {
        match self.next().await {
            Seen::Close(connection, CloseResult { code, reason }) => (connection, code, reason),
            other => panic!("Close, not {other:?}"),
        }
    }

    pub(crate) async fn error(&mut self) -> BusinessError {
        match self.next().await {
            Seen::Error(error) => {
                assert_eq!(error.code, 200);
                assert_eq!(error.data.as_deref(), Some("0"));
                error
            }
            other => panic!("Error, not {other:?}"),
        }
    }

    pub(crate) async fn text(&mut self) -> (Connection, String) {
        match self.next().await {
            Seen::Text(connection, text) => (connection, text),
            other => panic!("Text, not {other:?}"),
        }
    }

    pub(crate) async fn idle(&mut self) {
        match self.next().await {
            Seen::Idle => {}
            other => panic!("Idle, not {other:?}"),
        }
    }

    pub(crate) fn list(&self) -> Vec<Connection> {
        let clients = self.object.list_all_connections().expect("it is started");
        clients
            .into_iter()
            .map(|client| client.connection)
            .collect()
    }
}

pub(crate) type Client<S = TcpStream> = WebSocket<S>;

/// The answer to a client that was not let in.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// What a client asks for.
pub(crate) fn request(address: SocketAddr) -> ClientRequest {
    ClientRequest {
        host: address.to_string(),
        target: "/".into(),
        ..ClientRequest::default()
    }
}

pub(crate) async fn connect(address: SocketAddr) -> Result<Client, Refused> {
    connect_with(address, request(address)).await
}

pub(crate) async fn connect_with(
    address: SocketAddr,
    request: ClientRequest,
) -> Result<Client, Refused> {
    let stream = TcpStream::connect(address).await.expect("TCP connects");
    open(stream, request).await
}

/// From another address of the loopback network.
pub(crate) async fn connect_from(
    source: impl Into<IpAddr>,
    address: SocketAddr,
) -> Result<Client, Refused> {
    open(tcp_from(source, address).await, request(address)).await
}

pub(crate) async fn tcp_from(source: impl Into<IpAddr>, address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(source.into(), 0)).unwrap();
    socket.connect(address).await.expect("TCP connects")
}

/// The opening handshake over any transport.
pub(crate) async fn open<S>(mut stream: S, request: ClientRequest) -> Result<Client<S>, Refused>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let negotiated = shake_hands(&mut stream, request).await?;
    Ok(client(stream, negotiated))
}

/// A client over a transport whose opening handshake is complete.
pub(crate) fn client<S>(stream: S, negotiated: Negotiated) -> Client<S>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    // It has no patience of its own: the server's is tested.
    let config = Config {
        write_timeout: None,
        ..Config::default()
    };
    WebSocket::from_handshake(stream, Role::Client, config, negotiated, &[])
}

pub(crate) async fn shake_hands<S>(
    stream: &mut S,
    request: ClientRequest,
) -> Result<Negotiated, Refused>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut handshake, bytes) = ClientHandshake::new(request, &Default::default()).unwrap();
    stream.write_all(&bytes).await.expect("the request is sent");
    stream.flush().await.expect("the request is sent");
    loop {
        // Byte by byte: what comes behind the answer stays in the transport.
        let byte = stream.read_u8().await.expect("an answer");
        match handshake.recv(&[byte]) {
            Ok(None) => {}
            Ok(Some((response, _))) => return Ok(response.negotiated),
            Err(HandshakeError::Refused(response)) => {
                return Err(refused(response.map(drop), stream).await);
            }
            Err(other) => panic!("{other}"),
        }
    }
}

async fn refused<S: AsyncRead + Unpin>(response: Response<()>, stream: &mut S) -> Refused {
    let mut body = String::new();
    stream
        .read_to_string(&mut body)
        .await
        .expect("a body, and an orderly end");
    assert_eq!(
        response.headers()["content-length"],
        body.len().to_string().as_str()
    );
    Refused {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body,
    }
}

/// What a client receives next: a message, or how it all ended.
#[derive(Debug, PartialEq)]
pub(crate) enum Received {
    Text(String),
    Binary(Bytes),
    Close(Option<(u16, String)>),
}

pub(crate) async fn receive<S: AsyncRead + AsyncWrite + Unpin>(client: &mut Client<S>) -> Received {
    use futures_util::StreamExt;
    loop {
        match client.next().await.expect("not the end").expect("no error") {
            Message::Text(text) => return Received::Text(text.as_str().to_owned()),
            Message::Binary(data) => return Received::Binary(data),
            Message::Ping(_) | Message::Pong(_) => {}
            Message::Close(frame) => {
                while client.next().await.is_some() {}
                return Received::Close(
                    frame.map(|frame| (frame.code().get(), frame.reason().to_owned())),
                );
            }
        }
    }
}

pub(crate) fn frame(code: u16, reason: &str) -> CloseFrame {
    CloseFrame::new(CloseCode::new(code).expect("a code for the wire"), reason)
}

pub(crate) const SERVICE_UNAVAILABLE: u16 = StatusCode::SERVICE_UNAVAILABLE.as_u16();

pub(crate) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn deflate() -> Option<DeflateConfig> {
    Some(DeflateConfig::default())
}

/// A client that says nothing is given up after five seconds, with an error of these words.
pub(crate) async fn assert_silence_ends(server: &mut Server, address: SocketAddr, words: &str) {
    let start = Instant::now();
    let mut silent = TcpStream::connect(address).await.unwrap();
    assert_eq!(silent.read(&mut [0]).await.unwrap(), 0);
    assert!(start.elapsed() >= seconds(5));
    let error = server.error().await;
    assert_eq!(error.cause_name(), Some("timeout"));
    assert!(error.message.contains(words), "{error}");
}
