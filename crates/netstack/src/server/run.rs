//! One run of a server: from `start` to the end of its last client.
use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arkws::{Acceptor, CloseCode, CloseFrame, Config, DeflateConfig, Heartbeat, UnfinishedBudget};
use tokio::select;
use tokio::sync::watch;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;
use tracing::{Instrument, debug, debug_span, warn};

use super::address::ClientAddress;
use super::admission::{Refusal, Seats};
use super::client::{Client, Gone};
use super::config::Checked;
use super::handshakes::{HandshakeId, Handshakes, Replaced};
use super::listen::Incoming;
use super::welcome::Door;
use super::{Connection, ServerEvent, Shared, tls};
use crate::BusinessError;
use crate::log;
use crate::options::write_timeout;

/// A stopping server gives up what waits for its clients after this long; the closing handshakes have a time-out of their own.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// `error` events about clients that were not let in, per second: whoever can connect can cause them.
const MAX_REPORTS: u32 = 100;
/// Of so many clients that have left it is remembered how.
const MAX_ENDED: usize = 256;

/// A listening socket, its clients, and how far they have come.
pub(super) struct Run {
    pub(super) shared: Arc<Shared>,
    pub(super) settings: Checked,
    stage: watch::Sender<Stage>,
    inside: Mutex<Inside>,
}

/// The stages follow each other in this order; some may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Starting,
    Listening(SocketAddr),
    /// `stop` was called.
    Stopping,
    /// The listening socket is gone; clients may still be closing.
    Unbound,
}

struct Inside {
    handshakes: Handshakes,
    seats: Seats,
    clients: HashMap<Connection, Arc<Client>>,
    /// How the last [`MAX_ENDED`] that left did so: for calls that come too late.
    ended: VecDeque<(Connection, Gone)>,
    /// Of the current second, which began at the first of them.
    reports: (Instant, u32),
}

impl Run {
    pub(super) fn new(shared: Arc<Shared>, settings: Checked) -> Run {
        Run {
            inside: Mutex::new(Inside {
                handshakes: Handshakes::default(),
                seats: Seats::new(settings.limits),
                clients: HashMap::new(),
                ended: VecDeque::new(),
                reports: (Instant::now(), 0),
            }),
            shared,
            settings,
            stage: watch::Sender::new(Stage::Starting),
        }
    }

    /// Started or starting, and not told to stop.
    pub(super) fn is_on(&self) -> bool {
        *self.stage.borrow() < Stage::Stopping
    }

    /// While the server is listening.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        match *self.stage.borrow() {
            Stage::Listening(address) => Some(address),
            _ => None,
        }
    }

    pub(super) fn clients(&self) -> Vec<Arc<Client>> {
        self.inside().clients.values().cloned().collect()
    }

    /// The client, or how it has left, as far as that is remembered.
    pub(super) fn client(&self, connection: &Connection) -> Result<Arc<Client>, Option<Gone>> {
        let inside = self.inside();
        if let Some(client) = inside.clients.get(connection) {
            return Ok(Arc::clone(client));
        }
        let mut ended = inside.ended.iter().rev();
        let gone = ended.find(|(gone, _)| gone == connection);
        Err(gone.map(|(_, gone)| gone.clone()))
    }

    /// `false` if there is nothing to stop.
    pub(super) fn stop(&self) -> bool {
        self.advance(Stage::Stopping)
    }

    /// Ready when the run has been told to stop.
    pub(super) async fn stopping(&self) {
        self.reached(Stage::Stopping).await;
    }

    /// The task of this run. `previous` is the run before, whose listening socket must be gone first.
    pub(super) fn main(
        self: Arc<Self>,
        previous: Option<Arc<Run>>,
    ) -> impl Future<Output = ()> + Send + 'static {
        // Here, not in the task: one that is never polled has its last events, too.
        let unfinished = Unfinished(Some(Arc::clone(&self)));
        async move {
            self.whole(previous).await;
            unfinished.finish();
        }
    }

    async fn whole(self: Arc<Self>, previous: Option<Arc<Run>>) {
        if let Some(previous) = previous {
            previous.reached(Stage::Unbound).await;
        }
        let opened = select! {
            biased;
            () = self.stopping() => Err(stopped_too_early()),
            opened = self.open() => opened,
        };
        match opened {
            Ok((incoming, address, tls)) => {
                debug!(target: "arkws", %address, tls = tls.is_some(), "server listening");
                self.shared.emit(ServerEvent::Started(Ok(address)));
                self.shared.flush();
                let span = debug_span!(target: "arkws", "server", %address);
                self.serve(incoming, tls).instrument(span).await;
                debug!(target: "arkws", %address, "server stopped");
            }
            Err(error) => {
                self.advance(Stage::Unbound);
                self.shared.emit(ServerEvent::Started(Err(error)));
            }
        }
        self.shared.emit(ServerEvent::Idle);
        self.shared.flush();
    }

    async fn open(&self) -> Result<(Incoming, SocketAddr, Option<TlsAcceptor>), BusinessError> {
        let tls = match self.settings.config.server_cert.clone() {
            Some((certificate, key)) => {
                let load = spawn_blocking(move || tls::acceptor(&certificate, &key));
                Some(load.await.map_err(io::Error::from).map_err(other)??)
            }
            None => None,
        };
        let wanted = self.settings.address;
        let incoming = Incoming::bind(wanted).map_err(|error| not_listening(wanted, &error))?;
        let address = incoming.address().map_err(other)?;
        match self.advance(Stage::Listening(address)) {
            true => Ok((incoming, address, tls)),
            false => Err(stopped_too_early()),
        }
    }

    /// Lets clients in until the server is stopped, then closes them.
    async fn serve(self: &Arc<Self>, mut incoming: Incoming, tls: Option<TlsAcceptor>) {
        let door = Door {
            tls,
            acceptor: self.acceptor(),
        };
        let mut tasks = JoinSet::new();
        let mut stopping = pin!(self.stopping());
        loop {
            select! {
                biased;
                () = &mut stopping => break,
                Some(_) = tasks.join_next() => {}
                accepted = incoming.accept() => match accepted {
                    Ok((stream, peer)) => {
                        let run = Arc::clone(self);
                        let span = log::peer(&peer);
                        tasks.spawn(run.welcome(stream, peer, door.clone()).instrument(span));
                    }
                    Err(error) => {
                        warn!(target: "arkws", %error, "cannot accept connections");
                        let message = format!("the server cannot accept connections: {error}");
                        let cause = arkws::Error::from(error).cause().as_str();
                        self.shared.emit(ServerEvent::Error(BusinessError::event(message, None, cause)));
                        self.shared.flush();
                    }
                },
            }
        }
        drop(incoming);
        self.advance(Stage::Unbound);

        let goodbye = CloseFrame::new(CloseCode::GOING_AWAY, "server is going away");
        for client in self.clients() {
            client.outbox.close(goodbye.clone(), true);
        }
        let all = async |tasks: &mut JoinSet<()>| while tasks.join_next().await.is_some() {};
        if timeout(DRAIN_TIMEOUT, all(&mut tasks)).await.is_err() {
            for client in self.clients() {
                client.outbox.abandon();
            }
            all(&mut tasks).await;
        }
    }

    fn acceptor(&self) -> Acceptor {
        let settings = &self.settings.config;
        let mut config = Config::default();
        let runtime = self.shared.context.runtime_limits();
        let max = runtime.cap(self.settings.max_message_size());
        let limits = &mut config.limits;
        limits.max_message_size = max;
        limits.max_frame_size = max as u64;
        limits.max_fragments = settings.max_fragments.unwrap_or(limits.max_fragments);
        limits.max_header_bytes = settings.max_header_bytes.unwrap_or(limits.max_header_bytes);
        limits.max_headers = settings.max_headers.unwrap_or(limits.max_headers);
        config.message_timeout = self.settings.message_timeout();
        let budget = settings.max_unfinished_bytes.map(UnfinishedBudget::new);
        let shared = || self.shared.context.unfinished_budget().clone();
        config.unfinished_budget = Some(budget.unwrap_or_else(shared));
        config.write_timeout = write_timeout(settings.write_timeout);
        config.heartbeat = settings
            .ping_interval
            .filter(|interval| !interval.is_zero())
            .map(|interval| Heartbeat {
                interval,
                timeout: interval,
            });
        let acceptor = Acceptor::builder()
            .config(config)
            .handshake_timeout(self.settings.handshake_timeout());
        match settings.per_message_deflate {
            true => acceptor.deflate(DeflateConfig::default()).build(),
            false => acceptor.build(),
        }
    }

    /// An opening handshake begins.
    pub(super) fn begin_handshake(
        self: &Arc<Self>,
        address: ClientAddress,
    ) -> Result<(HandshakePermit, Replaced), Refusal> {
        let (id, replaced) = self.inside().handshakes.begin(address)?;
        let permit = HandshakePermit {
            run: Arc::clone(self),
            id,
        };
        Ok((permit, replaced))
    }

    /// A seat.
    pub(super) fn admit(self: &Arc<Self>, address: ClientAddress) -> Result<Seat, Refusal> {
        if !self.is_on() {
            return Err(Refusal::Stopping);
        }
        let mut flood = self.shared.flood();
        self.inside()
            .seats
            .enter(address, &mut flood, Instant::now())?;
        Ok(Seat {
            run: Arc::clone(self),
            address,
        })
    }

    /// From here on the client is listed, until the membership is dropped.
    pub(super) fn enroll(
        self: &Arc<Self>,
        connection: &Connection,
        seat: Seat,
    ) -> Result<Membership, Refusal> {
        let mut inside = self.inside();
        // Under the lock: `serve` closes those that it finds after the stage has changed.
        let refusal = match inside.clients.contains_key(connection) {
            _ if !self.is_on() => Some(Refusal::Stopping),
            true => Some(Refusal::Duplicate),
            false => None,
        };
        if let Some(refusal) = refusal {
            drop(inside);
            return Err(refusal);
        }
        let client = Arc::new(Client::new(
            connection.clone(),
            self.settings.max_queued_bytes(),
            self.shared.context.message_cost(),
        ));
        inside
            .clients
            .insert(connection.clone(), Arc::clone(&client));
        Ok(Membership {
            run: Arc::clone(self),
            client,
            _seat: seat,
        })
    }

    /// Raises an `error` event about a client.
    pub(super) fn report(&self, connection: &Connection, why: &str, cause: &'static str) {
        debug!(target: "arkws", why, "client not let in");
        let now = Instant::now();
        {
            let mut inside = self.inside();
            let (since, count) = &mut inside.reports;
            if now.duration_since(*since) > Duration::from_secs(1) {
                (*since, *count) = (now, 0);
            }
            *count += 1;
            if *count > MAX_REPORTS {
                return;
            }
        }
        let message = format!("client {connection} was not let in: {why}");
        self.shared.emit(ServerEvent::Error(BusinessError::event(
            message, None, cause,
        )));
        self.shared.flush();
    }

    fn advance(&self, next: Stage) -> bool {
        self.stage.send_if_modified(|stage| {
            let later = *stage < next;
            if later {
                *stage = next;
            }
            later
        })
    }

    async fn reached(&self, stage: Stage) {
        // The sender lives as long as `self`.
        let _ = self.stage.subscribe().wait_for(|now| *now >= stage).await;
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A run that may be dropped with its runtime: its last events come then, too.
struct Unfinished(Option<Arc<Run>>);

impl Unfinished {
    fn finish(mut self) {
        self.0 = None;
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let Some(run) = self.0.take() else {
            return;
        };
        let why = "the network thread ended";
        let was_listening = run.address().is_some();
        let was_starting = *run.stage.borrow() == Stage::Starting;
        run.advance(Stage::Unbound);
        if was_starting {
            let error = BusinessError::new(BusinessError::OTHER, why);
            run.shared.emit(ServerEvent::Started(Err(error)));
        } else if was_listening {
            let message = format!("the server cannot accept connections: {why}");
            let error = BusinessError::event(message, None, "internal");
            run.shared.emit(ServerEvent::Error(error));
        }
        run.shared.emit(ServerEvent::Idle);
        run.shared.flush();
    }
}

/// An opening handshake in progress; over when dropped.
pub(super) struct HandshakePermit {
    run: Arc<Run>,
    id: HandshakeId,
}

impl HandshakePermit {
    /// From here on no newcomer takes its place.
    pub(super) fn keep(&self) -> Result<(), Refusal> {
        match self.run.inside().handshakes.keep(self.id) {
            true => Ok(()),
            false => Err(Refusal::Replaced),
        }
    }

    /// Until its client has read the answer, a newcomer may take its place again.
    pub(super) async fn replaced(&self) {
        let replaced = self.run.inside().handshakes.yield_place(self.id);
        if let Some(replaced) = replaced {
            let _ = replaced.await;
        }
    }
}

impl Drop for HandshakePermit {
    fn drop(&mut self) {
        self.run.inside().handshakes.end(self.id);
    }
}

/// A connection within the limits; free again when dropped.
pub(super) struct Seat {
    run: Arc<Run>,
    address: ClientAddress,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.run.inside().seats.leave(self.address);
    }
}

/// A client that is listed; not any more when dropped.
pub(super) struct Membership {
    run: Arc<Run>,
    pub(super) client: Arc<Client>,
    _seat: Seat,
}

impl Membership {
    /// The client has left in this way.
    pub(super) fn end(self, gone: Gone) {
        let mut inside = self.run.inside();
        if inside.ended.len() == MAX_ENDED {
            inside.ended.pop_front();
        }
        let connection = self.client.connection.clone();
        // Under one lock: nobody finds neither the client nor how it left.
        inside.clients.remove(&connection);
        inside.ended.push_back((connection, gone));
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        let mut inside = self.run.inside();
        let connection = &self.client.connection;
        // Its address may be another's by now.
        if let Some(client) = inside.clients.get(connection)
            && Arc::ptr_eq(client, &self.client)
        {
            inside.clients.remove(connection);
        }
    }
}

fn stopped_too_early() -> BusinessError {
    BusinessError::new(
        BusinessError::OTHER,
        "the server was stopped before it had started",
    )
}

/// The contract's codes, with what the operating system says.
fn not_listening(address: SocketAddr, error: &io::Error) -> BusinessError {
    let code = match error.kind() {
        io::ErrorKind::AddrInUse => BusinessError::PORT_OCCUPIED,
        io::ErrorKind::AddrNotAvailable => BusinessError::NIC,
        io::ErrorKind::PermissionDenied => BusinessError::PORT,
        _ => BusinessError::OTHER,
    };
    BusinessError::new(code, format!("listen on {address}: {error}"))
}

fn other(error: io::Error) -> BusinessError {
    BusinessError::new(BusinessError::OTHER, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_a_server_from_listening_has_the_contracts_codes() {
        let address = SocketAddr::from(([127, 0, 0, 1], 80));
        for (kind, code) in [
            (io::ErrorKind::AddrInUse, 2302007),
            (io::ErrorKind::AddrNotAvailable, 2302004),
            (io::ErrorKind::PermissionDenied, 2302005),
            (io::ErrorKind::OutOfMemory, 2302999),
        ] {
            let error = not_listening(address, &kind.into());
            assert_eq!(error.code, code);
            let detail = format!(": listen on 127.0.0.1:80: {kind}");
            assert!(error.message.ends_with(&detail), "{error}");
        }
    }
}
