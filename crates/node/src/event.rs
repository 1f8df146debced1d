//! The rare events, owned, in the shape in which JavaScript gets them.
//!
//! Each becomes a call of the method `event` of the object of `npm/lib` that it concerns, with the
//! name of its [`Operation`](crate::operation::Operation): see [`crate::event_to_js`].
use std::net::SocketAddr;

use arkws_netstack::{
    BusinessError, ClientId, CloseResult, ConnectedClient, Connection, Headers, PendingRequest,
    RequestId, field_text,
};
use napi_derive::napi;

use crate::failure::Failure;

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
    Reconnecting {
        attempt: u32,
        delay: u64,
        cause: BusinessError,
    },
    Reconnected {
        attempts: u32,
    },
    // Of a server.
    Started(std::result::Result<SocketAddr, BusinessError>),
    Request(PendingRequest),
    RequestOver(RequestId),
    Connected(ConnectedClient),
    NeverConnected(ClientId),
    Disconnected {
        client: ClientId,
        result: CloseResult,
    },
}

/// Header fields as `[name, value, name, value, ...]`.
pub(crate) fn flat(headers: &Headers) -> Vec<String> {
    headers
        .iter()
        .flat_map(|(name, value)| {
            let value = field_text(value.as_bytes()).into_owned();
            [name.as_str().to_owned(), value]
        })
        .collect()
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
pub struct Connected {
    pub client: f64,
    #[napi(js_name = "clientIP")]
    pub client_ip: String,
    pub client_port: u32,
}

impl From<ConnectedClient> for Connected {
    fn from(ConnectedClient { id, connection }: ConnectedClient) -> Connected {
        Connected {
            client: u64::from(id) as f64,
            client_ip: connection.client_ip,
            client_port: connection.client_port.into(),
        }
    }
}

#[napi(object, object_from_js = false)]
pub struct Disconnected {
    pub client: f64,
    pub code: u32,
    pub reason: String,
}

/// A request that JavaScript has to answer by its id.
#[napi(object, object_from_js = false)]
pub struct Request {
    pub id: f64,
    pub target: String,
    pub headers: Vec<String>,
    #[napi(js_name = "clientIP")]
    pub client_ip: String,
    pub client_port: u32,
}

impl From<&PendingRequest> for Request {
    fn from(request: &PendingRequest) -> Request {
        let Connection {
            client_ip,
            client_port,
        } = request.connection().clone();
        Request {
            id: u64::from(request.id()) as f64,
            target: request.target().to_owned(),
            headers: flat(request.headers()),
            client_ip,
            client_port: client_port.into(),
        }
    }
}
