//! One run: a client that connects again and again over a simulated network, and its server.
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arkws::{Acceptor, Client, Connector, Error, Host, Phase, Proxy, Role, Transport};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsAcceptor;

use crate::direction::Seen;
use crate::network::{self, Observer};
use crate::program::{self, Failure, Recorder};
use crate::random::Random;
use crate::schedule::{Attempt, Connection, Program, Schedule};
use crate::tls;

/// After so much simulated time a run is over. An end that is open by then would be for ever.
pub(crate) const HORIZON: Duration = Duration::from_secs(4 * 60 * 60);

/// What became of an attempt.
pub(crate) struct Outcome {
    pub(crate) began: Instant,
    /// Why the client's attempt failed, and when.
    pub(crate) failed: Option<(Instant, Failure)>,
    pub(crate) link: Option<Link>,
}

/// What became of a connection.
pub(crate) struct Link {
    pub(crate) plan: Connection,
    /// It is over TLS: of what passes nobody sees more than how many bytes.
    pub(crate) is_secret: bool,
    /// The server's handshake failed.
    pub(crate) not_accepted: Arc<Mutex<Option<(Instant, Failure)>>>,
    pub(crate) records: [Recorder; 2],
    pub(crate) observer: Observer,
    server: JoinHandle<()>,
}

impl Link {
    pub(crate) fn seen(&self, role: Role) -> Seen {
        let mut seen = self.observer.seen(role);
        if let Some(records) = seen.wire.records() {
            // Of a record nobody can read anything before it is there whole.
            seen.arrived = seen.arrived.at(records);
        }
        seen
    }
}

/// The simulated network: makes what the schedule says of each attempt.
#[derive(Clone)]
struct Network {
    schedule: Arc<Schedule>,
    acceptor: Acceptor,
    is_secret: bool,
    outcomes: Arc<Mutex<Vec<Outcome>>>,
    /// There are no more attempts.
    exhausted: Arc<Notify>,
}

impl Connector for Network {
    fn connect<'a>(&'a self, _: &'a Host, _: u16) -> BoxFuture<'a, io::Result<Transport>> {
        let number = self.outcomes.lock().unwrap().len();
        let attempt = self.schedule.attempts.get(number).cloned();
        if attempt.is_some() {
            self.outcomes.lock().unwrap().push(Outcome {
                began: Instant::now(),
                failed: None,
                link: None,
            });
        }
        Box::pin(async move {
            match attempt {
                None => {
                    self.exhausted.notify_one();
                    std::future::pending().await
                }
                Some(Attempt::Hangs) => std::future::pending().await,
                Some(Attempt::Refused(after)) => {
                    sleep(after).await;
                    Err(io::ErrorKind::ConnectionRefused.into())
                }
                Some(Attempt::Link(plan)) => Ok(self.link(number, *plan)),
            }
        })
    }
}

impl Network {
    /// A link to the server, which accepts.
    fn link(&self, number: usize, plan: Connection) -> Transport {
        let random = Random::new(self.schedule.seed ^ number as u64);
        let (near, far, observer) = network::link(plan.link.clone(), random);
        let records = [Recorder::default(), Recorder::default()];
        let not_accepted = Arc::default();
        let server = tokio::spawn(serve(
            self.clone(),
            Transport::other(far),
            plan.server.clone(),
            records[1].clone(),
            Arc::clone(&not_accepted),
        ));
        self.outcomes.lock().unwrap()[number].link = Some(Link {
            plan,
            is_secret: self.is_secret,
            not_accepted,
            records,
            observer,
            server,
        });
        Transport::other(near)
    }
}

async fn serve(
    network: Network,
    mut transport: Transport,
    program: Program,
    recorder: Recorder,
    not_accepted: Arc<Mutex<Option<(Instant, Failure)>>>,
) {
    let fails = |error: &Error| {
        *not_accepted.lock().unwrap() = Some((Instant::now(), Failure::from(error)));
    };
    if network.is_secret {
        let acceptor = TlsAcceptor::from(tls::server());
        let limit = network.schedule.handshake_timeout;
        let phase = Phase::Tls;
        let accepted = match timeout(limit, acceptor.accept(transport)).await {
            Ok(accepted) => accepted.map_err(Error::Lost),
            Err(_) => Err(Error::Timeout { phase, limit }),
        };
        transport = match accepted {
            Ok(stream) => Transport::other_tls(stream),
            Err(error) => return fails(&error),
        };
    }
    match network.acceptor.accept(transport).await {
        Ok(socket) => program::run(socket, program, recorder).await,
        Err(error) => fails(&error),
    }
}

/// Runs a schedule, over TLS if it `is_secret`. All that became of it, attempt for attempt.
pub(crate) fn run(schedule: &Schedule, is_secret: bool) -> Vec<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let schedule = Arc::new(schedule.clone());
        let outcomes = Arc::<Mutex<Vec<Outcome>>>::default();
        let acceptor = Acceptor::builder()
            .config(schedule.server.clone())
            .deflate(schedule.deflate.clone())
            .handshake_timeout(schedule.handshake_timeout)
            .build();
        let network = Network {
            schedule: Arc::clone(&schedule),
            acceptor,
            is_secret,
            outcomes: Arc::clone(&outcomes),
            exhausted: Arc::default(),
        };
        // An end that never comes shows in the records.
        let _ = timeout(HORIZON, connect(schedule, network, &outcomes)).await;
        let servers: Vec<_> = {
            let mut outcomes = outcomes.lock().unwrap();
            let links = outcomes.iter_mut().filter_map(|it| it.link.as_mut());
            links
                .map(|link| std::mem::replace(&mut link.server, tokio::spawn(async {})))
                .collect()
        };
        for server in servers {
            if let Ok(Err(error)) = timeout(HORIZON, server).await {
                std::panic::resume_unwind(error.into_panic());
            }
        }
        std::mem::take(&mut *outcomes.lock().unwrap())
    })
}

async fn connect(schedule: Arc<Schedule>, network: Network, outcomes: &Mutex<Vec<Outcome>>) {
    let exhausted = Arc::clone(&network.exhausted);
    let scheme = if network.is_secret { "wss" } else { "ws" };
    let url = format!("{scheme}://{}/", tls::NAME);
    let client = Client::builder()
        .config(schedule.client.clone())
        .deflate(schedule.deflate.clone())
        .connect_timeout(schedule.connect_timeout)
        .handshake_timeout(schedule.handshake_timeout)
        .proxy(Proxy::None)
        .tls(tls::client())
        .connector(network)
        .build()
        .unwrap();
    let failed = |error: &Error| {
        if let Some(outcome) = outcomes.lock().unwrap().last_mut() {
            outcome.failed = Some((Instant::now(), Failure::from(error)));
        }
    };
    let request = async |attempt: arkws::Attempt| {
        if let Some(error) = &attempt.error {
            failed(error);
        }
        Ok(url.clone())
    };
    let mut connections = client.reconnecting(request, schedule.retry.clone());
    loop {
        let connection = tokio::select! {
            biased;
            () = exhausted.notified() => return,
            connection = connections.next() => connection,
        };
        match connection {
            Some(Ok((socket, _))) => {
                let (plan, recorder) = {
                    let outcomes = outcomes.lock().unwrap();
                    let link = outcomes.last().and_then(|it| it.link.as_ref());
                    let link = link.expect("it was made over one");
                    (link.plan.client.clone(), link.records[0].clone())
                };
                program::run(socket, plan, recorder).await;
            }
            Some(Err(error)) => failed(&error),
            None => return,
        }
    }
}
