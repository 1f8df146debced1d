//! Promises about attempts to connect: why they fail, and when the next one is made.
use std::time::Duration;

use arkws::{Cause, Phase, Retry, Role};
use tokio::time::Instant;

use crate::network::Fault;
use crate::run::{HORIZON, Link, Outcome};
use crate::schedule::{Attempt, Schedule};

/// Checks all attempts of a run.
pub(crate) fn check(schedule: &Schedule, outcomes: &[Outcome], broken: &mut Vec<String>) {
    let mut delays = Delays::new(&schedule.retry);
    let mut next: Option<Instant> = None;
    for (outcome, plan) in outcomes.iter().zip(&schedule.attempts) {
        if next.is_some_and(|next| next != outcome.began) {
            let early = next.map(|next| (next, outcome.began));
            broken.push(format!("an attempt is not made when it is due: {early:?}"));
        }
        next = match plan {
            Attempt::Refused(after) => Some(outcome.began + *after + delays.next()),
            Attempt::Hangs => Some(outcome.began + schedule.connect_timeout + delays.next()),
            Attempt::Link(_) => {
                let Some(link) = &outcome.link else {
                    broken.push("a link was not made".to_owned());
                    return;
                };
                check_handshake(schedule, outcome, link, broken);
                let record = link.records[0].record();
                match (record.opened, record.finished) {
                    (Some(opened), Some(finished)) => {
                        Some(finished + delays.ended(finished - opened))
                    }
                    // It is open for ever.
                    (Some(_), None) => None,
                    (None, _) => link.seen(Role::Client).dropped.map(|it| it + delays.next()),
                }
            }
        };
        check_failure(plan, outcome, broken);
    }
}

/// The cause that is told is the one that it was.
fn check_failure(plan: &Attempt, outcome: &Outcome, broken: &mut Vec<String>) {
    let Some((_, failure)) = &outcome.failed else {
        return;
    };
    let is_well = match plan {
        Attempt::Refused(_) => failure.cause == Cause::Refused,
        Attempt::Hangs => failure.phase == Some(Phase::Connect),
        Attempt::Link(_) => {
            matches!(failure.phase, Some(Phase::Tls | Phase::Handshake))
                || matches!(failure.cause, Cause::Tls | Cause::Reset)
        }
    };
    if !is_well {
        broken.push(format!(
            "an attempt failed with {failure:?}, and was {plan:?}"
        ));
    }
}

/// The handshake fails only for a reason, and not before its time.
fn check_handshake(schedule: &Schedule, outcome: &Outcome, link: &Link, broken: &mut Vec<String>) {
    let limit = schedule.handshake_timeout;
    if limit > HORIZON {
        return;
    }
    let client_opened = link.records[0].record().opened.is_some();
    let dropped = link.seen(Role::Client).dropped;
    let not_accepted = link.not_accepted.lock().unwrap().clone();
    let timed_out = |at: Instant| at >= outcome.began + limit;
    let was_reset = |fault: &Fault| matches!(fault, Fault::Reset { .. } | Fault::HalfClose { .. });
    let was_reset = link.plan.link.faults.iter().any(was_reset);
    if !client_opened && let Some(at) = dropped {
        let server_gone = not_accepted
            .as_ref()
            .is_some_and(|(failed, _)| *failed <= at);
        let server_left = link.records[1].record().finished.is_some_and(|it| it <= at);
        if !timed_out(at) && !was_reset && !server_gone && !server_left {
            broken.push("the client's handshake failed for no reason".to_owned());
        }
        if at > outcome.began + limit {
            broken.push("the client's handshake took longer than its limit".to_owned());
        }
    }
    if let Some((at, failure)) = not_accepted {
        let client_gone = !client_opened && dropped.is_some_and(|dropped| dropped <= at);
        if !timed_out(at) && !was_reset && !client_gone {
            broken.push(format!(
                "the server's handshake failed for no reason: {failure:?}"
            ));
        }
        // As much for its answer as for the request, and for TLS.
        let phases = if link.is_secret { 3 } else { 2 };
        if at > outcome.began + limit * phases {
            broken.push("the server's handshake took longer than its limit".to_owned());
        }
    }
}

/// Delays as the documentation of [`Retry`] has them.
struct Delays<'a> {
    retry: &'a Retry,
    last: Duration,
}

impl Delays<'_> {
    fn new(retry: &Retry) -> Delays<'_> {
        Delays {
            retry,
            last: Duration::ZERO,
        }
    }

    fn next(&mut self) -> Duration {
        self.last = match self.last {
            Duration::ZERO => self.retry.initial_delay,
            last => last.mul_f64(self.retry.factor),
        };
        self.last = self.last.min(self.retry.max_delay);
        // Tokio's timers know milliseconds.
        self.last
    }

    fn ended(&mut self, held: Duration) -> Duration {
        if held >= self.last.max(self.retry.initial_delay) {
            self.last = Duration::ZERO;
        }
        self.next()
    }
}
