//! Why a run ends before the other end ends it. The first reason counts, unless Ctrl-C follows.
use std::io;
use std::process;
use std::time::Duration;

use tokio::signal;
use tokio::sync::watch;

use crate::exit::Exit;

/// A reason to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Ctrl-C.
    Interrupted,
    /// `--max-time` has passed.
    TimeUp,
    /// `--count` has been reached.
    Enough,
    /// Nobody reads standard output any more.
    OutputGone,
}

/// Where reasons come from, and are waited for.
#[derive(Debug, Clone)]
pub(crate) struct Stop(watch::Sender<Option<Reason>>);

impl Stop {
    /// One that Ctrl-C gives a reason: the first time, all closes cleanly. The second time ends the
    /// process at once.
    pub(crate) fn on_ctrl_c() -> Stop {
        let stop = Stop(watch::Sender::new(None));
        // From here on, not from when the task first runs. Without a handler the system ends the
        // process by itself.
        let Ok(mut keys) = ctrl_c() else {
            return stop;
        };
        let interrupted = stop.clone();
        tokio::spawn(async move {
            while keys.recv().await.is_some() {
                if interrupted.reason() == Some(Reason::Interrupted) {
                    process::exit(Exit::Interrupted as i32);
                }
                interrupted.0.send_replace(Some(Reason::Interrupted));
            }
        });
        stop
    }

    /// Ends the run after this time.
    pub(crate) fn after(&self, time: Duration) {
        let stop = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(time).await;
            stop.give(Reason::TimeUp);
        });
    }

    /// Gives a reason, unless there is one.
    pub(crate) fn give(&self, reason: Reason) {
        self.0.send_if_modified(|given| {
            let is_first = given.is_none();
            given.get_or_insert(reason);
            is_first
        });
    }

    /// The reason, if there is one by now.
    pub(crate) fn reason(&self) -> Option<Reason> {
        *self.0.borrow()
    }

    /// Waits for a reason.
    ///
    /// # Cancel safety
    /// Safe.
    pub(crate) async fn given(&self) {
        // It cannot fail while `self` is there.
        _ = self.0.subscribe().wait_for(Option::is_some).await;
    }
}

#[cfg(unix)]
fn ctrl_c() -> io::Result<signal::unix::Signal> {
    signal::unix::signal(signal::unix::SignalKind::interrupt())
}

#[cfg(windows)]
fn ctrl_c() -> io::Result<signal::windows::CtrlC> {
    signal::windows::ctrl_c()
}
