//! Promises about reconnecting: how many attempts are made, and when.
use std::time::Duration;

use tokio::time::Instant;

use crate::plan::Plan;

/// When attempts are due, as the documentation of [`arkws_netstack::Reconnect`] has it.
#[derive(Default)]
pub(crate) struct Retries {
    /// Since a connection last held.
    pub(crate) attempts: u32,
    /// Of the last one.
    delay: Duration,
    pub(crate) due: Option<Instant>,
}

impl Retries {
    /// An attempt is made.
    pub(crate) fn attempted(&mut self, at: Instant, broken: &mut Vec<String>) {
        let due = self.due.take();
        if due != Some(at) {
            let late = due.map(|due| (at.checked_duration_since(due), due - at));
            broken.push(format!("an attempt is not made when it is due: {late:?}"));
        }
    }

    /// The program is told of the next attempt, after a connection that was open, or none.
    pub(crate) fn told(
        &mut self,
        plan: &Plan,
        (at, attempt, delay): (Instant, u32, u64),
        open_since: Option<Instant>,
        broken: &mut Vec<String>,
    ) {
        let Some(reconnect) = &plan.reconnect else {
            return;
        };
        if let Some(since) = open_since
            && at - since >= self.delay.max(reconnect.initial_delay)
        {
            self.attempts = 0;
        }
        let growth = reconnect.factor.powi(self.attempts as i32);
        self.delay = reconnect
            .initial_delay
            .mul_f64(growth)
            .min(reconnect.max_delay);
        self.attempts += 1;
        let expected = (self.attempts, self.delay.as_millis() as u64);
        if (attempt, delay) != expected {
            broken.push(format!(
                "reconnecting {:?}, not {expected:?}",
                (attempt, delay)
            ));
        }
        if reconnect.max_attempts.is_some_and(|max| attempt > max) {
            broken.push("more attempts than there may be".to_owned());
        }
        self.due = Some(at + self.delay);
    }
}
