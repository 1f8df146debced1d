//! One run: a client object that connects once or several times over a simulated network.
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arkws::{Acceptor, Connector, Host, Message, Role, Transport};
use arkws_netstack::{ApiLevel, CloseFrame, Context, Network as NetworkThread, WebSocket};
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, sleep, timeout};

use crate::direction::Seen;
use crate::log::{Entry, EntryKind, Log, OwnedEvent, Recorder, Sending};
use crate::network::{self, Observer};
use crate::plan::{Call, Finish, Plan};
use crate::program;
use crate::random::Random;
use crate::schedule::{Attempt, Connection, Program};

/// After so much simulated time a run is over. What is open by then would be for ever.
pub(crate) const HORIZON: Duration = Duration::from_secs(4 * 60 * 60);

/// After so long without an end a program that waits for it closes.
const PATIENCE: Duration = Duration::from_secs(30 * 60);

/// All that became of a run.
pub(crate) struct Run {
    pub(crate) began: Instant,
    pub(crate) log: Vec<Entry>,
    /// Attempt for attempt, if it came to a link.
    pub(crate) links: Vec<Option<Link>>,
    /// Bytes of sends that were taken, and of those that were handed over, when all was over.
    pub(crate) bytes: Option<[u64; 2]>,
}

/// A link that was made.
#[derive(Clone)]
pub(crate) struct Link {
    pub(crate) plan: Connection,
    /// What its server did and was told.
    pub(crate) server: program::Recorder,
    pub(crate) observer: Arc<Observer>,
}

impl Link {
    /// What was seen of what `role` wrote.
    pub(crate) fn seen(&self, role: Role) -> Seen {
        self.observer.seen(role)
    }
}

impl Run {
    /// In words, for whoever looks for the reason why a promise was broken.
    pub(crate) fn show(&self) -> String {
        let mut shown = Vec::new();
        let mut add = |at: Instant, what: String| shown.push((at, what));
        for entry in &self.log {
            add(
                entry.at,
                match &entry.what {
                    EntryKind::Event(OwnedEvent::Message(message)) => {
                        format!("receives {} bytes", message.len())
                    }
                    EntryKind::Sends(it) => format!(
                        "sends {} bytes, {:?}, {} before, {} after: {:?}",
                        it.message.len(),
                        it.state,
                        it.before,
                        it.after,
                        it.result
                    ),
                    what => format!("{what:?}"),
                },
            );
        }
        for link in self.links.iter().flatten() {
            let server = link.server.record();
            add(
                self.began,
                format!(
                    "a server: opened {:?}",
                    server.opened.map(|it| it - self.began)
                ),
            );
            server
                .received
                .iter()
                .for_each(|it| add(it.at, format!("it receives {}", it.what.len())));
            server
                .sent
                .iter()
                .for_each(|it| add(it.at, format!("it sends {}", it.what.len())));
            server
                .told
                .iter()
                .for_each(|it| add(it.at, format!("it is told {:?}", it.what)));
            let seen = link.seen(Role::Client);
            for (at, total) in seen.accepted.entries() {
                add(*at, format!("{total} bytes of the client's accepted"));
            }
            for (at, total) in link.seen(Role::Server).arrived.entries() {
                add(*at, format!("{total} bytes of the server's arrived"));
            }
        }
        shown.sort_by_key(|&(at, _)| at);
        let line = |(at, what): (Instant, String)| format!("  {:?}: {what}\n", at - self.began);
        shown.into_iter().map(line).collect()
    }
}

/// The simulated network: makes what the schedule says of each attempt.
struct Network {
    plan: Plan,
    log: Log,
    acceptor: Acceptor,
    links: Arc<Mutex<Vec<Option<Link>>>>,
    /// There are no more attempts.
    exhausted: Arc<Notify>,
}

impl Connector for Network {
    fn connect<'a>(&'a self, _: &'a Host, _: u16) -> BoxFuture<'a, io::Result<Transport>> {
        Box::pin(async move {
            let number = self.links.lock().unwrap().len();
            let schedule = &self.plan.schedule;
            let Some(attempt) = schedule.attempts.get(number) else {
                self.exhausted.notify_one();
                return std::future::pending().await;
            };
            self.log.add(EntryKind::Attempt(number));
            self.links.lock().unwrap().push(None);
            match attempt {
                Attempt::Hangs => std::future::pending().await,
                Attempt::Refused(after) => {
                    sleep(*after).await;
                    Err(io::ErrorKind::ConnectionRefused.into())
                }
                Attempt::Link(plan) => {
                    let random = Random::new(schedule.seed ^ number as u64);
                    let (near, far, observer) = network::link(plan.link.clone(), random);
                    let server = program::Recorder::default();
                    let far = Transport::other(far);
                    let serving = serve(
                        self.acceptor.clone(),
                        far,
                        plan.server.clone(),
                        server.clone(),
                    );
                    tokio::spawn(serving);
                    self.links.lock().unwrap()[number] = Some(Link {
                        plan: Connection::clone(plan),
                        server,
                        observer: Arc::new(observer),
                    });
                    Ok(Transport::other(near))
                }
            }
        })
    }
}

async fn serve(acceptor: Acceptor, stream: Transport, plan: Program, recorder: program::Recorder) {
    if let Ok(socket) = acceptor.accept(stream).await {
        program::run(socket, plan, recorder).await;
    }
}

/// Runs a plan.
pub(crate) fn run(plan: &Plan) -> Run {
    let runtime = tokio::runtime::Builder::new_current_thread()
        // Input and output, too: a client that waits to reconnect listens to the kernel.
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let log = Log::default();
        let links = Arc::<Mutex<Vec<Option<Link>>>>::default();
        let schedule = &plan.schedule;
        let acceptor = Acceptor::builder()
            .config(schedule.server.clone())
            .deflate(schedule.deflate.clone())
            .handshake_timeout(schedule.handshake_timeout)
            .build();
        let exhausted = Arc::new(Notify::new());
        let network = Arc::new(Network {
            plan: plan.clone(),
            log: log.clone(),
            acceptor,
            links: Arc::clone(&links),
            exhausted: Arc::clone(&exhausted),
        });
        let began = Instant::now();
        let bytes = live(plan, network, &log, &exhausted).await;
        let log = std::mem::take(&mut *log.entries());
        let links = links.lock().unwrap().clone();
        Run {
            began,
            log,
            links,
            bytes,
        }
    })
}

/// The program. What `bytes_accepted` and `bytes_handed_over` are in the end, unless it has dropped
/// its object.
async fn live(
    plan: &Plan,
    network: Arc<Network>,
    log: &Log,
    exhausted: &Notify,
) -> Option<[u64; 2]> {
    let (delivered, lengths) = unbounded_channel();
    let idle = Arc::new(Notify::new());
    let recorder = Recorder {
        log: log.clone(),
        idle: Arc::clone(&idle),
        delivered,
    };
    let context = Context::new(ApiLevel::NEWEST).with_network(NetworkThread::on(Handle::current()));
    let object = Arc::new(WebSocket::new(context, Arc::new(recorder)));
    tokio::spawn(consume(Arc::downgrade(&object), lengths));
    let terminate = || log.add(EntryKind::Terminates(object.terminate()));
    for connect in &plan.connects {
        let mut options = plan.options();
        options.connector = Some(Arc::clone(&network) as Arc<dyn Connector>);
        log.add(EntryKind::Connects(
            object.connect("ws://server.test/", options),
        ));
        for (wait, call) in &connect.steps {
            if !wait.is_zero() {
                sleep(*wait).await;
            }
            perform(&object, call, log);
        }
        let close = |frame: &Option<CloseFrame>| {
            let result = object.close_with(frame.clone());
            log.add(EntryKind::Closes(frame.clone(), result));
        };
        match &connect.end {
            Finish::Waits => {}
            Finish::Closes(frame) => close(frame),
            Finish::Terminates => terminate(),
            Finish::ClosesAndTerminates(frame, after) => {
                close(frame);
                sleep(*after).await;
                terminate();
            }
            Finish::Drops => {
                drop(object);
                log.add(EntryKind::Drops);
                sleep(HORIZON).await;
                return None;
            }
        }
        let waits = matches!(connect.end, Finish::Waits);
        let over = async {
            tokio::select! {
                biased;
                () = idle.notified() => return,
                () = exhausted.notified() => terminate(),
                () = sleep(PATIENCE), if waits => close(&None),
            }
            idle.notified().await;
        };
        if timeout(HORIZON, over).await.is_err() {
            break;
        }
        if plan.schedule.attempts.len() == network.links.lock().unwrap().len() {
            // The servers may have to find out that they are alone.
            sleep(HORIZON).await;
            break;
        }
    }
    Some([object.bytes_accepted(), object.bytes_handed_over()])
}

fn perform(object: &WebSocket, call: &Call, log: &Log) {
    match call {
        Call::Send { message, feeds } => {
            let (state, before) = (object.ready_state(), object.buffered_amount());
            let result = match (message, feeds) {
                (Message::Text(text), false) => object.send_text(text.as_str()),
                (Message::Text(text), true) => object.feed_text(text.as_str()),
                (message, false) => object.send_binary(bytes(message)),
                (message, true) => object.feed_binary(bytes(message)),
            };
            let after = object.buffered_amount();
            log.add(EntryKind::Sends(Sending {
                message: message.clone(),
                state,
                before,
                after,
                result,
            }));
            if *feeds {
                let answered = answered(log);
                log.add(EntryKind::Flushes(object.flush(answered)));
            }
        }
        Call::Ping(data) => {
            let state = object.ready_state();
            log.add(EntryKind::Pings(state, object.ping(data.clone())));
        }
        Call::Hold(held) => {
            match held {
                true => object.pause(),
                false => object.resume(),
            }
            log.add(EntryKind::Holds(*held));
        }
    }
}

fn bytes(message: &Message) -> &[u8] {
    match message {
        Message::Binary(data) => data,
        _ => unreachable!("no other is sent"),
    }
}

/// To how many of its sends the program knows the answer.
fn answered(log: &Log) -> u64 {
    let entries = log.entries();
    let answers = entries.iter().map(|entry| match &entry.what {
        EntryKind::Flushes(through) | EntryKind::Event(OwnedEvent::Sent(through)) => *through,
        EntryKind::Event(OwnedEvent::SendFailed(_, through, _)) => *through,
        _ => 0,
    });
    answers.max().unwrap_or_default()
}

/// The program takes what it is given.
async fn consume(object: std::sync::Weak<WebSocket>, mut lengths: UnboundedReceiver<usize>) {
    while let Some(length) = lengths.recv().await {
        if let Some(object) = object.upgrade() {
            object.consumed(1, length);
        }
    }
}
