//! The server object, `webSocket.WebSocketServer`.
//!
//! | file | what it does |
//! |---|---|
//! | `mod.rs` | the object's calls |
//! | `config.rs` | what `start` checks |
//! | `run.rs` | the task of one run, from `start` to the end of its last client |
//! | `handshake.rs` | a client's way in: TLS, request, admission, the program's answer |
//! | `client_task.rs` | the task of a client that is in |
//! | `deliver.rs` | from a client's messages to events |
//! | `registry.rs` | the clients of one run: how many, who, and how the last ones left |
//! | `rooms.rs` | groups of clients |
//! | `lifecycle.rs` | how far a run has come |
//! | `object.rs` | what the object shares with its runs: its listener, the flood rule |
//! | `peer.rs` | a client that is in, as others see it |
//! | `admission.rs` | limits and the flood rule |
//! | `limits.rs` | how many clients: the options, and their numbers |
//! | `trusted_proxies.rs`, `forwarded.rs` | the proxies in front of the server, and what they say of a client's address |
//! | `listen_on.rs` | where clients come from |
//! | `stop.rs` | what clients are told when the server stops, and how long they have |
//! | `listen.rs` | the listening socket |
//! | `accepted.rs` | a connection before its opening handshake |
//! | `tls.rs` | its certificate and key |
//! | `event.rs` | the events, and their listener |
//! | `request.rs`, `http_request.rs` | requests that wait for the program's answer |
//! | `response.rs` | what the program answers |
//! | `identity.rs` | what tells clients apart: address pairs and numbers |
mod accepted;
mod admission;
mod client_task;
mod config;
mod deliver;
mod event;
mod flood;
mod forwarded;
mod handshake;
mod http_request;
mod identity;
mod lifecycle;
mod limits;
mod listen;
mod listen_on;
mod object;
mod peer;
mod registry;
mod request;
mod response;
mod rooms;
mod run;
mod stop;
mod tls;
mod trusted_proxies;

use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arkws::{Bytes, CloseFrame, Message, Payload, Utf8Bytes};

use crate::connection::batch::Outgoing;
use crate::connection::send_queue::Refused;
use crate::shared_limits::{MAX_SEND, check_length, too_long_in_utf16};
use crate::{ApiLevel, BusinessError, Cause, CloseOptions, Context};
use flood::FloodRule;
use identity::IdCounter;
use object::ServerObject;
use peer::{Gone, Peer};
use run::Run;
use stop::Goodbye;

pub use accepted::HandedOver;
pub use config::ServerConfig;
pub use event::{ServerEvent, ServerListener};
pub use http_request::PendingHttpRequest;
pub use identity::{ClientId, ConnectedClient, Connection, Recipient, StopId};
pub use limits::{CustomLimits, ServerLimits};
pub use listen_on::{ListenAddress, ListenOn};
pub use request::{Acceptance, PendingRequest, RequestHead};
pub use response::{HttpBody, HttpResponse, RefusalStatus};
pub use stop::StopOptions;
pub use tls::{CertificateSource, ServerCertificate};
pub use trusted_proxies::TrustProxy;

/// `webSocket.WebSocketServer`. Every method returns at once and may be called on any thread, also
/// from inside an event.
///
/// It may be started again after a [`stop`](Self::stop), also at once and on the same port. A
/// dropped object stops, without events.
pub struct WebSocketServer {
    object: Arc<ServerObject>,
    /// The last one that was started.
    run: Mutex<Option<Arc<Run>>>,
}

impl WebSocketServer {
    /// `createWebSocketServer()`.
    pub fn new(context: Context, listener: Arc<impl ServerListener>) -> WebSocketServer {
        WebSocketServer {
            object: Arc::new(ServerObject {
                context,
                listener,
                muted: AtomicBool::new(false),
                opens_sockets: AtomicBool::new(true),
                clients: IdCounter::default(),
                stops: IdCounter::default(),
                flood: Mutex::new(FloodRule::default()),
            }),
            run: Mutex::new(None),
        }
    }

    /// The API level that the object has.
    pub fn level(&self) -> ApiLevel {
        self.object.context.level
    }

    /// Why a text of so many units of UTF-16 cannot be sent: see
    /// [`WebSocket::refuse_long_text`](crate::WebSocket::refuse_long_text).
    pub fn refuse_long_text(&self, units: usize) -> BusinessError {
        let denied = self.check_permission().err();
        denied.unwrap_or_else(|| too_long_in_utf16(units))
    }

    /// `start`: answered by [`ServerEvent::Started`].
    ///
    /// After a `stop` that is still under way, the port is taken over as soon as the old listening
    /// socket is gone; the old clients' `Close` events may come later.
    ///
    /// # Errors
    /// At once, the first that applies: 201; 401 (a limit is zero, or two of them say the same),
    /// 2302004, 2302005, 401 (`listen_on` and other options contradict each other), 2302999 (a
    /// limit of the platform's), 2302002, 401
    /// (`protocol` is not a list of tokens, `allowed_origins` not one of origins) for the
    /// configuration; 2302999 if the server is started already. With the event: 2302004 (not an
    /// address of this machine), 2302005 (no right to use the port), 2302007 (the port or path is
    /// in use), 401 (a socket to listen on is none, or is a Unix socket and there is a
    /// certificate), 2302999 (unusable certificate or key, and whatever else the operating system
    /// says).
    pub fn start(&self, config: ServerConfig) -> Result<(), BusinessError> {
        let opens_sockets = matches!(config.listen_on, ListenOn::Port);
        match opens_sockets {
            true => self.object.context.ask_permission()?,
            false => self.object.context.check_policy()?,
        }
        let settings = config.check()?;
        let mut current = self.current();
        if current.as_ref().is_some_and(|run| run.is_on()) {
            return Err(BusinessError::new(
                BusinessError::OTHER,
                "the server is started already: stop it first",
            ));
        }
        let (run, sources) = Run::new(Arc::clone(&self.object), settings);
        let run = Arc::new(run);
        let previous = current.clone();
        let spawner = self.object.context.network().spawner().map_err(|error| {
            BusinessError::new(
                BusinessError::OTHER,
                format!("start the network thread: {error}"),
            )
            .with_cause(Cause::System)
        })?;
        *current = Some(Arc::clone(&run));
        self.object
            .opens_sockets
            .store(opens_sockets, Ordering::Relaxed);
        drop(current);
        spawner.spawn(run.main(sources, previous));
        Ok(())
    }

    /// `stop`: closes every client with 1001, "server is going away"; their `Close` events come,
    /// then `Idle`. A client that does not answer is given up after at most 10 s. A `start` that is
    /// not answered yet fails.
    ///
    /// # Errors
    /// 201; 2302999 if not started.
    pub fn stop(&self) -> Result<(), BusinessError> {
        self.end_run(Goodbye::default(), None)
    }

    /// arkws: `stop` in the program's own words, and with an answer: after the clients' `Close`
    /// events comes [`ServerEvent::Stopped`] with the id that this returns. A client that has not
    /// closed by itself when the [`timeout`](StopOptions::timeout) ends is dropped: `Error` with
    /// the cause `timeout`, then `Close` with 1006.
    ///
    /// # Errors
    /// 201; 401 for the code; 2302999 if not started.
    pub fn stop_with(&self, options: &StopOptions) -> Result<StopId, BusinessError> {
        self.check_permission()?;
        let goodbye = options.goodbye()?;
        let id = self.object.stops.next();
        self.end_run(goodbye, Some(id))?;
        Ok(id)
    }

    /// The first check of every call but `start`. A server that was started where it needs no
    /// internet socket of its own making serves its clients although the system allows none.
    fn check_permission(&self) -> Result<(), BusinessError> {
        match self.object.opens_sockets.load(Ordering::Relaxed) {
            true => self.object.context.check_permission(),
            false => self.object.context.check_policy(),
        }
    }

    fn end_run(&self, goodbye: Goodbye, answer: Option<StopId>) -> Result<(), BusinessError> {
        self.check_permission()?;
        match &*self.current() {
            Some(run) if run.stop(goodbye, answer) => {
                for peer in run.registry().peers() {
                    peer.mailbox.mute();
                }
                Ok(())
            }
            _ => Err(not_started()),
        }
    }

    /// `listAllConnections`, ordered by `ip:port` as text. A client is listed from before its
    /// `Connect` event until its `Close` event.
    ///
    /// # Errors
    /// 201; 2302999 if not started.
    pub fn list_all_connections(&self) -> Result<Vec<ConnectedClient>, BusinessError> {
        self.check_permission()?;
        let mut clients: Vec<ConnectedClient> = self
            .listening()
            .ok_or_else(not_started)?
            .registry()
            .peers()
            .iter()
            .map(|peer| peer.client.clone())
            .collect();
        clients.sort_by_cached_key(|client| client.connection.to_string());
        Ok(clients)
    }

    /// arkws: the address listened on; `None` if not started.
    pub fn list_address(&self) -> Option<ListenAddress> {
        self.current().as_ref()?.address().cloned()
    }

    /// arkws: another certificate for the handshakes to come; connections that are open stay. Reads
    /// its files, if it has some. Whether clients are asked for theirs may change with it.
    ///
    /// # Errors
    /// 201; 2302002: a file does not exist; 2302999: the server is not started or speaks no TLS, or
    /// the certificate cannot be used.
    pub fn set_certificate(&self, certificate: &ServerCertificate) -> Result<(), BusinessError> {
        self.check_permission()?;
        let run = self.listening().ok_or_else(not_started)?;
        certificate.check_files()?;
        match run.set_certificate(certificate.acceptor()?) {
            true => Ok(()),
            false => Err(BusinessError::new(
                BusinessError::OTHER,
                "the server was started without a certificate",
            )),
        }
    }

    /// arkws: serves a client that the program has accepted itself, on a server that is started,
    /// wherever it [listens](ServerConfig::listen_on). `read` is what the program has read of the
    /// connection: nothing, or the head of the request, and what followed it. All rules hold for
    /// it that hold for other clients, and all events come.
    ///
    /// # Errors
    /// 201; 2302999 if not started. The connection is then closed.
    pub fn hand_over(
        &self,
        connection: HandedOver,
        read: impl Into<Bytes>,
    ) -> Result<(), BusinessError> {
        self.check_permission()?;
        match &*self.current() {
            Some(run) if run.hand_over(connection, read.into()) => Ok(()),
            _ => Err(not_started()),
        }
    }

    /// `send` of a string to one client. Returns which client that is, and the number of this send:
    /// those to each client count from 1. A [`ServerEvent::Sent`] or [`ServerEvent::SendFailed`] of
    /// that client will answer it. Messages to one client leave in the order of the calls.
    ///
    /// # Errors
    /// 201; 401 over 5,242,864 bytes; -1 without an address, if the client is closing, or if more
    /// than [`max_queued_bytes`](ServerConfig::max_queued_bytes) would wait for it: the client is
    /// then closed with 1008, without what waits for it (`"queue-full"`); 2302006 if there is no
    /// such client: the [cause](BusinessError::cause) is then how it left, if it was one of the
    /// last 256.
    pub fn send_text<'a>(
        &self,
        text: impl Into<Cow<'a, str>>,
        to: impl Into<Recipient<'a>>,
    ) -> Result<(ClientId, u64), BusinessError> {
        self.send(Outgoing::Text(text.into()), to.into())
    }

    /// `send` of an ArrayBuffer to one client.
    ///
    /// # Errors
    /// As [`send_text`](Self::send_text).
    pub fn send_binary<'a>(
        &self,
        data: impl Into<Cow<'a, [u8]>>,
        to: impl Into<Recipient<'a>>,
    ) -> Result<(ClientId, u64), BusinessError> {
        self.send(Outgoing::Binary(data.into()), to.into())
    }

    fn send(
        &self,
        message: Outgoing<'_>,
        to: Recipient<'_>,
    ) -> Result<(ClientId, u64), BusinessError> {
        self.check_permission()?;
        check_length(message.len(), MAX_SEND)?;
        if is_nobody(to) {
            return Err(BusinessError::not_sent("the connection has no clientIP"));
        }
        let peer = self.recipient(to)?;
        match peer.mailbox.push(message) {
            Ok(number) => Ok((peer.client.id, number)),
            Err(Refused::Closed) => Err(BusinessError::not_sent(format!(
                "the connection of {} is closing",
                peer.client.connection
            ))
            .with_cause(arkws::Cause::Closed)),
            Err(Refused::Full { queued, limit }) => {
                let why = peer.overflow(queued, limit);
                let error = BusinessError::not_sent(format!("{} {why}", peer.client.connection));
                Err(error.with_cause(arkws::Cause::QueueFull))
            }
        }
    }

    /// arkws: sends to all clients but `except`; returns to how many. The payload is held once for
    /// all of them.
    ///
    /// A client for which more than [`max_queued_bytes`](ServerConfig::max_queued_bytes) would wait
    /// is not skipped silently: it is closed with 1008, without what waits for it.
    ///
    /// # Errors
    /// 201; 401 over 5,242,864 bytes, or if `text` and not UTF-8; 2302999 if not started.
    pub fn broadcast(
        &self,
        data: Payload<'_>,
        text: bool,
        except: &[Connection],
    ) -> Result<usize, BusinessError> {
        self.broadcast_among(|run| run.registry().peers(), data, text, except)
    }

    /// arkws: as [`broadcast`](Self::broadcast), to the clients in a room: to none if nobody is
    /// there.
    ///
    /// # Errors
    /// As [`broadcast`](Self::broadcast).
    pub fn broadcast_to(
        &self,
        room: &str,
        data: Payload<'_>,
        text: bool,
        except: &[Connection],
    ) -> Result<usize, BusinessError> {
        self.broadcast_among(|run| run.registry().members(room), data, text, except)
    }

    /// arkws: a client comes into a room, or stays there. A room is there while anybody is in it; a
    /// client leaves its rooms when it leaves the server.
    ///
    /// # Errors
    /// 201; 401: the name is longer than 256 bytes, or the client is in 1,024 rooms; -1 without an
    /// address; 2302006 if there is no such client, with the cause as of
    /// [`send_text`](Self::send_text).
    pub fn join<'a>(&self, who: impl Into<Recipient<'a>>, room: &str) -> Result<(), BusinessError> {
        let (run, peer) = self.member(who.into())?;
        run.registry()
            .join(&peer, room)
            .map_err(|error| BusinessError::parameter(error.to_string()))
    }

    /// arkws: a client leaves a room, if it is there; `None`: all rooms.
    ///
    /// # Errors
    /// 201; -1 and 2302006 as [`join`](Self::join).
    pub fn leave<'a>(
        &self,
        who: impl Into<Recipient<'a>>,
        room: Option<&str>,
    ) -> Result<(), BusinessError> {
        let (run, peer) = self.member(who.into())?;
        run.registry().leave(peer.client.id, room);
        Ok(())
    }

    fn member(&self, who: Recipient<'_>) -> Result<(Arc<Run>, Arc<Peer>), BusinessError> {
        self.check_permission()?;
        if is_nobody(who) {
            return Err(BusinessError::not_sent("the connection has no clientIP"));
        }
        let peer = self.recipient(who)?;
        let run = self.listening().ok_or_else(not_started)?;
        Ok((run, peer))
    }

    fn broadcast_among(
        &self,
        peers: impl FnOnce(&Run) -> Vec<Arc<Peer>>,
        data: Payload<'_>,
        text: bool,
        except: &[Connection],
    ) -> Result<usize, BusinessError> {
        self.check_permission()?;
        check_length(data.len(), MAX_SEND)?;
        let data: Bytes = data.into_bytes();
        let message = Outgoing::Shared(match text {
            true => Message::Text(
                Utf8Bytes::try_from(data)
                    .map_err(|error| BusinessError::parameter(format!("broadcast: {error}")))?,
            ),
            false => Message::Binary(data),
        });
        let run = self.listening().ok_or_else(not_started)?;
        let mut count = 0;
        for peer in peers(&run) {
            if except.contains(&peer.client.connection) {
                continue;
            }
            match peer.mailbox.push_unanswered(message.clone()) {
                Ok(()) => count += 1,
                Err(Refused::Closed) => {}
                Err(Refused::Full { queued, limit }) => {
                    peer.overflow(queued, limit);
                }
            }
        }
        Ok(count)
    }

    /// `close` one client, after what was sent to it before; returns which one that is. The codes
    /// of [`CloseOptions`], the reason `CLOSE_NORMAL` if there is none.
    ///
    /// # Errors
    /// 201; 2302999 without an address or if the client is closing already; 2302006 if there is no
    /// such client.
    pub fn close<'a>(
        &self,
        which: impl Into<Recipient<'a>>,
        options: CloseOptions,
    ) -> Result<ClientId, BusinessError> {
        self.close_with(which, default_frame(&options))
    }

    /// As [`close`](Self::close), with this close frame; `None`: with one that is empty.
    ///
    /// # Errors
    /// As [`close`](Self::close).
    pub fn close_with<'a>(
        &self,
        which: impl Into<Recipient<'a>>,
        frame: impl Into<Option<CloseFrame>>,
    ) -> Result<ClientId, BusinessError> {
        self.check_permission()?;
        let refused = |why: String| BusinessError::new(BusinessError::OTHER, why);
        let which = which.into();
        if is_nobody(which) {
            return Err(refused("the connection has no clientIP".to_owned()));
        }
        let peer = self.recipient(which)?;
        match peer.mailbox.close(frame, true) {
            true => Ok(peer.client.id),
            false => Err(refused(format!(
                "the connection of {} is closing already",
                peer.client.connection
            ))
            .with_cause(arkws::Cause::Closed)),
        }
    }

    /// Closes one client for a binding that cannot go on with it, as [`close`](Self::close);
    /// `false`: it has left, or is closing already.
    pub fn close_client(&self, client: ClientId, options: CloseOptions) -> bool {
        self.peer(client)
            .is_some_and(|peer| peer.mailbox.close(default_frame(&options), true))
    }

    /// The binding has passed this many `Text` and `Binary` events of this client on to the
    /// program, with this many bytes in all. While too much is outstanding, this client is not read
    /// from: back-pressure. A client that is being closed is read from again, and what arrives is
    /// dropped: its answer to the close lies behind it.
    pub fn consumed(&self, client: ClientId, events: usize, bytes: usize) {
        if let Some(peer) = self.peer(client) {
            peer.mailbox.consumed(events, bytes);
        }
    }

    fn peer(&self, client: ClientId) -> Option<Arc<Peer>> {
        self.listening()?.registry().peer(client)
    }

    fn recipient(&self, recipient: Recipient<'_>) -> Result<Arc<Peer>, BusinessError> {
        let gone = match self.listening() {
            Some(run) => match run.registry().recipient(recipient) {
                Ok(peer) => return Ok(peer),
                Err(gone) => gone,
            },
            None => None,
        };
        Err(match gone {
            Some((client, Gone { why, cause })) => {
                let why = format!("{}: {why}", client.connection);
                BusinessError::new(BusinessError::NO_CONNECTION, why).with_cause(cause)
            }
            None => BusinessError::new(BusinessError::NO_CONNECTION, nobody(recipient)),
        })
    }

    fn listening(&self) -> Option<Arc<Run>> {
        self.current().clone().filter(|run| run.is_listening())
    }

    fn current(&self) -> MutexGuard<'_, Option<Arc<Run>>> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for WebSocketServer {
    fn drop(&mut self) {
        self.object.muted.store(true, Ordering::Relaxed);
        if let Some(run) = &*self.current() {
            run.stop(Goodbye::default(), None);
        }
    }
}

impl fmt::Debug for WebSocketServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketServer")
            .field("address", &self.list_address())
            .finish_non_exhaustive()
    }
}

/// Why a call finds nobody, of whom nothing is known.
fn nobody(recipient: Recipient<'_>) -> String {
    match recipient {
        Recipient::Address(connection) => connection.to_string(),
        Recipient::Client(_) => {
            "the client has left, or is not in yet: calls may have it from its connect event on"
                .to_owned()
        }
    }
}

/// No client has an empty address.
fn is_nobody(recipient: Recipient<'_>) -> bool {
    matches!(recipient, Recipient::Address(connection) if connection.client_ip.is_empty())
}

fn not_started() -> BusinessError {
    BusinessError::new(BusinessError::OTHER, "the server is not started")
}

/// The server came with level 19: there is no older default.
fn default_frame(options: &CloseOptions) -> CloseFrame {
    options.frame("CLOSE_NORMAL")
}
