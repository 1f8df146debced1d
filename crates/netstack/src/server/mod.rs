//! The server object, `webSocket.WebSocketServer`.
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arkws_proto::{Payload, Text};

use crate::{BusinessError, CloseOptions, CloseResult, Context, Headers};

/// `webSocket.WebSocketServer`. Every method returns at once and may be called on any thread.
#[derive(Debug)]
pub struct WebSocketServer {}

/// `WebSocketServerConfig`.
#[derive(Debug, Clone, Default)]
pub struct ServerConfig {
    /// Address; empty: 0.0.0.0.
    pub server_ip: String,
    /// Port as the program gave it (checked by `start`); 0: any.
    pub server_port: f64,
    /// Certificate and key.
    pub server_cert: Option<(PathBuf, PathBuf)>,
    /// Most distinct client addresses. `None`: 10.
    pub max_concurrent_clients_number: Option<f64>,
    /// Most connections of one client address. `None`: 10.
    pub max_connections_for_one_client: Option<f64>,
    /// Sub-protocols, separated by commas.
    pub protocol: String,
    /// arkws: ping silent clients this often.
    pub ping_interval: Option<Duration>,
    /// arkws: whether `Request` events are wanted: each must then be answered.
    pub ask_request: bool,
    /// arkws: accept permessage-deflate.
    pub per_message_deflate: bool,
    /// arkws: bytes; default 64 MiB.
    pub max_message_size: Option<usize>,
}

/// `WebSocketConnection`: a client of the server.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Connection {
    /// The client's address.
    pub client_ip: String,
    /// The client's port.
    pub client_port: u16,
}

/// An upgrade request that waits for the program's answer. Dropped: refused with 503.
#[derive(Debug)]
pub struct PendingRequest {}

impl PendingRequest {
    /// Path and query.
    pub fn target(&self) -> &str {
        todo!()
    }
    /// Header fields.
    pub fn headers(&self) -> &Headers {
        todo!()
    }
    /// The client.
    pub fn connection(&self) -> &Connection {
        todo!()
    }
    /// Lets the client in.
    pub fn accept(self) {
        todo!()
    }
    /// Refuses with an HTTP status and a reason.
    pub fn refuse(self, status: u16, reason: &str) {
        let _ = (status, reason);
        todo!()
    }
}

/// An event of a server object.
#[derive(Debug)]
pub enum ServerEvent<'a> {
    /// The oldest unanswered `start` has an answer.
    Started(Result<SocketAddr, BusinessError>),
    /// arkws: may this client come in?
    Request(PendingRequest),
    /// `connect`.
    Connect(&'a Connection),
    /// `messageReceive` with a string.
    Text(&'a Connection, Text<'a>),
    /// `messageReceive` with an ArrayBuffer.
    Binary(&'a Connection, Payload<'a>),
    /// `close`.
    Close(&'a Connection, CloseResult),
    /// `error`.
    Error(BusinessError),
    /// The oldest `count` unanswered sends (of all clients of this server, in the order of the calls' answers) were handed over:
    /// the tokens that `send` returned.
    Sent(&'a [u64]),
    /// Sends that failed.
    SendFailed(&'a [u64], BusinessError),
    /// One `start` is over: nothing more will come of it, and none of its sockets is left. Follows, once, every `start` that returned `Ok`:
    /// after a `Started(Err)`, or after `stop` and its clients' `Close` events. A binding counts them, and lets the process end at 0.
    Idle,
}

/// Takes the events of one server object; rules as for [`Listener`](crate::Listener).
pub trait ServerListener: Send + Sync + 'static {
    /// Something happened.
    fn on_event(&self, event: ServerEvent<'_>);
    /// A batch is complete.
    fn flush(&self) {}
}

impl WebSocketServer {
    /// `createWebSocketServer()`.
    pub fn new(context: Context, listener: Arc<dyn ServerListener>) -> WebSocketServer {
        let _ = (context, listener);
        todo!()
    }

    /// `start`: answered by [`ServerEvent::Started`].
    ///
    /// # Errors
    /// 201, 2302004, 2302005, 2302999, 2302002 at once; 2302007 comes with the event.
    pub fn start(&self, config: ServerConfig) -> Result<(), BusinessError> {
        let _ = config;
        todo!()
    }

    /// `stop`: closes every client with 1001.
    ///
    /// # Errors
    /// 201; 2302999 if not started.
    pub fn stop(&self) -> Result<(), BusinessError> {
        todo!()
    }

    /// `listAllConnections`, ordered by `ip:port`.
    ///
    /// # Errors
    /// 201; 2302999 if not started.
    pub fn list_all_connections(&self) -> Result<Vec<Connection>, BusinessError> {
        todo!()
    }

    /// arkws: the address listened on.
    pub fn list_address(&self) -> Option<SocketAddr> {
        todo!()
    }

    /// `send` of a string to one client: a token that a `Sent` or `SendFailed` event will name.
    ///
    /// # Errors
    /// 201, 401 (too long), -1, 2302006.
    pub fn send_text(&self, text: &str, connection: &Connection) -> Result<u64, BusinessError> {
        let _ = (text, connection);
        todo!()
    }

    /// `send` of an ArrayBuffer to one client.
    ///
    /// # Errors
    /// As [`send_text`](Self::send_text).
    pub fn send_binary(
        &self,
        data: Vec<u8>,
        connection: &Connection,
    ) -> Result<u64, BusinessError> {
        let _ = (data, connection);
        todo!()
    }

    /// arkws: sends to all clients but `except`; returns to how many.
    ///
    /// # Errors
    /// 201, 401 (too long), 2302999 if not started.
    pub fn broadcast(
        &self,
        data: Payload<'_>,
        text: bool,
        except: &[Connection],
    ) -> Result<usize, BusinessError> {
        let _ = (data, text, except);
        todo!()
    }

    /// `close` one client.
    ///
    /// # Errors
    /// 201, 2302006, 2302999.
    pub fn close(
        &self,
        connection: &Connection,
        options: CloseOptions,
    ) -> Result<(), BusinessError> {
        let _ = (connection, options);
        todo!()
    }

    /// The binding has passed this many `Text` and `Binary` events of this client on to the program, with this many bytes in all. While
    /// too much is outstanding this client is not read from: back-pressure.
    pub fn consumed(&self, connection: &Connection, events: usize, bytes: usize) {
        let _ = (connection, events, bytes);
        todo!()
    }
}
