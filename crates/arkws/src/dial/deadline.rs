//! A time limit that phases of dialling share.
use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::{Error, Phase};

/// When the phases that share a time limit must be over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    end: Instant,
    limit: Duration,
}

impl Deadline {
    pub(crate) fn after(limit: Duration) -> Deadline {
        /// 30 years: longer than anybody waits, short enough for tokio's timers.
        const NEVER: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 30);
        Deadline {
            end: Instant::now() + limit.min(NEVER),
            limit,
        }
    }

    /// This one, or `other` if that comes first.
    pub(crate) fn or_sooner(self, other: Option<Deadline>) -> Deadline {
        match other {
            Some(other) if other.end < self.end => other,
            _ => self,
        }
    }

    /// How much time is left.
    pub(crate) fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    pub(crate) async fn run<T>(
        &self,
        phase: Phase,
        target: impl FnOnce() -> String,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        timeout_at(self.end, work).await.unwrap_or_else(|_| {
            Err(Error::DialTimeout {
                target: target(),
                phase,
                limit: self.limit,
            })
        })
    }
}
