//! What has happened, and what happens.
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use arkws::Utf8Bytes;
use tokio::sync::broadcast;

use super::super::event::{ConnectionEvent, EventKind};

/// The last events, and those who follow.
pub(super) struct History {
    kept: Mutex<Kept>,
    live: broadcast::Sender<Utf8Bytes>,
    /// So many events are kept.
    limit: usize,
}

#[derive(Default)]
struct Kept {
    events: VecDeque<Utf8Bytes>,
    /// Of all of them.
    bytes: usize,
    /// How the connections began that are open, should that be no longer among the last events.
    open: BTreeMap<u64, Utf8Bytes>,
}

/// Whatever their number, no more bytes are kept.
const MAX_BYTES: usize = 64 << 20;

/// So many events a page may be behind.
const BEHIND: usize = 1024;

impl History {
    pub(super) fn new(limit: usize) -> History {
        History {
            kept: Mutex::default(),
            live: broadcast::Sender::new(BEHIND),
            limit,
        }
    }

    /// Something has happened.
    pub(super) fn add(&self, event: &ConnectionEvent<'_>, json: Utf8Bytes) {
        let mut kept = self.lock();
        match event.kind {
            EventKind::Open(_) => _ = kept.open.insert(event.connection, json.clone()),
            EventKind::End(_) => _ = kept.open.remove(&event.connection),
            _ => {}
        }
        kept.bytes += json.len();
        kept.events.push_back(json.clone());
        while kept.events.len() > self.limit || kept.bytes > MAX_BYTES {
            let Some(oldest) = kept.events.pop_front() else {
                break;
            };
            kept.bytes -= oldest.len();
        }
        // Nobody may be there. Under the lock: whoever comes gets it once.
        _ = self.live.send(json);
    }

    /// What has happened, with how open connections began, and what happens from now on. An event
    /// may be there twice.
    pub(super) fn follow(&self) -> (Vec<Utf8Bytes>, broadcast::Receiver<Utf8Bytes>) {
        let kept = self.lock();
        let before = kept.open.values().chain(&kept.events).cloned().collect();
        (before, self.live.subscribe())
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn the_last_events_are_kept_and_no_more() {
        let history = History::new(3);
        let add = |text: &str| {
            let event = ConnectionEvent {
                connection: 1,
                time: SystemTime::now(),
                kind: EventKind::End(""),
            };
            history.add(&event, text.into());
        };
        for text in ["1", "2", "3", "4"] {
            add(text);
        }
        let (before, mut live) = history.follow();
        assert_eq!(before, ["2", "3", "4"].map(Utf8Bytes::from));
        add("5");
        assert_eq!(live.try_recv(), Ok("5".into()));

        let large = "x".repeat(MAX_BYTES - 1);
        add(&large);
        let (before, _) = history.follow();
        assert_eq!(before.len(), 2);
        add(&large);
        assert_eq!(history.follow().0.len(), 1);
    }
}
