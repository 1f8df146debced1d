//! What all connections of a run share.
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use arkws::{Client, WebSocketUrl};
use tokio::sync::Semaphore;

use super::alarm::Alarm;
use super::errors::Errors;
use super::numbers::{Counters, Times};
use super::phase::Phases;
use super::plan::Plan;
use super::schedule::Schedule;

/// A run, as its connections see it.
pub(super) struct Bench {
    pub(super) client: Client,
    pub(super) url: String,
    /// The same, to be shown.
    pub(super) shown: String,
    pub(super) plan: Plan,
    pub(super) schedule: Schedule,
    pub(super) alarm: Alarm,
    pub(super) counters: Counters,
    pub(super) errors: Errors,
    pub(super) phases: Phases,
    /// How long each took to open.
    pub(super) opening: Mutex<Times>,
    pub(super) opened: AtomicU32,
    pub(super) open: AtomicU32,
    pub(super) handshakes: Semaphore,
}

/// Connections that are being opened at the same time: fewer than most servers' systems let wait.
const HANDSHAKES: usize = 64;

impl Bench {
    /// One that has not begun.
    pub(super) fn new(client: Client, url: &WebSocketUrl, plan: Plan, phases: Phases) -> Bench {
        Bench {
            client,
            url: url.as_str().to_owned(),
            shown: shown(url),
            schedule: Schedule::new(&plan),
            alarm: Alarm::start(),
            counters: Counters::new(plan.connections),
            errors: Errors::default(),
            phases,
            opening: Mutex::default(),
            opened: AtomicU32::new(0),
            open: AtomicU32::new(0),
            handshakes: Semaphore::new(HANDSHAKES),
            plan,
        }
    }

    /// A connection was opened, which took so long.
    pub(super) fn note_opened(&self, took: Duration) {
        self.opened.fetch_add(1, Ordering::Relaxed);
        let mut opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        opening.record(took);
    }
}

/// The URL without a password and a query, in which tokens are: results are passed on.
pub(super) fn shown(url: &WebSocketUrl) -> String {
    let (path, _) = url.target().split_once('?').unwrap_or((url.target(), ""));
    format!("{}://{}{path}", url.scheme(), url.host_field())
}
