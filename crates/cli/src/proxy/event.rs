//! What happens to connections.
use std::net::SocketAddr;
use std::time::SystemTime;

use arkws::Message;
use arkws::http::{HeaderMap, StatusCode};

use crate::record::{Direction, Fate};

/// Something that has happened to a connection.
#[derive(Debug)]
pub(super) struct ConnectionEvent<'a> {
    /// Which one.
    pub(super) connection: u64,
    pub(super) time: SystemTime,
    pub(super) kind: EventKind<'a>,
}

#[derive(Debug)]
pub(super) enum EventKind<'a> {
    /// Both handshakes are done.
    Open(&'a Handshake),
    /// They have failed, for this reason.
    NotOpen(&'a Handshake, &'a str),
    /// A message, or a ping, pong or goodbye, has passed.
    Message {
        direction: Direction,
        message: &'a Message,
        fate: Fate,
    },
    /// It is over, in these words.
    End(&'a str),
}

/// What an app has asked for, and what it was told.
#[derive(Debug)]
pub(super) struct Handshake {
    pub(super) from: SocketAddr,
    /// Of the server, without user and password.
    pub(super) url: String,
    /// When the app has asked.
    pub(super) began: SystemTime,
    /// Header fields of its request.
    pub(super) request: HeaderMap,
    /// The server's answer, if there was one.
    pub(super) answer: Option<ServerAnswer>,
    /// Whether messages from and to the app are compressed.
    pub(super) app_deflates: bool,
    /// Whether those from and to the server are.
    pub(super) target_deflates: bool,
}

#[derive(Debug)]
pub(super) struct ServerAnswer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// The sub-protocol that was chosen.
    pub(super) protocol: Option<String>,
}
