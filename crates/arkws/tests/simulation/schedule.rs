//! What happens in a run, drawn from its seed before it begins: the links and what goes wrong with
//! them, the options of both ends, and what their programs do.
use std::time::Duration;

use arkws::{CloseCode, CloseFrame, Config, DeflateConfig, Entropy, Heartbeat, Limits, Message};
use arkws::{Retry, Role};
use bytes::Bytes;

use crate::direction::Path;
use crate::network::{Fault, LinkPlan};
use crate::random::Random;

#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    pub(crate) seed: u64,
    pub(crate) client: Config,
    pub(crate) server: Config,
    pub(crate) deflate: Option<DeflateConfig>,
    pub(crate) connect_timeout: Duration,
    pub(crate) handshake_timeout: Duration,
    pub(crate) retry: Retry,
    /// What becomes of one attempt to connect after the other.
    pub(crate) attempts: Vec<Attempt>,
}

#[derive(Debug, Clone)]
pub(crate) enum Attempt {
    /// The network refuses it after this time.
    Refused(Duration),
    /// The network says nothing.
    Hangs,
    Link(Box<Connection>),
}

/// One connection: its link and both programs.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    pub(crate) link: LinkPlan,
    pub(crate) client: Program,
    pub(crate) server: Program,
}

/// What the program of one end does.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    /// It sends on one task and receives on another; or it does all on one.
    pub(crate) splits: bool,
    /// It reads messages in pieces, if it has two tasks.
    pub(crate) reads_pieces: bool,
    pub(crate) steps: Vec<Step>,
    /// After so many messages it does not receive for this long.
    pub(crate) pauses: Vec<(usize, Duration)>,
    /// What it does in the end.
    pub(crate) end: End,
}

impl Program {
    pub(crate) fn reads_in_pieces(&self) -> bool {
        self.splits && self.reads_pieces
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// How long it waits before.
    pub(crate) wait: Duration,
    pub(crate) action: Action,
}

#[derive(Debug, Clone)]
pub(crate) enum Action {
    /// Queues a message. `flushes`: and waits until it has left, if there are two tasks.
    Send {
        message: Message,
        flushes: bool,
    },
    Ping(Bytes),
    /// Writes a message in pieces: of each, how many bytes it has, and how long the next waits.
    Pieces {
        message: Message,
        pieces: Vec<(usize, Duration)>,
        /// Or it is dropped before its end.
        ends: bool,
    },
}

#[derive(Debug, Clone)]
pub(crate) enum End {
    /// Goes on receiving until the peer closes.
    Waits,
    Closes(Option<CloseFrame>),
    /// Drops its socket without a word.
    Drops,
}

impl Program {
    pub(crate) fn writes_whole_messages(&self) -> bool {
        let is_whole = |step: &Step| !matches!(step.action, Action::Pieces { .. });
        self.steps.iter().all(is_whole)
    }
}

impl Action {
    /// How many bytes its message has.
    pub(crate) fn len(&self) -> usize {
        match self {
            Action::Send { message, .. } | Action::Pieces { message, .. } => message.len(),
            Action::Ping(data) => data.len(),
        }
    }
}

impl Schedule {
    pub(crate) fn new(seed: u64) -> Schedule {
        let mut random = Random::new(seed);
        let attempts = (0..=random.below(3))
            .map(|_| random.below(10))
            .collect::<Vec<_>>();
        let last = attempts.len() - 1;
        // Most networks are good enough for the time-outs of both ends, or there would be little
        // but lost connections.
        let is_good = random.percent(65);
        let networks: Vec<Network> = attempts
            .iter()
            .map(|_| Network::draw(&mut random))
            .collect();
        // Of many it is only good enough if whoever takes bytes, however slowly, is left in peace.
        let time = match random.percent(50) {
            true => Network::step,
            false => Network::round_trip,
        };
        let slowest = networks.iter().map(time).max().unwrap_or_default();
        let least = if is_good { slowest * 4 } else { Duration::ZERO };
        let mut schedule = Schedule {
            seed,
            client: config(&mut random, least),
            server: config(&mut random, least),
            deflate: random.percent(50).then(|| deflate(&mut random)),
            connect_timeout: random.one_of(&[1000, 20_000].map(Duration::from_millis)),
            handshake_timeout: random
                .one_of(&[2000, 60_000].map(Duration::from_millis))
                .max(least * 8),
            retry: retry(&mut random),
            attempts: Vec::new(),
        };
        for (number, (kind, network)) in attempts.into_iter().zip(networks).enumerate() {
            schedule.attempts.push(match kind {
                0 if number < last => Attempt::Refused(random.millis_below(200)),
                1 if number < last => Attempt::Hangs,
                _ => Attempt::Link(Box::new(connection(&mut random, network, is_good))),
            });
        }
        schedule.cut(least);
        schedule
    }

    /// In some runs messages go in pieces, with time between them, or are read so.
    fn cut(&mut self, least: Duration) {
        // What is drawn here changes nothing that was drawn before.
        let mut random = Random::new(self.seed ^ 0x0BAD_5EED);
        if !random.percent(30) {
            return;
        }
        for config in [&mut self.client, &mut self.server] {
            let limit = random.one_of(&[2000, 20_000].map(Duration::from_millis));
            config.message_timeout = random.percent(50).then(|| limit.max(least));
        }
        for attempt in &mut self.attempts {
            if let Attempt::Link(link) = attempt {
                cut(&mut random, &mut link.client);
                cut(&mut random, &mut link.server);
            }
        }
    }

    /// In some runs one direction of the last link ends, and the other does not.
    pub(crate) fn half_close(mut self) -> Schedule {
        // What is drawn here changes nothing that was drawn before.
        let mut random = Random::new(self.seed ^ 0xF1_F1F1);
        if random.percent(10)
            && let Some(Attempt::Link(link)) = self.attempts.last_mut()
        {
            let latest = random.one_of(&[300, 3000]);
            link.link.faults.push(Fault::HalfClose {
                at: random.millis_below(latest),
                from: random.one_of(&[Role::Client, Role::Server]),
            });
        }
        self
    }

    pub(crate) fn config(&self, role: Role) -> &Config {
        match role {
            Role::Client => &self.client,
            Role::Server => &self.server,
        }
    }
}

/// Both directions of a link, and how much may be sent over it in a run.
struct Network {
    paths: [Path; 2],
    budget: usize,
}

impl Network {
    fn draw(random: &mut Random) -> Network {
        let paths = [path(random), path(random)];
        let budget = paths
            .iter()
            .map(|path| (path.packet.min(path.window).min(path.send_buffer) * 300).min(2 << 20))
            .min()
            .unwrap_or_default();
        Network { paths, budget }
    }

    /// How long it takes, more or less, until the next bytes are taken of what waits.
    fn step(&self) -> Duration {
        let of = |path: &Path| {
            let millis = path.packet.min(path.window) / path.bytes_per_millisecond;
            (path.delay + path.jitter) * 2 + Duration::from_millis(millis as u64)
        };
        of(&self.paths[0]) + of(&self.paths[1]) + Duration::from_millis(5)
    }

    /// How long it takes, more or less, until what is sent is answered, if much waits before it.
    fn round_trip(&self) -> Duration {
        let of = |path: &Path| {
            let flight = path.delay + path.jitter;
            let held = path.send_buffer.min(self.budget) + path.window.min(self.budget);
            let rounds = held.div_ceil(path.window.min(path.packet * 20));
            let millis = held / path.bytes_per_millisecond;
            flight * rounds.min(50) as u32 + Duration::from_millis(millis as u64)
        };
        of(&self.paths[0]) + of(&self.paths[1]) + Duration::from_millis(5)
    }
}

fn path(random: &mut Random) -> Path {
    let delay = Duration::from_millis(random.one_of(&[0, 0, 1, 5, 30, 30, 150, 600]));
    let jitter = match random.below(3) {
        0 => delay,
        _ => Duration::ZERO,
    };
    Path {
        delay,
        jitter,
        bytes_per_millisecond: random.one_of(&[2, 10, 100, 1000, 100_000, 1 << 30]),
        packet: random.one_of(&[16, 100, 1460, 1460, 1 << 16]),
        window: random.one_of(&[40, 1000, 1 << 16, 1 << 16, 1 << 20]),
        send_buffer: random.one_of(&[10, 300, 2000, 1 << 16, 1 << 20]),
        fills_and_drains: random.percent(50),
        read: random.one_of(&[50, 5000, usize::MAX, usize::MAX]),
    }
}

fn config(random: &mut Random, least: Duration) -> Config {
    let mut limit = |millis: &[u64]| Duration::from_millis(random.one_of(millis)).max(least);
    let heartbeat = Heartbeat {
        interval: limit(&[50, 1000, 10_000, 30_000]),
        timeout: limit(&[100, 1000, 10_000]),
    };
    let close_timeout = limit(&[200, 5000, 30_000]);
    let write_timeout = limit(&[500, 5000, 30_000]);
    let message_timeout = limit(&[20_000, 60_000]);
    Config {
        heartbeat: random.percent(60).then_some(heartbeat),
        close_timeout,
        write_timeout: random.percent(80).then_some(write_timeout),
        message_timeout: random.percent(20).then_some(message_timeout),
        limits: Limits {
            max_queued: random.one_of(&[usize::MAX, usize::MAX, 5000, 300]),
            ..Limits::default()
        },
        write_buffer: random.one_of(&[Config::DEFAULT_WRITE_BUFFER, 100]),
        entropy: Entropy::Seed(random.next()),
        ..Config::default()
    }
}

fn deflate(random: &mut Random) -> DeflateConfig {
    DeflateConfig {
        client_no_context_takeover: random.percent(30),
        server_no_context_takeover: random.percent(30),
        ..DeflateConfig::default()
    }
}

fn retry(random: &mut Random) -> Retry {
    Retry {
        initial_delay: random.millis_below(2000),
        max_delay: Duration::from_secs(5),
        factor: random.one_of(&[1.0, 2.0]),
        // That is drawn from the system.
        jitter: false,
        max_attempts: None,
        retries: |_| true,
    }
}

fn connection(random: &mut Random, network: Network, is_good: bool) -> Connection {
    let budget = network.budget;
    let [from_client, from_server] = network.paths;
    // Somebody has to end it.
    let (client, server) = match random.below(10) {
        0..4 => (closes(random), End::Waits),
        4..7 => (End::Waits, closes(random)),
        7..9 => (closes(random), closes(random)),
        _ if random.percent(50) => (End::Drops, End::Waits),
        _ => (End::Waits, End::Drops),
    };
    Connection {
        link: LinkPlan {
            from_client,
            from_server,
            faults: match is_good && random.percent(60) {
                true => Vec::new(),
                false => faults(random),
            },
            reset_discards: random.percent(50),
            knows_progress: random.percent(75),
        },
        client: program(random, budget, client),
        server: program(random, budget, server),
    }
}

fn closes(random: &mut Random) -> End {
    End::Closes(match random.below(4) {
        0 => None,
        1 => Some(CloseFrame::new(CloseCode::NORMAL, "")),
        2 => Some(CloseFrame::new(CloseCode::GOING_AWAY, "going")),
        _ => {
            let code = CloseCode::new(3000 + random.below(2000) as u16).expect("of the program's");
            Some(CloseFrame::new(code, "of the program's own"))
        }
    })
}

fn faults(random: &mut Random) -> Vec<Fault> {
    let mut faults = Vec::new();
    let from = |random: &mut Random| match random.below(4) {
        0 => vec![Role::Client],
        1 => vec![Role::Server],
        _ => vec![Role::Client, Role::Server],
    };
    for _ in 0..random.below(3) {
        let longest = random.one_of(&[100, 3000, 60_000]);
        let at = random.one_of(&[500, 10_000]);
        faults.push(Fault::Stall {
            at: random.millis_below(at),
            lasts: random.millis_below(longest),
            from: from(random),
        });
    }
    let latest = random.one_of(&[200, 5000, 30_000]);
    let at = random.millis_below(latest);
    match random.below(4) {
        0 => faults.push(Fault::Reset { at }),
        1 => faults.push(Fault::Death {
            at,
            from: from(random),
        }),
        _ => {}
    }
    faults
}

fn program(random: &mut Random, budget: usize, end: End) -> Program {
    let mut left = budget;
    let most = random.one_of(&[0, 3, 10, 40]);
    let is_busy = random.percent(60);
    let mut steps = Vec::new();
    for number in 0..random.below(most + 1) {
        let wait = match random.below(if is_busy { 10 } else { 2 }) {
            0 => random.millis_below(3000),
            _ => Duration::ZERO,
        };
        let action = match random.below(8) {
            0 => Action::Ping(Bytes::from(format!("ping number {number}"))),
            _ => {
                let message = message(random, number, left);
                left -= message.len().min(left);
                let flushes = random.percent(50);
                Action::Send { message, flushes }
            }
        };
        steps.push(Step { wait, action });
    }
    let pauses = match random.below(3) {
        0 => (0..random.below(3))
            .map(|_| {
                let longest = random.one_of(&[100, 4000, 40_000]);
                (random.size_below(10), random.millis_below(longest))
            })
            .collect(),
        _ => Vec::new(),
    };
    Program {
        splits: random.percent(60),
        reads_pieces: false,
        steps,
        pauses,
        end,
    }
}

/// Has a program write some of its messages in pieces, and perhaps read so.
fn cut(random: &mut Random, program: &mut Program) {
    program.reads_pieces = random.percent(30);
    for step in &mut program.steps {
        let Action::Send { message, .. } = &step.action else {
            continue;
        };
        if !program.splits || message.is_empty() || !random.percent(30) {
            continue;
        }
        let mut left = message.len();
        let mut pieces = Vec::new();
        let longest = random.one_of(&[1, 500, 50_000]);
        while left > 0 && pieces.len() < 5 {
            let len = 1 + random.size_below(left);
            let wait = match random.percent(50) {
                true => random.millis_below(longest),
                false => Duration::ZERO,
            };
            pieces.push((len, wait));
            left -= len;
        }
        step.action = Action::Pieces {
            message: message.clone(),
            pieces,
            ends: random.percent(90),
        };
    }
}

/// A message that no other is like. Compressed, it is much shorter, or not.
fn message(random: &mut Random, number: u64, most: usize) -> Message {
    let longest = random.one_of(&[0, 20, 126, 1000, 1000, 5000, 70_000, 1 << 20]);
    let len = random.size_below(longest + 1).min(most);
    let mut content = format!("{number}: ");
    let is_text = random.percent(50);
    if is_text {
        content.push_str("äé漢字🦀 ");
    }
    let block = match random.percent(50) {
        true => "again and again ".to_owned(),
        false => (0..300).map(|_| format!("{:x}", random.next())).collect(),
    };
    if len > content.len() {
        content.push_str(&block.repeat((len - content.len()).div_ceil(block.len())));
    }
    while !content.is_char_boundary(len.min(content.len())) {
        content.pop();
    }
    content.truncate(len);
    match is_text {
        true => Message::from(content),
        false => Message::from(content.into_bytes()),
    }
}
