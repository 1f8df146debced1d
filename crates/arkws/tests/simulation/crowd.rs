//! Many clients of one server, which stops in the midst of what they do (`Server::shutdown`), with
//! a budget for the incomplete messages of all of them. With or without TLS.
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arkws::{Acceptor, Client, Host, PeerInfo, Proxy, Role, Server, Transport, UnfinishedBudget};
use futures_util::stream;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::time::{Instant, sleep, timeout};

use crate::network::{self, Observer};
use crate::program::{self, Failure, Received, Recorder};
use crate::random::Random;
use crate::run::HORIZON;
use crate::schedule::{Action, Attempt, Connection, Schedule, Step};
use crate::tls;

/// Timers fire at whole milliseconds.
pub(crate) const TICK: Duration = Duration::from_millis(2);

/// What happens, drawn from a seed.
#[derive(Debug)]
pub(crate) struct Crowd {
    pub(crate) members: Vec<Member>,
    pub(crate) server: Schedule,
    pub(crate) stops_after: Duration,
    pub(crate) deadline: Duration,
    /// The most bytes of incomplete messages.
    pub(crate) budget: Option<usize>,
    pub(crate) tls: bool,
}

/// How often it is looked at what incomplete messages take.
const LOOK: Duration = Duration::from_millis(50);

/// What the beginning of a message takes beside its bytes: the block that it was read into, and
/// room for more.
const ROOM: usize = 256 << 10;

/// A client: when it comes, and the schedule that it and its link are of.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) arrives: Duration,
    pub(crate) schedule: Schedule,
    pub(crate) link: Connection,
}

impl Member {
    fn longest_message(&self) -> usize {
        let steps = self.link.client.steps.iter();
        steps.map(|step| step.action.len()).max().unwrap_or(0)
    }

    /// The most that may be counted for it now, by what it has sent and what of it was received.
    fn most_unfinished(
        &self,
        [client, server]: &[Recorder; 2],
        observer: &Observer,
        is_secret: bool,
    ) -> usize {
        let (client, server) = (client.record(), server.record());
        if server.opened.is_none() || !server.told.is_empty() {
            return 0;
        }
        let plan = &self.link;
        // It counts until the program goes on receiving.
        let is_simple = plan.server.pauses.is_empty() && plan.client.writes_whole_messages();
        // Under TLS nobody sees whether something waits for its rest.
        let is_quiet = client.sent.len() == server.received.len()
            && !is_secret
            && observer.is_read(Role::Client);
        match is_simple && is_quiet {
            true => 0,
            false => 2 * self.longest_message() + ROOM,
        }
    }

    /// Has it stop in the midst of its longest message.
    fn hesitate(&mut self, random: &mut Random) {
        let client = &mut self.link.client;
        let longest = client.steps.iter_mut().max_by_key(|step| step.action.len());
        if let Some(Step { action, .. }) = longest
            && let Action::Send { message, .. } = &action
            && message.len() > 1
        {
            let half = message.len() / 2;
            *action = Action::Pieces {
                message: message.clone(),
                pieces: vec![(half, random.millis_below(20_000))],
                ends: true,
            };
            client.splits = true;
        }
    }
}

impl Crowd {
    /// The most that an incomplete message takes.
    fn most_of_one(&self) -> usize {
        2 * self.server.server.limits.max_message_size + ROOM
    }

    pub(crate) fn new(seed: u64) -> Crowd {
        let mut random = Random::new(seed ^ 0xC0DE);
        let mut members: Vec<Member> = (0..=random.below(12))
            .filter_map(|_| {
                let schedule = Schedule::new(random.next());
                let link = schedule.attempts.iter().find_map(|attempt| match attempt {
                    Attempt::Link(link) => Some(Connection::clone(link)),
                    _ => None,
                });
                Some(Member {
                    arrives: random.millis_below(1000),
                    link: link?,
                    schedule,
                })
            })
            .collect();
        let budget = random.one_of(&[None, Some(0), Some(200_000)]);
        for member in &mut members {
            if budget.is_some() && random.percent(50) {
                member.hesitate(&mut random);
            }
        }
        let latest = random.one_of(&[1000, 5000, 30_000]);
        let mut server = Schedule::new(seed);
        // None is too long by itself. A budget is at least that.
        let longest = members.iter().map(Member::longest_message).max();
        server.server.limits.max_message_size = longest.unwrap_or_default().max(1000);
        Crowd {
            members,
            server,
            stops_after: random.millis_below(latest),
            deadline: Duration::from_millis(random.one_of(&[0, 500, 5000, 60_000])),
            budget,
            tls: false,
        }
    }

    pub(crate) fn over_tls(mut self) -> Crowd {
        self.tls = true;
        self
    }
}

/// What became of it.
pub(crate) struct Outcome {
    /// Of each member and the server's end of its connection.
    pub(crate) records: Vec<[Recorder; 2]>,
    /// Of each member: when and why its attempt to connect failed, if it did.
    pub(crate) not_let_in: Vec<Option<(Instant, Failure)>>,
    pub(crate) began: Instant,
    pub(crate) stopped: Instant,
    pub(crate) shut_down: Instant,
    pub(crate) cut_off: usize,
    /// Handlers that had begun and not ended when the server was to stop; those that had not when
    /// it had.
    pub(crate) open: [usize; 2],
    /// Connections that the server counted when it was to stop.
    pub(crate) counted: usize,
    /// What was wrong with what incomplete messages were said to take.
    pub(crate) miscounted: Vec<String>,
}

impl Outcome {
    /// In words: the same for the same seed.
    pub(crate) fn show(&self) -> String {
        let mut shown = format!(
            "shut down in {:?}, {} cut off\n",
            self.shut_down - self.stopped,
            self.cut_off
        );
        for record in self.records.iter().flatten() {
            let record = record.record();
            shown += &format!(
                "sent {}, received {}, told {:?}, {:?} after the server stopped\n",
                record.sent.len(),
                record.received.len(),
                record
                    .told
                    .iter()
                    .map(|told| &told.what)
                    .collect::<Vec<_>>(),
                record
                    .finished
                    .map(|at| at.saturating_duration_since(self.stopped)),
            );
        }
        shown
    }

    pub(crate) fn ends(&self) -> Vec<String> {
        let end = |record: &Recorder| {
            let record = record.record();
            match record.told.first().map(|it| &it.what) {
                Some(Received::Closed(frame)) => match frame.as_ref().map(|it| it.code().get()) {
                    Some(code) if code < 3000 => format!("closed {code}"),
                    _ => "closed".to_owned(),
                },
                Some(Received::Failed(failure)) => format!("{:?}", failure.cause),
                Some(Received::End) | None if record.opened.is_some() => "dropped".to_owned(),
                Some(Received::End) | None => "not let in".to_owned(),
            }
        };
        self.records.iter().map(|[client, _]| end(client)).collect()
    }
}

/// Runs it.
pub(crate) fn run(crowd: &Crowd) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(live(crowd))
}

async fn live(crowd: &Crowd) -> Outcome {
    let records: Vec<[Recorder; 2]> = crowd.members.iter().map(|_| Default::default()).collect();
    let mut config = crowd.server.server.clone();
    let budget = crowd.budget.map(UnfinishedBudget::new);
    config.unfinished_budget.clone_from(&budget);
    let acceptor = Acceptor::builder()
        .config(config)
        .deflate(crowd.server.deflate.clone())
        .handshake_timeout(crowd.server.handshake_timeout)
        .build();
    let (arrive, mut arrivals) = unbounded_channel();
    let streams = stream::poll_fn(move |cx| arrivals.poll_recv(cx));
    let plans: Arc<Vec<_>> = {
        let members = crowd.members.iter().zip(&records);
        let plan = |(member, record): (&Member, &[Recorder; 2])| {
            (member.link.server.clone(), record[1].clone())
        };
        Arc::new(members.map(plan).collect())
    };
    let mut server = Server::from_streams(streams).acceptor(acceptor);
    if crowd.tls {
        server = server.tls(tls::server());
    }
    let began = Instant::now();
    let server = server.serve(move |socket, request| {
        let number: usize = request.target[1..].parse().expect("a member's number");
        let (plan, recorder) = plans[number].clone();
        program::run(socket, plan, recorder)
    });
    let observers: Observers = Arc::new(Mutex::new(crowd.members.iter().map(|_| None).collect()));
    let mut visits = Vec::new();
    for (number, (member, record)) in crowd.members.iter().zip(&records).enumerate() {
        let observers = Arc::clone(&observers);
        let visit = visit(
            member.clone(),
            url(crowd, number),
            number,
            arrive.clone(),
            record[0].clone(),
            observers,
        );
        visits.push(tokio::spawn(visit));
    }
    let mut miscounted = Vec::new();
    let look = || {
        let budget = budget.as_ref()?;
        let observers = observers.lock().unwrap();
        let members = crowd.members.iter().zip(&records).zip(&*observers);
        let most =
            |((member, record), observer): ((&Member, &[Recorder; 2]), &Option<Observer>)| {
                observer
                    .as_ref()
                    .map_or(0, |it| member.most_unfinished(record, it, crowd.tls))
            };
        let (used, most) = (budget.used(), members.map(most).sum::<usize>());
        // Whoever is alone with a message may exceed the budget by the room that it has for it.
        let most = most.min(budget.limit().max(crowd.most_of_one()));
        (used > most).then(|| format!("{used} bytes are counted of {most}"))
    };
    let end = Instant::now() + crowd.stops_after;
    while Instant::now() < end {
        sleep(LOOK.min(end - Instant::now())).await;
        miscounted.extend(look());
    }
    let open = || {
        let servers = records.iter().map(|[_, server]| server.record());
        servers
            .filter(|it| it.opened.is_some() && it.finished.is_none())
            .count()
    };
    let (open_before, counted, stopped) = (open(), server.connections(), Instant::now());
    let mut shutdown = pin!(server.shutdown(crowd.deadline));
    let cut_off = loop {
        match timeout(LOOK, &mut shutdown).await {
            Ok(cut_off) => break cut_off,
            Err(_) => miscounted.extend(look()),
        }
    };
    let (shut_down, open_behind) = (Instant::now(), open());
    if let Some(used) = budget.as_ref().map(|it| it.used()).filter(|used| *used > 0) {
        miscounted.push(format!("{used} bytes are counted for ever"));
    }
    let mut not_let_in = Vec::new();
    for visit in visits {
        not_let_in.push(match timeout(HORIZON, visit).await {
            Ok(Ok(failed)) => failed,
            Ok(Err(error)) => std::panic::resume_unwind(error.into_panic()),
            Err(_) => None,
        });
    }
    Outcome {
        not_let_in,
        began,
        stopped,
        shut_down,
        cut_off,
        open: [open_before, open_behind],
        counted,
        miscounted,
        records,
    }
}

/// Of each member's link, if there is one.
type Observers = Arc<Mutex<Vec<Option<Observer>>>>;

fn url(crowd: &Crowd, number: usize) -> String {
    let scheme = if crowd.tls { "wss" } else { "ws" };
    format!("{scheme}://{}/{number}", tls::NAME)
}

/// A client's whole life; when and why its attempt to connect failed, if it did.
async fn visit(
    member: Member,
    url: String,
    number: usize,
    arrive: UnboundedSender<(Transport, PeerInfo)>,
    recorder: Recorder,
    observers: Observers,
) -> Option<(Instant, Failure)> {
    let Member {
        arrives,
        schedule,
        link,
    } = member;
    sleep(arrives).await;
    let plan = link.link.clone();
    let connector = move |_: &Host, _: u16| {
        let random = Random::new(schedule.seed);
        let (near, far, observer) = network::link(plan.clone(), random);
        observers.lock().unwrap()[number] = Some(observer);
        // Where there is no server any more, the link ends.
        let _ = arrive.send((Transport::other(far), PeerInfo::default()));
        async move { Ok(Transport::other(near)) }
    };
    let client = Client::builder()
        .config(schedule.client)
        .deflate(schedule.deflate)
        .handshake_timeout(schedule.handshake_timeout)
        .proxy(Proxy::None)
        .tls(tls::client())
        .connector(connector)
        .build()
        .unwrap();
    match client.connect(url).await {
        Ok((socket, _)) => program::run(socket, link.client, recorder).await,
        Err(error) => return Some((Instant::now(), Failure::from(&error))),
    }
    None
}
