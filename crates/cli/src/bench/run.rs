//! A run from its first connection to its end.
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use arkws::{Client, Transport, WebSocket, WebSocketUrl};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep_until};

use super::connection::Exchange;
use super::phase::{Phase, Phases};
use super::plan::Plan;
use super::progress::Progress;
use super::results::Results;
use super::shared::{Bench, shown};
use super::timeline::Timeline;
use crate::exit::Failure;
use crate::stop::Stop;

/// How long connections may take to open before the others begin.
const OPENING: Duration = Duration::from_secs(60);
/// How long all connections together may take to close: a little longer than a server may take for
/// one, so that it is said of each why.
const CLOSING: Duration = Duration::from_secs(6);

/// A run whose first connection is open.
pub(super) struct Run {
    bench: Arc<Bench>,
    phase: watch::Sender<Phase>,
    connections: JoinSet<()>,
    /// Ends when all connections are open, or cannot be opened.
    opening: mpsc::Receiver<()>,
    /// When the time was up, if that has ended it.
    sending_ended: Option<Instant>,
}

impl Run {
    /// Opens the first connection, which tells whether there is a server at all, and begins to open
    /// the others. `None`: stopped before.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(super) async fn start(
        client: Client,
        url: &WebSocketUrl,
        plan: Plan,
        stop: &Stop,
    ) -> Result<Option<Run>, Failure> {
        let asked = Instant::now();
        let connected = tokio::select! {
            connected = client.connect(url.as_str()) => connected,
            () = stop.given() => return Ok(None),
        };
        let (socket, _) = connected.map_err(|error| Failure::of_connecting(&shown(url), &error))?;
        let (phase, phases) = Phases::new();
        let bench = Arc::new(Bench::new(client, url, plan, phases));
        bench.note_opened(asked.elapsed());
        let mut connections = JoinSet::new();
        let first = Arc::clone(&bench);
        connections.spawn(async move { exchange(&first, 0, socket).await });
        let (is_opening, opening) = mpsc::channel(1);
        for number in 1..bench.plan.connections {
            let (bench, is_opening) = (Arc::clone(&bench), is_opening.clone());
            connections.spawn(async move { open(&bench, number, is_opening).await });
        }
        Ok(Some(Run {
            bench,
            phase,
            connections,
            opening,
            sending_ended: None,
        }))
    }

    /// Waits for its end, and tells what it has come to.
    pub(super) async fn finish(mut self, stop: &Stop) -> Results {
        let bench = Arc::clone(&self.bench);
        let plan = &bench.plan;
        let progress = Progress::new(plan);
        let mut deadline = match plan.ramp.is_zero() {
            true => Instant::now() + OPENING,
            false => self.enter(Phase::Sending),
        };
        let mut timeline = Timeline::default();
        let mut looks = interval(Timeline::interval(plan.duration));
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        looks.tick().await;
        loop {
            let phase = bench.phases.now();
            tokio::select! {
                ended = self.connections.join_next() => match ended {
                    Some(_) => {}
                    None => break,
                },
                _ = self.opening.recv(), if phase == Phase::Opening => {
                    deadline = self.enter(Phase::Sending);
                }
                () = sleep_until(deadline.into()) => match phase.next() {
                    Some(next) => {
                        if next == Phase::Waiting {
                            self.sending_ended = Some(deadline);
                        }
                        deadline = self.enter(next);
                    }
                    None => {
                        bench.errors.of_closing(self.connections.len() as u64);
                        self.connections.shutdown().await;
                        break;
                    }
                },
                () = stop.given(), if phase < Phase::Closing => {
                    self.sending_ended.get_or_insert_with(Instant::now);
                    deadline = self.enter(Phase::Closing);
                }
                _ = looks.tick() => {
                    if phase > Phase::Opening {
                        let began = bench.schedule.began();
                        timeline.add(&bench.counters.take(), began, Instant::now());
                    }
                    progress.show(&bench, &timeline);
                    // Nobody needs the connections that are still to be opened.
                    if phase == Phase::Sending && timeline.total.sent >= bench.schedule.most() {
                        deadline = self.enter(Phase::Waiting);
                    }
                }
            }
        }
        let ended = Instant::now();
        timeline.add(&bench.counters.take(), bench.schedule.began(), ended);
        progress.end();
        Results::new(&bench, timeline, self.sending_ended, ended, stop)
    }

    /// Goes on to this phase. Returns when it has to be over.
    fn enter(&mut self, phase: Phase) -> Instant {
        let now = Instant::now();
        let deadline = match phase {
            Phase::Opening => now + OPENING,
            Phase::Sending => self.bench.schedule.began() + self.bench.plan.duration,
            Phase::Waiting => now + self.bench.plan.wait,
            Phase::Closing => now + CLOSING,
        };
        self.phase.send_replace(phase);
        deadline
    }
}

/// Opens a connection at its time, and sends and receives on it.
async fn open(bench: &Bench, number: u32, is_opening: mpsc::Sender<()>) {
    let connecting = async {
        if !bench.plan.ramp.is_zero() {
            let last = bench.plan.connections - 1;
            let after = bench.plan.ramp * number / last;
            sleep_until((bench.schedule.began() + after).into()).await;
        }
        // It is never closed.
        let _permit = bench.handshakes.acquire().await;
        let asked = Instant::now();
        (bench.client.connect(bench.url.as_str()).await, asked)
    };
    let (connected, asked) = tokio::select! {
        connected = connecting => connected,
        () = bench.phases.reached(Phase::Waiting) => {
            // Not if all messages have been sent before, or by Ctrl-C.
            let time_is_up = bench.schedule.began().elapsed() >= bench.plan.duration;
            if bench.phases.now() == Phase::Waiting && time_is_up {
                bench.errors.of_messages("not connected in time", 1);
            }
            return;
        }
    };
    drop(is_opening);
    match connected {
        Ok((socket, _)) => {
            bench.note_opened(asked.elapsed());
            exchange(bench, number, socket).await;
        }
        Err(error) => bench.errors.of_connecting(&error),
    }
}

async fn exchange(bench: &Bench, number: u32, socket: WebSocket<Transport>) {
    bench.open.fetch_add(1, Ordering::Relaxed);
    Exchange::new(bench, number, socket).run().await;
    bench.open.fetch_sub(1, Ordering::Relaxed);
}
