//! The rare events, owned, in the shape in which JavaScript gets them.
//!
//! Each becomes a call of the method `event` of the object of `npm/core` that it concerns, with the
//! name of its [`Operation`](crate::operation::Operation): see [`crate::event_to_js`].
use std::net::IpAddr;

use arkws_netstack::{
    BusinessError, ClientId, CloseResult, ConnectedClient, Connection, PeerCertificate,
    PendingHttpRequest, PendingRequest, RequestHead, StopId, field_text,
};
use napi::bindgen_prelude::Buffer;
use napi_derive::napi;

use crate::failure::Failure;
use crate::question::{Question, Subject};

/// An event of a client or server object that happens once in a while.
pub(crate) enum Event {
    // Of both.
    Error(BusinessError),
    Idle,
    SendFailed {
        /// Of a server's sends, to whom.
        client: Option<ClientId>,
        from: u64,
        through: u64,
        error: BusinessError,
    },
    // Of a client.
    Refused(BusinessError),
    HeaderReceive(Vec<String>),
    Open(Open),
    OpenInfo(OpenInfo),
    Close(Close),
    /// The peer's; `None`: it had no body.
    CloseFrame(Option<Close>),
    Reconnecting {
        attempt: u32,
        delay: u64,
        cause: BusinessError,
    },
    Reconnected {
        attempts: u32,
    },
    /// Its payload, a byte per character.
    Ping(String),
    Pong(Pong),
    PingsLost {
        through: u64,
        error: BusinessError,
    },
    Question(Question),
    // Of a server.
    StreamWrite {
        stream: u64,
        bytes: Vec<u8>,
    },
    StreamRead(u64),
    StreamEnd(u64),
    StreamGone(u64),
    Started(std::result::Result<(), BusinessError>),
    Request(PendingRequest),
    HttpRequest(PendingHttpRequest),
    RequestOver(ClientId),
    Connected {
        client: ClientId,
        protocol: Option<String>,
    },
    ClientError {
        client: ConnectedClient,
        error: BusinessError,
    },
    NeverConnected(ClientId),
    Disconnected {
        client: ClientId,
        result: CloseResult,
    },
    HandedOverEnded,
    Stopped(StopId),
}

/// Target and header fields as lines: the target, a name, its value, the next name, and so on. One
/// string is little to make and to keep, and most programs never ask for what is in it.
fn head(head: &RequestHead) -> String {
    let fields = head.headers.iter();
    let length = fields.map(|(name, value)| name.as_str().len() + value.len() + 2);
    let mut lines = String::with_capacity(head.target.len() + length.sum::<usize>());
    lines.push_str(&head.target);
    for (name, value) in &head.headers {
        lines.push('\n');
        lines.push_str(name.as_str());
        lines.push('\n');
        // No value has the end of a line in it.
        lines.push_str(&field_text(value.as_bytes()));
    }
    lines
}

#[napi(object, object_from_js = false)]
pub struct Open {
    pub status: u32,
    pub message: String,
}

#[napi(object, object_from_js = false)]
pub struct OpenInfo {
    pub status: u32,
    pub message: String,
    pub protocol: Option<String>,
}

#[napi(object, object_from_js = false)]
pub struct Close {
    pub code: u32,
    pub reason: String,
}

impl From<CloseResult> for Close {
    fn from(result: CloseResult) -> Close {
        Close {
            code: result.code.into(),
            reason: result.reason,
        }
    }
}

#[napi(object, object_from_js = false)]
pub struct SendFailed {
    pub client: Option<f64>,
    pub from: f64,
    pub through: f64,
    pub error: Failure,
}

#[napi(object, object_from_js = false)]
pub struct Reconnecting {
    pub attempt: u32,
    pub delay: f64,
    pub cause: Failure,
}

#[napi(object, object_from_js = false)]
pub struct Reconnected {
    pub attempts: u32,
}

#[napi(object, object_from_js = false)]
pub struct Pong {
    /// A byte per character.
    pub data: String,
    /// Up to which ping it answers; `None`: it answers none.
    pub through: Option<f64>,
    /// Milliseconds, of the last of them.
    pub round_trip: Option<f64>,
}

/// A question that JavaScript has to answer by its id.
#[napi(object, object_from_js = false)]
pub struct Asked {
    pub id: u32,
    /// A name whose addresses are asked for.
    pub name: Option<String>,
    /// The number of an attempt to reconnect.
    pub attempt: Option<u32>,
}

impl Asked {
    pub(crate) fn new(id: u32, subject: Subject) -> Asked {
        let (name, attempt) = match subject {
            Subject::Addresses(name) => (Some(name), None),
            Subject::Renewal(attempt) => (None, Some(attempt)),
        };
        Asked { id, name, attempt }
    }
}

#[napi(object, object_from_js = false)]
pub struct PingsLost {
    pub through: f64,
    pub error: Failure,
}

/// A client whose [`Request`] came before.
#[napi(object, object_from_js = false)]
pub struct Connected {
    pub client: f64,
    pub protocol: Option<String>,
}

/// Where a client comes from, if that is not the other end of its connection.
fn remote_address(forwarded_for: Option<IpAddr>) -> Option<String> {
    forwarded_for.map(|ip| ip.to_string())
}

/// A client, which need not have been let in, was refused or lost.
#[napi(object, object_from_js = false)]
pub struct ClientError {
    pub client: f64,
    #[napi(js_name = "clientIP")]
    pub client_ip: String,
    pub client_port: u32,
    /// `None`: `client_ip`.
    pub remote_address: Option<String>,
    pub error: Failure,
}

impl ClientError {
    pub(crate) fn new(client: ConnectedClient, error: BusinessError) -> ClientError {
        ClientError {
            client: u64::from(client.id) as f64,
            client_ip: client.connection.client_ip,
            client_port: client.connection.client_port.into(),
            remote_address: remote_address(client.forwarded_for),
            error: error.into(),
        }
    }
}

/// Bytes for a stream that JavaScript carries.
#[napi(object, object_from_js = false)]
pub struct StreamWrite {
    pub stream: f64,
    pub bytes: Buffer,
}

#[napi(object, object_from_js = false)]
pub struct Disconnected {
    pub client: f64,
    pub code: u32,
    pub reason: String,
}

/// A request that JavaScript has to answer.
#[napi(object, object_from_js = false)]
pub struct Request {
    pub client: f64,
    /// See [`head`].
    pub head: String,
    #[napi(js_name = "clientIP")]
    pub client_ip: String,
    pub client_port: u32,
    /// `None`: `client_ip`.
    pub remote_address: Option<String>,
    /// DER of what the client has shown in TLS, and its common name.
    pub certificate: Option<Buffer>,
    pub common_name: Option<String>,
}

impl From<&PendingRequest> for Request {
    fn from(request: &PendingRequest) -> Request {
        let Connection {
            client_ip,
            client_port,
        } = request.connection().clone();
        let certificate = request.head().certificate.as_ref();
        Request {
            client: u64::from(request.client()) as f64,
            certificate: certificate.map(|certificate| certificate.der().into()),
            common_name: certificate.and_then(PeerCertificate::common_name),
            head: head(request.head()),
            remote_address: remote_address(request.forwarded_for()),
            client_ip,
            client_port: client_port.into(),
        }
    }
}

/// A request that does not ask for a WebSocket, which JavaScript has to answer.
#[napi(object, object_from_js = false)]
pub struct HttpRequest {
    pub client: f64,
    pub method: String,
    /// See [`head`].
    pub head: String,
    #[napi(js_name = "clientIP")]
    pub client_ip: String,
    pub client_port: u32,
    /// `None`: `client_ip`.
    pub remote_address: Option<String>,
    /// As of [`Request`].
    pub certificate: Option<Buffer>,
    pub common_name: Option<String>,
}

impl From<&PendingHttpRequest> for HttpRequest {
    fn from(request: &PendingHttpRequest) -> HttpRequest {
        let Connection {
            client_ip,
            client_port,
        } = request.connection().clone();
        let certificate = request.head().certificate.as_ref();
        HttpRequest {
            client: u64::from(request.client()) as f64,
            certificate: certificate.map(|certificate| certificate.der().into()),
            common_name: certificate.and_then(PeerCertificate::common_name),
            method: request.method().to_owned(),
            head: head(request.head()),
            remote_address: remote_address(request.forwarded_for()),
            client_ip,
            client_port: client_port.into(),
        }
    }
}
