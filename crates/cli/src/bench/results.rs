//! What was measured.
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Instant;

use serde::Serialize;

use super::errors::ErrorCount;
use super::numbers::Times;
use super::plan::{Plan, SendPace};
use super::shared::Bench;
use super::timeline::{Moment, Timeline};
use crate::exit::{Exit, Failure};
use crate::stop::{Reason, Stop};

/// The results of a run. Times are seconds, bytes those of payload.
#[derive(Debug, Serialize)]
pub(super) struct Results {
    pub(super) url: String,
    /// Ended early, by Ctrl-C.
    pub(super) interrupted: bool,
    pub(super) load: LoadResult,
    pub(super) connections: ConnectionResult,
    pub(super) sent: Flow,
    /// `None`: no answers were expected.
    pub(super) answered: Option<Flow>,
    /// Messages that the server has sent of its own accord, if only they were expected.
    pub(super) received: Option<Flow>,
    /// Messages that have no answer.
    pub(super) unanswered: u64,
    /// Messages that came though no message waited for an answer.
    pub(super) unasked: u64,
    /// From when a message was to be sent to its answer; `None`: there were none.
    pub(super) latency: Option<Distribution>,
    /// From when a message was to be sent to when it was, if there is a rate.
    pub(super) sent_late: Option<Distribution>,
    pub(super) errors: Vec<ErrorCount>,
    pub(super) timeline: Vec<Moment>,
}

/// What was asked for.
#[derive(Debug, Serialize)]
pub(super) struct LoadResult {
    /// Messages a second.
    pub(super) rate: Option<f64>,
    /// Messages in flight on each connection.
    pub(super) window: Option<usize>,
    /// Whether no answers were expected.
    pub(super) send_only: bool,
    /// Whether nothing was sent, or one message on each connection.
    pub(super) receive_only: bool,
    pub(super) text: bool,
    /// Bytes; they take turns.
    pub(super) sizes: Vec<usize>,
}

#[derive(Debug, Serialize)]
pub(super) struct ConnectionResult {
    pub(super) wanted: u32,
    pub(super) opened: u32,
    /// How long that took for each.
    pub(super) opening: Distribution,
}

/// Messages one way.
#[derive(Debug, Serialize)]
pub(super) struct Flow {
    pub(super) messages: u64,
    pub(super) bytes: u64,
    pub(super) seconds: f64,
    pub(super) messages_per_second: f64,
    pub(super) bytes_per_second: f64,
}

/// How times are distributed.
#[derive(Debug, Serialize)]
pub(super) struct Distribution {
    pub(super) min: f64,
    pub(super) mean: f64,
    pub(super) p50: f64,
    pub(super) p75: f64,
    pub(super) p90: f64,
    pub(super) p95: f64,
    pub(super) p99: f64,
    #[serde(rename = "p99.9")]
    pub(super) p99_9: f64,
    #[serde(rename = "p99.99")]
    pub(super) p99_99: f64,
    pub(super) max: f64,
    /// Percentiles, with the times for them.
    #[serde(skip)]
    pub(super) curve: Vec<(f64, f64)>,
}

impl Results {
    pub(super) fn new(
        bench: &Bench,
        timeline: Timeline,
        sending_ended: Option<Instant>,
        ended: Instant,
        stop: &Stop,
    ) -> Results {
        let Bench {
            plan,
            schedule,
            errors,
            ..
        } = bench;
        let began = schedule.began();
        let total = &timeline.total;
        let since = |at: Instant| at.saturating_duration_since(began).as_secs_f64();
        let interrupted = stop.reason() == Some(Reason::Interrupted);
        if !interrupted {
            errors.of_messages("no answer", total.unanswered);
            let due = schedule.due_by(ended).unwrap_or_default();
            errors.of_messages("not sent in time", due.saturating_sub(total.sent));
        }
        let sent_for = match plan.pace {
            // Closed by the server behind all messages: it has taken them.
            SendPace::Unbounded => since(ended),
            SendPace::Rate(rate) => {
                let last = total.last_sent.map_or(0.0, since);
                last.max(total.sent as f64 / rate)
            }
            SendPace::Window(_) | SendPace::AtFirst(_) => {
                since(sending_ended.or(total.last_sent).unwrap_or(ended))
            }
        };
        let answered_for = since(sending_ended.max(total.last_answered).unwrap_or(ended));
        let came = || Flow::new(total.answered, total.bytes_answered, answered_for);
        let opening = bench.opening.lock();
        let opening = opening.unwrap_or_else(PoisonError::into_inner);
        let has_rate = matches!(plan.pace, SendPace::Rate(_));
        Results {
            url: bench.shown.clone(),
            interrupted,
            load: LoadResult::new(plan),
            connections: ConnectionResult {
                wanted: plan.connections,
                opened: bench.opened.load(Ordering::Relaxed),
                opening: Distribution::new(&opening),
            },
            sent: Flow::new(total.sent, total.bytes_sent, sent_for),
            answered: plan.expects_answers.then(came),
            received: plan.only_receives().then(came),
            unanswered: total.unanswered,
            unasked: total.unasked,
            latency: (plan.expects_answers && total.answered > 0)
                .then(|| Distribution::new(&total.latency)),
            sent_late: (has_rate && total.sent > 0).then(|| Distribution::new(&total.lateness)),
            errors: errors.all(),
            timeline: timeline.moments,
        }
    }

    /// Whether all went well.
    ///
    /// # Errors
    /// It did not.
    pub(super) fn verdict(&self) -> Result<Exit, Failure> {
        let count: u64 = self.errors.iter().map(|kind| kind.count).sum();
        let words = format!("{count} errors: see above");
        let mut exits = self.errors.iter().map(|kind| kind.exit);
        if exits.any(|exit| exit == Exit::AbnormalClose) {
            return Err(Failure::abnormal_close(words));
        }
        if self.answered.as_ref().is_some_and(|it| it.messages == 0) {
            return Err(Failure::fault(NOTHING));
        }
        if self.received.as_ref().is_some_and(|it| it.messages == 0) {
            return Err(Failure::fault(NOTHING_RECEIVED));
        }
        match count {
            0 => Ok(Exit::Good),
            _ => Err(Failure::fault(words)),
        }
    }
}

/// What may be the matter when nothing has come back.
const NOTHING: &str = "nothing came back: latency is measured from a message to its answer, and \
                       this server has sent none. If it does not answer such messages, there is \
                       --send-only; if it wants others, --message TEXT";
const NOTHING_RECEIVED: &str = "nothing came. If the server waits for a word, there is --message";

impl LoadResult {
    fn new(plan: &Plan) -> LoadResult {
        let (rate, window) = match plan.pace {
            SendPace::Rate(rate) => (Some(rate), None),
            SendPace::Window(window) => (None, Some(window)),
            SendPace::Unbounded | SendPace::AtFirst(_) => (None, None),
        };
        LoadResult {
            rate,
            window,
            send_only: !plan.expects_answers && !plan.only_receives(),
            receive_only: plan.only_receives(),
            text: plan.payload.is_text(),
            sizes: plan.payload.sizes().to_vec(),
        }
    }
}

impl Flow {
    fn new(messages: u64, bytes: u64, seconds: f64) -> Flow {
        let per_second = |count: u64| match seconds > 0.0 {
            true => count as f64 / seconds,
            false => 0.0,
        };
        Flow {
            messages,
            bytes,
            seconds,
            messages_per_second: per_second(messages),
            bytes_per_second: per_second(bytes),
        }
    }
}

impl Distribution {
    fn new(times: &Times) -> Distribution {
        let histogram = times.histogram();
        let at = |percentile| times.percentile(percentile);
        Distribution {
            min: histogram.min() as f64 / 1e9,
            mean: histogram.mean() / 1e9,
            p50: at(50.0),
            p75: at(75.0),
            p90: at(90.0),
            p95: at(95.0),
            p99: at(99.0),
            p99_9: at(99.9),
            p99_99: at(99.99),
            max: histogram.max() as f64 / 1e9,
            curve: curve(times),
        }
    }
}

/// From 0 to where one message is above, closer and closer to 100.
fn curve(times: &Times) -> Vec<(f64, f64)> {
    const STEPS: i32 = 20;
    let count = times.histogram().len() as f64;
    let last = (count.max(1.0).log10() * f64::from(STEPS)).ceil() as i32;
    let percentiles = (0..=last).map(|step| {
        let above = 10_f64.powf(f64::from(-step) / f64::from(STEPS));
        100.0 * (1.0 - above)
    });
    percentiles
        .map(|percentile| (percentile, times.percentile(percentile)))
        .collect()
}
