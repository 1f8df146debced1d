//! Many clients of one server, which stops in the midst of what they do (`Server::shutdown`), with
//! a budget for the incomplete messages of all of them.
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arkws::{
    Acceptor, Cause, Client, CloseCode, Host, PeerInfo, Proxy, Role, Server, Transport,
    UnfinishedBudget,
};
use futures_util::stream;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::time::{Instant, sleep, timeout};

use crate::network::{self, Fault, Observer};
use crate::program::{self, Received, Record, Recorder};
use crate::random::Random;
use crate::run::HORIZON;
use crate::schedule::{Action, Attempt, Connection, Schedule, Step};

/// Timers fire at whole milliseconds.
const TICK: Duration = Duration::from_millis(2);

/// What happens, drawn from a seed.
#[derive(Debug)]
pub(crate) struct Crowd {
    members: Vec<Member>,
    server: Schedule,
    stops_after: Duration,
    deadline: Duration,
    /// The most bytes of incomplete messages.
    budget: Option<usize>,
}

/// How often it is looked at what incomplete messages take.
const LOOK: Duration = Duration::from_millis(50);

/// What the beginning of a message takes beside its bytes: the block that it was read into, and
/// room for more.
const ROOM: usize = 256 << 10;

/// A client: when it comes, and the schedule that it and its link are of.
#[derive(Debug, Clone)]
struct Member {
    arrives: Duration,
    schedule: Schedule,
    link: Connection,
}

impl Member {
    fn longest_message(&self) -> usize {
        let steps = self.link.client.steps.iter();
        steps.map(|step| step.action.len()).max().unwrap_or(0)
    }

    /// The most that may be counted for it now, by what it has sent and what of it was received.
    fn most_unfinished(&self, [client, server]: &[Recorder; 2], observer: &Observer) -> usize {
        let (client, server) = (client.record(), server.record());
        if server.opened.is_none() || !server.told.is_empty() {
            return 0;
        }
        let plan = &self.link;
        // It counts until the program goes on receiving.
        let is_simple = plan.server.pauses.is_empty() && plan.client.writes_whole_messages();
        let is_quiet = client.sent.len() == server.received.len() && observer.is_read(Role::Client);
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
        }
    }
}

/// What became of it.
pub(crate) struct Outcome {
    /// Of each member and the server's end of its connection.
    records: Vec<[Recorder; 2]>,
    stopped: Instant,
    shut_down: Instant,
    cut_off: usize,
    /// Handlers that had begun and not ended when the server was to stop; those that had not when
    /// it had.
    open: [usize; 2],
    /// Connections that the server counted when it was to stop.
    counted: usize,
    /// What was wrong with what incomplete messages were said to take.
    miscounted: Vec<String>,
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
    let server = Server::from_streams(streams)
        .acceptor(acceptor)
        .serve(move |socket, request| {
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
                    .map_or(0, |it| member.most_unfinished(record, it))
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
    for visit in visits {
        if let Ok(Err(error)) = timeout(HORIZON, visit).await {
            std::panic::resume_unwind(error.into_panic());
        }
    }
    Outcome {
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

async fn visit(
    member: Member,
    number: usize,
    arrive: UnboundedSender<(Transport, PeerInfo)>,
    recorder: Recorder,
    observers: Observers,
) {
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
        .connector(connector)
        .build()
        .unwrap();
    if let Ok((socket, _)) = client.connect(format!("ws://server.test/{number}")).await {
        program::run(socket, link.client, recorder).await;
    }
}

/// Checks the promises. What is broken is added, in words.
pub(crate) fn check(crowd: &Crowd, outcome: &Outcome, broken: &mut Vec<String>) {
    let took = outcome.shut_down - outcome.stopped;
    let [open, left] = outcome.open;
    if took > crowd.deadline + TICK {
        broken.push(format!("shutdown took {took:?} of {:?}", crowd.deadline));
    }
    if outcome.cut_off == 0 && left > 0 || outcome.cut_off > 0 && took < crowd.deadline {
        let cut_off = outcome.cut_off;
        broken.push(format!(
            "{cut_off} are told cut off, and {left} are, after {took:?}"
        ));
    }
    if outcome.counted < open {
        broken.push(format!(
            "{} connections, and {open} are open",
            outcome.counted
        ));
    }
    broken.extend(outcome.miscounted.iter().cloned());
    for (member, [client, server]) in crowd.members.iter().zip(&outcome.records) {
        let (client, server) = (client.record(), server.record());
        check_visit(crowd, outcome, member, [&client, &server], broken);
    }
}

fn check_visit(
    crowd: &Crowd,
    outcome: &Outcome,
    member: &Member,
    [client, server]: [&Record; 2],
    broken: &mut Vec<String>,
) {
    let content = |record: &[program::At<arkws::Message>]| -> Vec<arkws::Message> {
        record.iter().map(|it| it.what.clone()).collect()
    };
    for (who, received, sent) in [("client", client, server), ("server", server, client)] {
        if !content(&sent.sent).starts_with(&content(&received.received)) {
            broken.push(format!("{who}: what arrived is not what was sent"));
        }
    }
    if server
        .opened
        .is_some_and(|opened| opened > outcome.stopped + TICK)
    {
        broken.push("a client is let in by a server that has stopped".to_owned());
    }
    let is_dead = |fault: &Fault| matches!(fault, Fault::Death { .. });
    // A ping that waits for room has only the write time-out.
    let config = &member.schedule.client;
    let may_wait = member.link.link.faults.iter().any(is_dead)
        && (config.heartbeat.is_none() || config.write_timeout.is_none())
        && client.close_started.is_none();
    if client.opened.is_some() && client.finished.is_none() && !may_wait {
        broken.push("a client's connection never ends".to_owned());
    }
    check_goodbye(crowd, client, server, broken);
}

/// With 1001 comes all that was sent before it; and nobody is closed with a code that nobody sent.
fn check_goodbye(crowd: &Crowd, client: &Record, server: &Record, broken: &mut Vec<String>) {
    let failed = |record: &Record| match record.told.first().map(|it| &it.what) {
        Some(Received::Failed(failure)) => Some(failure.cause),
        _ => None,
    };
    if failed(server) == Some(Cause::TooBig) && crowd.budget.is_none() {
        broken.push("a client is over a budget that there is not".to_owned());
    }
    let Some(Received::Closed(frame)) = client.told.first().map(|it| &it.what) else {
        return;
    };
    let code = frame.as_ref().map(|it| it.code());
    let asked = |record: &Record| record.close_started.as_ref().map(|it| it.what.clone());
    let is_frame = |asked: Option<Option<arkws::CloseFrame>>| {
        asked.is_some_and(|asked| asked.map(|it| it.code()) == code)
    };
    let gave_up = match code {
        Some(CloseCode::TOO_BIG) => failed(server) == Some(Cause::TooBig),
        Some(CloseCode::POLICY) => failed(server) == Some(Cause::Timeout),
        Some(CloseCode::INTERNAL_ERROR) => failed(server) == Some(Cause::Heartbeat),
        _ => false,
    };
    let is_goodbye = code == Some(CloseCode::GOING_AWAY);
    if !is_goodbye && !gave_up && !is_frame(asked(client)) && !is_frame(asked(server)) {
        broken.push(format!("a client is closed with {frame:?} by nobody"));
    }
    let certain = server.sent.len() - usize::from(server.in_doubt);
    let missing = certain.saturating_sub(client.received.len());
    if !gave_up && missing > 0 {
        broken.push(format!(
            "a client is closed, and {missing} messages are missing"
        ));
    }
}
