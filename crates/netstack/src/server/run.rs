//! One run of a server: from `start` to the end of its last client.
use std::future::pending;
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arkws::{Acceptor, Bytes, Config, DeflateConfig, Heartbeat, UnfinishedBudget};
use tokio::select;
use tokio::sync::mpsc::error::SendError;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{sleep_until, timeout};
use tokio_rustls::TlsAcceptor;
use tracing::{Instrument, debug, debug_span, warn};

use super::accepted::{Accepted, HandedOver};
use super::config::Checked;
use super::event::ServerEvent;
use super::handshake::HandshakeContext;
use super::identity::StopId;
use super::lifecycle::{Lifecycle, Stage};
use super::listen::Incoming;
use super::listen_on::{ListenAddress, ListenOn};
use super::object::ServerObject;
use super::registry::Registry;
use super::stop::Goodbye;
use super::tls::CurrentTls;
use crate::shared_limits::write_timeout;
use crate::{BusinessError, Cause};

/// How long a server that stops goes on sending what waits for its clients. The closing handshakes
/// that follow have a time-out of their own.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// A listening socket or none, its clients, and how far they have come.
pub(super) struct Run {
    object: Arc<ServerObject>,
    settings: Arc<Checked>,
    lifecycle: Arc<Lifecycle>,
    registry: Arc<Registry>,
    tls: Arc<CurrentTls>,
    /// Clients that the program has accepted, with what it has read of them.
    handed_over: UnboundedSender<Handover>,
    /// [`ServerEvent::Started`] was raised, or is being raised.
    start_answered: AtomicBool,
    /// Of the call that has stopped it and waits for an answer.
    answer: Mutex<Option<StopId>>,
}

/// Where the clients of a run come from.
pub(super) struct Sources {
    listen_on: ListenOn,
    handed_over: UnboundedReceiver<Handover>,
}

/// A client that the program has accepted, with what it has read of it.
struct Handover {
    connection: HandedOver,
    read: Bytes,
    end: HandoverEnd,
}

/// Tells, when it is dropped, that such a client's connection is over.
struct HandoverEnd(Option<Arc<ServerObject>>);

impl Drop for HandoverEnd {
    fn drop(&mut self) {
        if let Some(object) = &self.0 {
            object.emit(ServerEvent::HandedOverEnded);
            object.flush();
        }
    }
}

impl Run {
    pub(super) fn new(object: Arc<ServerObject>, mut settings: Checked) -> (Run, Sources) {
        let (sender, receiver) = unbounded_channel();
        let sources = Sources {
            // A socket among it is open no longer than the run needs it.
            listen_on: std::mem::take(&mut settings.config.listen_on),
            handed_over: receiver,
        };
        let run = Run {
            registry: Arc::new(Registry::new(settings.limits)),
            object,
            settings: Arc::new(settings),
            lifecycle: Arc::new(Lifecycle::new()),
            tls: Arc::default(),
            handed_over: sender,
            start_answered: AtomicBool::new(false),
            answer: Mutex::new(None),
        };
        (run, sources)
    }

    /// Started or starting, and not told to stop.
    pub(super) fn is_on(&self) -> bool {
        self.lifecycle.is_on()
    }

    /// Started, and not told to stop.
    pub(super) fn is_listening(&self) -> bool {
        self.lifecycle.is_listening()
    }

    /// While the server is listening.
    pub(super) fn address(&self) -> Option<&ListenAddress> {
        self.lifecycle.address()
    }

    /// New handshakes use another certificate; `false`: there is no TLS.
    pub(super) fn set_certificate(&self, tls: TlsAcceptor) -> bool {
        let speaks_tls = self.tls.get().is_some();
        if speaks_tls {
            self.tls.set(Some(tls));
        }
        speaks_tls
    }

    /// Takes a client that the program has accepted; `false`: nobody takes one any more.
    pub(super) fn hand_over(&self, connection: HandedOver, read: Bytes) -> bool {
        if !self.is_on() {
            return false;
        }
        let handover = Handover {
            connection,
            read,
            end: HandoverEnd(Some(Arc::clone(&self.object))),
        };
        match self.handed_over.send(handover) {
            Ok(()) => true,
            Err(SendError(Handover { mut end, .. })) => {
                // It was not taken, so it does not end.
                end.0 = None;
                false
            }
        }
    }

    pub(super) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// For one thread at a time; `false` if there is nothing to stop. There is an event with the
    /// `answer`.
    pub(super) fn stop(&self, goodbye: Goodbye, answer: Option<StopId>) -> bool {
        if !self.is_on() {
            return false;
        }
        *self.answer() = answer;
        self.lifecycle.stop(goodbye)
    }

    fn answer(&self) -> MutexGuard<'_, Option<StopId>> {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers the call of `start`.
    fn answer_start(&self, started: Result<ListenAddress, BusinessError>) {
        self.start_answered.store(true, Ordering::Relaxed);
        self.object.emit(ServerEvent::Started(started));
    }

    /// Answers the call that has stopped this run, if it waits.
    fn answer_stop(&self) {
        let answer = self.answer().take();
        if let Some(id) = answer {
            self.object.emit(ServerEvent::Stopped(id));
            self.object.flush();
        }
    }

    /// The task of this run. `previous` is the run before, whose listening socket must be gone
    /// first.
    pub(super) fn main(
        self: Arc<Self>,
        sources: Sources,
        previous: Option<Arc<Run>>,
    ) -> impl Future<Output = ()> + Send + 'static {
        // Made here, so that a task that is dropped before its first poll raises its events, too.
        let unfinished = UnfinishedRun(Some(Arc::clone(&self)));
        async move {
            self.whole(sources, previous).await;
            unfinished.finish();
        }
    }

    async fn whole(self: Arc<Self>, sources: Sources, previous: Option<Arc<Run>>) {
        if let Some(previous) = previous {
            previous.lifecycle.reached(Stage::Unbound).await;
        }
        let opened = select! {
            biased;
            () = self.lifecycle.stopping() => Err(stopped_too_early()),
            opened = self.open(sources.listen_on) => opened,
        };
        match opened {
            Ok((incoming, address, tls)) => {
                debug!(target: "arkws", %address, tls = tls.is_some(), "server listening");
                self.answer_start(Ok(address.clone()));
                self.object.flush();
                let span = debug_span!(target: "arkws", "server", %address);
                self.serve(incoming, sources.handed_over)
                    .instrument(span)
                    .await;
                debug!(target: "arkws", %address, "server stopped");
            }
            Err(error) => {
                self.lifecycle.advance(Stage::Unbound);
                drop(sources.handed_over);
                self.answer_start(Err(error));
            }
        }
        self.answer_stop();
        self.object.emit(ServerEvent::Idle);
        self.object.flush();
    }

    async fn open(
        &self,
        on: ListenOn,
    ) -> Result<(Incoming, ListenAddress, Option<TlsAcceptor>), BusinessError> {
        let tls = match self.settings.config.server_cert().cloned() {
            Some(certificate) => {
                let load = spawn_blocking(move || certificate.acceptor());
                Some(load.await.map_err(io::Error::from).map_err(other)??)
            }
            None => None,
        };
        let settings = &self.settings;
        let is_port = matches!(on, ListenOn::Port);
        let wanted = match &on {
            ListenOn::Port => settings.address.to_string(),
            ListenOn::Path(path) => path.display().to_string(),
            _ => "the given socket".to_owned(),
        };
        let (incoming, address) = Incoming::open(on, settings.address, settings.config.reuse_port)
            .map_err(|error| not_listening(&wanted, is_port, &error))?;
        if tls.is_some() && !incoming.is_tcp() {
            return Err(BusinessError::parameter(
                "serverCert is for TCP, and the socket to listen on is none",
            ));
        }
        // Before anybody can know that it listens.
        self.tls.set(tls.clone());
        match self.lifecycle.listening(address.clone()) {
            true => Ok((incoming, address, tls)),
            false => Err(stopped_too_early()),
        }
    }

    /// Lets clients in until the server is stopped, then closes them.
    async fn serve(
        self: &Arc<Self>,
        mut incoming: Incoming,
        mut handed_over: UnboundedReceiver<Handover>,
    ) {
        let context = Arc::new(HandshakeContext {
            object: Arc::clone(&self.object),
            settings: Arc::clone(&self.settings),
            lifecycle: Arc::clone(&self.lifecycle),
            registry: Arc::clone(&self.registry),
            tls: Arc::clone(&self.tls),
            acceptor: self.acceptor(),
        });
        let mut tasks = JoinSet::new();
        let mut stopping = pin!(self.lifecycle.stopping());
        loop {
            select! {
                biased;
                () = &mut stopping => break,
                Some(_) = tasks.join_next() => {}
                Some(Handover { connection, read, end }) = handed_over.recv() => {
                    match Accepted::handed_over(connection, read) {
                        Ok(accepted) => {
                            let handshake = Arc::clone(&context).handshake(accepted);
                            tasks.spawn(async move {
                                handshake.await;
                                drop(end);
                            });
                        }
                        Err(error) => debug!(target: "arkws", %error, "client handed over is gone"),
                    }
                }
                accepted = incoming.accept() => match accepted {
                    Ok(accepted) => {
                        tasks.spawn(Arc::clone(&context).handshake(accepted));
                    }
                    Err(error) => {
                        warn!(target: "arkws", %error, "cannot accept connections");
                        let message = format!("the server cannot accept connections: {error}");
                        let cause = arkws::Error::from(error).cause().into();
                        let error = BusinessError::event(message, None, cause);
                        self.object.emit(ServerEvent::Error {
                            client: None,
                            error,
                        });
                        self.object.flush();
                    }
                },
            }
        }
        drop(incoming);
        // Those that wait in it have had no answer, like others whose handshakes are in progress.
        drop(handed_over);
        self.lifecycle.advance(Stage::Unbound);

        let Goodbye {
            frame,
            waits,
            deadline,
        } = self.lifecycle.goodbye();
        for peer in self.registry.peers() {
            peer.mailbox.close(frame.clone(), true);
        }
        if waits {
            let mut over = pin!(async {
                match deadline {
                    Some(deadline) => sleep_until(deadline).await,
                    None => pending().await,
                }
            });
            select! {
                biased;
                () = &mut over => {}
                () = self.registry.all_told() => {
                    self.answer_stop();
                    // What is left tells its clients why they were refused, or dropped before.
                    select! {
                        biased;
                        () = &mut over => {}
                        () = all(&mut tasks) => {}
                    }
                }
            }
            // Each raises the last events of its client.
            tasks.abort_all();
        } else if timeout(DRAIN_TIMEOUT, all(&mut tasks)).await.is_err() {
            for peer in self.registry.peers() {
                peer.mailbox.abandon();
            }
        }
        all(&mut tasks).await;
    }

    fn acceptor(&self) -> Acceptor {
        let settings = &self.settings.config;
        let mut config = Config::default();
        let runtime = self.object.context.language_limits();
        let max = runtime.cap(self.settings.max_message_size());
        let limits = &mut config.limits;
        limits.max_message_size = max;
        limits.max_frame_size = max as u64;
        limits.max_fragments = settings.max_fragments.unwrap_or(limits.max_fragments);
        limits.max_header_bytes = settings.max_header_bytes.unwrap_or(limits.max_header_bytes);
        limits.max_headers = settings.max_headers.unwrap_or(limits.max_headers);
        config.message_timeout = self.settings.message_timeout();
        let budget = settings.max_unfinished_bytes.map(UnfinishedBudget::new);
        let shared = || self.object.context.unfinished_budget().clone();
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
}

/// Raises the last events of a run also if it is dropped with its runtime.
struct UnfinishedRun(Option<Arc<Run>>);

impl UnfinishedRun {
    fn finish(mut self) {
        self.0 = None;
    }
}

impl Drop for UnfinishedRun {
    fn drop(&mut self) {
        let Some(run) = self.0.take() else {
            return;
        };
        let why = "the network thread ended";
        let was_listening = run.is_listening();
        run.lifecycle.advance(Stage::Unbound);
        if !run.start_answered.load(Ordering::Relaxed) {
            let error = BusinessError::new(BusinessError::OTHER, why);
            run.answer_start(Err(error.with_cause(Cause::Internal)));
        } else if was_listening {
            let message = format!("the server cannot accept connections: {why}");
            let error = BusinessError::event(message, None, Cause::Internal);
            run.object.emit(ServerEvent::Error {
                client: None,
                error,
            });
        }
        run.answer_stop();
        run.object.emit(ServerEvent::Idle);
        run.object.flush();
    }
}

/// Waits until all have ended.
async fn all(tasks: &mut JoinSet<()>) {
    while tasks.join_next().await.is_some() {}
}

fn stopped_too_early() -> BusinessError {
    BusinessError::new(
        BusinessError::OTHER,
        "the server was stopped before it had started",
    )
}

/// The contract's codes, with what the operating system says.
fn not_listening(wanted: &str, is_port: bool, error: &io::Error) -> BusinessError {
    let code = match error.kind() {
        io::ErrorKind::AddrInUse => BusinessError::PORT_OCCUPIED,
        io::ErrorKind::AddrNotAvailable => BusinessError::NIC,
        io::ErrorKind::PermissionDenied if is_port => BusinessError::PORT,
        io::ErrorKind::InvalidInput => BusinessError::PARAMETER,
        _ => BusinessError::OTHER,
    };
    let failed = BusinessError::new(code, format!("listen on {wanted}: {error}"));
    match code {
        BusinessError::OTHER => failed.with_cause(Cause::System),
        _ => failed,
    }
}

fn other(error: io::Error) -> BusinessError {
    BusinessError::new(BusinessError::OTHER, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_a_server_from_listening_has_the_contracts_codes() {
        for (kind, code) in [
            (io::ErrorKind::AddrInUse, 2302007),
            (io::ErrorKind::AddrNotAvailable, 2302004),
            (io::ErrorKind::PermissionDenied, 2302005),
            (io::ErrorKind::OutOfMemory, 2302999),
        ] {
            let error = not_listening("127.0.0.1:80", true, &kind.into());
            assert_eq!(error.code, code);
            let is_other = code == BusinessError::OTHER;
            assert_eq!(error.cause, is_other.then_some(Cause::System));
            let detail = format!(": listen on 127.0.0.1:80: {kind}");
            assert!(error.message.ends_with(&detail), "{error}");
        }
    }
}
