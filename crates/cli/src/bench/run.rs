//! A run from its first connection to its end.
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use arkws::{Client, Transport, WebSocket};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep_until};

use super::connection::Exchange;
use super::phase::{Phase, Phases};
use super::plan::Plan;
use super::progress::Progress;
use super::results::Results;
use super::shared::Bench;
use super::timeline::Timeline;
use crate::exit::Failure;
use crate::stop::Stop;

/// How long all connections together may take to close: a little longer than a server may take for
/// one, so that it is said of each why.
const CLOSING: Duration = Duration::from_secs(6);

/// A run whose first connection is open.
pub(super) struct Run {
    bench: Arc<Bench>,
    phase: watch::Sender<Phase>,
    connections: JoinSet<()>,
}

impl Run {
    /// Opens the first connection, which tells whether there is a server at all, and then the
    /// others beside what is measured. `None`: stopped before.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(super) async fn start(
        client: Client,
        url: &str,
        plan: Plan,
        stop: &Stop,
    ) -> Result<Option<Run>, Failure> {
        let asked = Instant::now();
        let connected = tokio::select! {
            connected = client.connect(url) => connected,
            () = stop.given() => return Ok(None),
        };
        let (socket, _) = connected.map_err(|error| Failure::of_connecting(url, &error))?;
        let (phase, phases) = Phases::new();
        let bench = Arc::new(Bench::new(client, url, plan, phases));
        bench.note_opened(asked.elapsed());
        let mut connections = JoinSet::new();
        let first = Arc::clone(&bench);
        connections.spawn(async move { exchange(&first, 0, socket).await });
        for number in 1..bench.plan.connections {
            let bench = Arc::clone(&bench);
            connections.spawn(async move { open(&bench, number).await });
        }
        Ok(Some(Run {
            bench,
            phase,
            connections,
        }))
    }

    /// Waits for its end, and tells what it has come to.
    pub(super) async fn finish(mut self, stop: &Stop) -> Results {
        let Bench { plan, schedule, .. } = &*self.bench;
        let began = schedule.began();
        let progress = Progress::new(plan);
        let mut timeline = Timeline::new(began);
        let mut looks = interval(Timeline::interval(plan.duration));
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        looks.tick().await;
        let mut deadline = began + plan.duration;
        let mut sending_ended = None;
        loop {
            let phase = self.bench.phases.now();
            tokio::select! {
                ended = self.connections.join_next() => match ended {
                    Some(_) => {}
                    None => break,
                },
                () = sleep_until(deadline.into()) => match phase {
                    Phase::Sending => {
                        sending_ended = Some(deadline);
                        deadline += plan.wait;
                        self.phase.send_replace(Phase::Waiting);
                    }
                    Phase::Waiting => {
                        deadline = Instant::now() + CLOSING;
                        self.phase.send_replace(Phase::Closing);
                    }
                    Phase::Closing => {
                        let open = self.connections.len() as u64;
                        self.bench.errors.of_closing(open);
                        self.connections.shutdown().await;
                        break;
                    }
                },
                () = stop.given(), if phase < Phase::Closing => {
                    let now = Instant::now();
                    sending_ended.get_or_insert(now);
                    deadline = now + CLOSING;
                    self.phase.send_replace(Phase::Closing);
                }
                _ = looks.tick() => {
                    timeline.add(&self.bench.counters.take(), Instant::now());
                    progress.show(&self.bench, &timeline);
                }
            }
        }
        let ended = Instant::now();
        timeline.add(&self.bench.counters.take(), ended);
        progress.end();
        Results::new(&self.bench, timeline, sending_ended, ended, stop)
    }
}

/// Opens a connection at its time, and sends and receives on it.
async fn open(bench: &Bench, number: u32) {
    let last = bench.plan.connections - 1;
    let at = bench.schedule.began() + bench.plan.ramp * number / last;
    let connecting = async {
        sleep_until(at.into()).await;
        // It is never closed.
        let _permit = bench.handshakes.acquire().await;
        let asked = Instant::now();
        (bench.client.connect(bench.url.as_str()).await, asked)
    };
    let (connected, asked) = tokio::select! {
        connected = connecting => connected,
        () = bench.phases.reached(Phase::Waiting) => return,
    };
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
