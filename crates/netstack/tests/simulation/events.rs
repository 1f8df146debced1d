//! Promises about events and answers: which come, how often, and in which order.
use arkws::Message;
use arkws_netstack::{BusinessError, CloseFrame, CloseResult, ReadyState};
use tokio::time::Instant;

use crate::log::{Entry, EntryKind, OwnedEvent, Sending};
use crate::plan::Plan;
use crate::retries::Retries;
use crate::run::Run;

/// A connection that was open, as its events tell of it.
pub(crate) struct Opened {
    /// The attempt that made it.
    pub(crate) attempt: usize,
    pub(crate) since: Instant,
    /// How it ended, and when; `None`: it did not, or nobody was told.
    pub(crate) end: Option<(Instant, End)>,
    /// Messages that were answered as sent while it was open, then those that failed with it.
    pub(crate) sent: Vec<Message>,
    pub(crate) failed: Vec<Message>,
    pub(crate) received: Vec<Message>,
    /// When the program first asked for the end, and how.
    pub(crate) closing: Option<(Instant, Goodbye)>,
    pub(crate) terminated: Option<Instant>,
    pub(crate) dropped: Option<Instant>,
    /// It was paused at some time.
    pub(crate) was_held: bool,
}

/// What the program asked for.
#[derive(Debug, Clone)]
pub(crate) enum Goodbye {
    Close(Option<CloseFrame>),
    Terminate,
}

/// How a connection ended.
#[derive(Debug, Clone)]
pub(crate) enum End {
    Closed(CloseResult),
    Lost(BusinessError),
}

/// Walks through the log. What is broken is added, in words.
pub(crate) fn check(plan: &Plan, run: &Run, broken: &mut Vec<String>) -> Vec<Opened> {
    let mut walk = Walk {
        plan,
        broken,
        stage: Stage::Idle,
        attempt: None,
        was_open: false,
        message_ends: false,
        may_be_reconnected: false,
        must_tell_reconnected: None,
        retries: Retries::default(),
        closing: None,
        terminated: None,
        dropped: false,
        held: false,
        sends: Vec::new(),
        answered: 0,
        pings: 0,
        pings_answered: 0,
        opened: Vec::new(),
        last: None,
    };
    run.log.iter().for_each(|entry| walk.step(entry));
    walk.at_last(run);
    walk.opened
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Stage {
    /// No `connect` is under way.
    Idle,
    Connecting,
    /// `headerReceive` was told.
    Answered,
    Open,
    /// `error` was told, and `close` has to follow if the connection was open.
    Failed,
    /// The last events were told, but for that it is over.
    Over,
}

struct Walk<'a> {
    plan: &'a Plan,
    broken: &'a mut Vec<String>,
    stage: Stage,
    attempt: Option<(usize, Instant)>,
    /// Since `connect`, at least once.
    was_open: bool,
    /// The message before is still to be told complete.
    message_ends: bool,
    may_be_reconnected: bool,
    must_tell_reconnected: Option<u32>,
    retries: Retries,
    closing: Option<(Instant, Goodbye)>,
    terminated: Option<Instant>,
    dropped: bool,
    held: bool,
    /// Those that were taken, by their numbers, of which the first is 1.
    sends: Vec<Message>,
    answered: u64,
    pings: u64,
    pings_answered: u64,
    opened: Vec<Opened>,
    last: Option<Instant>,
}

impl Walk<'_> {
    fn breaks(&mut self, promise: impl Into<String>) {
        let promise = promise.into();
        self.broken.push(promise);
    }

    fn step(&mut self, entry: &Entry) {
        let at = entry.at;
        self.last = Some(at);
        match &entry.what {
            EntryKind::Connects(result) => self.connects(at, result),
            EntryKind::Sends(sending) => self.sends(sending),
            EntryKind::Flushes(0) => {}
            EntryKind::Flushes(through) => self.sent(*through),
            EntryKind::Pings(_, Ok(number)) => {
                if *number != self.pings + 1 || self.stage != Stage::Open {
                    self.breaks(format!(
                        "a ping has number {number} in stage {:?}",
                        self.stage
                    ));
                }
                self.pings = *number;
            }
            EntryKind::Pings(state, Err(error)) => self.check_refusal("a ping", *state, error),
            EntryKind::Holds(held) => {
                self.held = *held;
                if let Some(open) = self.open() {
                    open.was_held |= *held;
                }
            }
            EntryKind::Closes(frame, result) => self.closes(at, frame, result),
            EntryKind::Terminates(result) => self.terminates(at, result),
            EntryKind::Drops => {
                self.dropped = true;
                if let Some(open) = self.open() {
                    open.dropped = Some(at);
                }
            }
            EntryKind::Attempt(number) => {
                if !matches!(self.stage, Stage::Connecting) {
                    let stage = self.stage;
                    self.breaks(format!("an attempt is made in stage {stage:?}"));
                }
                self.retries.attempted(at, self.broken);
                self.attempt = Some((*number, at));
            }
            EntryKind::Event(told) => self.told(at, told),
        }
    }

    fn connects(&mut self, at: Instant, result: &Result<(), BusinessError>) {
        if let Err(error) = result {
            self.breaks(format!("connect fails: {error:?}"));
        }
        if self.stage != Stage::Idle {
            self.breaks("a second connect is taken");
        }
        self.stage = Stage::Connecting;
        self.was_open = false;
        (self.closing, self.terminated) = (None, None);
        self.retries = Retries::default();
        self.retries.due = Some(at);
    }

    fn open(&mut self) -> Option<&mut Opened> {
        match self.stage {
            Stage::Open => self.opened.last_mut(),
            _ => None,
        }
    }

    fn sends(&mut self, sending: &Sending) {
        match &sending.result {
            Ok(number) => {
                self.sends.push(sending.message.clone());
                if *number != self.sends.len() as u64 {
                    self.breaks(format!("a send has number {number}"));
                }
                if self.closing.is_some() || self.stage == Stage::Idle {
                    self.breaks("a send is taken that cannot be sent");
                }
            }
            Err(error) if error.cause_name() == Some("queue-full") => {}
            Err(error) => self.check_refusal("a send", sending.state, error),
        }
        self.check_queue(sending);
    }

    /// Nothing is refused on an open connection.
    fn check_refusal(&mut self, what: &str, state: ReadyState, error: &BusinessError) {
        if state == ReadyState::Open {
            self.breaks(format!("{what} is refused for no reason: {error:?}"));
        }
    }

    /// What waits is bounded, and nothing is refused below the bound.
    fn check_queue(&mut self, sending: &Sending) {
        const DEFAULT: usize = 256 << 20;
        // A message counts for its place at least, which is less than this.
        const PLACE: usize = 64;
        let open = self.plan.options().max_queued_bytes.unwrap_or(DEFAULT);
        let reconnect = self.plan.reconnect.as_ref();
        let limit = match (sending.state, reconnect) {
            (ReadyState::Connecting, Some(reconnect)) => open.min(reconnect.max_queued_bytes),
            _ => open,
        };
        let len = sending.message.len();
        let waiting = (self.sends.len() as u64 - self.answered) as usize;
        let most = sending.before.max(waiting * PLACE);
        match &sending.result {
            Ok(_) if sending.before > 0 && sending.before + len > limit => {
                self.breaks(format!("a message is taken beyond the limit: {sending:?}"));
            }
            Err(error) if error.cause_name() == Some("queue-full") && most + len <= limit => {
                self.breaks(format!("refused as too much: {} of {limit}", most + len));
            }
            _ => {}
        }
    }

    fn closes(
        &mut self,
        at: Instant,
        frame: &Option<CloseFrame>,
        result: &Result<(), BusinessError>,
    ) {
        match result {
            Ok(()) if self.stage == Stage::Idle || self.closing.is_some() => {
                self.breaks("a close is taken without a connection");
            }
            Ok(()) => {
                self.closing = Some((at, Goodbye::Close(frame.clone())));
                let closing = self.closing.clone();
                if let Some(open) = self.open() {
                    open.closing = closing;
                }
            }
            Err(_) if matches!(self.stage, Stage::Connecting | Stage::Answered) => {
                self.breaks("a close is refused while a connection is made");
            }
            Err(_) => {}
        }
    }

    fn terminates(&mut self, at: Instant, result: &Result<(), BusinessError>) {
        match result {
            Ok(()) if self.stage == Stage::Idle => self.breaks("what has ended is terminated"),
            Ok(()) => {
                self.closing.get_or_insert((at, Goodbye::Terminate));
                self.terminated = Some(at);
                let closing = self.closing.clone();
                if let Some(open) = self.open() {
                    open.closing = closing;
                    open.terminated = Some(at);
                }
            }
            Err(error) if self.stage == Stage::Connecting => {
                self.breaks(format!("terminate is refused: {error:?}"));
            }
            Err(_) => {}
        }
    }

    fn told(&mut self, at: Instant, told: &OwnedEvent) {
        if self.dropped {
            self.breaks(format!("an event after the object is gone: {told:?}"));
        }
        if self.message_ends != matches!(told, OwnedEvent::DataEnd) {
            self.breaks(format!("a message, and then {told:?}"));
        }
        self.message_ends = matches!(told, OwnedEvent::Message(_));
        if let Some(attempts) = self.must_tell_reconnected.take()
            && !matches!(told, OwnedEvent::Reconnected(told) if *told == attempts)
        {
            self.breaks(format!("after {attempts} attempts it is told {told:?}"));
        }
        let reconnected = std::mem::take(&mut self.may_be_reconnected);
        let stage = self.stage;
        let is_well = match told {
            OwnedEvent::Headers => stage == Stage::Connecting && self.closing.is_none(),
            OwnedEvent::Open => stage == Stage::Answered,
            OwnedEvent::Reconnected(_) => reconnected,
            OwnedEvent::Message(_) => stage == Stage::Open && self.closing.is_none(),
            OwnedEvent::DataEnd | OwnedEvent::Sent(_) | OwnedEvent::Pong(_) | OwnedEvent::Ping => {
                stage == Stage::Open
            }
            OwnedEvent::SendFailed(..) | OwnedEvent::PingsLost(_) => stage != Stage::Idle,
            OwnedEvent::Reconnecting { .. } => {
                matches!(stage, Stage::Connecting | Stage::Open)
                    && self.closing.is_none()
                    && self.plan.reconnect.is_some()
            }
            OwnedEvent::Error(_) => {
                matches!(stage, Stage::Connecting | Stage::Open) && self.closing.is_none()
            }
            OwnedEvent::Close(_) => match stage {
                Stage::Failed => self.was_open,
                stage => matches!(stage, Stage::Connecting | Stage::Open),
            },
            OwnedEvent::Idle => stage == Stage::Over || (stage == Stage::Failed && !self.was_open),
        };
        if !is_well {
            self.breaks(format!("in stage {stage:?} it is told {told:?}"));
        }
        self.follow(at, told);
    }

    /// What the event changes.
    fn follow(&mut self, at: Instant, told: &OwnedEvent) {
        match told {
            OwnedEvent::Headers => self.stage = Stage::Answered,
            OwnedEvent::Open => self.opens(at),
            OwnedEvent::Message(message) => {
                if let Some(open) = self.open() {
                    open.received.push(message.clone());
                }
            }
            OwnedEvent::Sent(through) => self.sent(*through),
            OwnedEvent::SendFailed(from, through, error) => {
                self.send_failed(*from, *through, error)
            }
            OwnedEvent::Pong(Some(through)) => {
                if *through <= self.pings_answered || *through > self.pings {
                    self.breaks(format!("a pong answers pings through {through}"));
                }
                self.pings_answered = *through;
            }
            // Those that were answered are among them.
            OwnedEvent::PingsLost(through) => {
                if *through < self.pings_answered || *through > self.pings {
                    self.breaks(format!("pings through {through} are lost"));
                }
                self.pings_answered = *through;
            }
            OwnedEvent::Reconnecting {
                attempt,
                delay,
                cause,
            } => {
                let open_since = self.open().map(|open| open.since);
                self.ends(at, End::Lost(cause.clone()));
                self.stage = Stage::Connecting;
                let told = (at, *attempt, *delay);
                self.retries.told(self.plan, told, open_since, self.broken);
            }
            OwnedEvent::Error(error) => {
                self.ends(at, End::Lost(error.clone()));
                self.stage = Stage::Failed;
                self.check_gives_up();
            }
            OwnedEvent::Close(close) => {
                if self.stage == Stage::Failed && close.code != 1006 {
                    self.breaks(format!("an error, and then {close:?}"));
                }
                self.check_close(close);
                self.ends(at, End::Closed(close.clone()));
                self.stage = Stage::Over;
            }
            OwnedEvent::Idle => {
                self.stage = Stage::Idle;
                let (answered, sends) = (self.answered, self.sends.len());
                if answered != sends as u64 {
                    self.breaks(format!(
                        "over, and {answered} of {sends} sends are answered"
                    ));
                }
                if self.pings_answered != self.pings {
                    self.breaks("over, and not all pings are answered");
                }
            }
            OwnedEvent::DataEnd
            | OwnedEvent::Reconnected(_)
            | OwnedEvent::Ping
            | OwnedEvent::Pong(None) => {}
        }
    }

    fn opens(&mut self, at: Instant) {
        self.stage = Stage::Open;
        self.was_open = true;
        if self.retries.attempts > 0 {
            self.must_tell_reconnected = Some(self.retries.attempts);
            self.may_be_reconnected = true;
        }
        let Some((attempt, _)) = self.attempt else {
            return self.breaks("open without an attempt");
        };
        self.opened.push(Opened {
            attempt,
            since: at,
            end: None,
            sent: Vec::new(),
            failed: Vec::new(),
            received: Vec::new(),
            closing: self.closing.clone(),
            terminated: self.terminated,
            dropped: None,
            was_held: self.held,
        });
    }

    fn ends(&mut self, at: Instant, end: End) {
        if let Some(open) = self.open() {
            open.end = Some((at, end));
        }
    }

    /// Sends up to this one that were not answered yet.
    fn answer(&mut self, through: u64) -> Vec<Message> {
        if through <= self.answered || through > self.sends.len() as u64 {
            let answered = self.answered;
            self.breaks(format!(
                "sends through {through} are answered, after {answered}"
            ));
            return Vec::new();
        }
        let answers = self.sends[self.answered as usize..through as usize].to_vec();
        self.answered = through;
        answers
    }

    fn sent(&mut self, through: u64) {
        let sent = self.answer(through);
        match self.open() {
            Some(open) if open.failed.is_empty() => open.sent.extend(sent),
            _ => self.breaks("sent without a connection"),
        }
    }

    fn send_failed(&mut self, from: u64, through: u64, error: &BusinessError) {
        if from != self.answered + 1 {
            let answered = self.answered;
            self.breaks(format!("sends from {from} have failed, after {answered}"));
        }
        if error.cause.is_none() {
            self.breaks(format!("sends fail without a cause: {error:?}"));
        }
        let failed = self.answer(through);
        // What failed between connections was on none, but no other came after that.
        if self.was_open
            && let Some(open) = self.opened.last_mut()
        {
            open.failed.extend(failed);
        }
    }

    /// The code is that of who was first.
    fn check_close(&mut self, close: &CloseResult) {
        let Some((_, goodbye)) = &self.closing else {
            return;
        };
        let expected = match (goodbye, self.terminated) {
            (Goodbye::Terminate, _) | (_, Some(_)) => 1006,
            (Goodbye::Close(Some(frame)), None) => frame.code().get(),
            (Goodbye::Close(None), None) => 1005,
        };
        if close.code != expected {
            self.breaks(format!("closed with {close:?}, not with {expected}"));
        }
    }

    /// With `reconnect`, what can pass is no end, unless there were attempts enough.
    fn check_gives_up(&mut self) {
        let Some(reconnect) = &self.plan.reconnect else {
            return;
        };
        if reconnect
            .max_attempts
            .is_none_or(|max| self.retries.attempts < max)
        {
            self.breaks("it gives up too early");
        }
    }

    fn at_last(&mut self, run: &Run) {
        if self.dropped {
            return;
        }
        if let Some([accepted, handed_over]) = run.bytes {
            let len = |messages: &[Message]| messages.iter().map(|it| it.len() as u64).sum::<u64>();
            let sent: u64 = self.opened.iter().map(|open| len(&open.sent)).sum();
            if accepted != len(&self.sends) || handed_over < sent {
                let all = len(&self.sends);
                self.breaks(format!(
                    "bytes: {accepted} of {all} accepted, {handed_over} of {sent} handed over"
                ));
            }
        }
        let stage = self.stage;
        if stage != Stage::Idle {
            self.breaks(format!("it never ends, in stage {stage:?}"));
        }
    }
}
